#include "kernels.hpp"

#include <doctest/doctest.h>

#include "../driver/runtimes.hpp"
#include "../driver/test_store.hpp"
#include "driver/session.hpp"

namespace caten::consensus {

compiled::RunGraph kernels_of_one_graph() {
  auto session =
      std::make_shared<Session>(SessionOptions{.runtime = compiling_runtimes().back(), .store = test_store()});
  auto program = std::make_shared<Session::Program>();
  return [session, program](const Graph& graph, Arguments arguments, std::vector<Array> outputs) -> Result<Results> {
    if (!*program) {
      Result<Session::Program> made = session->compile(graph);
      if (!made) return tl::make_unexpected(made.error());
      *program = std::move(*made);
    }
    return session->run(**program, std::move(arguments), std::move(outputs));
  };
}

std::unique_ptr<compiled::World> compiled_world(const reference::World& world) {
  std::string reason;
  auto out = compiled::World::make(world.instance(), world.state(), kernels_of_one_graph(), reason);
  INFO(reason);
  REQUIRE(out);
  return out;
}

}  // namespace caten::consensus
