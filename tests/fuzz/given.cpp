// Any text as what a parameter is given: the first byte says of which type. A value, or an error that can be shown.
#include "consensus/given.hpp"

#include "base/utf8.hpp"
#include "consensus.hpp"

using namespace caten;
using namespace caten::consensus;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  auto type = static_cast<Parameter::Type>((data[0] - '0') % 8);
  std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  GivenSources sources{.array = [](const std::string& path) -> Result<Array> {
                         Array out = Array::zeros(DType::kI32, {static_cast<int64_t>(path.size() % 5), 3});
                         for (int64_t i = 0; i < out.elements(); ++i)
                           out.as_mutable<int32_t>()[i] = path[static_cast<size_t>(i) % path.size()] % 4 - 1;
                         return out;
                       },
                       .model = [](const std::string&) { return Result<ModelGiven>(ModelGiven{}); }};
  Result<GivenValue> value = parse_given("p", type, text, sources);
  if (value) {
    if (const auto* palette = std::get_if<PaletteGiven>(&*value))
      require(palette->ids.size() <= (size_t{1} << 20) || text.starts_with('@'));
    if (const auto* automaton = std::get_if<AutomatonGiven>(&*value))
      for (int64_t next : automaton->next) require(next >= -1 && next < automaton->states);
    return 0;
  }
  require(!value.error().message.empty() && !value.error().remedy.empty());
  require(find_invalid_utf8(render(value.error(), SourceMap{})) == std::string_view::npos);
  require(find_invalid_utf8(render_json(value.error(), SourceMap{})) == std::string_view::npos);
  return 0;
}
