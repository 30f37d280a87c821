#include "consensus/read_lci.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/affine.hpp"
#include "consensus/built_ins.hpp"
#include "consensus/lci_clauses.hpp"
#include "consensus/print.hpp"
#include "consensus/words.hpp"

namespace caten::consensus {
namespace {

/// Declarations; what they are made of is read by LciClauses.
class LciReader : public LciClauses {
 public:
  std::optional<Declaration> declaration(const Datum& datum) {
    if (!datum.is_list() || datum.items.empty() || !datum[0].is_symbol()) {
      reject(datum, "this is no declaration",
             "(value …), (visible …), (rule …), (constraint …), (commit …) or (param …)",
             "write a list that begins with one of these words");
      return std::nullopt;
    }
    const std::string& head = datum[0].text;
    Declaration out;
    if (head == "param")
      out = parameter(datum);
    else if (head == "value")
      out = value(datum);
    else if (head == "visible")
      out = visible(datum);
    else if (head == "rule")
      out = rule(datum);
    else if (head == "constraint")
      out = constraint(datum);
    else if (head == "commit")
      out = commit(datum);
    else
      unknown_declaration(datum);
    return failed() ? std::nullopt : std::optional<Declaration>(std::move(out));
  }

 private:
  void unknown_declaration(const Datum& datum) {
    if (datum[0].text == "index") {
      reject(datum[0], "`index` is made when a program is lowered", "what the program says: visible edges",
             "leave it out; the layout follows from the visible edges");
      return;
    }
    reject(datum[0], "there is no such declaration", "param, value, visible, rule, constraint or commit",
           suggestion(datum[0].text, {"param", "value", "visible", "rule", "constraint", "commit"},
                      "use one of these words"));
  }

  Parameter parameter(const Datum& datum) {
    Parameter out{.place = place_of(datum)};
    Clauses clauses = split(datum, 2, 3, {});
    if (failed()) return out;
    out.name = name(*clauses.items[0]);
    parameter_type(*clauses.items[1], out);
    if (clauses.items.size() == 3) out.otherwise = expression(*clauses.items[2]);
    return out;
  }

  void parameter_type(const Datum& datum, Parameter& out) {
    const Datum& head = head_of(datum);
    out.type = choose(kParameterTypes, head, "the type of a parameter");
    if (failed()) return;
    bool typed = out.type == ParameterType::kScalar || out.type == ParameterType::kTensor;
    size_t most = out.type == ParameterType::kTensor ? SIZE_MAX : 2;
    if (typed != datum.is_list() || (typed && (datum.size() < 2 || datum.size() > most))) {
      reject(datum, "the type of a parameter is malformed",
             "int, (scalar DTYPE), (tensor DTYPE SIZE…), model, region, palette, vocabulary or automaton",
             "for example (tensor f32 N 2)");
      return;
    }
    if (!typed) return;
    out.dtype = dtype(datum[1]);
    for (size_t i = 2; i < datum.size(); ++i) out.sizes.push_back(affine(datum[i]));
  }

  Value value(const Datum& datum) {
    Value out{.place = place_of(datum)};
    Clauses clauses = split(datum, 1, 1, {"dtype", "shape", "clock", "partition", "init"});
    if (failed()) return out;
    out.name = name(*clauses.items[0]);
    if (const Datum* kind_datum = required(clauses, datum, "dtype")) out.kind = kind(*kind_datum);
    if (const Datum* shape_datum = required(clauses, datum, "shape")) out.shape = shape(*shape_datum);
    const Datum* clock = required(clauses, datum, "clock");
    if (clock && !clock->is_symbol("lamport"))
      reject(*clock, "there is no such clock", "lamport", "write :clock lamport");
    if (const Datum* axis = clauses.find("partition")) {
      bool fine = axis->is_form("axis") && axis->size() == 2 && (*axis)[1].is_integer() && (*axis)[1].integer >= 0 &&
                  !(*axis)[1].is_unsigned;
      if (fine)
        out.partition_axis = (*axis)[1].integer;
      else
        reject(*axis, "the partition is malformed", "(axis N), with an axis from 0", "for example :partition (axis 1)");
    }
    if (const Datum* initial = clauses.find("init")) out.initial = expression(*initial);
    return out;
  }

  Visible visible(const Datum& datum) {
    Visible out{.place = place_of(datum)};
    Clauses clauses = split(datum, 2, 2, {"pred", "optional", "border"});
    if (failed()) return out;
    out.target = cells(*clauses.items[0]);
    out.source = reference(*clauses.items[1]);
    if (const Datum* predicate = clauses.find("pred")) out.predicate = expression(*predicate);
    if (const Datum* optional = clauses.find("optional")) out.optional = flag(*optional);
    if (const Datum* border_datum = clauses.find("border")) out.border = border(*border_datum);
    return out;
  }

  Border border(const Datum& datum) {
    Border out;
    out.form = choose(kBorders, head_of(datum), "a border");
    bool pads = out.form == Border::Form::kPad;
    if (failed()) return out;
    if (pads != datum.is_list() || (pads && datum.size() != 2))
      reject(datum, "the border is malformed", "clip, wrap or (pad EXPRESSION)", "for example :border (pad 0)");
    else if (pads)
      out.padding = expression(datum[1]);
    return out;
  }

  Rule rule(const Datum& datum) {
    Rule out{.place = place_of(datum)};
    Clauses clauses = split(datum, 1, 1, {"on", "reads", "let", "emit", "score"});
    if (failed()) return out;
    out.name = name(*clauses.items[0]);
    if (const Datum* on = required(clauses, datum, "on")) out.on = cells(*on);
    if (const Datum* reads = clauses.find("reads"))
      for (const Datum& each : list(*reads, "(read…)").items) out.reads.push_back(read(each));
    if (const Datum* locals = clauses.find("let"))
      for (const Datum& each : list(*locals, "((NAME EXPRESSION)…)").items) out.locals.push_back(local(each));
    if (const Datum* emit = required(clauses, datum, "emit")) {
      for (const Datum& each : list(*emit, "((propose (VALUE subscript…) EXPRESSION)…)").items)
        out.proposals.push_back(proposal(each));
      if (!failed() && out.proposals.empty())
        reject(*emit, "a rule without proposals", "one proposal or more",
               "add (propose (VALUE subscript…) EXPRESSION)");
    }
    if (const Datum* score = clauses.find("score")) out.score = expression(*score);
    return out;
  }

  Read read(const Datum& datum) {
    Read out{.place = place_of(datum)};
    bool fine = datum.is_list() && !datum.items.empty() && datum.size() <= 3;
    size_t size = fine ? datum.size() : 0;
    if (fine && size > 1 && datum[size - 1].is_symbol("?")) {
      out.optional = true;
      --size;
    }
    if (size != 1 && size != 2) {
      reject(datum, "a read is malformed",
             "(NAME), (NAME (in NEIGHBOURHOOD)) or (NAME (VALUE subscript…)), perhaps with ?",
             "for example (neighbors (in N8)) or (Coarse ?)");
      return out;
    }
    out.name = name(datum[0]);
    if (size == 2 && datum[1].is_form("in")) {
      if (datum[1].size() == 2)
        out.pattern = neighbourhood(datum[1][1]);
      else
        reject(datum[1], "the neighbourhood of a read is malformed", "(in NEIGHBOURHOOD)", "for example (in N4)");
    } else if (size == 2) {
      out.pattern = reference(datum[1]);
    }
    return out;
  }

  Local local(const Datum& datum) {
    Local out{.place = place_of(datum)};
    if (!datum.is_list() || datum.size() != 2) {
      reject(datum, "a local name is malformed", "(NAME EXPRESSION)", "for example (heat (sum neighbors))");
      return out;
    }
    out.name = name(datum[0]);
    out.value = expression(datum[1]);
    return out;
  }

  Proposal proposal(const Datum& datum) {
    Proposal out{.place = place_of(datum)};
    if (!datum.is_form("propose") || datum.size() != 3) {
      reject(datum, "a proposal is malformed", "(propose (VALUE subscript…) EXPRESSION)",
             "say which cell is to have which value");
      return out;
    }
    out.target = reference(datum[1]);
    out.value = expression(datum[2]);
    return out;
  }

  Constraint constraint(const Datum& datum) {
    Constraint out{.place = place_of(datum)};
    Clauses clauses = split(datum, 1, 1, {"scope", "kind", "pred", "priority", "weight", "hard"});
    if (failed()) return out;
    out.name = name(*clauses.items[0]);
    if (const Datum* scope = required(clauses, datum, "scope")) out.scope = reference(*scope);
    if (const Datum* mode = required(clauses, datum, "kind")) out.mode = choose(kModes, *mode, "a kind of constraint");
    if (const Datum* predicate = required(clauses, datum, "pred")) out.predicate = expression(*predicate);
    if (const Datum* priority = required(clauses, datum, "priority")) out.priority = integer(*priority, INT64_MIN);
    if (const Datum* weight = clauses.find("weight")) out.weight = integer(*weight, 1);
    if (const Datum* hard = clauses.find("hard")) out.hard = flag(*hard);
    return out;
  }

  Commit commit(const Datum& datum) {
    Commit out{.place = place_of(datum)};
    Clauses clauses = split(datum, 1, 1, {"policy", "atomic", "isolation", "budget", "on-unsat", "colour"});
    if (failed()) return out;
    out.target = reference(*clauses.items[0]);
    const Datum* policy = required(clauses, datum, "policy");
    if (policy &&
        !(policy->is_form("satisfy") && policy->size() == 2 && (*policy)[1].is_symbol("max-constraints-then-score")))
      reject(*policy, "there is no such policy", "(satisfy max-constraints-then-score)", "write the one that there is");
    if (const Datum* atomic = clauses.find("atomic")) out.atomic = choose(kAtomic, *atomic, "what commits as one");
    if (const Datum* isolation = clauses.find("isolation"))
      out.isolation = choose(kIsolation, *isolation, "an isolation");
    if (const Datum* colour = clauses.find("colour")) out.colour = choose(kColours, *colour, "a colouring");
    if (const Datum* budget = clauses.find("budget")) out.budget = expression(*budget);
    if (const Datum* unsat = clauses.find("on-unsat")) out.on_unsat = on_unsat(*unsat);
    return out;
  }

  OnUnsat on_unsat(const Datum& datum) {
    OnUnsat out;
    out.form = choose(kOnUnsat, head_of(datum), "what happens where nothing is admissible");
    if (failed()) return out;
    bool counted = out.form == OnUnsat::Form::kRestart || out.form == OnUnsat::Form::kBacktrack;
    if (counted != datum.is_list() || (counted && datum.size() != 2))
      reject(datum, "the policy is malformed", "keep, least, fail, (restart N) or (backtrack N)",
             "for example :on-unsat (restart 3)");
    else if (counted)
      out.count = integer(datum[1], 1);
    return out;
  }
};

}  // namespace

std::optional<Program> read_lci(const Datum& datum, Diagnostics& diagnostics) {
  LciReader reader;
  Program program;
  if (!datum.is_form("lci") || datum.size() < 2) {
    reader.reject(datum, "this is no consensual program", "(lci NAME declaration…)",
                  "write the declarations behind the program's name");
  } else {
    program.name = reader.name(datum[1]);
  }
  size_t before = diagnostics.errors();
  reader.flush(diagnostics);
  if (diagnostics.errors() > before && !datum.is_form("lci")) return std::nullopt;
  for (size_t i = 2; i < datum.size(); ++i) {
    if (std::optional<Declaration> declaration = reader.declaration(datum[i])) {
      if (Status shallow = check_depth(*declaration); !shallow) diagnostics.add(shallow.error());
      program.declarations.push_back(std::move(*declaration));
    }
    reader.flush(diagnostics);
  }
  if (diagnostics.errors() > before) return std::nullopt;
  return program;
}

std::optional<Program> read_lci(const SourceMap& sources, uint32_t source, Diagnostics& diagnostics) {
  Result<Datum> datum = read_one(sources, source, kLciLimits);
  if (datum) return read_lci(*datum, diagnostics);
  diagnostics.add(datum.error());
  return std::nullopt;
}

bool is_lci_text(std::string_view text) {
  size_t at = 0;
  while (at < text.size() &&
         (std::string_view(" \t\r\n\f").find(text[at]) != std::string_view::npos || text[at] == ';'))
    at = text[at] == ';' ? std::min(text.find('\n', at), text.size()) : at + 1;
  return text.substr(at, 4) == "(lci" &&
         (at + 4 >= text.size() || std::string_view(" \t\r\n()").find(text[at + 4]) != std::string_view::npos);
}

}  // namespace caten::consensus
