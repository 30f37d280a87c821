#include "codegen/loop_schedule.hpp"

#include <fmt/format.h>

#include <numeric>

namespace caten {
namespace {

std::string_view why_not(HintClause clause) {
  switch (clause) {
    case HintClause::kTile: return "no fold of the kernel reads its operands again for other rows or columns";
    case HintClause::kVectorise: return "the kernel has neither a fold in lanes nor one element-wise loop";
    case HintClause::kUnroll: return "the kernel has no fold in lanes";
    case HintClause::kParallel: return "the kernel has no loop that can be shared";
    case HintClause::kOrder: return "the loops of the kernel follow from its fold or its passes";
    case HintClause::kFuse:
    case HintClause::kImplementation: break;
  }
  return "";
}

}  // namespace

std::string_view remedy_for(HintClause clause) {
  switch (clause) {
    case HintClause::kTile: return "leave it out, or write the product so that both operands are expanded";
    case HintClause::kVectorise: return "choose fewer elements, or leave it out";
    case HintClause::kUnroll: return "leave it out: the compiler unrolls what is short";
    case HintClause::kParallel: return "count the axes of the result that are longer than 1";
    case HintClause::kOrder: return "name each axis of the result that is longer than 1, once";
    case HintClause::kImplementation: return "call the composite where its arguments are inputs or results of others";
    case HintClause::kFuse: break;
  }
  return "leave it out";
}

std::vector<std::pair<HintClause, std::string>> clauses_of(const ScheduleHint& hint) {
  std::vector<std::pair<HintClause, std::string>> out;
  if (hint.tile) out.emplace_back(HintClause::kTile, fmt::format("(tile {} {})", hint.tile->first, hint.tile->second));
  if (hint.vectorise) out.emplace_back(HintClause::kVectorise, fmt::format("(vectorise {})", *hint.vectorise));
  if (hint.unroll) out.emplace_back(HintClause::kUnroll, fmt::format("(unroll {})", *hint.unroll));
  if (hint.parallel)
    out.emplace_back(HintClause::kParallel,
                     *hint.parallel ? fmt::format("(parallel {})", *hint.parallel) : std::string("(parallel nil)"));
  if (!hint.order.empty()) out.emplace_back(HintClause::kOrder, fmt::format("(order {})", fmt::join(hint.order, " ")));
  if (hint.implementation) out.emplace_back(HintClause::kImplementation, "its implementation");
  if (!hint.fuse && !hint.implementation) out.emplace_back(HintClause::kFuse, "(fuse nil)");
  return out;
}

std::pair<int64_t, int64_t> LoopSchedule::tile(std::pair<int64_t, int64_t> usual, int64_t most) {
  if (!hint_ || !hint_->tile) return usual;
  std::pair<int64_t, int64_t> asked = *hint_->tile;
  if (asked.first * asked.second > most) {
    refuse(HintClause::kTile, fmt::format("the kernel holds a tile of at most {} elements of the result", most));
    return usual;
  }
  applied(HintClause::kTile);
  return asked;
}

int64_t LoopSchedule::columns(int64_t usual) {
  if (!hint_ || !hint_->tile) return usual;
  if (hint_->tile->first != 1) {
    refuse(HintClause::kTile, "the fold reads nothing that several rows share: a tile has one row");
    return usual;
  }
  applied(HintClause::kTile);
  return hint_->tile->second;
}

int64_t LoopSchedule::lanes(int64_t usual, int64_t extent) {
  if (!hint_ || !hint_->vectorise) return usual;
  if (extent >= 0 && extent < 2 * *hint_->vectorise) {
    refuse(HintClause::kVectorise, fmt::format("the folded axis has {} elements, fewer than two vectors", extent));
    return usual;
  }
  applied(HintClause::kVectorise);
  return *hint_->vectorise;
}

int64_t LoopSchedule::dividing_lanes(int64_t usual, int64_t columns) {
  if (!hint_ || !hint_->vectorise) return usual;
  if (columns % *hint_->vectorise != 0) {
    refuse(HintClause::kVectorise, fmt::format("a tile has {} columns, which are no whole vectors", columns));
    return usual;
  }
  applied(HintClause::kVectorise);
  return *hint_->vectorise;
}

int64_t LoopSchedule::elements(int64_t extent) {
  if (!hint_ || !hint_->vectorise) return 0;
  if (extent >= 0 && extent < *hint_->vectorise) {
    refuse(HintClause::kVectorise, fmt::format("the last axis has {} elements, less than a vector", extent));
    return 0;
  }
  applied(HintClause::kVectorise);
  return *hint_->vectorise;
}

int64_t LoopSchedule::unrolled(int64_t extent) {
  if (!hint_ || !hint_->unroll) return 1;
  if (extent >= 0 && extent < *hint_->unroll) {
    refuse(HintClause::kUnroll, fmt::format("the fold takes {} steps", extent));
    return 1;
  }
  applied(HintClause::kUnroll);
  return *hint_->unroll;
}

size_t LoopSchedule::shared_axes(size_t axes, size_t least) {
  if (!hint_ || !hint_->parallel || *hint_->parallel == 0) return least;
  auto asked = static_cast<size_t>(*hint_->parallel);
  if (asked > axes) {
    refuse(HintClause::kParallel, fmt::format("the kernel has {} outer loop{}", axes, axes == 1 ? "" : "s"));
    return least;
  }
  applied(HintClause::kParallel);
  return std::max(asked, least);
}

void LoopSchedule::tiles_share() {
  if (hint_ && hint_->parallel && *hint_->parallel > 0)
    refuse(HintClause::kParallel, "the tiles of the result share one range, along all of its axes");
}

std::vector<size_t> LoopSchedule::order(size_t axes) {
  std::vector<size_t> out(axes);
  std::iota(out.begin(), out.end(), size_t{0});
  if (!hint_ || hint_->order.empty()) return out;
  if (hint_->order.size() != axes) {
    refuse(HintClause::kOrder, fmt::format("the kernel has {} outer loop{}", axes, axes == 1 ? "" : "s"));
    return out;
  }
  applied(HintClause::kOrder);
  return {hint_->order.begin(), hint_->order.end()};
}

bool LoopSchedule::serial() {
  if (!hint_ || hint_->parallel != 0) return false;
  applied(HintClause::kParallel);
  return true;
}

std::vector<HintOutcome> LoopSchedule::outcomes(const std::string& not_by_hand) const {
  std::vector<HintOutcome> out;
  if (!hint_) return out;
  for (auto& [clause, text] : clauses_of(*hint_)) {
    auto known = refused_.find(clause);
    std::string reason(known != refused_.end() ? known->second : why_not(clause));
    if (clause == HintClause::kImplementation) reason = not_by_hand;
    out.push_back({clause, text, reason.empty(), reason});
  }
  return out;
}

}  // namespace caten
