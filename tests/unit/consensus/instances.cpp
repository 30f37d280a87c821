#include "instances.hpp"

#include <doctest/doctest.h>

namespace caten::consensus {

Given given_of_seed() {
  Given out;
  for (auto [name, value] :
       {std::pair("N", 5), {"T", 4}, {"W", 16}, {"H", 16}, {"x1", 0}, {"x2", 3}, {"y1", 0}, {"y2", 3}, {"e", 0}})
    out.parameters[name] = int64_t{value};
  out.parameters["BPE"] = VocabularyGiven{10};
  out.parameters["VQ"] = VocabularyGiven{8};
  out.parameters["sky"] = RegionGiven{.mask = {}, .boxes = {{{0, 15}, {0, 3}}}};
  out.parameters["blue-ish"] = PaletteGiven{{1, 2}};
  out.parameters["Model"] = out.parameters["ModelScore"] = ModelGiven{};
  return out;
}

InstanceOf::InstanceOf(const std::string& text, Given given) : reading_(read_as_text(text)) {
  INFO(text);
  INFO(reading_.messages);
  REQUIRE(reading_.names.has_value());
  // Vocabularies of tests have four ids.
  for (const FreeName& each : reading_.names->free)
    if (each.type == Parameter::Type::kVocabulary) given.parameters.emplace(each.name.text, VocabularyGiven{4});
  Diagnostics diagnostics;
  instance_ = instantiate(*reading_.program, *reading_.names, std::move(given), {}, diagnostics);
  std::string messages;
  for (const Diagnostic& each : diagnostics.list()) messages += render(each, {});
  INFO(messages);
  REQUIRE(instance_.has_value());
}

}  // namespace caten::consensus
