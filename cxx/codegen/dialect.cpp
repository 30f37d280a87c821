#include "codegen/dialect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace caten {
namespace {

tl::unexpected<Diagnostic> bad(const Datum& where, std::string message, std::string expected, std::string remedy) {
  return fail({.code = Code::BadRuntimeFile,
               .message = std::move(message),
               .span = where.span,
               .expected = std::move(expected),
               .found = print(where).substr(0, 60),
               .remedy = std::move(remedy)});
}

/// The clauses that hold one text.
constexpr std::pair<std::string_view, std::string Dialect::*> kTextClauses[] = {
    {"header", &Dialect::header},
    {"kernel", &Dialect::kernel},
    {"buffer", &Dialect::buffer},
    {"const-buffer", &Dialect::const_buffer},
    {"size", &Dialect::size},
    {"buffer-parameter", &Dialect::buffer_parameter},
    {"const-buffer-parameter", &Dialect::const_buffer_parameter},
    {"size-parameter", &Dialect::size_parameter},
    {"function", &Dialect::function},
    {"local-kernel", &Dialect::local_kernel},
    {"cast", &Dialect::cast},
    {"cast-saturating", &Dialect::cast_saturating},
    {"cast-bool", &Dialect::cast_bool},
    {"cast-narrow-integer", &Dialect::cast_narrow_integer},
    {"cast-complex-of-real", &Dialect::cast_complex_of_real},
    {"cast-complex-of-complex", &Dialect::cast_complex_of_complex},
    {"cast-bool-of-complex", &Dialect::cast_bool_of_complex},
    {"bitcast", &Dialect::bitcast},
    {"complex", &Dialect::complex},
    {"part", &Dialect::part},
    {"abs", &Dialect::abs},
    {"max-number", &Dialect::max_number},
    {"min-number", &Dialect::min_number},
    {"multiply-add", &Dialect::multiply_add},
    {"load-bool", &Dialect::load_bool},
    {"range", &Dialect::range},
    {"independent", &Dialect::independent},
    {"one-by-one", &Dialect::one_by_one},
    {"rest", &Dialect::rest},
    {"turn", &Dialect::turn},
    {"stream", &Dialect::stream},
    {"streamed", &Dialect::streamed},
    {"fetch", &Dialect::fetch}};

std::string* text_clause(Dialect& dialect, std::string_view name) {
  for (const auto& [clause, member] : kTextClauses)
    if (clause == name) return &(dialect.*member);
  return nullptr;
}

std::vector<std::string> clause_names() {
  std::vector<std::string> names{"types", "wide", "op", "prelude", "local-prelude", "team"};
  for (const auto& [clause, member] : kTextClauses) names.emplace_back(clause);
  return names;
}

std::vector<std::string> dtype_names() {
  std::vector<std::string> names;
  for (DType dtype : all_dtypes()) names.emplace_back(dtype_name(dtype));
  return names;
}

Result<DType> read_dtype(const Datum& datum) {
  if (datum.is_symbol())
    if (std::optional<DType> dtype = find_dtype(datum.text)) return *dtype;
  return bad(datum, fmt::format("`{}` is no dtype", print(datum)), "one of " + describe(kAnySet),
             did_you_mean(datum.text, dtype_names()));
}

Status need_strings(const Datum& form, size_t first, size_t count, const char* shape) {
  bool fine = form.is_list() && form.size() == first + count;
  for (size_t i = first; fine && i < form.size(); ++i) fine = form[i].is_string();
  if (fine) return {};
  return bad(form, "a dialect entry of the wrong shape", shape, "see the other runtime files");
}

Status read_types(const Datum& clause, Dialect& dialect) {
  for (size_t i = 1; i < clause.size(); ++i) {
    CATEN_TRY(need_strings(clause[i], 1, 1, "(dtype \"type\")"));
    Result<DType> dtype = read_dtype(clause[i][0]);
    if (!dtype) return tl::make_unexpected(dtype.error());
    dialect.types[static_cast<size_t>(*dtype)] = clause[i][1].text;
  }
  return {};
}

Status read_wide(const Datum& clause, Dialect& dialect) {
  for (size_t i = 1; i < clause.size(); ++i) {
    CATEN_TRY(need_strings(clause[i], 1, 3, "(dtype \"type\" \"widen\" \"narrow\")"));
    Result<DType> dtype = read_dtype(clause[i][0]);
    if (!dtype) return tl::make_unexpected(dtype.error());
    dialect.wide[static_cast<size_t>(*dtype)] = Dialect::Wide{clause[i][1].text, clause[i][2].text, clause[i][3].text};
  }
  return {};
}

Status read_op(const Datum& clause, Dialect& dialect) {
  if (clause.size() != 4 || !clause[1].is_symbol() || !clause[2].is_list() || !clause[3].is_string())
    return bad(clause, "an op's spelling of the wrong shape", "(:op name (dtype …) \"expression\")", "correct it");
  std::optional<Op> op = find_op(clause[1].text);
  if (!op || !is_elementwise(*op)) {
    std::vector<std::string> names;
    for (const OpInfo& row : all_ops())
      if (is_elementwise(row.op)) names.emplace_back(row.name);
    return bad(clause[1], fmt::format("`{}` is no element-wise op", clause[1].text), "an element-wise op of ops.def",
               did_you_mean(clause[1].text, names));
  }
  for (const Datum& name : clause[2].items) {
    Result<DType> dtype = read_dtype(name);
    if (!dtype) return tl::make_unexpected(dtype.error());
    dialect.spellings[{*op, *dtype}] = clause[3].text;
  }
  return {};
}

/// Puts a function in the place of the one of its name, or behind all.
void define(std::vector<Dialect::Prelude>& prelude, const Dialect::Prelude& function) {
  auto known = std::find_if(prelude.begin(), prelude.end(),
                            [&](const Dialect::Prelude& entry) { return entry.name == function.name; });
  if (known == prelude.end())
    prelude.push_back(function);
  else
    known->text = function.text;
}

Status read_prelude(const Datum& clause, std::vector<Dialect::Prelude>& prelude) {
  for (size_t i = 1; i < clause.size(); ++i) {
    if (!clause[i].is_list() || clause[i].size() != 2 || !clause[i][0].is_symbol() || !clause[i][1].is_string())
      return bad(clause[i], "a prelude entry of the wrong shape", "(name \"text\")", "correct it");
    define(prelude, {clause[i][0].text, clause[i][1].text});
  }
  return {};
}

/// A number from `least` to `most`, of (:name number).
Status read_number(const Datum& clause, int64_t least, int64_t most, int64_t& out) {
  bool number = clause.size() == 2 && clause[1].is_integer();
  if (number && clause[1].integer >= least && clause[1].integer <= most) {
    out = clause[1].integer;
    return {};
  }
  return bad(clause, "a limit of a team that is none", fmt::format("a number from {} to {}", least, most),
             "correct it");
}

constexpr int64_t kMostTeamThreads = 1024, kMostTeamBytes = int64_t{1} << 20;

Status read_team(const Datum& clause, Dialect::Team& team) {
  for (size_t i = 1; i < clause.size(); ++i) {
    const Datum& part = clause[i];
    if (!part.is_list() || part.items.empty() || !part[0].is_keyword())
      return bad(part, "a part of a team of the wrong shape", "(:threads n), (:range \"…\") …", "correct it");
    const std::string& name = part[0].text;
    std::string* text = name == "range"     ? &team.range
                        : name == "member"  ? &team.member
                        : name == "memory"  ? &team.memory
                        : name == "barrier" ? &team.barrier
                                            : nullptr;
    if (name == "threads") {
      CATEN_TRY(read_number(part, 16, kMostTeamThreads, team.threads));
    } else if (name == "bytes") {
      CATEN_TRY(read_number(part, 0, kMostTeamBytes, team.bytes));
    } else if (text) {
      CATEN_TRY(need_strings(part, 1, 1, "(:clause \"text\")"));
      *text = part[1].text;
    } else {
      return bad(part[0], fmt::format("a team has no part `:{}`", name),
                 ":threads :bytes :range :member :memory :barrier",
                 did_you_mean(name, {"threads", "bytes", "range", "member", "memory", "barrier"}));
    }
  }
  bool whole = !team.range.empty() && !team.member.empty() && !team.memory.empty() && !team.barrier.empty();
  if (whole && team.threads % 16 == 0 && std::has_single_bit(static_cast<uint64_t>(team.threads))) return {};
  return bad(clause, whole ? "a team whose threads are no power of two" : "a team that lacks a part",
             "threads, a power of two from 16 on, and a range, a member, memory and a barrier", "see the runtime cuda");
}

}  // namespace

Dialect Dialect::local() const {
  Dialect out = *this;
  out.kernel = local_kernel;
  for (const Prelude& entry : local_prelude) define(out.prelude, entry);
  return out;
}

std::string_view Dialect::spelling(Op op, DType dtype) const {
  if (auto found = spellings.find({op, dtype}); found != spellings.end()) return found->second;
  const OpInfo& row = info(op);
  return is_integer(dtype) || is_bool(dtype) ? row.integer_spelling : row.real_spelling;
}

Result<Dialect> read_dialect(const Datum& form) {
  Dialect dialect;
  for (size_t i = 1; i < form.size(); ++i) {
    const Datum& clause = form[i];
    if (!clause.is_list() || clause.items.empty() || !clause[0].is_keyword())
      return bad(clause, "a dialect clause of the wrong shape", "(:clause …)", "begin it with a keyword");
    const std::string& name = clause[0].text;
    if (name == "types") {
      CATEN_TRY(read_types(clause, dialect));
    } else if (name == "wide") {
      CATEN_TRY(read_wide(clause, dialect));
    } else if (name == "op") {
      CATEN_TRY(read_op(clause, dialect));
    } else if (name == "prelude") {
      CATEN_TRY(read_prelude(clause, dialect.prelude));
    } else if (name == "local-prelude") {
      CATEN_TRY(read_prelude(clause, dialect.local_prelude));
    } else if (name == "team") {
      CATEN_TRY(read_team(clause, dialect.team));
    } else if (std::string* text = text_clause(dialect, name)) {
      CATEN_TRY(need_strings(clause, 1, 1, "(:clause \"text\")"));
      *text = clause[1].text;
    } else {
      return bad(clause[0], fmt::format("a dialect has no clause `:{}`", name), "a clause of codegen/dialect.hpp",
                 did_you_mean(name, clause_names()));
    }
  }
  return dialect;
}

}  // namespace caten
