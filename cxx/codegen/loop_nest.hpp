// The loop IR: one kernel as loops around scalar computations, before it becomes text.
//
// Values are scalars without a place: pure functions of loop variables, sizes, buffers and accumulators, hash-consed,
// operands before users. Statements say when something happens; whoever renders them computes the values that a
// statement needs where it needs them. Sets and stores that follow each other happen at once: all their values are
// computed before the first of them. Indices are Dims (schedule/index.hpp); a Dim may name a value (reserved::value).
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "codegen/loop_schedule.hpp"
#include "ir/node.hpp"
#include "schedule/index.hpp"
#include "schedule/schedule.hpp"

namespace caten {

struct ValueId {
  uint32_t value = UINT32_MAX;
  auto operator<=>(const ValueId&) const = default;
  bool valid() const { return value != UINT32_MAX; }
};

enum class ValueKind : uint8_t {
  kConstant,     ///< `constant`
  kIndex,        ///< `index` as an i64
  kLoad,         ///< element `index` of `slot`
  kElementwise,  ///< `op` of the operands; operands have dtype `from`
  kAbs,          ///< |operand|, of floats
  kMaxNumber,    ///< the larger of two floats, of which operand 1 is a number other than 0
  kMinNumber,    ///< the smaller of them
  kMultiplyAdd,  ///< operand 0 · operand 1 + operand 2, of floats, rounded once or twice
  kSelect,       ///< operand 0 ? operand 1 : operand 2; what only the other side needs is not evaluated
  kCast,         ///< numeric conversion from dtype `from`
  kBitcast,      ///< the same bits, of equal size
  kPart,         ///< of a complex operand: the real part where `index` is 0, else the imaginary one
  kComplex,      ///< real and imaginary part
  kClamp,        ///< an i64 clamped to 0 … index - 1
  kInRange,      ///< bool: 0 ≤ operand < index
  kAccumulator,  ///< the present content of accumulator `slot`, of its element `index` if it has several
  kResult,       ///< the scalar that statement kLet named `slot`
  kCount,     ///< how many elements a block has: `constant` if operand 0, else `index`, which are left for the last one
  kDistinct,  ///< bool: `slot` and slot `constant` begin at different addresses
  kMember,    ///< an i64: the number of the thread in its team
};

struct ScalarValue {
  ValueKind kind = ValueKind::kConstant;
  DType dtype = DType::kF32;
  DType from = DType::kF32;
  Op op = Op::kConst;
  std::vector<ValueId> operands{};
  Dim index{};
  uint32_t slot = 0;
  Scalar constant{};
  bool operator==(const ScalarValue&) const = default;
};

enum class StatementKind : uint8_t {
  kLoop,     ///< for `variable` from 0 below `extent`: body
  kBind,     ///< `variable` := `index`, for the rest of this body; at most `extent`, if that is not 0
  kIf,       ///< if `value`: body; else: otherwise
  kDeclare,  ///< accumulator `slot` of `dtype`, `lanes` elements, each initially `value`, if there is one
  kSet,      ///< accumulator `slot`, its element `index` if it has several, := `value`
  kLet,      ///< result `slot` of `dtype` := `value`
  kKeep,     ///< `value` is computed here, for what follows
  kStore,    ///< element `index` of `slot` := `value`
  kStream,   ///< `extent` elements of `slot` from `index` on := those of accumulator `source` from `from` on, written
             ///< past the caches where the processor can
  kTurn,     ///< a square of `extent` rows of accumulator `slot` from element `index` on, its rows `lanes` elements
             ///< apart, := the square of buffer `source` from `from` on, its rows `step` apart, transposed
  kFetch,    ///< element `index` of `slot` will be read soon, if it exists; only time depends on it
  kBarrier,  ///< all threads of the team come here, and see what the others have written
};

/// What the extent of a loop is, or a factor of an index.
enum class Extent : uint8_t {
  kForm,   ///< of the kernel's form: lanes, or rows of a tile
  kAxis,   ///< a size of the program
  kCount,  ///< how many blocks a size has
  kRest,   ///< what is left behind the last whole block
};

struct Statement {
  StatementKind kind = StatementKind::kStore;
  std::string variable{};
  Dim extent{};
  ValueId value{};
  uint32_t slot = 0;
  DType dtype = DType::kF32;
  Dim index{};
  int64_t lanes = 1;
  uint32_t source = 0;
  Dim from{}, step{};
  std::vector<Statement> body{}, otherwise{};
  bool independent = false;          ///< a loop whose iterations may run in any order, and at once
  bool one_by_one = false;           ///< a loop whose elements are stored apart: no vector of them pays
  bool much = false;                 ///< a loop of so much work that its last elements should be a vector, too
  bool of_team = false;              ///< kLoop: the team's threads share its iterations; kDeclare: they share it
  Extent extent_is = Extent::kForm;  ///< kBind: what its factors are
};

/// A buffer as a kernel sees it: one dtype each; a buffer that is read as two dtypes has two slots.
struct Slot {
  BufferId buffer{};
  DType dtype = DType::kF32;
  bool written = false;
};

/// What takes the place of loops in a kernel whose text somebody wrote.
struct HandWrittenText {
  std::string code{};
  std::vector<std::string> names{};                  ///< of the slots
  std::vector<std::pair<std::string, Dim>> sizes{};  ///< all that the text may use
  std::string shared{};                              ///< the size whose range calls share; "": none
  Dim range{1}, range_work{1};
};

/// What takes the place of loops in a kernel that a library computes.
struct LibraryCall {
  std::string library{}, routine{}, attributes{};
  std::vector<Dim> sizes{};
  std::optional<size_t> weights{};  ///< the slot of which the library may keep what it made (driver_abi.h)
};

/// Threads that work on a part of a range together, on devices that have such teams.
struct TeamLimits {
  int64_t threads = 0;  ///< of each team, 16 times a power of two; 0: there are none
  int64_t bytes = 0;    ///< of memory that they share
};

struct LoopNest {
  std::vector<Slot> slots{};
  std::vector<ScalarValue> values{};
  std::vector<Statement> body{};
  std::optional<HandWrittenText> by_hand{};
  std::optional<LibraryCall> call{};
  bool serial = false;                  ///< the outermost loop is not shared
  int64_t team = 0;                     ///< threads that run all of the body together; 0: each by itself
  std::vector<HintOutcome> hints{};     ///< what became of the schedule hint that the kernel follows
  std::vector<Dim> signed_dividends{};  ///< a of ⌊a/b⌋ and a mod b in indices, where a may be negative

  /// The loop around everything else whose iterations are independent, or null.
  const Statement* range() const {
    bool found = !serial && body.size() == 1 && body[0].kind == StatementKind::kLoop && body[0].independent;
    return found ? body.data() : nullptr;
  }

  ValueId add(ScalarValue value);
  const ScalarValue& operator[](ValueId id) const { return values[id.value]; }

 private:
  std::unordered_multimap<size_t, uint32_t> index_;
};

/// The dividends of all divisions in the indices of a nest, inner ones included.
std::vector<Dim> dividends(const LoopNest& nest);

/// How often the innermost statements run, for one run of the body.
Dim work_of(const LoopNest& nest, const std::vector<Statement>& body);

/// The values that a Dim names.
std::vector<ValueId> values_in(const Dim& dim);

}  // namespace caten
