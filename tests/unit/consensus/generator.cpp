#include "generator.hpp"

#include <cmath>
#include <limits>

#include "consensus/affine.hpp"
#include "consensus/built_ins.hpp"
#include "consensus/words.hpp"

namespace caten::consensus {
namespace {

class Generator {
 public:
  explicit Generator(uint64_t seed) : state_(seed * 0xD1342543DE82EF95 + 1) {}

  Program program() {
    Program out;
    if (one_in(2)) out.name = name();
    for (size_t count = below(8); count > 0; --count) out.declarations.push_back(declaration());
    return out;
  }

 private:
  uint64_t next() {  // splitmix64
    uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  size_t below(size_t bound) { return static_cast<size_t>(next() % bound); }
  bool one_in(size_t n) { return below(n) == 0; }
  template <class T, size_t N>
  const T& pick(const T (&from)[N]) {
    return from[below(N)];
  }
  template <class T, size_t N>
  T meaning(const Word<T> (&words)[N]) {
    return pick(words).meaning;
  }
  template <class Make>
  auto some(size_t least, size_t most, Make make) {
    std::vector<decltype(make())> out;
    for (size_t count = least + below(most - least + 1); count > 0; --count) out.push_back(make());
    return out;
  }

  Name name() {
    static constexpr const char* kNames[] = {
        "t",      "x",      "dx", "Vid",   "Txt", "prev_frame", "priority", "in",      "and",     "a b",  "|",
        "\\",     "N",      "读", "value", "0x",  "nan",        "-inf",     "a\nb",    "a\tb",    "!",    "layer-norm",
        "commit", "change", "()", "Model", ";",   "//",         "region",   "propose", "offsets", "range"};
    std::string text = pick(kNames);
    if (one_in(3)) text += std::to_string(below(9));
    return Name{is_reserved(text) ? text + "_" : text, {}};
  }

  int64_t integer() {
    static constexpr int64_t kIntegers[] = {0, 1, -1, 2, 7, 64, -3, INT64_MAX, INT64_MIN, INT64_MIN + 1, 1000000007};
    return pick(kIntegers);
  }
  double real() {
    static constexpr double kInfinity = std::numeric_limits<double>::infinity();
    static constexpr double kReals[] = {0.0, -0.0, 0.5, -1.5, 1e300, 5e-324, 0.1, -kInfinity, kInfinity, 3.0};
    return one_in(20) ? std::numeric_limits<double>::quiet_NaN() : pick(kReals);
  }
  std::string content() {
    static constexpr const char* kTexts[] = {"sky",           "",          "a \"b\"", "\\", "\n\t", "天",
                                             "// no comment", "red-black", "|"};
    return pick(kTexts);
  }

  Affine affine() {
    for (;;)
      if (Result<Affine> out = to_affine(index_expression(3))) return std::move(*out);
  }
  Expression call(std::string function, std::vector<Expression> arguments) {
    return make_call(Name{std::move(function), {}}, std::move(arguments), {}, {}).value();
  }
  Expression index_expression(size_t depth) {
    if (depth == 0 || one_in(3)) return one_in(2) ? Expression{.node = integer()} : Expression{.node = name()};
    static constexpr const char* kSigns[] = {"+", "-", "*", "/", "mod"};
    std::string sign = pick(kSigns);
    bool divides = sign == "/" || sign == "mod";
    Expression right = divides ? Expression{.node = static_cast<int64_t>(1 + below(9))} : index_expression(depth - 1);
    return call(sign, {index_expression(depth - 1), std::move(right)});
  }

  Subscript subscript(size_t depth) {
    switch (below(6)) {
      case 0: return {.node = All{}};
      case 1: return {.node = Range{affine(), affine()}};
      case 2: return {.node = Region{expression(depth)}};
      case 3: return {.node = At{name(), affine()}};
      default: return {.node = affine()};
    }
  }
  Reference reference(size_t depth = 1) {
    return {.value = name(), .subscripts = some(0, 3, [&] { return subscript(depth); })};
  }
  Cells cells() {
    return {.value = name(), .indices = some(0, 3, [&] { return name(); })};
  }
  Neighbourhood neighbourhood() {
    if (one_in(2)) return {.name = one_in(2) ? "N4" : "N8"};
    Neighbourhood out;
    size_t axes = 1 + below(3);
    out.offsets = some(1, 4, [&] { return some(axes, axes, [&] { return integer(); }); });
    return out;
  }

  Expression expression(size_t depth = 4) {
    if (depth == 0 || one_in(3)) return leaf();
    switch (below(9)) {
      case 0: return {.node = reference(depth - 1)};
      case 1: return {.node = InNeighbourhood{some(1, 3, [&] { return name(); }), neighbourhood()}};
      case 2:
      case 3: return function_call(depth);
      default: return built_in_call(depth);
    }
  }
  Expression leaf() {
    switch (below(4)) {
      case 0: return {.node = integer()};
      case 1: return {.node = Real{real()}};
      case 2: return {.node = Text{content()}};
      default: return {.node = name()};
    }
  }
  Expression built_in_call(size_t depth) {
    std::span<const BuiltIn> rows = all_built_ins();
    const BuiltIn& row = rows[below(rows.size())];
    size_t most = std::min<size_t>(row.most, row.least + 2);
    return call(std::string(one_in(2) ? row.name : row.text),
                some(row.least, most, [&] { return expression(depth - 1); }));
  }
  Expression function_call(size_t depth) {
    static constexpr const char* kKeywords[] = {"strategy", "budget", "in", "a-b", "k1", "=", "1st"};
    std::vector<Expression> arguments = some(0, 3, [&] { return expression(depth - 1); });
    if (one_in(4)) arguments.push_back({.node = Name{"...", {}}});
    std::vector<Argument> keywords = some(0, 2, [&] {
      return Argument{Name{pick(kKeywords), {}}, expression(depth - 1)};
    });
    Name function = name();
    while (find_built_in(function.text)) function.text += "_";
    return make_call(std::move(function), std::move(arguments), std::move(keywords), {}).value();
  }
  std::optional<Expression> maybe_expression() { return one_in(2) ? std::nullopt : std::optional(expression()); }

  DType dtype() { return all_dtypes()[below(all_dtypes().size())]; }

  Kind kind() {
    switch (below(5)) {
      case 0: return TokenKind{name(), one_in(2) ? std::nullopt : std::optional(affine())};
      case 1: return LatentKind{affine(), dtype()};
      case 2: return ScalarKind{dtype()};
      case 3: return EventKind{};
      default: return RuleKind{};
    }
  }
  Shape shape() {
    Shape out{.form = meaning(kShapes)};
    size_t count = out.form == Shape::Form::kGrid ? 1 + below(4) : size_count(out.form);
    out.sizes = some(count, count, [&] { return affine(); });
    return out;
  }

  Declaration declaration() {
    switch (below(6)) {
      case 0: return parameter();
      case 1: return value();
      case 2: return visible();
      case 3: return rule();
      case 4: return constraint();
      default: return commit();
    }
  }
  Declaration parameter() {
    Parameter out{.name = name(), .type = meaning(kParameterTypes), .otherwise = maybe_expression()};
    if (out.type == ParameterType::kScalar || out.type == ParameterType::kTensor) out.dtype = dtype();
    if (out.type == ParameterType::kTensor) out.sizes = some(0, 3, [&] { return affine(); });
    return out;
  }
  Declaration value() {
    Value out{.name = name(), .kind = kind(), .shape = shape(), .initial = maybe_expression()};
    if (one_in(3)) out.partition_axis = static_cast<int64_t>(below(3));
    return out;
  }
  Declaration visible() {
    Visible out{.target = cells(), .source = reference(), .predicate = maybe_expression(), .optional = one_in(3)};
    out.border.form = meaning(kBorders);
    if (out.border.form == Border::Form::kPad) out.border.padding = expression();
    return out;
  }
  Declaration rule() {
    Rule out{.name = name(), .on = cells(), .score = maybe_expression()};
    out.reads = some(0, 3, [&] {
      Read read{.name = name(), .optional = one_in(3)};
      if (one_in(3)) read.pattern = reference();
      if (one_in(3)) read.pattern = neighbourhood();
      const Reference* source = std::get_if<Reference>(&read.pattern);
      if (source && one_in(2)) read.name = source->value;
      return read;
    });
    out.locals = some(0, 2, [&] { return Local{.name = name(), .value = expression()}; });
    out.proposals = some(1, 3, [&] { return Proposal{.target = reference(), .value = expression()}; });
    return out;
  }
  Declaration constraint() {
    return Constraint{.name = name(),
                      .scope = reference(),
                      .mode = meaning(kModes),
                      .predicate = expression(),
                      .priority = integer(),
                      .weight = one_in(2) ? 1 : 1 + static_cast<int64_t>(below(9)),
                      .hard = one_in(2)};
  }
  Declaration commit() {
    Commit out{.target = reference(),
               .atomic = meaning(kAtomic),
               .isolation = meaning(kIsolation),
               .budget = maybe_expression(),
               .on_unsat = {.form = meaning(kOnUnsat)},
               .colour = meaning(kColours)};
    bool counted = out.on_unsat.form == OnUnsat::Form::kRestart || out.on_unsat.form == OnUnsat::Form::kBacktrack;
    if (counted) out.on_unsat.count = 1 + static_cast<int64_t>(below(9));
    return out;
  }

  uint64_t state_;
};

}  // namespace

Program random_program(uint64_t seed) { return Generator(seed).program(); }

}  // namespace caten::consensus
