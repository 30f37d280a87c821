#include "check/definition.hpp"

#include <fmt/format.h>

#include <set>

#include "check/elaborate.hpp"

namespace caten {
namespace {

class Parser {
 public:
  explicit Parser(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  std::vector<Definition> parse(const std::vector<Datum>& forms) {
    std::vector<Definition> out;
    if (forms.empty()) {
      report(Code::NoProgram, "the text holds no program", {}, "(ir 1 (program main …))", "nothing", "write one");
      return out;
    }
    for (const Datum& form : forms) {
      if (!form.is_form("ir")) {
        report(Code::BadForm, "a form that is no IR", form.span, "(ir 1 (composite …) … (program …))", head_of(form),
               "wrap composites and programs in (ir 1 …)");
        continue;
      }
      if (form.size() < 2 || !form[1].is_integer()) {
        report(Code::UnsupportedVersion, "the IR version is missing", form.span, "(ir 1 …)",
               form.size() < 2 ? "nothing" : print(form[1]), "write (ir 1 …)");
        continue;
      }
      if (form[1].integer < 1 || form[1].integer > kIrVersion || form[1].is_unsigned) {
        report(Code::UnsupportedVersion, fmt::format("IR version {} is unknown", form[1].text), form[1].span,
               fmt::format("1 to {}", kIrVersion), form[1].text, "use a newer caten, or write version 1");
        continue;
      }
      for (size_t i = 2; i < form.size(); ++i) parse_definition(form[i], out);
    }
    return out;
  }

 private:
  void report(Code code, std::string message, SourceSpan span, std::string expected, std::string found,
              std::string remedy) {
    diagnostics_.add({.code = code,
                      .message = std::move(message),
                      .span = span,
                      .expected = std::move(expected),
                      .found = std::move(found),
                      .remedy = std::move(remedy)});
  }

  static std::string head_of(const Datum& datum) {
    if (!datum.is_list()) return print(datum);
    if (datum.items.empty()) return "()";
    return datum[0].is_list() ? "a list of lists" : fmt::format("({} …)", print(datum[0]));
  }

  bool unique(std::set<std::string>& seen, const std::string& name, SourceSpan span, const char* what) {
    if (seen.insert(name).second) return true;
    report(Code::DuplicateName, fmt::format("{} `{}` is defined twice", what, name), span, "a new name", name,
           "rename one of them");
    return false;
  }

  void parse_definition(const Datum& form, std::vector<Definition>& out) {
    bool is_program = form.is_form("program");
    if (!is_program && !form.is_form("composite")) {
      report(Code::BadForm, "a form that is neither composite nor program", form.span,
             "(composite name clauses…) or (program name clauses…)", head_of(form),
             form.is_list() && !form.items.empty() && form[0].is_symbol()
                 ? did_you_mean(form[0].text, {"composite", "program"})
                 : "");
      return;
    }
    if (form.size() < 2 || !form[1].is_symbol()) {
      report(Code::BadForm, fmt::format("a {} without a name", form[0].text), form.span,
             fmt::format("({} name clauses…)", form[0].text), form.size() < 2 ? "nothing" : print(form[1]), "name it");
      return;
    }
    if (!unique(definitions_, form[1].text, form[1].span, form[0].text.c_str())) return;
    Definition definition;
    definition.name = form[1].text;
    definition.is_program = is_program;
    definition.span = form[1].span;
    std::set<std::string> clauses;
    names_.clear();
    for (size_t i = 2; i < form.size(); ++i) parse_clause(form[i], definition, clauses);
    if (!definition.call && definition.outputs.empty() && definition.nexts.empty())
      report(Code::MissingClause, fmt::format("`{}` produces nothing", definition.name), form[1].span,
             "(:out (name value)…) or (:next (state value)…)", "neither", "say what it yields");
    out.push_back(std::move(definition));
  }

  void parse_clause(const Datum& clause, Definition& d, std::set<std::string>& seen) {
    static const std::vector<std::string> kClauses = {":dim", ":type", ":in",   ":state",    ":where",
                                                      ":let", ":out",  ":next", ":schedule", ":call"};
    if (!clause.is_list() || clause.items.empty() || !clause[0].is_keyword()) {
      report(Code::BadForm, "a clause must be a list that starts with a keyword", clause.span,
             "(:in …), (:let …), (:out …) …", head_of(clause), "");
      return;
    }
    const std::string& name = clause[0].text;
    if (std::find(kClauses.begin(), kClauses.end(), ":" + name) == kClauses.end()) {
      report(Code::UnknownClause, fmt::format("unknown clause `:{}`", name), clause[0].span,
             fmt::format("one of {}", fmt::join(kClauses, " ")), ":" + name, did_you_mean(":" + name, kClauses));
      return;
    }
    if (!unique(seen, name, clause[0].span, "clause")) return;
    if (name == "schedule") {
      if (d.is_program)
        report(Code::UnknownClause, "a program has no `:schedule` clause", clause[0].span,
               "(:schedule …) of a composite", ":schedule", "give it to the composite that the program calls");
      else
        d.schedule = &clause;
      return;
    }
    if (name == "call") {
      if (!d.is_program) {
        report(Code::UnknownClause, "a composite has no `:call` clause", clause[0].span,
               "(:let (name (call composite …)))", ":call", "call composites in values");
        return;
      }
      d.call = &clause;
      return;
    }
    for (size_t i = 1; i < clause.size(); ++i) {
      const Datum& item = clause[i];
      if (name == "where") {
        if (item.is_list() && item.size() == 3 && (item[0].is_symbol("=") || item[0].is_symbol("<=")))
          d.conditions.push_back(&item);
        else
          report(Code::BadForm, "malformed condition", item.span, "(= size size) or (<= size size)", print(item), "");
        continue;
      }
      if (!item.is_list() || item.size() < 2 || !item[0].is_symbol()) {
        report(Code::BadForm, fmt::format("malformed item of `:{}`", name), item.span, form_of(name), print(item), "");
        continue;
      }
      if (name == "dim")
        parse_dim(item, d);
      else if (name == "type")
        parse_type(item, d);
      else if (name == "in" || name == "state")
        parse_typed(item, name, d);
      else
        parse_value(item, name, d);
    }
  }

  static std::string form_of(const std::string& clause) {
    if (clause == "dim") return "(name lowest highest), highest may be *";
    if (clause == "type") return "(name dtype…)";
    if (clause == "in") return "(name (dtype size…)) or (name (dtype size…) :donate)";
    if (clause == "state") return "(name (dtype size…))";
    if (clause == "out") return "(name value) or (name value (dtype size…))";
    return "(name value)";
  }

  void parse_dim(const Datum& item, Definition& d) {
    bool fine = item.size() == 3 && item[1].is_integer() && !item[1].is_unsigned && item[1].integer >= 0 &&
                (item[2].is_symbol("*") || (item[2].is_integer() && !item[2].is_unsigned));
    if (!fine) {
      report(Code::BadForm, "malformed size declaration", item.span, form_of("dim") + ", lowest at least 0",
             print(item), "for example (M 1 4096) or (M 0 *)");
      return;
    }
    Interval bounds{item[1].integer, item[2].is_symbol() ? std::nullopt : std::optional<int64_t>(item[2].integer)};
    if (bounds.hi && *bounds.hi < *bounds.lo) {
      report(Code::SizeOutOfBounds, fmt::format("size `{}` has no possible value", item[0].text), item.span,
             "lowest ≤ highest", print(item), "exchange them");
      bounds.hi = bounds.lo;
    }
    if (unique(names_, item[0].text, item[0].span, "name")) d.dims.push_back({item[0].text, bounds, item.span});
  }

  void parse_type(const Datum& item, Definition& d) {
    TypeVariable variable{item[0].text, {}, item.span};
    for (size_t i = 1; i < item.size(); ++i) {
      std::optional<DType> dtype = item[i].is_symbol() ? find_dtype(item[i].text) : std::nullopt;
      if (!dtype) {
        std::vector<std::string> known;
        for (DType each : all_dtypes()) known.emplace_back(dtype_name(each));
        report(Code::UnknownDType, fmt::format("`{}` is no dtype", print(item[i])), item[i].span, describe(kAnySet),
               print(item[i]), item[i].is_symbol() ? did_you_mean(item[i].text, known) : "");
        continue;
      }
      variable.choices.push_back(*dtype);
    }
    if (variable.choices.empty()) return;
    if (unique(names_, item[0].text, item[0].span, "name")) d.types.push_back(std::move(variable));
  }

  void parse_typed(const Datum& item, const std::string& clause, Definition& d) {
    bool donated = item.size() == 3 && clause == "in" && item[2].is_keyword("donate");
    if ((item.size() != 2 && !donated) || !item[1].is_list() || item[1].items.empty()) {
      report(Code::BadForm, fmt::format("malformed item of `:{}`", clause), item.span, form_of(clause), print(item),
             "for example (x (f32 M N))");
      return;
    }
    if (!unique(names_, item[0].text, item[0].span, "name")) return;
    (clause == "in" ? d.inputs : d.states).push_back({item[0].text, &item[1], item[0].span, donated});
  }

  void parse_value(const Datum& item, const std::string& clause, Definition& d) {
    bool typed = clause == "out" && item.size() == 3 && item[2].is_list() && !item[2].items.empty();
    if (item.size() != 2 && !typed) {
      report(Code::BadForm, fmt::format("malformed item of `:{}`", clause), item.span, form_of(clause), print(item),
             "");
      return;
    }
    NamedValue value{item[0].text, &item[1], typed ? &item[2] : nullptr, item[0].span};
    if (clause == "let") {
      if (unique(names_, value.name, item[0].span, "name")) d.lets.push_back(value);
    } else if (clause == "out") {
      for (const NamedValue& other : d.outputs)
        if (other.name == value.name) {
          report(Code::DuplicateName, fmt::format("output `{}` is defined twice", value.name), item[0].span,
                 "a new name", value.name, "rename one of them");
          return;
        }
      d.outputs.push_back(value);
    } else {
      d.nexts.push_back(value);
    }
  }

  Diagnostics& diagnostics_;
  std::set<std::string> definitions_;
  std::set<std::string>
      names_;  ///< of the definition being parsed: sizes, types, inputs, states and lets share one space
};

}  // namespace

std::vector<Definition> parse_definitions(const std::vector<Datum>& forms, Diagnostics& diagnostics) {
  return Parser(diagnostics).parse(forms);
}

}  // namespace caten
