#include "worlds.hpp"

#include <doctest/doctest.h>

#include "golden.hpp"
#include "reading.hpp"

namespace caten::consensus {

std::unique_ptr<reference::World> world_of(const std::string& text, Given given, uint32_t seed, bool in_rounds) {
  return world_with(text, std::move(given), seed, {.in_rounds = in_rounds});
}

std::unique_ptr<reference::World> world_with(const std::string& text, Given given, uint32_t seed,
                                             const reference::WorldOptions& options) {
  Reading reading = read_as_text(text);
  INFO(reading.messages);
  REQUIRE(reading.names.has_value());
  Diagnostics diagnostics;
  std::unique_ptr<reference::World> out =
      reference::World::make(*reading.program, std::move(given), seed, options, diagnostics);
  std::string messages;
  for (const Diagnostic& each : diagnostics.list()) messages += render(each, {});
  INFO(messages);
  REQUIRE(out);
  return out;
}

std::string refusal_of(const std::string& text, Given given) {
  SourceMap sources;
  uint32_t source = sources.add("world.lmpm", text);
  Reading reading = read_as_text(text);
  INFO(reading.messages);
  REQUIRE(reading.names.has_value());
  Diagnostics diagnostics;
  CHECK_FALSE(reference::World::make(*reading.program, std::move(given), 0, {}, diagnostics));
  std::string out;
  for (const Diagnostic& each : diagnostics.list()) out += render(each, sources);
  CHECK(sources.contains({source, 0, 0}));
  return out;
}

std::string example(const std::string& name) { return read_source_file("examples/consensus/" + name); }

void run_steps(reference::World& world, int64_t steps) {
  for (int64_t i = 0; i < steps; ++i) one_step(world);
}

reference::StepReport one_step(reference::World& world) {
  Result<reference::StepReport> report = world.step();
  if (!report) FAIL(render(report.error(), {}));
  return *report;
}

Array integers(DType dtype, std::vector<int64_t> shape, const std::vector<int64_t>& elements) {
  Array out = Array::zeros(dtype, std::move(shape));
  REQUIRE(out.elements() == static_cast<int64_t>(elements.size()));
  for (size_t i = 0; i < elements.size(); ++i)
    Scalar::of_integer(dtype, elements[i]).store(out.mutable_data() + i * dtype_size(dtype));
  return out;
}

Array reals(std::vector<int64_t> shape, const std::vector<double>& elements) {
  Array out = Array::zeros(DType::kF64, std::move(shape));
  REQUIRE(out.elements() == static_cast<int64_t>(elements.size()));
  std::copy(elements.begin(), elements.end(), out.as_mutable<double>());
  return out;
}

namespace {

template <class T, class F>
std::vector<T> elements_of(const reference::World& world, const std::string& name, F&& element) {
  std::optional<size_t> value = find_value(world.instance(), name);
  REQUIRE(value.has_value());
  const ValueInstance& of = world.instance().values[*value];
  std::vector<T> out;
  for (int64_t cell = 0; cell < of.cells; ++cell)
    for (int64_t i = 0; i < of.width; ++i)
      out.push_back(element(read_element(world.instance(), world.state(), *value, cell, i)));
  return out;
}

}  // namespace

std::vector<int64_t> cells_of(const reference::World& world, const std::string& value) {
  return elements_of<int64_t>(world, value, [](const Number& n) { return n.is_bot() ? -1 : n.integer; });
}

std::vector<double> reals_of(const reference::World& world, const std::string& value) {
  return elements_of<double>(world, value, [](const Number& n) { return n.value(); });
}

}  // namespace caten::consensus
