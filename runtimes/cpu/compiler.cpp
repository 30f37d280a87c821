#include "cpu/compiler.hpp"

#include <clang/Basic/TargetInfo.h>
#include <clang/CodeGen/ModuleBuilder.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/FrontendAction.h>
#include <clang/Frontend/TextDiagnosticPrinter.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/ErrorHandling.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/VirtualFileSystem.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/IPO/AlwaysInliner.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/ADCE.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/LoopRotation.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>
#include <llvm/Transforms/Vectorize/LoopVectorize.h>

#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace {

/// LLVM's way to say that it cannot go on. It crosses frames that do not clean up: what they hold is lost.
struct FatalError {
  std::string text;
};

/// What LLVM lets be set for the whole process only; this copy of it serves no one else.
void set_option(llvm::StringRef name, llvm::StringRef value) {
  auto& options = llvm::cl::getRegisteredOptions();
  if (auto found = options.find(name); found != options.end()) found->second->addOccurrence(1, name, value);
}

void start_llvm() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    // Kernels gain nothing from these: a quarter of the time to compile.
    set_option("disable-lsr", "true");
    set_option("disable-post-ra", "true");
    set_option("disable-x86-domain-reassignment", "true");
    set_option("enable-epilogue-vectorization", "false");
    llvm::install_fatal_error_handler([](void*, const char* reason, bool) { throw FatalError{reason}; });
  });
}

/// Errors of what comes after clang, which LLVM would print before it ends the process.
class Errors : public llvm::DiagnosticHandler {
 public:
  explicit Errors(std::string& said) : said_(said) {}
  bool handleDiagnostics(const llvm::DiagnosticInfo& diagnostic) override {
    if (diagnostic.getSeverity() != llvm::DS_Error) return true;
    llvm::raw_string_ostream out(said_);
    llvm::DiagnosticPrinterRawOStream printer(out);
    diagnostic.print(printer);
    out << "\n";
    return true;
  }

 private:
  std::string& said_;
};

/// The way from C to LLVM's IR and no further: clang's own actions set up what optimises the module, too.
class ToModule : public clang::ASTFrontendAction {
 public:
  explicit ToModule(llvm::LLVMContext& context) : context_(context) {}
  std::unique_ptr<llvm::Module> module;

 private:
  std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance& instance,
                                                        llvm::StringRef name) override {
    std::unique_ptr<clang::CodeGenerator> made(clang::CreateLLVMCodeGen(
        instance.getDiagnostics(), name, &instance.getVirtualFileSystem(), instance.getHeaderSearchOpts(),
        instance.getPreprocessorOpts(), instance.getCodeGenOpts(), context_));
    generator_ = made.get();
    return made;
  }
  void EndSourceFileAction() override { module.reset(generator_->ReleaseModule()); }

  llvm::LLVMContext& context_;
  clang::CodeGenerator* generator_ = nullptr;
};

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
                                   "-disable-lifetime-markers",
                                   "-disable-llvm-verifier",
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
  ToModule action(context);
  if (!instance.ExecuteAction(action)) return nullptr;
  return std::move(action.module);
}

/// Kernels mark the loops whose iterations are independent with clang's pragma, which also demands vectors. Whether
/// vectors pay is left to the vectorizer: only the independence is kept.
void leave_vectors_open(llvm::Module& module) {
  constexpr llvm::StringRef kDemand = "llvm.loop.vectorize.enable";
  for (llvm::Function& function : module)
    for (llvm::BasicBlock& block : function) {
      llvm::Instruction* end = block.getTerminator();
      llvm::MDNode* loop = end ? end->getMetadata(llvm::LLVMContext::MD_loop) : nullptr;
      if (!loop) continue;
      llvm::SmallVector<llvm::Metadata*, 4> kept{nullptr};
      for (const llvm::MDOperand& operand : llvm::drop_begin(loop->operands())) {
        auto* property = llvm::dyn_cast<llvm::MDNode>(operand);
        auto* name = property && property->getNumOperands() > 0
                         ? llvm::dyn_cast<llvm::MDString>(property->getOperand(0))
                         : nullptr;
        if (!name || name->getString() != kDemand) kept.push_back(operand);
      }
      llvm::MDNode* replacement = llvm::MDNode::getDistinct(module.getContext(), kept);
      replacement->replaceOperandWith(0, replacement);
      end->setMetadata(llvm::LLVMContext::MD_loop, replacement);
    }
}

/// Kernels are loops over straight lines of calls to small functions: all are inlined, then loops are cleaned and
/// turned into vectors. Unrolling what is left, vectors of straight lines and simpler induction variables were
/// measured: they cost a quarter of the time to compile and made no kernel faster.
void optimize(llvm::Module& module, llvm::TargetMachine& machine) {
  leave_vectors_open(module);
  for (llvm::Function& function : module)
    if (function.hasLocalLinkage() && !function.hasFnAttribute(llvm::Attribute::NoInline))
      function.addFnAttr(llvm::Attribute::AlwaysInline);

  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
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
  passes.addPass(llvm::LoopVectorizePass());
  passes.addPass(llvm::EarlyCSEPass());
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

/// What knows a processor, kept for the next text: to make it takes as long as a small kernel.
class Machines {
 public:
  /// null: LLVM does not know the target, as `said` tells.
  static std::unique_ptr<llvm::TargetMachine> take(const std::string& triple, const std::string& cpu,
                                                   std::string& said) {
    {
      std::lock_guard lock(mutex_);
      for (auto kept = kept_.begin(); kept != kept_.end(); ++kept)
        if ((*kept)->getTargetTriple().str() == triple && (*kept)->getTargetCPU() == cpu) {
          std::unique_ptr<llvm::TargetMachine> machine = std::move(*kept);
          kept_.erase(kept);
          return machine;
        }
    }
    const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, said);
    if (!target) return nullptr;
    llvm::TargetOptions options;
    options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
    return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
        triple, cpu, "", options, llvm::Reloc::PIC_, llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default));
  }

  static void give_back(std::unique_ptr<llvm::TargetMachine> machine) {
    std::lock_guard lock(mutex_);
    if (kept_.size() < kMost) kept_.push_back(std::move(machine));
  }

 private:
  static constexpr size_t kMost = 16;
  static inline std::mutex mutex_;
  static inline std::vector<std::unique_ptr<llvm::TargetMachine>> kept_;
};

int compile(const char* source, size_t size, const char* triple, const char* cpu, const char* tune, std::string& out) {
  start_llvm();
  std::unique_ptr<llvm::TargetMachine> machine = Machines::take(triple, cpu, out);
  if (!machine) return 2;
  llvm::LLVMContext context;
  std::string text(source, size);  // clang wants a zero behind the text
  std::unique_ptr<llvm::Module> module = parse(text, triple, cpu, tune, context, out);
  if (!module) return 1;
  out.clear();
  context.setDiagnosticHandler(std::make_unique<Errors>(out));
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
  Machines::give_back(std::move(machine));
  if (!out.empty()) return 1;
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
