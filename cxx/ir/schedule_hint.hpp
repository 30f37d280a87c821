// What a composite's (:schedule …) clause asks of the kernels that compute it. Hints: they never change what is
// computed, and what cannot apply is reported.
//
//   (tile rows columns)   a fold that reads its operands again and again, as x · w: so many rows and columns at once
//   (vectorise n)         n elements at once: of the last folded axis, or of the last axis of an element-wise kernel
//   (unroll n)            n steps of a fold's innermost loop in one
//   (parallel n)          the first n axes of the result are shared among cores as one; nil: one core
//   (order axis…)         loops over the axes of the result, outermost first
//   (fuse nil)            nothing outside of the composite is computed in its kernels, nor the other way round
//
// Entry: parse_schedule. A region carries the clauses (RegionAttributes::schedule); where regions are opened,
// mark_schedules notes them at the nodes inside (Origin::hint).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "sexp/datum.hpp"

namespace caten {

/// A clause that only driver/claims writes, with the number of an implementation: no text has this byte.
inline constexpr std::string_view kImplementationClause =
    "\xff"
    "implementation";

struct ScheduleHint {
  std::string composite{};
  SourceSpan span{};  ///< of the call
  std::optional<std::pair<int64_t, int64_t>> tile{};
  std::optional<int64_t> vectorise{}, unroll{};
  std::optional<int64_t> parallel{};  ///< how many axes; 0: one core
  std::vector<int> order{};           ///< empty: as they are
  bool fuse = true;
  std::optional<size_t> implementation{};  ///< of ScheduleOptions::implementations
  bool operator==(const ScheduleHint&) const = default;
};

/// The items of a clause. E0113 at what is malformed.
Result<ScheduleHint> parse_schedule(const std::vector<Datum>& clauses);

}  // namespace caten
