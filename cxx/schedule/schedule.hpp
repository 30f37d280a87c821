// In: a checked Graph. Out: a Schedule: which kernels run in which order, and which buffers they read and write.
//
// A root is a value that is not computed anew wherever it is needed: the result of a reduce, put or copy, what several
// kernels or places read, what is delivered. Everything else is inlined: chains of element-wise ops, casts, `if`,
// constants, indices and all views, which become index arithmetic. A kernel computes one root or several that share
// loops (schedule/grouping.hpp); a root has a buffer if anything outside its kernel reads it, or a later pass that
// cannot compute it again for less. Loops are commands of the host: a body of commands that runs once per iteration,
// with two buffers per carry that change places.
//
// Invariants: commands are in dependency order; a kernel writes the whole of its targets; a buffer is written by one
// kernel, but for carries, which the loop initialises and its body replaces; values that no counter or carry of a loop
// reaches are computed before it; the order depends on the graph alone. Kernels that hand large values to each other
// row by row run in blocks of rows (schedule/row_blocks.hpp). Entry: make_schedule, print_schedule.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "ir/graph.hpp"
#include "schedule/access.hpp"
#include "schedule/implementation.hpp"

namespace caten {

struct BufferId {
  uint32_t value = UINT32_MAX;
  auto operator<=>(const BufferId&) const = default;
  bool valid() const { return value != UINT32_MAX; }
};

enum class BufferRole : uint8_t { kInput, kState, kOutput, kNextState, kTemporary };

struct ScheduleBuffer {
  BufferRole role = BufferRole::kTemporary;
  uint32_t index = 0;  ///< of the input, state or output
  uint32_t loop = 0;   ///< the loop, or row blocks, whose iterations each have it anew; 0: none
  DType dtype = DType::kF32;
  Dim elements{};
  bool scratch = false;  ///< has the elements of one block of rows only, from the block's begin on
};

/// A value's elements, row-major from `offset` on, counted in elements of the value's dtype.
struct Location {
  BufferId buffer{};
  Dim offset{};
};

/// A value that a kernel reads: from a buffer, or the counter of a loop, which is passed like a size.
struct KernelLeaf {
  NodeId node{};
  Location location{};
  std::optional<Dim> counter{};
  /// Every element is read only where the loops over `place` are at the same element.
  bool same_place = true;
  Shape place{};
  uint32_t last_pass = 0;  ///< that reads it
  size_t leading = 0;      ///< in row blocks: how many of their axes are its first ones, read where the kernel is
};

/// Why a kernel does not compute what it reads from another one.
enum class Boundary : uint8_t {
  kScatter,
  kCopy,
  kOrder,
  kAwaited,
  kLoop,
  kLarge,
  kColumns,
  kTiled,
  kRows,
  kPlaces,
  kHint,
  kLibrary,
  kOff
};
std::string_view describe(Boundary boundary);

/// A root that a kernel computes.
struct KernelPart {
  Space space{};
  bool everywhere = false;  ///< one element for each of its pass, not one for each fold
  uint32_t pass = 0;
  std::optional<Location> target{};  ///< nothing: read only inside the kernel, as a scalar
  std::string reason{};              ///< why it is a root
  bool streams = false;              ///< to the target, past the caches (schedule/streaming.hpp)
  bool waits = false;                ///< only later passes of its kernel read it
  int64_t own_elements = 0;          ///< then a row of it may be in memory of the kernel, with room for so many
};

/// A leading axis of kernels that run block by block: a block has the elements begin … begin + count - 1.
struct BlockAxis {
  Dim extent{};  ///< of the whole axis
  Dim begin{};   ///< a counter
  Dim count{};   ///< reserved::rows, a number as soon as sizes are known
};

/// The elements of a kernel's last axis, or of the one it folds, that a block of rows needs
/// (schedule/seen_columns.hpp).
struct SeenColumns {
  Dim count{};  ///< over the counter of a block
  /// A product's operand that is 0 behind them: 0 or 1, in the order of the graph.
  std::optional<size_t> zero{};
};

/// A kernel whose text somebody wrote.
struct HandWrittenKernel {
  std::shared_ptr<const Implementation> implementation{};
  std::vector<size_t> leaves{};  ///< of Kernel::leaves, for each argument
  std::map<std::string, Dim> sizes{};
};

/// What libraries compute.
enum class Routine : uint8_t { kContraction, kConvolution };
std::string_view routine_name(Routine routine);

struct Kernel {
  std::vector<KernelPart> parts{};  ///< ascending by pass, then by root
  size_t rows = 0;                  ///< leading axes of all parts that are outside the passes
  uint32_t passes = 1;
  std::vector<KernelLeaf> leaves{};                         ///< ascending by node
  std::vector<NodeId> inlined{};                            ///< ascending, the roots included
  std::vector<std::pair<uint32_t, Boundary>> boundaries{};  ///< with kernels whose results it reads, ascending
  std::vector<BlockAxis> blocks{};                          ///< leading axes of all parts, if it runs in blocks
  std::optional<SeenColumns> sees{};                        ///< in blocks: all columns if nothing is said
  std::optional<uint32_t> hint{};  ///< of Graph::hints: the one it follows (schedule/hints.hpp)
  std::optional<HandWrittenKernel> by_hand{};
  std::optional<Routine> by_library{};  ///< computes it (schedule/library_sum.hpp)
  std::string not_by_hand{};            ///< why the implementation that the hint names is not used

  const KernelLeaf* leaf_of(NodeId node) const {
    auto found = std::lower_bound(leaves.begin(), leaves.end(), node,
                                  [](const KernelLeaf& leaf, NodeId id) { return leaf.node < id; });
    return found != leaves.end() && found->node == node ? &*found : nullptr;
  }
  const KernelPart* part_of(NodeId root) const {
    for (const KernelPart& part : parts)
      if (part.space.root == root) return &part;
    return nullptr;
  }
};

struct LaunchCommand {
  uint32_t kernel = 0;
};

/// Copies elements between buffers; the dtype only says how large an element is.
struct CopyCommand {
  Location from{}, to{};
  Dim elements{};
  DType dtype = DType::kF32;
};

struct Command;

struct LoopCommand {
  struct Carry {
    BufferId current{}, next{};  ///< change places after each iteration
  };
  struct Collect {
    BufferId stack{};
    Dim item{};  ///< elements per iteration
  };
  uint32_t id = 0;  ///< 1, 2, … in the order of appearance
  NodeId loop{};
  Dim counter{};  ///< the symbol that stands for it in sizes and offsets
  Dim count{};
  std::optional<Location> runtime_count{};
  std::vector<Carry> carries{};
  std::vector<Collect> collects{};
  std::optional<Location> until{};
  BufferId iterations{};  ///< i64 scalar: how many there were
  std::vector<Command> body;
};

/// Runs its kernels in turn for one block of rows after another, in the order of the axes. Values that only they read
/// are scratch: memory of one block that all blocks use.
struct RowBlocksCommand {
  uint32_t id = 0;  ///< as LoopCommand::id: the counter of the first axis
  std::vector<BlockAxis> axes{};
  std::vector<uint32_t> kernels{};
  std::vector<BufferId> scratch{};
  Dim row_bytes{};    ///< of all scratch, for one row
  bool sees = false;  ///< some kernel leaves columns out that the last row of a block does not see
};

struct Command {
  std::variant<LaunchCommand, CopyCommand, LoopCommand, RowBlocksCommand> what;
};

/// How large blocks of rows are.
struct BlockLimits {
  /// What all rows need together and the last-level cache does not hold. Below it one block has all rows: the kernels
  /// read their other operands once, not once for each block.
  int64_t worth_bytes = int64_t{16} << 20;
  /// A block's scratch, which values that take each other's memory share: 1–2 MiB for each of two cores. Smaller blocks
  /// were no faster, and threads wait for each other once per kernel and block.
  int64_t block_bytes = int64_t{4} << 20;
  /// However long a row is: several tiles for each of a few threads, and what is read for a block is read for that many
  /// rows.
  int64_t least_rows = 32;
  /// Where rows see columns up to their own, blocks have this part of all rows, so that few are computed in vain.
  int64_t seeing_parts = 8;
};

struct Schedule {
  Graph graph;  ///< the program as it is computed: sizes resolved, regions opened, 2-byte floats accumulated in f32
  std::vector<ScheduleBuffer> buffers{};
  std::vector<Kernel> kernels{};
  std::vector<Command> commands{};
  std::vector<BufferId> inputs{}, states{};
  std::vector<BufferId> outputs{};
  std::vector<BufferId> next_states{};  ///< invalid: the state does not change
  bool in_place = true;                 ///< buffers may take the memory of others (schedule/memory.hpp)
  uint32_t counters = 0;                ///< of loops and row blocks: they are numbered from 1 on
  BlockLimits limits{};
  std::string library{};     ///< that computes kernels with `by_library`
  std::string no_library{};  ///< why what it could compute is computed by loops
};

/// What a library of the runtime computes, by routines of its driver.
struct RoutineLibrary {
  DTypeSet contraction = 0, convolution = 0;    ///< dtypes of each routine
  std::function<Result<std::string>()> open{};  ///< loads it: its name and version, or why it is not there
};

/// What is smaller is computed sooner by a kernel of loops: a call of a library takes about two microseconds.
struct LibraryLimits {
  int64_t least_side = 16;  ///< of each matrix
  int64_t least_products = int64_t{1} << 15;
};

/// Which sums are computed in parts (schedule/split_sums.hpp).
struct SumLimits {
  int64_t few_elements = 16;                 ///< of the result: fewer have one thread each, if that many
  int64_t many_elements = int64_t{1} << 17;  ///< folded in all: what takes longer than to wake threads
  int64_t parts = 64, most_parts = 1024;     ///< of the result: some for each of a few threads
  int64_t long_part = 64;                    ///< elements of a part, if there is one for each of an axis; rows
  int64_t many_columns = int64_t{1} << 15;   ///< of rows that are folded to one: enough for each thread
};

/// Which results are written past the caches (schedule/streaming.hpp): those that none of them keeps for a reader.
inline constexpr int64_t kStreamedBytes = int64_t{16} << 20;

/// What a schedule and its kernels may leave out, by name: the same values are computed, in more kernels, more memory
/// or more compilations.
struct ScheduleOptions {
  std::set<std::string> off{};  ///< names of passes
  BlockLimits limits{};
  RoutineLibrary library{};
  LibraryLimits library_limits{};
  SumLimits sum_limits{};
  int64_t streamed_bytes = kStreamedBytes;
  std::vector<std::shared_ptr<const Implementation>> implementations{};  ///< that hints name by their numbers
  /// By the number of a kernel: what was measured to be faster (driver/tuning.hpp). Such hints are of no composite.
  std::map<uint32_t, ScheduleHint> tuned{};

  bool has(std::string_view pass) const { return !off.contains(std::string(pass)); }
};

struct SchedulePass {
  std::string_view name;
  std::string_view summary;
};
/// All of them can be switched off (-fno-NAME); names that are no passes are ignored.
const std::vector<SchedulePass>& schedule_passes();

Schedule make_schedule(const Graph& graph, const ScheduleOptions& options = {});

/// What --emit=schedule shows: one line per command, with what is fused and why a kernel ends where it ends.
std::string print_schedule(const Schedule& schedule);
/// The lines of one kernel.
std::string print_kernel(const Schedule& schedule, uint32_t kernel);

/// Names of sizes that are no sizes of the program: counters of loops, counts of row blocks, variables of loop nests,
/// parts of them and integers computed by a kernel. They begin with a byte that no UTF-8 text has, so that no name of a
/// program is one.
namespace reserved {
inline constexpr char kMark = '\xff';
inline std::string counter(uint32_t loop) { return std::string{kMark, 'c'} + std::to_string(loop); }
inline std::string rows(uint32_t counter) { return std::string{kMark, 'r'} + std::to_string(counter); }
inline std::string variable(uint32_t number) { return std::string{kMark, 'i'} + std::to_string(number); }
inline std::string part(uint32_t number) { return std::string{kMark, 'p'} + std::to_string(number); }
inline std::string value(uint32_t number) { return std::string{kMark, 'v'} + std::to_string(number); }
inline bool is_reserved(const std::string& name) { return !name.empty() && name[0] == kMark; }
inline bool is_counter(const std::string& name) { return is_reserved(name) && name[1] == 'c'; }
inline bool is_variable(const std::string& name) { return is_reserved(name) && name[1] == 'i'; }
inline bool is_value(const std::string& name) { return is_reserved(name) && name[1] == 'v'; }
inline uint32_t number(const std::string& name) { return static_cast<uint32_t>(std::stoul(name.substr(2))); }
}  // namespace reserved

}  // namespace caten
