#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "lisp/ecl.hpp"

namespace caten::lisp {
namespace {

/// Decodes one character; malformed bytes give U+FFFD one at a time.
uint32_t next_code(std::string_view text, size_t& at) {
  auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) return lead;
  size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC2 ? 1 : 0;
  if (more == 0 || at + more > text.size()) return 0xFFFD;
  uint32_t code = lead & (0x3Fu >> more);
  for (size_t k = 0; k < more; ++k) {
    auto byte = static_cast<unsigned char>(text[at + k]);
    if ((byte & 0xC0) != 0x80) return 0xFFFD;
    code = (code << 6) | (byte & 0x3Fu);
  }
  at += more;
  return code;
}

void append_utf8(std::string& out, uint32_t code) {
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) code = 0xFFFD;
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

int64_t character_offset(std::string_view text, uint32_t byte) {
  return std::count_if(text.begin(), text.begin() + static_cast<ptrdiff_t>(std::min<size_t>(byte, text.size())),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

enum Slot : cl_index {
  kTag,
  kCode,
  kMessage,
  kSource,
  kBegin,
  kEnd,
  kExpected,
  kFound,
  kRemedy,
  kNotes,
  kSeverity,
  kSlots
};

std::string slot_text(cl_object vector, Slot slot) {
  cl_object value = vector->vector.self.t[slot];
  return ECL_STRINGP(value) ? to_utf8(value) : "";
}

int64_t slot_integer(cl_object vector, Slot slot, int64_t otherwise) {
  int64_t value = otherwise;
  return to_int64(vector->vector.self.t[slot], value) ? value : otherwise;
}

}  // namespace

uint32_t byte_offset(std::string_view text, int64_t character) {
  size_t at = 0;
  while (character > 0 && at < text.size()) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
    --character;
  }
  return static_cast<uint32_t>(at);
}

cl_object to_lisp(std::string_view text) {
  bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii) return ecl_make_simple_base_string(text.data(), static_cast<cl_fixnum>(text.size()));
  cl_index length = 0;
  for (size_t at = 0; at < text.size(); ++length) next_code(text, at);
  cl_object string = ecl_alloc_simple_extended_string(length);
  cl_index k = 0;
  for (size_t at = 0; at < text.size(); ++k) string->string.self[k] = static_cast<ecl_character>(next_code(text, at));
  return string;
}

std::string to_utf8(cl_object object) {
  if (ECL_SYMBOLP(object)) object = ecl_symbol_name(object);
  std::string out;
  if (ECL_BASE_STRING_P(object)) {
    for (cl_index k = 0; k < object->base_string.fillp; ++k) append_utf8(out, object->base_string.self[k]);
  } else if (ECL_EXTENDED_STRING_P(object)) {
    for (cl_index k = 0; k < object->string.fillp; ++k) append_utf8(out, static_cast<uint32_t>(object->string.self[k]));
  }
  return out;
}

cl_object to_lisp(int64_t value) { return ecl_make_int64_t(value); }

bool to_int64(cl_object object, int64_t& value) {
  if (ECL_FIXNUMP(object)) {
    value = ecl_fixnum(object);
    return true;
  }
  if (!ECL_BIGNUMP(object) || !mpz_fits_slong_p(object->big.big_num)) return false;
  value = mpz_get_si(object->big.big_num);
  return true;
}

bool to_double(cl_object object, double& value) {
  switch (ecl_t_of(object)) {
    case t_fixnum: value = static_cast<double>(ecl_fixnum(object)); return true;
    case t_bignum:
    case t_ratio:
    case t_singlefloat:
    case t_doublefloat:
#ifdef ECL_LONG_FLOAT
    case t_longfloat:
#endif
      value = ecl_to_double(object);
      return true;
    default: return false;
  }
}

cl_object symbol(const char* name, const char* package) { return ecl_make_symbol(name, package); }

cl_object keyword(std::string_view name) {
  int flag = 0;
  return ecl_intern(to_lisp(name), cl_core.keyword_package, &flag);
}

cl_object to_lisp(const Datum& datum) {
  switch (datum.kind) {
    case Datum::Kind::kInteger:
      return datum.is_unsigned ? ecl_make_uint64_t(static_cast<uint64_t>(datum.integer)) : to_lisp(datum.integer);
    case Datum::Kind::kFloat: return ecl_make_double_float(datum.real);
    case Datum::Kind::kString: return to_lisp(std::string_view(datum.text));
    case Datum::Kind::kKeyword: {
      std::string name = datum.text;
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
      return keyword(name);
    }
    case Datum::Kind::kSymbol: {
      int flag = 0;
      return ecl_intern(to_lisp(std::string_view(datum.text)), ecl_find_package("CATEN/SIZE"), &flag);
    }
    case Datum::Kind::kList: break;
  }
  cl_object list = ECL_NIL;
  for (size_t i = datum.items.size(); i-- > 0;) list = ecl_cons(to_lisp(datum.items[i]), list);
  return list;
}

Datum to_datum_within(cl_object object, size_t depth, size_t& room) {
  if (ECL_LISTP(object)) {
    std::vector<Datum> items;
    for (cl_object rest = object; is_cons(rest); rest = tail(rest)) {
      if (depth == 0 || room == 0) {
        items.push_back(Datum::symbol("..."));
        break;
      }
      --room;
      items.push_back(to_datum_within(head(rest), depth - 1, room));
    }
    return Datum::list(std::move(items));
  }
  switch (ecl_t_of(object)) {
    case t_fixnum: return Datum::of(static_cast<int64_t>(ecl_fixnum(object)));
    case t_bignum: {
      int64_t value = 0;
      if (to_int64(object, value)) return Datum::of(value);
      if (mpz_fits_ulong_p(object->big.big_num)) return Datum::of_unsigned(mpz_get_ui(object->big.big_num));
      return Datum::of(ecl_to_double(object));
    }
    case t_symbol: {
      if (object == ECL_T) return Datum::symbol("T");
      std::string name = to_utf8(object);
      if (ecl_symbol_package(object) == cl_core.keyword_package) {
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
        return Datum::keyword(std::move(name));
      }
      return Datum::symbol(std::move(name));
    }
    case t_base_string:
    case t_string: return Datum::string(to_utf8(object));
    case t_character: return Datum::string(to_utf8(cl_string(object)));
    default: break;
  }
  double real = 0;
  if (to_double(object, real)) return Datum::of(real);
  return Datum::symbol("?");
}

Datum to_datum(cl_object object) {
  size_t room = 1'000'000;
  return to_datum_within(object, 1000, room);
}

bool is_diagnostic(cl_object object) {
  return ecl_t_of(object) == t_vector && object->vector.fillp == kSlots && object->vector.elttype == ecl_aet_object &&
         object->vector.self.t[kTag] == keyword("DIAGNOSTIC");
}

cl_object to_lisp(const Diagnostic& d) {
  cl_object vector = ecl_alloc_simple_vector(kSlots, ecl_aet_object);
  cl_object* slots = vector->vector.self.t;
  std::fill(slots, slots + kSlots, ECL_NIL);
  auto text = [](const std::string& value) { return value.empty() ? ECL_NIL : to_lisp(std::string_view(value)); };
  slots[kTag] = keyword("DIAGNOSTIC");
  slots[kCode] = ecl_make_fixnum(static_cast<int>(d.code));
  slots[kMessage] = to_lisp(std::string_view(d.message));
  SourceMap& sources = session_sources();
  if (d.span.known() && sources.contains(d.span)) {
    std::string_view source = sources.text(d.span.source);
    slots[kSource] = ecl_make_fixnum(d.span.source);
    slots[kBegin] = ecl_make_fixnum(character_offset(source, d.span.begin));
    slots[kEnd] = ecl_make_fixnum(character_offset(source, d.span.end));
  }
  slots[kExpected] = text(d.expected);
  slots[kFound] = text(d.found);
  slots[kRemedy] = text(d.remedy);
  for (size_t i = d.notes.size(); i-- > 0;)
    slots[kNotes] = ecl_cons(to_lisp(std::string_view(d.notes[i])), slots[kNotes]);
  slots[kSeverity] = keyword(d.severity == Severity::kError     ? "ERROR"
                             : d.severity == Severity::kWarning ? "WARNING"
                                                                : "NOTE");
  return vector;
}

Diagnostic to_diagnostic(cl_object vector, const SourceMap& sources) {
  Diagnostic d;
  d.code = static_cast<Code>(slot_integer(vector, kCode, static_cast<int64_t>(Code::LispError)));
  d.message = slot_text(vector, kMessage);
  int64_t source = slot_integer(vector, kSource, -1);
  int64_t begin = slot_integer(vector, kBegin, 0);
  int64_t end = slot_integer(vector, kEnd, begin);
  if (source >= 0) {
    d.span.source = static_cast<uint32_t>(source);
    if (sources.contains(d.span)) {
      d.span.begin = byte_offset(sources.text(d.span.source), begin);
      d.span.end = byte_offset(sources.text(d.span.source), end);
    } else {
      d.span = {};
    }
  }
  d.expected = slot_text(vector, kExpected);
  d.found = slot_text(vector, kFound);
  d.remedy = slot_text(vector, kRemedy);
  for (cl_object rest = vector->vector.self.t[kNotes]; is_cons(rest); rest = tail(rest))
    if (ECL_STRINGP(head(rest))) d.notes.push_back(to_utf8(head(rest)));
  cl_object severity = vector->vector.self.t[kSeverity];
  d.severity = severity == keyword("WARNING") ? Severity::kWarning
               : severity == keyword("NOTE")  ? Severity::kNote
                                              : Severity::kError;
  return d;
}

cl_object out_of_memory() {
  return to_lisp(Diagnostic{.code = Code::OutOfMemory,
                            .message = "out of memory",
                            .remedy = "use smaller sizes, or free tensors that are no longer needed"});
}

void define_primitives(const Primitive* begin, const Primitive* end) {
  cl_object package = to_lisp(std::string_view("CATEN/PRIMITIVE"));
  if (is_nil(ecl_find_package_nolock(package))) cl_make_package(3, package, keyword("USE"), ECL_NIL);
  for (const Primitive* row = begin; row != end; ++row)
    ecl_def_c_function(symbol(row->name, "CATEN/PRIMITIVE"), row->function, row->arguments);
}

}  // namespace caten::lisp
