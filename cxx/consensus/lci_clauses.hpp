// What the declarations of LCI are made of: names, subscripts, references, kinds, shapes and expressions.
#pragma once

#include <map>

#include "consensus/program.hpp"
#include "consensus/words.hpp"
#include "sexp/datum.hpp"

namespace caten::consensus {

/// Reads parts of a declaration. The first error is kept until flush; what is read behind it has no meaning.
class LciClauses {
 public:
  bool failed() const { return error_.has_value(); }
  /// Adds the error, if there is one, and forgets it.
  void flush(Diagnostics& diagnostics);
  void reject(const Datum& at, std::string message, std::string expected, std::string remedy,
              Code code = Code::BadClause);

  Name name(const Datum& datum);

 protected:
  /// A declaration's parts: what has no keyword, and what has one.
  struct Clauses {
    std::vector<const Datum*> items{};
    std::map<std::string, const Datum*> keyed{};
    const Datum* find(const std::string& key) const;
  };
  /// `least` to `most` items behind the head, then keywords among `keys`, each once.
  Clauses split(const Datum& datum, size_t least, size_t most, const std::vector<std::string>& keys);
  /// The clause; E0107 and null if it is missing.
  const Datum* required(const Clauses& clauses, const Datum& datum, const std::string& key);

  int64_t integer(const Datum& datum, int64_t least);
  bool flag(const Datum& datum);
  DType dtype(const Datum& datum);
  Affine affine(const Datum& datum);
  Cells cells(const Datum& datum);
  Reference reference(const Datum& datum);
  Neighbourhood neighbourhood(const Datum& datum);
  Kind kind(const Datum& datum);
  Shape shape(const Datum& datum);
  Expression expression(const Datum& datum);
  /// The datum if it is a list, else an empty one.
  const Datum& list(const Datum& datum, const char* expected);

  static Place place_of(const Datum& datum) { return {datum.span}; }
  /// Of a form its head, else the datum.
  static const Datum& head_of(const Datum& datum) { return datum.is_list() && datum.size() > 0 ? datum[0] : datum; }

  template <class T, size_t N>
  T choose(const Word<T> (&words)[N], const Datum& datum, std::string_view what) {
    if (datum.is_symbol())
      if (std::optional<T> found = find_word(words, &Word<T>::lci, datum.text)) return *found;
    std::vector<std::string> all = all_words(words, &Word<T>::lci);
    reject(datum, fmt::format("this is not {}", what), fmt::format("{}", fmt::join(all, ", ")),
           suggestion(datum.text, all, "use one of these words"));
    return words[0].meaning;
  }

 private:
  Subscript subscript(const Datum& datum);
  Expression list_expression(const Datum& datum);
  Expression call(const Datum& datum);
  Expression in_neighbourhood(const Datum& datum);

  std::optional<Diagnostic> error_{};
  size_t depth_ = 0;
};

}  // namespace caten::consensus
