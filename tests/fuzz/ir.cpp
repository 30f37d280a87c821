// Any bytes as IR text: either diagnostics that can be shown, or a checked graph whose printed text reads back to a
// graph that prints the same bytes.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/utf8.hpp"
#include "check/elaborate.hpp"
#include "ir/print.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace caten;
  ElaborateOptions options;
  options.max_nodes = 20'000;  // enough for every construct; keeps an input fast
  SourceMap sources;
  uint32_t id = sources.add("fuzz.ir", std::string(reinterpret_cast<const char*>(data), size));
  Diagnostics diagnostics;
  std::optional<Graph> graph = read_program(sources, id, options, diagnostics);
  require(graph.has_value() != diagnostics.failed());
  for (const Diagnostic& d : diagnostics.list()) {
    require(!d.message.empty());
    require(find_invalid_utf8(render(d, sources)) == std::string_view::npos);
    require(find_invalid_utf8(render_json(d, sources)) == std::string_view::npos);
  }
  if (!graph) return 0;

  std::string text = print(*graph);
  SourceMap again;
  Diagnostics none;
  std::optional<Graph> back = read_program(again, again.add("again.ir", text), {}, none);
  if (!back || print(*back) != text) {
    std::string messages;
    for (const Diagnostic& d : none.list()) messages += render(d, again);
    std::fprintf(stderr, "printed:\n%s\nread back: %s\n%s", text.c_str(), back ? print(*back).c_str() : "no",
                 messages.c_str());
    std::abort();
  }
  return 0;
}
