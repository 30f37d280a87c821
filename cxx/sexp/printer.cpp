#include <fmt/format.h>

#include <cmath>

#include "sexp/datum.hpp"

namespace caten {
namespace {

template <class Float>
std::string print_any_float(Float value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "+inf";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

bool is_bare_symbol(std::string_view name) {
  if (name.empty() || name[0] == ':' || name == "+inf" || name == "-inf" || name == "nan") return false;
  auto digit = [&](size_t i) { return i < name.size() && name[i] >= '0' && name[i] <= '9'; };
  bool sign = name[0] == '+' || name[0] == '-';
  if (digit(0) || (name[0] == '.' && digit(1)) ||
      (sign && (digit(1) || (name.size() > 1 && name[1] == '.' && digit(2)))))
    return false;
  for (char c : name) {
    auto byte = static_cast<unsigned char>(c);
    bool fine = byte >= 0x80 || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                (byte >= '0' && byte <= '9') ||
                std::string_view("+-*/<>=!?%&_.~^$@:").find(c) != std::string_view::npos;
    if (!fine) return false;
  }
  return true;
}

constexpr size_t kNoLimit = SIZE_MAX;

/// Prints on one line; stops and returns false once `out` is longer than `limit`.
bool print_to(const Datum& datum, std::string& out, size_t limit) {
  switch (datum.kind) {
    case Datum::Kind::kSymbol: out += print_symbol(datum.text); break;
    case Datum::Kind::kKeyword: (out += ':') += datum.text; break;
    case Datum::Kind::kString: out += quoted(datum.text, '"'); break;
    case Datum::Kind::kInteger:
    case Datum::Kind::kFloat: out += datum.text; break;
    case Datum::Kind::kList:
      out += '(';
      for (size_t i = 0; i < datum.items.size(); ++i) {
        if (i) out += ' ';
        if (!print_to(datum.items[i], out, limit)) return false;
      }
      out += ')';
  }
  return out.size() <= limit;
}

void pretty_to(const Datum& datum, size_t indent, size_t width, std::string& out) {
  size_t before = out.size();
  bool breakable = datum.is_list() && !datum.items.empty();
  if (print_to(datum, out, breakable ? before + (width > indent ? width - indent : 0) : kNoLimit)) return;
  out.resize(before);
  out += '(';
  size_t child = indent + 1;
  for (size_t i = 0; i < datum.items.size(); ++i) {
    // The head, and an atom right behind it, stay on the first line: `(composite axpy`, `(:let`.
    bool same_line = i == 0 || (i == 1 && !datum.items[1].is_list() && !datum.items[0].is_list());
    if (i > 0) out += same_line ? " " : "\n" + std::string(child, ' ');
    pretty_to(datum.items[i], child, width, out);
  }
  out += ')';
}

}  // namespace

std::string print_float(double value) { return print_any_float(value); }
std::string print_float(float value) { return print_any_float(value); }

std::string quoted(std::string_view content, char quote) {
  std::string out(1, quote);
  for (char c : content) {
    if (c == quote || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else
      out += c;
  }
  return out + quote;
}

std::string print_symbol(std::string_view name) { return is_bare_symbol(name) ? std::string(name) : quoted(name, '|'); }

std::string print(const Datum& datum) {
  std::string out;
  print_to(datum, out, kNoLimit);
  return out;
}

std::string pretty(const Datum& datum, size_t width) {
  std::string out;
  pretty_to(datum, 0, width, out);
  return out;
}

}  // namespace caten
