#include "consensus/compiled/world.hpp"

#include "consensus/compiled/ballot_world.hpp"
#include "consensus/compiled/direct_world.hpp"

namespace caten::consensus::compiled {

Array scalar_of(DType dtype, int64_t value) {
  Array out = Array::zeros(dtype, {});
  Scalar::of_integer(dtype, value).store(out.mutable_data());
  return out;
}

std::unique_ptr<World> World::make(const Instance& instance, reference::Memory memory, const CompileGraph& compile,
                                   std::string& reason) {
  std::string not_direct;
  std::unique_ptr<World> out;
  if (memory.history.empty() && memory.bars.empty())
    out = DirectWorld::make(instance, memory.state, compile, not_direct);
  return out ? std::move(out) : BallotWorld::make(instance, std::move(memory), compile, reason);
}

}  // namespace caten::consensus::compiled
