// Which buffers a command reads and writes, with all that is inside it.
#pragma once

#include <set>

#include "schedule/schedule.hpp"

namespace caten {

struct Accesses {
  std::set<BufferId> reads{}, writes{};

  /// Whether what touches these has to run before a later command that touches those.
  bool before(const Accesses& later) const;
  void add(const Accesses& other);
};

Accesses accesses_of(const Kernel& kernel);
Accesses accesses_of(const Schedule& schedule, const Command& command);

}  // namespace caten
