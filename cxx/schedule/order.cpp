#include "schedule/order.hpp"

#include <algorithm>
#include <numeric>

#include "schedule/command_accesses.hpp"

namespace caten {
namespace {

/// What a kernel has to let go of to be moved: small values are no matter.
constexpr int64_t kWorthBytes = int64_t{16} << 10;
/// What takes no more than that moves too, since others may wait for it: whether a loss is finite, a counter of steps.
constexpr int64_t kScalarBytes = 64;

class Ordering {
 public:
  explicit Ordering(Schedule& schedule) : schedule_(schedule) {
    for (const Command& command : schedule.commands) accesses_.push_back(accesses_of(schedule, command));
  }

  void run() {
    if (!find_moves()) return;
    find_places();
    std::vector<size_t> order(places_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return places_[a] < places_[b]; });
    std::vector<Command> commands;
    commands.reserve(order.size());
    for (size_t i : order) commands.push_back(std::move(schedule_.commands[i]));
    schedule_.commands = std::move(commands);
  }

 private:
  const ScheduleBuffer& buffer(BufferId id) const { return schedule_.buffers[id.value]; }
  bool temporary(BufferId id) const { return buffer(id).role == BufferRole::kTemporary; }

  /// The bytes of a temporary of the program, or `unknown`.
  int64_t bytes(BufferId id, int64_t unknown) const {
    if (!temporary(id)) return 0;
    if (!buffer(id).elements.is_constant() || buffer(id).scratch || buffer(id).loop != 0) return unknown;
    return buffer(id).elements.constant() * static_cast<int64_t>(dtype_size(buffer(id).dtype));
  }

  /// From the last command on: what no command behind it reads, except those that move, is let go of. Whether any is
  /// worth it.
  bool find_moves() {
    bool worth = false;
    moves_.resize(accesses_.size());
    std::vector<bool> kept(schedule_.buffers.size());
    for (size_t i = accesses_.size(); i-- > 0;) {
      int64_t freed = 0, taken = 0;
      for (BufferId id : accesses_[i].reads)
        if (!kept[id.value]) freed += bytes(id, 0);
      for (BufferId id : accesses_[i].writes) taken = std::min(taken + bytes(id, INT64_MAX / 2), INT64_MAX / 2);
      bool launch = std::holds_alternative<LaunchCommand>(schedule_.commands[i].what);
      worth = worth || (launch && freed >= taken + kWorthBytes);
      moves_[i] = launch && (freed >= taken + kWorthBytes || taken <= kScalarBytes);
      if (moves_[i]) continue;
      for (BufferId id : accesses_[i].reads) kept[id.value] = true;
    }
    return worth;
  }

  /// Whether other readers of a value come before one that moves: that frees its memory or may write there.
  bool waits_for_readers(BufferId id) const {
    const ScheduleBuffer& read = buffer(id);
    if (read.role == BufferRole::kState) return schedule_.next_states[read.index].valid();
    if (read.role == BufferRole::kInput) return schedule_.graph.inputs[read.index].donated;
    return temporary(id);
  }

  /// Commands run by ascending places; those at one place in the order in which they were emitted.
  void find_places() {
    std::vector<int64_t> written(schedule_.buffers.size(), -1), touched(schedule_.buffers.size(), -1);
    for (size_t i = 0; i < accesses_.size(); ++i) {
      int64_t place = -1;
      for (BufferId id : accesses_[i].reads)
        place = std::max(place, (waits_for_readers(id) ? touched : written)[id.value]);
      for (BufferId id : accesses_[i].writes) place = std::max(place, touched[id.value]);
      if (!moves_[i]) place = static_cast<int64_t>(i);
      places_.push_back(place);
      for (BufferId id : accesses_[i].writes) written[id.value] = std::max(written[id.value], place);
      for (const std::set<BufferId>* ids : {&accesses_[i].reads, &accesses_[i].writes})
        for (BufferId id : *ids) touched[id.value] = std::max(touched[id.value], place);
    }
  }

  Schedule& schedule_;
  std::vector<Accesses> accesses_;
  std::vector<bool> moves_;
  std::vector<int64_t> places_;
};

}  // namespace

void order_commands(Schedule& schedule) { Ordering(schedule).run(); }

}  // namespace caten
