// How the loops of one kernel are tiled, shared and ordered where a schedule hint asks for it, and what became of each
// clause of the hint. Lowering asks for every number by its usual value; without a hint it gets that back.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ir/dim.hpp"
#include "ir/dtype.hpp"
#include "ir/schedule_hint.hpp"

namespace caten {

// What is usual.
inline constexpr int64_t kTileRows = 4;        ///< rows of a result that are computed together where they share loads
inline constexpr size_t kTileBytes = 128;      ///< of such a row
inline constexpr size_t kColumnBytes = 16384;  ///< of a row that shares nothing,
inline constexpr int64_t kFoldedRows = 4;      ///< and as many of what it folds are added at once,
inline constexpr size_t kFoldedWork = 16;      ///< if no more than this is computed for each element
inline constexpr size_t kLaneBytes = 128;      ///< of an accumulator that is folded at the end
inline constexpr int64_t kMostLanes = 32;
inline constexpr size_t kBlockBytes =
    32;  ///< of the elements of a short folded axis, from which each has an accumulator
inline constexpr size_t kMuchWork =
    24;  ///< values for each element of a fold, from which half as many lanes are enough
inline constexpr int64_t kFewFolded = 32;                ///< elements of a fold that are an expression,
inline constexpr size_t kFewValues = 512;                ///< of no more values than these
inline constexpr int64_t kTogether = 4;                  ///< elements of such an accumulator that are combined at once
inline constexpr int64_t kDotRows = 2, kDotColumns = 4;  ///< whose folds along one axis are computed together,
inline constexpr size_t kDotBytes = 64;                  ///< of an accumulator that is one register, or a few
inline constexpr int64_t kByteDotRows = 4, kByteDotColumns = 3;  ///< of them where bytes are read and widened
inline constexpr int64_t kBlock = 64;                            ///< steps of the lanes of a sum between partial sums
// Of a square tile that is read along one axis and written along another: its side, and the bytes of all values there.
inline constexpr int64_t kLeastSide = 8, kMostSide = 64;
inline constexpr size_t kSideBytes = 256;
// Where elements of 4 or 8 bytes are turned by squares of cache lines: columns of a tile.
inline constexpr int64_t kTurnedColumns = 256;
inline constexpr size_t kCacheLine = 64;
inline constexpr size_t kVectorBytes = 64;      ///< of the widest registers
inline constexpr size_t kStreamedBlock = 4096;  ///< bytes that are computed before they are written past the caches,
inline constexpr int64_t kLeastStreams = 4;     ///< or such a part of them where rows are shorter
// What hints may ask for.
inline constexpr int64_t kMostDots = 64;    ///< accumulators of a tile that have names
inline constexpr int64_t kMostTile = 8192;  ///< elements of a tile

inline int64_t elements_in(size_t bytes, DType dtype) { return static_cast<int64_t>(bytes / dtype_size(dtype)); }
/// -1: it is not known.
inline int64_t known(const Dim& extent) { return extent.is_constant() ? extent.constant() : -1; }

enum class HintClause : uint8_t { kTile, kVectorise, kUnroll, kParallel, kOrder, kFuse, kImplementation };

struct HintOutcome {
  HintClause clause{};
  std::string text{};  ///< "(tile 4 32)"
  bool applies = false;
  std::string reason{};  ///< why not
};

/// The clauses of a hint, as they are written.
std::vector<std::pair<HintClause, std::string>> clauses_of(const ScheduleHint& hint);
/// What to do where a clause does not apply.
std::string_view remedy_for(HintClause clause);

class LoopSchedule {
 public:
  /// null: there is none
  explicit LoopSchedule(const ScheduleHint* hint) : hint_(hint) {}

  /// Rows and columns of a tile, of at most `most` accumulators.
  std::pair<int64_t, int64_t> tile(std::pair<int64_t, int64_t> usual, int64_t most);
  /// The same for a tile that has one row.
  int64_t columns(int64_t usual);
  /// Elements of an accumulator, of a fold along an axis of `extent` elements (-1: not known).
  int64_t lanes(int64_t usual, int64_t extent);
  /// The same where they must divide the columns of a tile.
  int64_t dividing_lanes(int64_t usual, int64_t columns);
  /// Elements of an element-wise kernel's innermost loop; 0: as many as there are.
  int64_t elements(int64_t extent);
  /// Steps of a loop of `extent` steps in one.
  int64_t unrolled(int64_t extent);
  /// How many of a kernel's outer axes share a range; `least` of them do in any case.
  size_t shared_axes(size_t axes, size_t least);
  /// Tiles share one range however many axes there are.
  void tiles_share();
  /// Which axis each loop runs along, outermost first.
  std::vector<size_t> order(size_t axes);
  /// Nothing is shared among cores.
  bool serial();

  /// Of all clauses, in the order in which headers list them; an implementation is used unless there is a reason.
  std::vector<HintOutcome> outcomes(const std::string& not_by_hand = "") const;

 private:
  void applied(HintClause clause) { refused_[clause] = ""; }
  void refuse(HintClause clause, const std::string& reason) { refused_.try_emplace(clause, reason); }

  const ScheduleHint* hint_;
  std::map<HintClause, std::string> refused_;  ///< "": it applies, if only somewhere
};

}  // namespace caten
