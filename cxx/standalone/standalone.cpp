#include "standalone/standalone.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/lower.hpp"
#include "codegen/render.hpp"
#include "schedule/memory.hpp"
#include "schedule/schedule.hpp"
#include "standalone/c_names.hpp"

namespace caten {
namespace {

/// What the text of every program begins with, after its kernels.
constexpr const char* kSupport = R"(
/* Sizes: what leaves 64 bits is noted. */
static inline int64_t caten_size_add(int64_t x, int64_t y, int *bad) { int64_t z; *bad |= __builtin_add_overflow(x, y, &z); return z; }
static inline int64_t caten_size_mul(int64_t x, int64_t y, int *bad) { int64_t z; *bad |= __builtin_mul_overflow(x, y, &z); return z; }
static inline int64_t caten_size_div(int64_t x, int64_t y) { return y == 0 ? 0 : y == -1 ? (int64_t)(0 - (uint64_t)x) : x / y - (x % y != 0 && (x < 0) != (y < 0)); }
static inline int64_t caten_size_mod(int64_t x, int64_t y) { return y == 0 || y == -1 ? 0 : x % y + (x % y != 0 && (x < 0) != (y < 0) ? y : 0); }
static inline int64_t caten_size_larger(int64_t x, int64_t y) { return x > y ? x : y; }
static inline int64_t caten_size_smaller(int64_t x, int64_t y) { return x < y ? x : y; }
static inline int64_t caten_size_bytes(int64_t elements, int64_t each, int *bad) { int64_t z = caten_size_mul(elements, each, bad); *bad |= z < 0 || z > (int64_t)0x1fffffffffffffff; return *bad ? 0 : z; }
static inline void caten_move(unsigned char *to, const unsigned char *from, int64_t bytes) { if (to != from) __builtin_memmove(to, from, (__SIZE_TYPE__)bytes); }
static inline void caten_clear(unsigned char *memory, int64_t filled, int64_t all) { if (filled < all) __builtin_memset(memory + filled, 0, (__SIZE_TYPE__)(all - filled)); }
)";

constexpr const char* kRanges = R"(
/* A range of independent iterations, shared among threads where libgomp is there. */
typedef void (*caten_kernel)(void *const *, const int64_t *, int64_t, int64_t);
typedef struct { caten_kernel kernel; void *const *buffers; const int64_t *sizes; int64_t range; } caten_call;
__attribute__((weak)) void GOMP_parallel(void (*)(void *), void *, unsigned, unsigned);
__attribute__((weak)) int omp_get_num_threads(void);
__attribute__((weak)) int omp_get_thread_num(void);
__attribute__((weak)) int omp_get_max_threads(void);
static void caten_share(void *data) {
  const caten_call *call = data;
  int64_t team = omp_get_num_threads(), member = omp_get_thread_num(), share = call->range / team, rest = call->range % team;
  int64_t begin = member * share + (member < rest ? member : rest), end = begin + share + (member < rest);
  if (begin < end) call->kernel(call->buffers, call->sizes, begin, end);
}
static void caten_launch(caten_kernel kernel, void *const *buffers, const int64_t *sizes, int64_t range, int64_t work) {
  caten_call call = {kernel, buffers, sizes, range};
  double threads = (double)range * (double)(work > 1 ? work : 1) / 30000;
  if (threads >= 2 && range > 1 && GOMP_parallel && omp_get_num_threads && omp_get_thread_num && omp_get_max_threads) {
    int64_t most = omp_get_max_threads();
    most = most < range ? most : range;
    GOMP_parallel(caten_share, &call, (unsigned)((double)most < threads ? most : (int64_t)threads), 0);
  } else {
    kernel(buffers, sizes, 0, range);
  }
}
)";

/// The type of an element in the header.
std::string c_type(DType dtype) {
  switch (dtype) {
    case DType::kF32:
    case DType::kC64: return "float";
    case DType::kF64:
    case DType::kC128: return "double";
    case DType::kF16:
    case DType::kBF16: return "uint16_t";
    case DType::kBool:
    case DType::kF8E4M3:
    case DType::kF8E5M2: return "uint8_t";
    default:
      return std::string(dtype_name(dtype)[0] == 'i' ? "int" : "uint") + std::to_string(8 * dtype_size(dtype)) + "_t";
  }
}

struct Parameter {
  std::string name;   ///< in C
  std::string type;   ///< "const float *"
  std::string about;  ///< "f32[N 4], input x"
};

class Text {
 public:
  Text(const Graph& graph, const Dialect& dialect, const ScheduleOptions& options)
      : schedule_(make_schedule(graph, options)), graph_(schedule_.graph), ranges_(!dialect.range.empty()) {
    std::vector<LoopNest> nests;
    for (const Kernel& kernel : schedule_.kernels) nests.push_back(lower(schedule_, kernel));
    rendered_ = render(nests, dialect.local());
  }

  StandaloneProgram write() {
    out_.function = names_.make(graph_.name);
    for (const DimEnv::Symbol& symbol : graph_.dims.symbols())
      if (!graph_.dims.solution().contains(symbol.name)) {
        sizes_.push_back(symbol);
        size_names_[symbol.name] = names_.make(symbol.name);
      }
    name_parameters();
    out_.source = fmt::format(
                      "/* Program {}, made by caten. The header says how to call it. Compile it with\n"
                      "   cc -O3 -fwrapv -fno-strict-aliasing -ffp-contract=off -fno-math-errno -c FILE.c\n"
                      "   and link -lm, and -lgomp to use all cores. */\n"
                      "#if defined(__GNUC__)\n"
                      "#pragma GCC diagnostic ignored \"-Wunused-parameter\"  // all kernels are called alike\n"
                      "#endif\n",
                      graph_.name) +
                  rendered_.source + kSupport + (ranges_ ? kRanges : "") +
                  "void *malloc(__SIZE_TYPE__); void free(void *);\n";
    write_plan();
    write_call();
    write_functions();
    write_header();
    return std::move(out_);
  }

 private:
  // Sizes.

  /// The size as an int64_t expression; `bad` is set where it leaves 64 bits.
  std::string size(const Dim& dim) const {
    std::string sum;
    for (const Dim::Term& term : dim.terms()) {
      std::string product;
      auto times = [&](const std::string& factor) {
        product = product.empty() ? factor : fmt::format("caten_size_mul({}, {}, &bad)", product, factor);
      };
      if (term.coefficient != 1 || term.factors.empty()) times(literal(term.coefficient));
      for (const Dim::Atom& factor : term.factors) times(atom(factor));
      sum = sum.empty() ? product : fmt::format("caten_size_add({}, {}, &bad)", sum, product);
    }
    return sum.empty() ? "0" : sum;
  }
  std::string bytes(const Dim& elements, DType dtype) const {
    return size(elements * Dim(static_cast<int64_t>(dtype_size(dtype))));
  }
  static std::string literal(int64_t value) {
    if (value == INT64_MIN) return "(-0x7fffffffffffffffll - 1)";
    return fmt::format("{}{}", value, value == static_cast<int32_t>(value) ? "" : "ll");
  }
  std::string atom(const Dim::Atom& factor) const {
    auto two = [&](const char* function) {
      return fmt::format("caten_size_{}({}, {})", function, size(factor.operands[0]), size(factor.operands[1]));
    };
    switch (factor.kind) {
      case Dim::Atom::Kind::kSymbol:
        if (reserved::is_counter(factor.name)) return fmt::format("c{}", reserved::number(factor.name));
        if (auto solved = graph_.dims.solution().find(factor.name); solved != graph_.dims.solution().end())
          return size(solved->second);
        return size_names_.at(factor.name);
      case Dim::Atom::Kind::kDiv: return two("div");
      case Dim::Atom::Kind::kMod: return two("mod");
      case Dim::Atom::Kind::kMax: return two("larger");
      case Dim::Atom::Kind::kMin: return two("smaller");
    }
    return "0";
  }

  void line(int depth, const std::string& text) {
    out_.source += std::string(2 * static_cast<size_t>(depth), ' ') + text + "\n";
  }

  // The plan: sizes are tested, then every temporary has its place in the workspace.

  void write_plan() {
    out_.source += fmt::format(
        "\n/* Tests the sizes and places the temporaries; the bytes of the workspace, or -1. */\n"
        "static int64_t caten_plan(const int64_t *sizes, int64_t *places) {{\n");
    line(1, "int bad = 0;");
    read_sizes();
    for (const auto& size : sizes_) {
      const Interval& bounds = size.bounds;
      const std::string& name = size_names_.at(size.name);
      line(1, fmt::format("bad |= {} < {};", name, literal(bounds.lo.value_or(0))));
      if (bounds.hi) line(1, fmt::format("bad |= {} > {};", name, literal(*bounds.hi)));
    }
    for (const auto& [name, value] : graph_.dims.solution()) check_bounds(name, value);
    for (const Guard& guard : graph_.dims.guards())
      line(1, fmt::format("bad |= {} {} {};", size(guard.left), guard.kind == Guard::Kind::kEqual ? "!=" : ">",
                          size(guard.right)));
    std::vector<std::string> checked;
    for (NodeId id : graph_.reachable())
      for (const Dim& dim : graph_.type(id).shape) {
        if (dim.is_constant() || dim.as_symbol() || mentions_counter(dim)) continue;
        std::string test = fmt::format("bad |= {} < 0;", size(dim));
        if (std::find(checked.begin(), checked.end(), test) != checked.end()) continue;
        line(1, test);
        checked.push_back(test);
      }
    place_temporaries();
    out_.source += "}\n";
  }

  void check_bounds(const std::string& name, const Dim& value) {
    for (const DimEnv::Symbol& symbol : graph_.dims.symbols()) {
      if (symbol.name != name) continue;
      line(1, fmt::format("bad |= {} < {};", size(value), literal(symbol.bounds.lo.value_or(0))));
      if (symbol.bounds.hi) line(1, fmt::format("bad |= {} > {};", size(value), literal(*symbol.bounds.hi)));
    }
  }

  static bool mentions_counter(const Dim& dim) {
    std::set<std::string> names;
    dim.collect_symbols(names);
    return std::any_of(names.begin(), names.end(), [](const std::string& n) { return reserved::is_reserved(n); });
  }

  void read_sizes() {
    for (size_t k = 0; k < sizes_.size(); ++k)
      line(1, fmt::format("const int64_t {} = sizes[{}];", size_names_.at(sizes_[k].name), k));
    for (const auto& size : sizes_) line(1, fmt::format("(void){};", size_names_.at(size.name)));
    line(1, "(void)sizes;");
  }

  /// With sizes that are all known, temporaries share memory as the memory plan says; else each has its own.
  void place_temporaries() {
    Lifetimes lifetimes = compute_lifetimes(schedule_);
    Result<MemoryPlan> memory = plan_memory(schedule_, lifetimes, {});
    if (memory) {
      for (uint32_t i = 0; i < schedule_.buffers.size(); ++i)
        if (temporary(i)) line(1, fmt::format("places[{}] = {};", i, memory->offsets[i]));
      line(1, "(void)places;");
      line(1, fmt::format("return bad ? -1 : {};", memory->arena_bytes));
      return;
    }
    line(1, "int64_t bytes = 0;");
    for (uint32_t i = 0; i < schedule_.buffers.size(); ++i) {
      if (!temporary(i)) continue;
      line(1, fmt::format("places[{}] = bytes;", i));
      line(1, fmt::format("bytes = caten_size_add(bytes, (caten_size_bytes({}, {}, &bad) + 63) / 64 * 64, &bad);",
                          size(schedule_.buffers[i].elements), dtype_size(schedule_.buffers[i].dtype)));
    }
    line(1, "(void)places;");
    line(1, "return bad ? -1 : bytes;");
  }

  bool temporary(uint32_t buffer) const { return schedule_.buffers[buffer].role == BufferRole::kTemporary; }

  // The call.

  void write_call() {
    size_t count = schedule_.buffers.size();
    out_.source +=
        "\nstatic void caten_run(const int64_t *sizes, void *const *arguments, unsigned char *workspace, const int64_t "
        "*places) {\n";
    line(1, "int bad = 0;");
    read_sizes();
    size_t argument = 0;
    std::vector<std::string> from(count);
    for (BufferId id : schedule_.inputs) from[id.value] = fmt::format("arguments[{}]", argument++);
    for (BufferId id : schedule_.states) from[id.value] = fmt::format("arguments[{}]", argument++);
    for (BufferId id : schedule_.outputs) from[id.value] = fmt::format("arguments[{}]", argument++);
    size_t first_next = argument;
    for (size_t k = 0; k < schedule_.next_states.size(); ++k)
      if (schedule_.next_states[k].valid())
        from[schedule_.next_states[k].value] = fmt::format("arguments[{}]", first_next + k);
    for (uint32_t i = 0; i < count; ++i) {
      if (from[i].empty()) from[i] = fmt::format("workspace + places[{}]", i);
      line(1, fmt::format("unsigned char *b{} = {};", i, from[i]));
      line(1, fmt::format("(void)b{};", i));
    }
    for (const Command& command : schedule_.commands) write_command(command, 1);
    for (size_t k = 0; k < schedule_.next_states.size(); ++k) {
      if (schedule_.next_states[k].valid()) continue;
      const ValueType& type = graph_.type(graph_.states[k].node);
      line(1, fmt::format("caten_move(arguments[{}], b{}, {});", first_next + k, schedule_.states[k].value,
                          bytes(element_count(type.shape), type.dtype)));
    }
    line(1, "(void)bad, (void)arguments, (void)workspace, (void)places;");
    out_.source += "}\n";
  }

  void write_command(const Command& command, int depth) {
    if (const auto* launch = std::get_if<LaunchCommand>(&command.what))
      write_launch(launch->kernel, depth);
    else if (const auto* copy = std::get_if<CopyCommand>(&command.what))
      line(depth, fmt::format("caten_move({}, {}, {});", place(copy->to, copy->dtype), place(copy->from, copy->dtype),
                              bytes(copy->elements, copy->dtype)));
    else
      write_loop(std::get<LoopCommand>(command.what), depth);
  }

  std::string place(const Location& location, DType dtype) const {
    std::string buffer = fmt::format("b{}", location.buffer.value);
    if (location.offset.is(0)) return buffer;
    return fmt::format("{} + {}", buffer, bytes(location.offset, dtype));
  }

  void write_launch(uint32_t index, int depth) {
    const RenderedKernel& kernel = rendered_.kernels[index];
    std::string buffers, sizes;
    for (BufferId id : kernel.buffers) buffers += fmt::format("{}b{}", buffers.empty() ? "" : ", ", id.value);
    for (const Dim& dim : kernel.sizes) sizes += (sizes.empty() ? "" : ", ") + size(dim);
    line(depth, "{");
    line(depth + 1, fmt::format("void *const buffers[] = {{{}}};", buffers.empty() ? "0" : buffers));
    line(depth + 1, fmt::format("const int64_t arguments_of[] = {{{}}};", sizes.empty() ? "0" : sizes));
    if (ranges_)
      line(depth + 1, fmt::format("caten_launch({}, buffers, arguments_of, {}, {});", kernel.name, size(kernel.range),
                                  size(kernel.range_work)));
    else
      line(depth + 1, fmt::format("{}(buffers, arguments_of);", kernel.name));
    line(depth, "}");
  }

  void write_loop(const LoopCommand& loop, int depth) {
    uint32_t id = loop.id;
    line(depth, "{");
    line(depth + 1, fmt::format("int64_t count{} = {}, c{} = 0;", id, size(loop.count), id));
    if (loop.runtime_count)
      line(depth + 1, fmt::format("{{ int64_t wanted = *(const int64_t *)b{1}; count{0} = wanted < 0 ? 0 : wanted < "
                                  "count{0} ? wanted : count{0}; }}",
                                  id, loop.runtime_count->buffer.value));
    line(depth + 1, fmt::format("while (c{0} < count{0}) {{", id));
    for (const Command& command : loop.body) write_command(command, depth + 2);
    for (const LoopCommand::Carry& carry : loop.carries)
      line(depth + 2, fmt::format("{{ unsigned char *other = b{0}; b{0} = b{1}; b{1} = other; }}", carry.current.value,
                                  carry.next.value));
    line(depth + 2, fmt::format("++c{};", id));
    if (loop.until) line(depth + 2, fmt::format("if (*b{} != 0) break;", loop.until->buffer.value));
    line(depth + 1, "}");
    for (const LoopCommand::Collect& collect : loop.collects) {
      const ScheduleBuffer& stack = schedule_.buffers[collect.stack.value];
      line(depth + 1, fmt::format("caten_clear(b{}, caten_size_mul(c{}, {}, &bad), {});", collect.stack.value, id,
                                  bytes(collect.item, stack.dtype), bytes(stack.elements, stack.dtype)));
    }
    line(depth + 1, fmt::format("*(int64_t *)b{} = c{};", loop.iterations.value, id));
    line(depth, "}");
  }

  // What is called from outside.

  void name_parameters() {
    auto add = [&](const std::string& name, const ValueType& type, bool read, const char* role) {
      parameters_.push_back(
          {names_.make(name), (read ? "const " : "") + c_type(type.dtype) + " *",
           fmt::format("{}, {}{}", caten::describe(type), role, is_complex(type.dtype) ? ", pairs of parts" : "")});
    };
    for (const Graph::Input& input : graph_.inputs) add(input.name, graph_.type(input.node), true, "input");
    for (const Graph::State& state : graph_.states) add(state.name, graph_.type(state.node), true, "state");
    for (const Graph::Output& output : graph_.outputs) add(output.name, graph_.type(output.value), false, "output");
    for (const Graph::State& state : graph_.states)
      add("next_" + state.name, graph_.type(state.node), false, "new value of the state");
  }

  std::string signature() const {
    std::string out = fmt::format("int {}(", out_.function);
    for (const DimEnv::Symbol& symbol : sizes_) out += fmt::format("int64_t {}, ", size_names_.at(symbol.name));
    for (const Parameter& parameter : parameters_) out += parameter.type + parameter.name + ", ";
    return out + "void *workspace)";
  }

  void write_functions() {
    size_t places = std::max<size_t>(1, schedule_.buffers.size());
    out_.source += fmt::format(
        "\n__attribute__((visibility(\"default\"))) int64_t {0}_workspace(const int64_t *sizes) {{\n"
        "  int64_t places[{1}];\n  return caten_plan(sizes, places);\n}}\n"
        "\n__attribute__((visibility(\"default\"))) int {0}_call(const int64_t *sizes, void *const *arguments, void "
        "*workspace) {{\n"
        "  int64_t places[{1}], bytes = caten_plan(sizes, places);\n"
        "  if (bytes < 0) return 1;\n"
        "  void *own = 0;\n"
        "  if (!workspace && bytes > 0) {{\n"
        "    own = malloc((__SIZE_TYPE__)bytes + 63);\n"
        "    if (!own) return 2;\n"
        "    workspace = (void *)(((__UINTPTR_TYPE__)own + 63) / 64 * 64);\n"
        "  }}\n"
        "  caten_run(sizes, arguments, workspace, places);\n"
        "  free(own);\n  return 0;\n}}\n",
        out_.function, places);
    std::string sizes, arguments;
    for (const DimEnv::Symbol& symbol : sizes_) sizes += (sizes.empty() ? "" : ", ") + size_names_.at(symbol.name);
    for (const Parameter& parameter : parameters_)
      arguments += (arguments.empty() ? "(void *)" : ", (void *)") + parameter.name;
    out_.source += fmt::format(
        "\n__attribute__((visibility(\"default\"))) {} {{\n"
        "  const int64_t sizes[] = {{{}}};\n  void *const arguments[] = {{{}}};\n  return {}_call(sizes, arguments, "
        "workspace);\n}}\n",
        signature(), sizes.empty() ? "0" : sizes, arguments.empty() ? "0" : arguments, out_.function);
  }

  void write_header() {
    std::string guard = out_.function + "_H";
    std::string sizes;
    for (const auto& size : sizes_)
      sizes += fmt::format(" *   {:<12} a size, {} or more{}\n", size_names_.at(size.name), size.bounds.lo.value_or(0),
                           size.bounds.hi ? fmt::format(", at most {}", *size.bounds.hi) : "");
    std::string arrays;
    for (const Parameter& parameter : parameters_)
      arrays += fmt::format(" *   {:<12} {}\n", parameter.name, parameter.about);
    out_.header = fmt::format(
        "/* Program {0}, made by caten. It needs neither caten nor Lisp, and may be called by several threads at "
        "once.\n"
        " *\n{1}{2}"
        " *   {3:<12} 0, or memory for temporaries: {4}_workspace bytes, a multiple of 64 as address, for one call at "
        "a time\n"
        " *\n"
        " * Arrays are row-major; outputs overlap nothing else. f16 and bf16 are their bits. Returns 0; 1 if the sizes "
        "do not\n"
        " * fit the program; 2 without memory for temporaries. */\n"
        "#ifndef {5}\n#define {5}\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n"
        "{6};\n\n"
        "/* The bytes of temporaries for these sizes, in the order above, or -1 if the sizes do not fit. */\n"
        "int64_t {4}_workspace(const int64_t *sizes);\n"
        "/* The same as {4}: sizes and arrays in the order above. */\n"
        "int {4}_call(const int64_t *sizes, void *const *arguments, void *workspace);\n\n"
        "#ifdef __cplusplus\n}}\n#endif\n#endif\n",
        graph_.name, sizes, arrays, "workspace", out_.function, guard, signature());
  }

  Schedule schedule_;
  const Graph& graph_;
  bool ranges_;
  RenderedProgram rendered_;
  CNames names_;
  std::vector<DimEnv::Symbol> sizes_;
  std::map<std::string, std::string> size_names_;
  std::vector<Parameter> parameters_;
  StandaloneProgram out_;
};

}  // namespace

Result<StandaloneProgram> standalone_program(const Graph& graph, const Dialect& dialect, ScheduleOptions options) {
  if (dialect.local_kernel.empty())
    return fail({.code = Code::UnsupportedByRuntime,
                 .message = "kernels of this runtime cannot stand in a program of their own",
                 .expected = "a runtime whose dialect has (:local-kernel …): c or cpu",
                 .remedy = "choose one with --runtime"});
  options.off.insert("row-blocks");  // its text has no loops over blocks
  return Text(graph, dialect, options).write();
}

}  // namespace caten
