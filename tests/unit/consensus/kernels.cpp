#include "kernels.hpp"

#include <doctest/doctest.h>

#include "../driver/runtimes.hpp"
#include "../driver/test_store.hpp"
#include "driver/session.hpp"

namespace caten::consensus {

compiled::CompileGraph kernels() {
  auto session =
      std::make_shared<Session>(SessionOptions{.runtime = compiling_runtimes().back(), .store = test_store()});
  return [session](const Graph& graph) -> Result<compiled::Launch> {
    Result<Session::Program> program = session->compile(graph);
    if (!program) return tl::make_unexpected(program.error());
    return [session, program = std::move(*program)](Arguments arguments, std::vector<Array> outputs) {
      return session->run(*program, std::move(arguments), std::move(outputs));
    };
  };
}

std::unique_ptr<compiled::World> compiled_world(const reference::World& world) {
  std::string reason;
  auto out = compiled::World::make(world.instance(), world.memory(), kernels(), reason);
  INFO(reason);
  REQUIRE(out);
  return out;
}

}  // namespace caten::consensus
