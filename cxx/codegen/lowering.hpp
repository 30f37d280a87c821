// How a kernel is lowered: one class, in five files. lower.cpp has the loops, passes and folds that all share,
// lower_map.cpp what folds nothing, lower_rows.cpp what runs along the last folded axis, lower_columns.cpp what runs
// along the last axis of the result, lower_team.cpp what devices compute whose threads work in teams.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "codegen/loop_schedule.hpp"
#include "codegen/merged_axes.hpp"
#include "codegen/pass_plan.hpp"
#include "codegen/statements.hpp"
#include "codegen/values.hpp"

namespace caten {

class Lowering : Statements {
 public:
  Lowering(const Schedule& schedule, const Kernel& kernel, const TeamLimits& team)
      : graph_(schedule.graph),
        kernel_(kernel),
        loops_(kernel.hint ? &schedule.graph.hints[*kernel.hint] : nullptr),
        values_(schedule, kernel, out_),
        schedule_(schedule),
        team_(team) {}

  LoopNest run();

 private:
  /// An axis in blocks of `size` elements, the last of which may be smaller.
  struct Blocks {
    Axis number{};  ///< of the block
    Dim full{}, rest{};
    int64_t size = 0;

    /// Of each block, where all have equally many.
    std::optional<Dim> only_count() const {
      if (rest.is(0)) return Dim(size);
      return full.is(0) ? std::optional(rest) : std::nullopt;
    }
  };

  void lower_passes();

  /// Leading axis k of the kernel, or the part of it that a block of rows has.
  Axis axis(size_t k, const Dim& extent);

  /// The number of columns that a block sees gets a variable: it is no polynomial of sizes where it is divided.
  void bind_seen(Body& into);

  /// Loops along axes, the first of which share one, so that a range of it keeps all threads busy whichever is long.
  Body& loops_along(Body& into, const std::vector<Axis>& axes);

  /// Loops along axes inside rows.
  static Body& loops_inside(Body& into, const PassPlan& plan, const std::vector<Axis>& axes);

  /// One loop along several axes, the last of them fastest.
  Body& shared_loop(Body& into, const std::vector<Axis>& axes);

  /// The element of a part at variables of the pass's axes.
  ValueId own(const PassPlan& plan, const KernelPart& part, const Index& variables) {
    return values_.own(part, plan.merged->of_parts(values_, variables));
  }

  /// The element of its buffer that a part computes.
  Dim target_element(const PassPlan& plan, const KernelPart& part) {
    return values_.target_element(part, plan.merged->of_parts(values_, plan.variables));
  }

  void store(Body& into, const PassPlan& plan, const KernelPart& part, ValueId what);

  void lower_pass(Body& into, const Index& rows, uint32_t pass, const PassAxes& merged);

  void lower_map(Body& into, const PassPlan& plan);

  /// Elements in square tiles of the last axis and another one, along which loads are contiguous. What is read along
  /// the one and written along the other is turned in a tile of its own, so that each cache line is fetched once.
  void lower_across(Body& into, const PassPlan& plan, size_t across);

  /// How values that are read along one axis and written along another lie in tiles.
  struct Turning {
    std::vector<ValueId> loads{};
    int64_t tall = 0, wide = 0;  ///< rows and columns of a tile
    bool squares = false;        ///< whole squares are transposed at once
  };
  Turning turning_of(const PassPlan& plan, size_t across) const;

  /// Fills tiles of accumulators from what statements in `sets` load, square by square where a tile has all its rows.
  /// `place` is the variable of a column in the tile.
  void read_squares(Body& into, const PassPlan& plan, size_t across, const Turning& turning, const Blocks& rows,
                    const Dim& first_column, const Dim& height, const Dim& width, const Body& sets);

  /// How many elements of the last axis are computed before they are written past the caches; 0: they are not.
  int64_t streamed_elements(const PassPlan& plan) const;

  /// Everything that is stored for `count` elements of the last axis from the `first` one on, at most `whole`. They
  /// have the variable `element`. What goes past the caches is computed for all of them before.
  void store_along(Body& into, const PassPlan& plan, const Dim& element, const Dim& first, const Dim& count,
                   int64_t whole);

  /// The outer axes in the order of their loops.
  std::vector<Axis> arranged(const PassPlan& plan);

  /// The axes of a pass inside rows are whole.
  Body& outer_loops(Body& into, const PassPlan& plan);
  /// How many elements a vector has where much is computed for each element along the last axis and whole vectors fill
  /// it: they need no masks. 0: they do not.
  int64_t whole_vectors(const PassPlan& plan) const;

  /// What is not stored is a scalar of the row, computed once for what follows.
  void store_everywhere(Body& into, const PassPlan& plan) { finish(into, plan.everywhere, plan.stored, plan); }

  /// Stores are the last statements, and one after the other: where a result takes the memory of what is read, all
  /// reads are before all stores.
  void finish(Body& into, const std::vector<const KernelPart*>& parts, const std::vector<ValueId>& values,
              const PassPlan& plan);

  // Folds.

  const ReduceAttributes& fold_of(const KernelPart& part) const {
    return graph_[part.space.root].get<ReduceAttributes>();
  }

  DType dtype_of(const KernelPart& part) const { return graph_.type(part.space.root).dtype; }

  /// What an accumulator holds: the elements, or of a maximum of floats in lanes integers that have their order, since
  /// to compare those is a single instruction.
  DType held_dtype(const KernelPart& part) const {
    DType dtype = dtype_of(part);
    if (!in_lanes_ || fold_of(part).combine != Combine::kMax) return dtype;
    return dtype == DType::kF32 ? DType::kI32 : dtype == DType::kF64 ? DType::kI64 : dtype;
  }
  ValueId to_held(const KernelPart& part, ValueId element) {
    return held_dtype(part) == dtype_of(part) ? element : values_.ordered(element);
  }
  ValueId from_held(const KernelPart& part, ValueId held) {
    return held_dtype(part) == dtype_of(part) ? held : values_.from_ordered(held, dtype_of(part));
  }

  static bool adds_inexactly(Combine combine, DType dtype) {
    return combine == Combine::kAdd && (is_float(dtype) || is_complex(dtype));
  }

  /// Where an accumulator begins: at the identity. Sums of floats begin at -0, which every x leaves as it is.
  ValueId initial(const KernelPart& part);

  ValueId accumulator(const KernelPart& part, uint32_t slot, const Dim& lane) {
    return out_.add({.kind = ValueKind::kAccumulator, .dtype = held_dtype(part), .index = lane, .slot = slot});
  }

  ValueId combine(const KernelPart& part, ValueId a, ValueId b) {
    return values_.elementwise(combining_op(fold_of(part).combine), {a, b});
  }

  uint32_t declare(Body& into, const KernelPart& part, int64_t lanes, ValueId initially);

  /// Accumulator `slot` of the part, its element `lane`, := a value.
  void set(Body& into, const KernelPart& part, uint32_t slot, const Dim& lane, ValueId what);

  /// An accumulator combined with a value. A product need not be rounded before it is added.
  ValueId combine_into(const KernelPart& part, ValueId held, ValueId what);

  /// The same := itself combined with a value.
  void fold_in(Body& into, const KernelPart& part, uint32_t slot, const Dim& lane, ValueId what);

  /// One step of all folds of a pass, and what it stores for each element.
  void fold_elements(Body& into, const PassPlan& plan, const std::vector<uint32_t>& slots, const Dim& lane);

  /// What accumulators hold is what the folds come to.
  void finish_folds(Body& into, const PassPlan& plan, const std::vector<uint32_t>& slots, const Dim& lane);

  /// Names what folds come to, stores it, and computes what follows from it.
  void finish_folded(Body& into, const PassPlan& plan, const std::vector<ValueId>& folded);

  /// Folds of a few elements, such as windows, are expressions, so that the loop around them is the innermost one.
  bool folds_few(const PassPlan& plan) const;
  void lower_few(Body& into, const PassPlan& plan);

  /// Folds along rows: with lanes along the last folded axis, unless it is short.
  void lower_rows(Body& into, const PassPlan& plan);

  /// Elements of an accumulator of this many bytes; of a shorter axis one for each of its elements where it is a block,
  /// else 1.
  int64_t lanes_of(const PassPlan& plan, size_t bytes);
  /// Whether a short last folded axis of so many elements is a whole vector for each element of the axis before it.
  bool is_block(const PassPlan& plan, int64_t elements) const;

  /// All folds of a pass in lanes.
  std::vector<uint32_t> fold_lanes(Body& body, const PassPlan& plan, int64_t lanes);

  /// Several accumulators in lanes become one, which has those of each behind each other.
  uint32_t gathered(Body& into, const KernelPart& part, const std::vector<uint32_t>& slots, int64_t lanes);

  /// All lanes, which begin at element `from` of the accumulators, into the first one.
  void fold_all_lanes(Body& body, const PassPlan& plan, const std::vector<uint32_t>& totals, int64_t lanes,
                      const Dim& from);

  /// `count` elements of an accumulator, the first one and each `step` further, combined as a balanced tree.
  ValueId pairwise(const KernelPart& part, uint32_t slot, const Dim& first, int64_t step, int64_t count);

  /// Rows and columns of a tile of lower_dots, as usual: elements that have to be widened are used more often.
  std::pair<int64_t, int64_t> dots_of(const PassPlan& plan) const;

  /// Folds of several rows with several columns at once, an accumulator in lanes for each pair.
  void lower_dots(Body& into, const PassPlan& plan, int64_t lanes);

  /// Variables for `most` elements of an outer axis. There are `count` of them: the last one stands for those missing.
  Index places(Body& into, const PassPlan& plan, size_t axis, const Dim& from, int64_t most, const Dim& count);

  /// What goes into the fold for each of these rows and columns.
  std::vector<ValueId> folded_at(const PassPlan& plan, const Index& rows, const Index& columns);

  std::vector<uint32_t> declare_all(Body& into, const PassPlan& plan, int64_t lanes);

  /// Asks for what the next row has where a vector of `lanes` elements from `first` on is read. While much is computed
  /// for one row, memory would have nothing to do.
  void fetch_next_row(Body& into, const PassPlan& plan, const Dim& first, int64_t lanes);

  /// The last folded axis in steps of `lanes` elements; long sums in blocks with accumulators of their own.
  void fold_in_lanes(Body& into, const PassPlan& plan, const std::vector<uint32_t>& totals, int64_t lanes,
                     bool may_block);

  /// A loop of `count` steps, several of them in one where that is asked for: `what` for each of them.
  template <class What>
  void in_steps(Body& into, const Dim& variable, const Dim& count, Extent extent, const What& what) {
    int64_t several = loops_.unrolled(known(count));
    if (several == 1) return what(loop_as(extent, into, variable, count), variable);
    Dim whole = floor_div(count, Dim(several)), rest = floor_mod(count, Dim(several));
    Dim i = values_.variable(whole);
    Body& body = loop_over_count(into, i, whole);
    for (int64_t k = 0; k < several; ++k) what(body, i * Dim(several) + Dim(k));
    if (rest.is(0)) return;
    Dim last = values_.variable(rest);
    what(loop_over_count(into, last, rest), whole * Dim(several) + last);
  }

  /// A loop along what may be a whole block of an axis or the rest of it.
  static Body& loop_of(Body& into, const Dim& variable, const Dim& extent, int64_t whole, bool independent = false) {
    return loop_as(extent.is(whole) ? Extent::kForm : Extent::kRest, into, variable, extent, independent);
  }

  Blocks blocks_of(const Dim& extent, int64_t size);

  /// Calls `what` with the first element of a block and how many it has.
  template <class What>
  void in_block(Body& into, const Blocks& blocks, const What& what) {
    Dim first = blocks.number.variable * Dim(blocks.size);
    if (std::optional<Dim> count = blocks.only_count()) return what(into, first, *count);
    Statement& choice = when(into, is_full(blocks));
    what(choice.body, first, Dim(blocks.size));
    what(choice.otherwise, first, blocks.rest);
  }

  /// Whether a block is no rest.
  ValueId is_full(const Blocks& blocks) {
    return values_.elementwise(Op::kLt,
                               {values_.index_value(blocks.number.variable), values_.index_value(blocks.full)});
  }

  /// How many elements the block has in which `into` is.
  Dim count_in(Body& into, const Blocks& blocks);

  /// One loop along all blocks; those that are the only one have no variable.
  Body& blocks_loop(Body& into, std::vector<Axis> axes);

  /// Folds with an accumulator for each element of a block of the result. All blocks are one loop.
  void lower_columns(Body& into, const PassPlan& plan);

  /// Elements of the accumulators that hold a whole tile; 0: they would be too many, or do not fit its rows.
  int64_t register_lanes(const PassPlan& plan, int64_t tall, int64_t width);

  /// A tile of the result with all of its columns, each row of it in accumulators of one register. It has room for
  /// `tall` rows, of which there are `rows`.
  void register_tile(Body& into, const PassPlan& plan, const Dim& row, int64_t tall, const Dim& rows, const Dim& first,
                     int64_t width, int64_t lanes);

  /// `what` for each element of a tile, with its place in accumulators of rows of `width`. No rows: their axis has a
  /// loop outside.
  template <class What>
  void in_tile(Body& into, const PassPlan& plan, const Dim& row, const Dim& rows, int64_t tall, const Dim& first,
               const Dim& count, int64_t width, const What& what) {
    Body* inner = &into;
    Dim lane(0);
    if (!rows.is(0)) {
      Dim r = values_.variable(rows);
      inner = &loop_of(*inner, r, rows, tall);
      bind(*inner, plan.outer[plan.outer.size() - 2], plan.axes[plan.axes.size() - 2].begin + row + r);
      lane = r * Dim(width);
    }
    Dim c = values_.variable(count);
    inner = &loop_of(*inner, c, count, width);
    bind(*inner, plan.outer.back(), plan.axes.back().begin + first + c);
    what(*inner, lane + c);
  }

  /// Whether what several steps of the last folded axis give is folded in one loop over the columns.
  bool folds_rows_at_once(const PassPlan& plan) const;

  /// A tile of the result: `rows` of the axis before the last from `row` on, `count` columns from `first` on. Where
  /// `most_rows` is 1, that axis has a loop outside.
  void tile(Body& into, const PassPlan& plan, const Dim& row, const Dim& rows, int64_t most_rows, const Dim& first,
            const Dim& count, int64_t width);

  // Devices whose threads work in teams: each thread computes elements of its own, or a share of what its team does.

  /// Whether the kernel is arranged for them: nothing is in lanes, or in tiles of a processor's caches.
  bool for_threads() const { return team_.threads > 0 && !kernel_.hint && kernel_.blocks.empty(); }

  /// Whether accumulators may begin at the identity: the complex one is none for infinite parts, so that such a product
  /// has one accumulator, which begins at the first element.
  bool has_identity(const KernelPart& part) const;
  /// Whether the passes over a row are enough work for a team.
  bool rows_suit_team(const std::vector<PassAxes>& passes) const;

  /// The number of the thread in its team.
  ValueId member();
  /// What only the first thread of a team does.
  Body& by_one(Body& into);
  /// A loop whose iterations the threads share.
  Body& loop_of_team(Body& into, const std::vector<Axis>& axes);
  static void barrier(Body& into);

  /// A pass over a row that a team has.
  void lower_in_team(Body& into, const PassPlan& plan);
  /// Folds by one thread.
  void fold_alone(Body& into, const PassPlan& plan);
  /// Folds by a team: each thread those of its share, then all of those.
  void fold_in_team(Body& into, const PassPlan& plan);
  void lower_folds_of_threads(Body& into, const PassPlan& plan);

  struct TeamAxis;
  /// Two axes of the result and a folded one, and what its rows or its columns share: the largest values of which that
  /// is true, such as elements between zeros of a convolution, or decoded weights.
  struct TeamTile {
    size_t row = 0, column = 0, step = 0;
    std::vector<ValueId> of_rows{}, of_columns{};
  };
  /// Of a pass whose tiles are worth it, the one that has most elements.
  std::optional<TeamTile> team_tile(const PassPlan& plan) const;
  /// Finds what rows and columns of the tile share; false where something else is read for each element.
  bool stage(const PassPlan& plan, TeamTile& tile) const;
  /// Whether a load that the value needs is contiguous along the variable.
  bool runs_along(ValueId read, const Dim& variable) const;
  /// The value made of others instead of these.
  ValueId with_these(std::map<ValueId, ValueId>& known, ValueId id);
  int64_t side_of_tile(bool rows) const;
  /// A place of a tile that has `count` of them, or the last one that is there.
  Dim nearest(Body& into, const Dim& place, const Dim& count, int64_t side);
  /// A tile of the result by each team, from tiles of what it reads in the team's memory.
  void lower_team_tile(Body& into, const PassPlan& plan, const TeamTile& tile);

  const Graph& graph_;
  const Kernel& kernel_;
  LoopSchedule loops_;
  LoopNest out_;
  KernelValues values_;
  const Schedule& schedule_;
  TeamLimits team_;
  uint32_t accumulators_ = 0;
  std::optional<Dim> seen_{};  ///< columns that the passes run along, if not all
  // Of the pass that is lowered:
  bool in_lanes_ = false;  ///< its folds have accumulators of several elements that become one
  bool single_ = false;    ///< they have one element each
  bool at_team_ = false;   ///< all threads of a team are here: only one of them stores
};

}  // namespace caten
