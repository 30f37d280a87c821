#include "ir/schedule_hint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <set>

namespace caten {
namespace {

constexpr int64_t kMostRows = 32, kMostColumns = 1024, kMostLanes = 64, kMostUnrolled = 16, kMostAxes = 16;

struct Clause {
  std::string_view name, form;
};
constexpr Clause kClauses[] = {{"tile", "(tile rows columns), of 1 to 32 rows and 1 to 1024 columns"},
                               {"vectorise", "(vectorise n), n a power of two from 2 to 64"},
                               {"unroll", "(unroll n), n from 2 to 16"},
                               {"parallel", "(parallel n), n axes, or (parallel nil)"},
                               {"order", "(order axis…), each axis of the result once"},
                               {"fuse", "(fuse t) or (fuse nil)"}};

bool is_nil(const Datum& datum) {
  return datum.is_symbol("nil") || datum.is_symbol("false") || (datum.is_list() && datum.items.empty());
}
bool is_true(const Datum& datum) { return datum.is_symbol("t") || datum.is_symbol("true"); }

bool within(const Datum& datum, int64_t least, int64_t most) {
  return datum.is_integer() && !datum.is_unsigned && datum.integer >= least && datum.integer <= most;
}

/// Whether the clause is well-formed; it is stored then.
bool store(const Datum& clause, ScheduleHint& hint) {
  const std::string& name = clause[0].text;
  size_t count = clause.size() - 1;
  if (name == "tile") {
    if (count != 2 || !within(clause[1], 1, kMostRows) || !within(clause[2], 1, kMostColumns)) return false;
    hint.tile = {clause[1].integer, clause[2].integer};
  } else if (name == "order") {
    std::set<int64_t> seen;
    for (size_t i = 1; i <= count; ++i) {
      if (!within(clause[i], 0, static_cast<int64_t>(count) - 1) || !seen.insert(clause[i].integer).second)
        return false;
      hint.order.push_back(static_cast<int>(clause[i].integer));
    }
    return count > 0 && count <= static_cast<size_t>(kMostAxes);
  } else if (count != 1) {
    return false;
  } else if (name == "vectorise") {
    if (!within(clause[1], 2, kMostLanes) || !std::has_single_bit(static_cast<uint64_t>(clause[1].integer)))
      return false;
    hint.vectorise = clause[1].integer;
  } else if (name == "unroll") {
    if (!within(clause[1], 2, kMostUnrolled)) return false;
    hint.unroll = clause[1].integer;
  } else if (name == "parallel") {
    if (!is_nil(clause[1]) && !within(clause[1], 1, kMostAxes)) return false;
    hint.parallel = is_nil(clause[1]) ? 0 : clause[1].integer;
  } else {
    if (!is_nil(clause[1]) && !is_true(clause[1])) return false;
    hint.fuse = is_true(clause[1]);
  }
  return true;
}

}  // namespace

Result<ScheduleHint> parse_schedule(const std::vector<Datum>& clauses) {
  ScheduleHint hint;
  std::vector<std::string> names;
  for (const Clause& clause : kClauses) names.emplace_back(clause.name);
  std::set<std::string> seen;
  for (const Datum& clause : clauses) {
    if (clause.is_form(kImplementationClause)) {
      hint.implementation = static_cast<size_t>(clause[1].integer);
      hint.fuse = false;
      continue;
    }
    bool named = clause.is_list() && !clause.items.empty() && clause[0].is_symbol();
    const auto* known = std::find_if(std::begin(kClauses), std::end(kClauses),
                                     [&](const Clause& each) { return named && clause[0].text == each.name; });
    if (known == std::end(kClauses))
      return fail({.code = Code::BadSchedule,
                   .message = "a schedule has no such clause",
                   .span = clause.span,
                   .expected = fmt::format("{}", fmt::join(names, ", ")),
                   .found = print(clause),
                   .remedy = named ? did_you_mean(clause[0].text, names) : "write lists, as (tile 4 32)"});
    if (!seen.insert(clause[0].text).second)
      return fail({.code = Code::BadSchedule,
                   .message = fmt::format("`{}` is said twice in a schedule", clause[0].text),
                   .span = clause.span,
                   .expected = "each clause at most once",
                   .found = print(clause),
                   .remedy = "remove one of them"});
    if (!store(clause, hint))
      return fail({.code = Code::BadSchedule,
                   .message = fmt::format("malformed `{}` in a schedule", clause[0].text),
                   .span = clause.span,
                   .expected = std::string(known->form),
                   .found = print(clause),
                   .remedy = "correct the numbers, or leave the clause out"});
  }
  return hint;
}

}  // namespace caten
