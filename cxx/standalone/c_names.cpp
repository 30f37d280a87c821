#include "standalone/c_names.hpp"

namespace caten {

CNames::CNames()
    : taken_{"alignas", "alignof",   "and",      "asm",       "auto",      "bool",    "break",   "case",
             "catch",   "char",      "class",    "const",     "continue",  "default", "delete",  "do",
             "double",  "else",      "enum",     "explicit",  "export",    "extern",  "false",   "float",
             "for",     "friend",    "goto",     "if",        "inline",    "int",     "long",    "main",
             "mutable", "namespace", "new",      "not",       "operator",  "or",      "private", "protected",
             "public",  "register",  "requires", "restrict",  "return",    "short",   "signed",  "sizeof",
             "static",  "struct",    "switch",   "template",  "this",      "throw",   "true",    "try",
             "typedef", "typename",  "union",    "unsigned",  "using",     "virtual", "void",    "volatile",
             "while",   "xor",       "sizes",    "arguments", "workspace", "int64_t", "size_t"} {}

std::string CNames::make(std::string_view name) {
  std::string out;
  for (char c : name) {
    bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += fits ? c : '_';
  }
  if (out.empty() || (out[0] >= '0' && out[0] <= '9') || out[0] == '_') out = "x" + out;
  // Names that the text uses itself end in a digit or begin with caten.
  std::string tried = out;
  if (out.starts_with("caten") || (out.back() >= '0' && out.back() <= '9')) tried += '_';
  for (int k = 2; !taken_.insert(tried).second; ++k) tried = out + "_" + std::to_string(k) + "_";
  return tried;
}

}  // namespace caten
