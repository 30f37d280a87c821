#include "codegen/render_functions.hpp"

#include <fmt/format.h>

#include <bit>
#include <cassert>
#include <cmath>

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

std::string FunctionTable::prelude(const std::string& name) {
  for (const Dialect::Prelude& entry : dialect_->prelude)
    if (entry.name == name && needed_.insert(name).second) note_prelude(entry.text);
  return name;
}

std::string FunctionTable::typedefs(DType from, DType to) const {
  auto computed = [&](DType dtype) {
    return dialect_->wider(dtype) ? dialect_->wider(dtype)->type : dialect_->type(dtype);
  };
  std::string out = fmt::format("typedef {} T; ", computed(to));
  if (has_integers(to)) out += fmt::format("typedef {} U; ", dialect_->type(unsigned_of(to)));
  if (from != to) out += fmt::format("typedef {} S; ", computed(from));
  return out;
}

void FunctionTable::add(const std::string& name, const std::vector<DType>& parameters, DType result,
                        std::string_view expression, bool narrow) {
  if (!known_.insert(name).second) return;
  std::string list, before;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const char* parameter = i == 0 ? "x" : "y";
    const char* stored = i == 0 ? "a" : "b";
    const auto& wide = dialect_->wider(parameters[i]);
    list += fmt::format("{}{} {}", i ? ", " : "", dialect_->type(parameters[i]), wide ? stored : parameter);
    if (wide) before += fmt::format("{} {} = {}({}); ", wide->type, parameter, wide->widen, stored);
  }
  std::string body(expression);
  if (narrow && dialect_->wider(result)) body = fmt::format("{}({})", dialect_->wider(result)->narrow, body);
  note_prelude(before);
  note_prelude(body);
  functions_.emplace_back(
      name, fmt::format("{} {} {}({}) {{ {}{}return {}; }}\n", dialect_->function, dialect_->type(result), name, list,
                        typedefs(parameters[0], result), before, body));
}

std::string FunctionTable::elementwise(Op op, DType from, DType to) {
  std::string name = fmt::format("{}_{}", op_name(op), dtype_name(from));
  if (known_.contains(name)) return name;
  std::vector<DType> parameters(static_cast<size_t>(info(op).arity), from);
  std::string_view spelling = dialect_->spelling(op, from);
  assert(!spelling.empty() && "an op without a spelling for a dtype that it takes");
  if (to == from) {
    add(name, parameters, to, spelling, true);
  } else {
    // A comparison: T is the type compared.
    known_.insert(name);
    std::string list, before;
    for (size_t i = 0; i < parameters.size(); ++i) {
      const char* parameter = i == 0 ? "x" : "y";
      const auto& wide = dialect_->wider(from);
      const char* stored = i == 0 ? "a" : "b";
      list += fmt::format("{}{} {}", i ? ", " : "", dialect_->type(from), wide ? stored : parameter);
      if (wide) before += fmt::format("T {} = {}({}); ", parameter, wide->widen, stored);
    }
    note_prelude(before);
    note_prelude(spelling);
    functions_.emplace_back(name, fmt::format("{} {} {}({}) {{ {}{}return {}; }}\n", dialect_->function,
                                              dialect_->type(to), name, list, typedefs(from, from), before, spelling));
  }
  return name;
}

std::string FunctionTable::abs(DType dtype) {
  std::string name = fmt::format("abs_{}", dtype_name(dtype));
  add(name, {dtype}, dtype, dialect_->abs, true);
  return name;
}

std::string FunctionTable::max_number(DType dtype) {
  std::string name = fmt::format("max_number_{}", dtype_name(dtype));
  add(name, {dtype, dtype}, dtype, dialect_->max_number, true);
  return name;
}

std::string FunctionTable::cast(DType from, DType to) {
  std::string name = fmt::format("cast_{}_to_{}", dtype_name(from), dtype_name(to));
  bool real_source = !has_integers(from) && !is_complex(from);
  if (is_bool(to))
    add(name, {from}, to, dialect_->cast_bool, false);
  else if (has_integers(to) && real_source)
    add(name, {from}, to, dialect_->cast_saturating, false);
  else if (is_narrow(*dialect_, to) && has_integers(from))
    add(name, {from}, to, dialect_->cast_narrow_integer, true);
  else if (is_narrow(*dialect_, to))
    add(name, {from}, to, "x", true);
  else
    add(name, {from}, to, dialect_->cast, true);
  return name;
}

std::string FunctionTable::bitcast(DType from, DType to) {
  std::string name = fmt::format("bitcast_{}_to_{}", dtype_name(from), dtype_name(to));
  if (!known_.insert(name).second) return name;
  note_prelude(dialect_->bitcast);
  functions_.emplace_back(
      name, fmt::format("{} {} {}({} x) {{ typedef {} T; typedef {} S; {} }}\n", dialect_->function, dialect_->type(to),
                        name, dialect_->type(from), dialect_->type(to), dialect_->type(from), dialect_->bitcast));
  return name;
}

std::string FunctionTable::complex(DType from, DType to) {
  std::string name = fmt::format("complex_{}", dtype_name(to));
  if (!known_.insert(name).second) return name;
  functions_.emplace_back(
      name, fmt::format("{} {} {}({} x, {} y) {{ typedef {} T; typedef {} S; {} }}\n", dialect_->function,
                        dialect_->type(to), name, dialect_->type(from), dialect_->type(from), dialect_->type(to),
                        dialect_->type(from), dialect_->complex));
  return name;
}

std::string FunctionTable::part(DType from, DType to) {
  std::string name = fmt::format("part_{}", dtype_name(from));
  if (!known_.insert(name).second) return name;
  functions_.emplace_back(
      name, fmt::format("{} {} {}({} x, {} i) {{ typedef {} T; typedef {} S; {} }}\n", dialect_->function,
                        dialect_->type(to), name, dialect_->type(from), dialect_->type(DType::kI64), dialect_->type(to),
                        dialect_->type(from), dialect_->part));
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
