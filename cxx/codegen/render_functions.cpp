#include "codegen/render_functions.hpp"

#include <fmt/format.h>

#include <bit>
#include <cassert>
#include <cmath>
#include <optional>

namespace caten {
namespace {

DType unsigned_of(DType dtype) {
  switch (dtype_size(dtype)) {
    case 1: return DType::kU8;
    case 2: return DType::kU16;
    case 4: return DType::kU32;
    default: return DType::kU64;
  }
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

template <class F>
void for_each_word(std::string_view text, const F& visit) {
  for (size_t i = 0; i < text.size();) {
    if (!is_word(text[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && is_word(text[end])) ++end;
    visit(text.substr(i, end - i));
    i = end;
  }
}

bool has_integers(DType dtype) { return is_integer(dtype) || is_bool(dtype); }

/// Declares those of these types that a function's body names.
std::string used_typedefs(std::string_view body, std::initializer_list<std::pair<const char*, std::string>> types) {
  std::string out;
  for (const auto& [name, type] : types) {
    bool used = false;
    for_each_word(body, [&, wanted = name](std::string_view word) { used = used || word == wanted; });
    if (used && !type.empty()) out += fmt::format("typedef {} {}; ", type, name);
  }
  return out;
}

constexpr const char* kParameters[] = {"x", "y", "z"};
constexpr const char* kStored[] = {"a", "b",
                                   "c"};  ///< the same as they are stored, where they are computed in a wider type

/// Floats that are stored narrower than they are computed.
bool is_narrow(const Dialect& dialect, DType dtype) { return dialect.wider(dtype).has_value(); }

}  // namespace

std::string substitute(std::string_view text, const std::map<std::string, std::string>& values) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    size_t end = text[i] == '{' ? text.find('}', i) : std::string_view::npos;
    if (end != std::string_view::npos)
      if (auto found = values.find(std::string(text.substr(i + 1, end - i - 1))); found != values.end()) {
        out += found->second;
        i = end;
        continue;
      }
    out += text[i];
  }
  return out;
}

void FunctionTable::note_prelude(std::string_view text) {
  for_each_word(text, [&](std::string_view word) { prelude(std::string(word)); });
}

std::string FunctionTable::text_with(std::string_view text, const std::map<std::string, std::string>& values) {
  std::string out = substitute(text, values);
  note_prelude(out);
  return out;
}

std::string FunctionTable::prelude(const std::string& name) {
  for (const Dialect::Prelude& entry : dialect_->prelude)
    if (entry.name == name && needed_.insert(name).second) note_prelude(entry.text);
  return name;
}

const std::string& FunctionTable::computed(DType dtype) const {
  return dialect_->wider(dtype) ? dialect_->wider(dtype)->type : dialect_->type(dtype);
}

std::string FunctionTable::typedefs(DType from, DType to, std::string_view body) const {
  std::string unsigned_type = has_integers(to) ? dialect_->type(unsigned_of(to)) : "";
  return used_typedefs(body, {{"T", computed(to)}, {"U", unsigned_type}, {"S", from != to ? computed(from) : ""}});
}

namespace {

/// An expression with its words replaced; nothing if that repeats an operand that is more than a name, or repeats one
/// again and again.
std::optional<std::string> with_words(std::string_view expression, const std::map<std::string_view, std::string>& types,
                                      const std::map<std::string_view, std::string>& operands) {
  std::string out;
  std::map<std::string_view, int> uses;
  const char* done = expression.data();
  bool short_enough = true;
  for_each_word(expression, [&](std::string_view word) {
    auto type = types.find(word);
    auto operand = operands.find(word);
    if (type == types.end() && operand == operands.end()) return;
    out.append(done, word.data());
    done = word.data() + word.size();
    if (type != types.end()) {
      out += type->second;
      return;
    }
    int most = operand->second.find_first_of("([") == std::string::npos ? 2 : 1;
    short_enough = short_enough && ++uses[word] <= most;
    out += operand->second.starts_with('-') ? "(" + operand->second + ")" : operand->second;
  });
  out.append(done, expression.data() + expression.size());
  return short_enough ? std::optional(out) : std::nullopt;
}

}  // namespace

std::string FunctionTable::apply(const Spelling& spelling, const Operands& operands) {
  // What is computed in a wider type is converted first.
  if (!is_narrow(*dialect_, spelling.operands)) {
    std::map<std::string_view, std::string> types{{"T", computed(spelling.computed)}}, texts;
    if (has_integers(spelling.computed)) types["U"] = dialect_->type(unsigned_of(spelling.computed));
    if (spelling.operands != spelling.computed) types["S"] = computed(spelling.operands);
    for (size_t i = 0; i < operands.size(); ++i) texts[kParameters[i]] = operands[i];
    if (std::optional<std::string> text = with_words(spelling.expression, types, texts)) {
      note_prelude(spelling.expression);
      if (!spelling.narrow || !is_narrow(*dialect_, spelling.result)) return *text;
      return fmt::format("{}({})", prelude(dialect_->wider(spelling.result)->narrow), *text);
    }
  }
  add(spelling, operands.size());
  return fmt::format("{}({})", spelling.name, fmt::join(operands, ", "));
}

void FunctionTable::add(const Spelling& spelling, size_t parameters) {
  if (!known_.insert(spelling.name).second) return;
  std::string list, before;
  const auto& wide = dialect_->wider(spelling.operands);
  for (size_t i = 0; i < parameters; ++i) {
    const char* parameter = kParameters[i];
    const char* stored = kStored[i];
    list += fmt::format("{}{} {}", i ? ", " : "", dialect_->type(spelling.operands), wide ? stored : parameter);
    if (wide) before += fmt::format("{} {} = {}({}); ", wide->type, parameter, wide->widen, stored);
  }
  std::string body(spelling.expression);
  if (spelling.narrow && dialect_->wider(spelling.result))
    body = fmt::format("{}({})", dialect_->wider(spelling.result)->narrow, body);
  note_prelude(before);
  note_prelude(body);
  functions_.emplace_back(
      spelling.name,
      fmt::format("{} {} {}({}) {{ {}{}return {}; }}\n", dialect_->function, dialect_->type(spelling.result),
                  spelling.name, list, typedefs(spelling.operands, spelling.computed, body), before, body));
}

std::string FunctionTable::elementwise(Op op, DType from, DType to, const Operands& operands) {
  std::string_view expression = dialect_->spelling(op, from);
  assert(!expression.empty() && "an op without a spelling for a dtype that it takes");
  // Of a comparison T is the type compared.
  return apply({fmt::format("{}_{}", op_name(op), dtype_name(from)), from, to, from, expression, to == from}, operands);
}

std::string FunctionTable::divided(Op op, DType dtype, const Operands& operands) {
  return apply({fmt::format("{}_by_{}", op_name(op), dtype_name(dtype)), dtype, dtype, dtype,
                op == Op::kDiv ? "(T)(x / y)" : "(T)(x % y)", true},
               operands);
}

std::string FunctionTable::abs(DType dtype, const std::string& x) {
  return apply({fmt::format("abs_{}", dtype_name(dtype)), dtype, dtype, dtype, dialect_->abs, true}, {x});
}

std::string FunctionTable::max_number(DType dtype, const Operands& operands) {
  return apply({fmt::format("max_number_{}", dtype_name(dtype)), dtype, dtype, dtype, dialect_->max_number, true},
               operands);
}

std::string FunctionTable::min_number(DType dtype, const Operands& operands) {
  return apply({fmt::format("min_number_{}", dtype_name(dtype)), dtype, dtype, dtype, dialect_->min_number, true},
               operands);
}

std::string FunctionTable::multiply_add(DType dtype, const Operands& operands) {
  if (dialect_->multiply_add.empty())
    return elementwise(Op::kAdd, dtype, dtype,
                       {"(" + elementwise(Op::kMul, dtype, dtype, {operands[0], operands[1]}) + ")", operands[2]});
  return apply({fmt::format("multiply_add_{}", dtype_name(dtype)), dtype, dtype, dtype, dialect_->multiply_add, true},
               operands);
}

std::string FunctionTable::cast(DType from, DType to, const std::string& x) {
  Spelling spelling{fmt::format("cast_{}_to_{}", dtype_name(from), dtype_name(to)), from, to, to};
  bool real_source = !has_integers(from) && !is_complex(from);
  auto of_complex = [](const std::string& own, const std::string& other) -> const std::string& {
    return own.empty() ? other : own;
  };
  if (is_bool(to)) {
    spelling.expression =
        is_complex(from) ? of_complex(dialect_->cast_bool_of_complex, dialect_->cast_bool) : dialect_->cast_bool;
  } else if (is_complex(to)) {
    spelling.expression = of_complex(
        is_complex(from) ? dialect_->cast_complex_of_complex : dialect_->cast_complex_of_real, dialect_->cast);
  } else if (has_integers(to) && real_source) {
    spelling.expression = dialect_->cast_saturating;
  } else {
    spelling.narrow = true;
    spelling.expression = dialect_->cast;
    if (is_narrow(*dialect_, to)) spelling.expression = "x";
    if (is_narrow(*dialect_, to) && has_integers(from)) spelling.expression = dialect_->cast_narrow_integer;
  }
  return apply(spelling, {x});
}

std::string FunctionTable::stored_typedefs(DType from, DType to, std::string_view body) const {
  return used_typedefs(body, {{"T", dialect_->type(to)}, {"S", dialect_->type(from)}});
}

std::string FunctionTable::bitcast(DType from, DType to) {
  std::string name = fmt::format("bitcast_{}_to_{}", dtype_name(from), dtype_name(to));
  if (!known_.insert(name).second) return name;
  note_prelude(dialect_->bitcast);
  functions_.emplace_back(
      name, fmt::format("{} {} {}({} x) {{ {}{} }}\n", dialect_->function, dialect_->type(to), name,
                        dialect_->type(from), stored_typedefs(from, to, dialect_->bitcast), dialect_->bitcast));
  return name;
}

std::string FunctionTable::complex(DType from, DType to) {
  std::string name = fmt::format("complex_{}", dtype_name(to));
  if (!known_.insert(name).second) return name;
  functions_.emplace_back(name, fmt::format("{} {} {}({} x, {} y) {{ {}{} }}\n", dialect_->function, dialect_->type(to),
                                            name, dialect_->type(from), dialect_->type(from),
                                            stored_typedefs(from, to, dialect_->complex), dialect_->complex));
  return name;
}

std::string FunctionTable::part(DType from, DType to) {
  std::string name = fmt::format("part_{}", dtype_name(from));
  if (!known_.insert(name).second) return name;
  functions_.emplace_back(name, fmt::format("{} {} {}({} x, {} i) {{ {}{} }}\n", dialect_->function, dialect_->type(to),
                                            name, dialect_->type(from), dialect_->type(DType::kI64),
                                            stored_typedefs(from, to, dialect_->part), dialect_->part));
  return name;
}

std::string FunctionTable::literal(const Scalar& scalar) {
  DType dtype = scalar.dtype();
  auto real = [&](double value, DType of) -> std::string {
    const char* suffix = of == DType::kF32 ? "f" : "";
    // What 0/0 gives has the sign that the machine likes; a literal has its own.
    if (std::isnan(value) && of == DType::kF32)
      return fmt::format("{}({:#x}u)", bitcast(DType::kU32, of), std::bit_cast<uint32_t>(static_cast<float>(value)));
    if (std::isnan(value)) return fmt::format("{}({:#x}ull)", bitcast(DType::kU64, of), std::bit_cast<uint64_t>(value));
    if (std::isinf(value)) return fmt::format("({}1.0{} / 0.0{})", value < 0 ? "-" : "", suffix, suffix);
    return fmt::format("{:a}{}", value, suffix);
  };
  if (is_complex(dtype)) {
    DType part = dtype == DType::kC64 ? DType::kF32 : DType::kF64;
    return fmt::format("{}({}, {})", complex(part, dtype), real(scalar.as_complex().real(), part),
                       real(scalar.as_complex().imag(), part));
  }
  if (dtype == DType::kF32 || dtype == DType::kF64) return real(scalar.as_real(), dtype);
  if (!has_integers(dtype)) {  // narrow floats as their bits
    std::byte bits[8] = {};
    scalar.store(bits);
    uint64_t value = dtype_size(dtype) == 1
                         ? std::to_integer<uint64_t>(bits[0])
                         : std::to_integer<uint64_t>(bits[0]) | std::to_integer<uint64_t>(bits[1]) << 8;
    return fmt::format("({}){:#x}", dialect_->type(dtype), value);
  }
  if (dtype == DType::kU64 || dtype == DType::kU32)
    return fmt::format(
        "({}){}u", dialect_->type(dtype),
        fmt::format("{}{}", static_cast<uint64_t>(scalar.as_integer()), dtype == DType::kU64 ? "ll" : ""));
  if (scalar.as_integer() == INT64_MIN) return fmt::format("({})(-9223372036854775807ll - 1)", dialect_->type(dtype));
  return fmt::format("({}){}{}", dialect_->type(dtype), scalar.as_integer(), dtype == DType::kI64 ? "ll" : "");
}

void FunctionTable::merge(const FunctionTable& other) {
  for (const auto& function : other.functions_)
    if (known_.insert(function.first).second) functions_.push_back(function);
  needed_.insert(other.needed_.begin(), other.needed_.end());
}

void FunctionTable::emit_prelude(const Dialect::Prelude& entry, std::string& out,
                                 std::set<std::string>& emitted) const {
  if (!emitted.insert(entry.name).second) return;
  for_each_word(entry.text, [&](std::string_view word) {
    for (const Dialect::Prelude& used : dialect_->prelude)
      if (used.name == word) emit_prelude(used, out, emitted);
  });
  out += entry.text + "\n";
}

std::string FunctionTable::text() const {
  std::string out = dialect_->header + "\n";
  std::set<std::string> emitted;
  for (const Dialect::Prelude& entry : dialect_->prelude)
    if (needed_.contains(entry.name)) emit_prelude(entry, out, emitted);
  for (const auto& [name, text] : functions_) out += text;
  return out;
}

}  // namespace caten
