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

const Primitive kPrimitives[] = {
    {"DID-YOU-MEAN", did_you_mean_primitive},
    {"PRINT-FLOAT", print_float_primitive},
};

}  // namespace

void define_text_primitives() { define_primitives(std::begin(kPrimitives), std::end(kPrimitives)); }

}  // namespace caten::lisp
