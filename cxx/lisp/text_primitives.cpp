// Small services of base/ for Lisp code.
#include "lisp/ecl.hpp"
#include "lisp/primitives.hpp"

namespace caten::lisp {
namespace {

/// (did-you-mean word candidates): a sentence, or nil.
cl_object did_you_mean_primitive(cl_object word, cl_object candidates) {
  return primitive([&] {
    std::vector<std::string> names;
    for (cl_object rest = candidates; is_cons(rest); rest = tail(rest)) names.push_back(to_utf8(head(rest)));
    std::string sentence = did_you_mean(to_utf8(word), names);
    return sentence.empty() ? ECL_NIL : to_lisp(std::string_view(sentence));
  });
}

/// (print-float x): the shortest text that reads back as the same number; +inf, -inf, nan.
cl_object print_float_primitive(cl_object number) {
  return primitive([&] {
    if (ecl_t_of(number) == t_singlefloat) return to_lisp(std::string_view(print_float(ecl_single_float(number))));
    double value = 0;
    return to_double(number, value) ? to_lisp(std::string_view(print_float(value))) : ECL_NIL;
  });
}

/// (source-text source begin end): the characters of a text of the session.
cl_object source_text(cl_object source, cl_object begin, cl_object end) {
  return primitive([&]() -> cl_object {
    int64_t number = -1, first = 0, last = 0;
    to_int64(source, number);
    to_int64(begin, first);
    to_int64(end, last);
    SourceMap& sources = session_sources();
    SourceSpan span{static_cast<uint32_t>(number), 0, 0};
    if (number < 0 || !sources.contains(span)) return ECL_NIL;
    std::string_view text = sources.text(span.source);
    span.begin = byte_offset(text, first);
    span.end = byte_offset(text, last);
    return to_lisp(sources.text(span));
  });
}

const Primitive kPrimitives[] = {
    {"DID-YOU-MEAN", did_you_mean_primitive},
    {"PRINT-FLOAT", print_float_primitive},
    {"SOURCE-TEXT", source_text},
};

}  // namespace

void define_text_primitives() { define_primitives(std::begin(kPrimitives), std::end(kPrimitives)); }

}  // namespace caten::lisp
