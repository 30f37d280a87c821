// Where the temporaries of a schedule live in one arena, and which buffers may share memory.
//
// Lifetimes do not depend on sizes and are computed once per schedule; offsets are computed per set of concrete sizes.
// A buffer may take the memory of another where the kernel that writes it is the last reader of the other and reads
// each element only to compute the element at the same place. Everything a call will allocate is known before it runs.
#pragma once

#include "base/result.hpp"
#include "schedule/schedule.hpp"

namespace caten {

/// Positions of commands, from 0 on; a loop and row blocks have one where they begin and one where they end.
struct Lifetime {
  int64_t begin = INT64_MAX, end = -1;
  bool used() const { return end >= 0; }
};

struct Reuse {
  BufferId to{}, from{};
};

struct Lifetimes {
  std::vector<Lifetime> buffers{};
  std::vector<Reuse> reuses{};  ///< each `to` at most once per `from`, in the order of commands
};

Lifetimes compute_lifetimes(const Schedule& schedule);

struct MemoryPlan {
  static constexpr size_t kAlignment = 64;
  std::vector<size_t> bytes{};    ///< of each buffer
  std::vector<size_t> offsets{};  ///< of temporaries in the arena
  size_t arena_bytes = 0;
  size_t result_bytes = 0;  ///< outputs and new values of states
  size_t total() const { return arena_bytes + result_bytes; }
};

/// E0306 if a buffer leaves 63 bits.
Result<MemoryPlan> plan_memory(const Schedule& schedule, const Lifetimes& lifetimes, const DimValues& sizes);

}  // namespace caten
