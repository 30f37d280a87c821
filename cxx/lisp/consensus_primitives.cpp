// Consensual programs that Lisp code describes: forms of LCI, with the spelling and the places of the text they stand
// in.
#include <algorithm>
#include <cctype>

#include "consensus/names.hpp"
#include "consensus/print.hpp"
#include "consensus/read_lci.hpp"
#include "consensus/read_text.hpp"
#include "io/file_bytes.hpp"
#include "lisp/consensual_forms.hpp"
#include "lisp/primitives.hpp"

namespace caten::lisp {
namespace {

std::string folded(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

/// A symbol without small letters was written without bars, and the reader made its letters large.
void spell_small(Datum& datum) {
  bool small = std::any_of(datum.text.begin(), datum.text.end(), [](unsigned char c) { return std::islower(c); });
  if (datum.is_keyword() || (datum.is_symbol() && !small)) datum.text = folded(datum.text);
  for (Datum& item : datum.items) spell_small(item);
}

/// Gives what Lisp read the spelling and places of its text. What macros made, and so differs from the text, is spelled
/// in small letters.
void spell_as(Datum& datum, const Datum& text) {
  datum.span = text.span;
  bool named = datum.is_symbol() || datum.is_keyword();  // +inf is a symbol for Lisp
  bool nothing = datum.is_list() && datum.items.empty() && folded(text.text) == "nil";
  if (datum.is_list() && text.is_list() && datum.size() == text.size()) {
    for (size_t i = 0; i < datum.size(); ++i) spell_as(datum.items[i], text[i]);
  } else if (datum == text || nothing || (named && !text.is_string() && folded(datum.text) == folded(text.text))) {
    datum = text;
  } else {
    spell_small(datum);
  }
}

void move_to(Datum& datum, SourceSpan place) {
  datum.span = {place.source, datum.span.begin + place.begin, datum.span.end + place.begin};
  for (Datum& item : datum.items) move_to(item, place);
}

/// (source begin end) as Lisp counts, or an unknown place.
SourceSpan to_span(cl_object place) {
  int64_t numbers[3] = {-1, 0, 0};
  for (int i = 0; i < 3 && is_cons(place); ++i, place = tail(place))
    if (!to_int64(head(place), numbers[i])) return {};
  SourceSpan span{static_cast<uint32_t>(numbers[0]), 0, 0};
  if (numbers[0] < 0 || !session_sources().contains(span)) return {};
  std::string_view text = session_sources().text(span.source);
  span.begin = byte_offset(text, numbers[1]);
  span.end = byte_offset(text, numbers[2]);
  return span;
}

}  // namespace

Datum spelled(cl_object pair) {
  Datum datum = to_datum(head(pair));
  SourceSpan place = to_span(tail(pair));
  if (!place.known()) {
    spell_small(datum);
    return datum;
  }
  SourceMap alone;
  Result<Datum> text =
      read_one(alone, alone.add("", std::string(session_sources().text(place))), consensus::kLciLimits);
  if (text) {
    move_to(*text, place);
    spell_as(datum, *text);
  } else {
    spell_small(datum);
    datum.span = place;
  }
  return datum;
}

consensus::ResolveOptions composites() {
  return {.composite =
              [](const std::string& name) {
                cl_object found =
                    cl_funcall(2, symbol("COMPOSITE-NAMED", "CATEN/CONSENSUS"), to_lisp(std::string_view(name)));
                return to_utf8(found);
              },
          .composite_names =
              [] {
                std::vector<std::string> out;
                cl_object names = cl_funcall(1, symbol("LIST-OF-COMPOSITES", "CATEN/CONSENSUS"));
                for (; is_cons(names); names = tail(names)) out.push_back(to_utf8(head(names)));
                return out;
              }};
}

cl_object failed_with(const Diagnostics& diagnostics, SourceSpan otherwise) {
  cl_object list = ECL_NIL;
  for (size_t i = diagnostics.list().size(); i-- > 0;) {
    Diagnostic each = diagnostics.list()[i];
    if (!each.span.known()) each.span = otherwise;
    list = ecl_cons(to_lisp(each), list);
  }
  return ecl_cons(keyword("FAILED"), list);
}

namespace {

/// The name in the form (consensual-program NAME …), whose other parts may be Lisp that is no LCI.
Datum program_name(cl_object pair) {
  Datum datum = to_datum(head(pair));
  Datum name = datum.size() > 1 ? datum[1] : Datum::list({});
  SourceSpan place = to_span(tail(pair));
  std::string_view text = place.known() ? session_sources().text(place) : "";
  constexpr std::string_view kBlank = " \t\r\n\f";
  size_t begin = text.find_first_not_of(kBlank, std::min(text.find_first_of(kBlank), text.size()));
  if (begin != std::string_view::npos) {
    bool quoted = text[begin] == '|';
    size_t end = quoted ? text.find('|', begin + 1) + 1 : text.find_first_of(" \t\r\n\f()", begin);
    place.end = place.begin + static_cast<uint32_t>(std::min(end, text.size()));
    place.begin += static_cast<uint32_t>(begin);
    SourceMap alone;
    Result<Datum> written = read_one(alone, alone.add("", std::string(session_sources().text(place))));
    if (written) {
      move_to(*written, place);
      spell_as(name, *written);
      return name;
    }
  }
  spell_small(name);
  name.span = to_span(tail(pair));
  return name;
}

/// (name lci text) of a program whose names are resolved, or (:failed diagnostic…).
cl_object described(const std::optional<consensus::Program>& program, Diagnostics& diagnostics, SourceSpan otherwise) {
  if (program) consensus::resolve(*program, composites(), diagnostics);
  if (!diagnostics.failed())
    return cl_list(3, to_lisp(std::string_view(program->name.text)), to_lisp(std::string_view(print_lci(*program))),
                   to_lisp(std::string_view(print_text(*program))));
  return failed_with(diagnostics, otherwise);
}

/// (read-consensual program declarations): the form (consensual-program NAME …) and what its declarations evaluated to,
/// each as (form . place).
cl_object read_consensual(cl_object program, cl_object declarations) {
  return primitive([&]() -> cl_object {
    SourceSpan place = to_span(tail(program));
    Datum lci = Datum::list({Datum::symbol("lci", place), program_name(program)}, place);
    for (cl_object rest = declarations; is_cons(rest); rest = tail(rest)) lci.items.push_back(spelled(head(rest)));
    Diagnostics diagnostics;
    return described(consensus::read_lci(lci, diagnostics), diagnostics, place);
  });
}

/// (read-consensual-file path): the same of a file, .lci or the text form.
cl_object read_consensual_file(cl_object path) {
  return primitive([&]() -> cl_object {
    std::string name = to_utf8(path);
    Result<FileBytes> file = FileBytes::map(name);
    if (!file) return cl_list(2, keyword("FAILED"), to_lisp(file.error()));
    std::string text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
    uint32_t source = session_sources().add(name, std::move(text));
    Diagnostics diagnostics;
    bool lci = consensus::is_lci_text(session_sources().text(source));
    return described(lci ? consensus::read_lci(session_sources(), source, diagnostics)
                         : consensus::read_text(session_sources(), source, diagnostics),
                     diagnostics, {});
  });
}

const Primitive kPrimitives[] = {{"READ-CONSENSUAL", read_consensual}, {"READ-CONSENSUAL-FILE", read_consensual_file}};

}  // namespace

void define_consensus_primitives() { define_primitives(std::begin(kPrimitives), std::end(kPrimitives)); }

}  // namespace caten::lisp
