#include "sexp/datum.hpp"

#include <bit>
#include <cmath>

namespace caten {

namespace {
Datum make(Datum::Kind kind, std::string text, SourceSpan span) {
  Datum datum;
  datum.kind = kind;
  datum.text = std::move(text);
  datum.span = span;
  return datum;
}
}  // namespace

Datum Datum::list(std::vector<Datum> items, SourceSpan span) {
  Datum datum = make(Kind::kList, "", span);
  datum.items = std::move(items);
  return datum;
}
Datum Datum::symbol(std::string name, SourceSpan span) { return make(Kind::kSymbol, std::move(name), span); }
Datum Datum::keyword(std::string name, SourceSpan span) { return make(Kind::kKeyword, std::move(name), span); }
Datum Datum::string(std::string content, SourceSpan span) { return make(Kind::kString, std::move(content), span); }

Datum Datum::of(int64_t value, SourceSpan span) {
  Datum datum = make(Kind::kInteger, std::to_string(value), span);
  datum.integer = value;
  return datum;
}

Datum Datum::of_unsigned(uint64_t value, SourceSpan span) {
  Datum datum = make(Kind::kInteger, std::to_string(value), span);
  datum.integer = static_cast<int64_t>(value);
  datum.is_unsigned = value > static_cast<uint64_t>(INT64_MAX);
  return datum;
}

Datum Datum::of(double value, SourceSpan span) {
  Datum datum = make(Kind::kFloat, print_float(value), span);
  datum.real = value;
  return datum;
}

bool Datum::operator==(const Datum& other) const {
  if (kind != other.kind) return false;
  switch (kind) {
    case Kind::kList: return items == other.items;
    case Kind::kInteger: return integer == other.integer && is_unsigned == other.is_unsigned;
    case Kind::kFloat:
      return (std::isnan(real) && std::isnan(other.real)) ||
             std::bit_cast<uint64_t>(real) == std::bit_cast<uint64_t>(other.real);
    default: return text == other.text;
  }
}

}  // namespace caten
