#include "cpu/compiler.hpp"

#include <clang/Basic/TargetInfo.h>
#include <clang/CodeGen/CodeGenAction.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/TextDiagnosticPrinter.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/ErrorHandling.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/VirtualFileSystem.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/IPO/AlwaysInliner.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/ADCE.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/IndVarSimplify.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/LoopRotation.h>
#include <llvm/Transforms/Scalar/LoopUnrollPass.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>
#include <llvm/Transforms/Vectorize/LoopVectorize.h>
#include <llvm/Transforms/Vectorize/SLPVectorizer.h>

#include <mutex>
#include <optional>
#include <string>

namespace {

/// LLVM's way to say that it cannot go on. It crosses frames that do not clean up: what they hold is lost.
struct FatalError {
  std::string text;
};

void start_llvm() {
  static std::once_flag once;
  std::call_once(once, [] {
    // The targets that this LLVM has; one that is missing is reported where it is asked for.
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    llvm::install_fatal_error_handler([](void*, const char* reason, bool) { throw FatalError{reason}; });
  });
}

/// C to LLVM's IR, as IEEE arithmetic says: nothing contracted, integers wrap, memory may be read as several types.
std::unique_ptr<llvm::Module> parse(llvm::StringRef source, const char* triple, const char* cpu, const char* tune,
                                    llvm::LLVMContext& context, std::string& said) {
  llvm::raw_string_ostream out(said);
  clang::CompilerInstance instance;
  auto options = llvm::makeIntrusiveRefCnt<clang::DiagnosticOptions>();
  options->ShowCarets = true;
  instance.createDiagnostics(new clang::TextDiagnosticPrinter(out, options.get()));
  const char* const arguments[] = {"-triple",
                                   triple,
                                   "-target-cpu",
                                   cpu,
                                   "-tune-cpu",
                                   tune,
                                   "-emit-llvm-only",
                                   "-std=c11",
                                   "-O2",
                                   "-disable-llvm-passes",
                                   "-ffreestanding",
                                   "-nostdsysteminc",
                                   "-nobuiltininc",
                                   "-w",
                                   "-fwrapv",
                                   "-ffp-contract=off",
                                   "-relaxed-aliasing",
                                   "-fvisibility=hidden",
                                   "-mrelocation-model",
                                   "pic",
                                   "-pic-level",
                                   "2",
                                   "-mframe-pointer=none"};
  if (!clang::CompilerInvocation::CreateFromArgs(instance.getInvocation(), arguments, instance.getDiagnostics()))
    return nullptr;
  instance.setVerboseOutputStream(out);
  instance.createFileManager(llvm::makeIntrusiveRefCnt<llvm::vfs::InMemoryFileSystem>());
  instance.getFrontendOpts().Inputs = {
      clang::FrontendInputFile(llvm::MemoryBufferRef(source, "kernels.c"), clang::InputKind(clang::Language::C))};
  clang::EmitLLVMOnlyAction action(&context);
  if (!instance.ExecuteAction(action)) return nullptr;
  return action.takeModule();
}

/// Kernels are loops over straight lines of calls to small functions: all are inlined, then loops are cleaned, turned
/// into vectors where the target has them, and unrolled.
void optimize(llvm::Module& module, llvm::TargetMachine& machine) {
  for (llvm::Function& function : module)
    if (function.hasLocalLinkage() && !function.hasFnAttribute(llvm::Attribute::NoInline))
      function.addFnAttr(llvm::Attribute::AlwaysInline);

  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.SLPVectorization = tuning.LoopInterleaving = true;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);

  using llvm::createFunctionToLoopPassAdaptor;
  llvm::FunctionPassManager before;
  before.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  before.addPass(llvm::EarlyCSEPass());
  before.addPass(llvm::SimplifyCFGPass());

  llvm::FunctionPassManager passes;
  passes.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  passes.addPass(llvm::EarlyCSEPass(true));
  passes.addPass(llvm::InstCombinePass());
  passes.addPass(llvm::SimplifyCFGPass(llvm::SimplifyCFGOptions().convertSwitchRangeToICmp(true)));
  llvm::LoopPassManager rotate;
  rotate.addPass(llvm::LoopRotatePass());
  rotate.addPass(llvm::LICMPass(llvm::LICMOptions()));
  passes.addPass(createFunctionToLoopPassAdaptor(std::move(rotate), /*UseMemorySSA=*/true));
  passes.addPass(llvm::InstCombinePass());
  llvm::LoopPassManager induction;
  induction.addPass(llvm::IndVarSimplifyPass());
  passes.addPass(createFunctionToLoopPassAdaptor(std::move(induction)));
  passes.addPass(llvm::LoopVectorizePass());
  passes.addPass(llvm::EarlyCSEPass());
  passes.addPass(llvm::InstCombinePass());
  passes.addPass(llvm::SimplifyCFGPass());
  passes.addPass(llvm::SLPVectorizerPass());
  passes.addPass(llvm::LoopUnrollPass(llvm::LoopUnrollOptions(2)));
  passes.addPass(llvm::InstCombinePass());
  llvm::LoopPassManager hoist;
  hoist.addPass(llvm::LICMPass(llvm::LICMOptions()));
  passes.addPass(createFunctionToLoopPassAdaptor(std::move(hoist), /*UseMemorySSA=*/true));
  passes.addPass(llvm::ADCEPass());
  passes.addPass(llvm::SimplifyCFGPass());

  llvm::ModulePassManager all;
  all.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(before)));
  all.addPass(llvm::AlwaysInlinerPass(/*InsertLifetime=*/false));
  all.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(passes)));
  all.run(module, modules);
}

int compile(const char* source, size_t size, const char* triple, const char* cpu, const char* tune, std::string& out) {
  start_llvm();
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, out);
  if (!target) return 2;
  llvm::LLVMContext context;
  std::string text(source, size);  // clang wants a zero behind the text
  std::unique_ptr<llvm::Module> module = parse(text, triple, cpu, tune, context, out);
  if (!module) return 1;
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, cpu, "", options, llvm::Reloc::PIC_, llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default));
  module->setDataLayout(machine->createDataLayout());
  optimize(*module, *machine);
  llvm::SmallVector<char, 0> object;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager emission;
  if (machine->addPassesToEmitFile(emission, stream, nullptr, llvm::CodeGenFileType::ObjectFile)) {
    out = "the target cannot emit objects";
    return 2;
  }
  emission.run(*module);
  out.assign(object.begin(), object.end());
  return 0;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int caten_cpu_compile_v1(const char* source, size_t size,
                                                                           const char* triple, const char* cpu,
                                                                           const char* tune, void* context,
                                                                           caten_cpu_emit emit) {
  std::string out;
  int status = 2;
  try {
    status = compile(source, size, triple, cpu, tune, out);
  } catch (const FatalError& error) {
    out = error.text;
  } catch (const std::exception& error) {
    out = error.what();
  }
  emit(context, out.data(), out.size());
  return status;
}
