// What both readers of consensual programs must do with any bytes: messages that can be shown, or a program that both
// printers print so that it reads back as itself.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/utf8.hpp"
#include "consensus/names.hpp"
#include "consensus/print.hpp"
#include "consensus/read_lci.hpp"
#include "consensus/read_text.hpp"

namespace caten::consensus {

inline void require(bool holds) {
  if (!holds) std::abort();
}

inline void require_equal(const Program& program, const std::string& text, bool lci) {
  SourceMap sources;
  Diagnostics diagnostics;
  uint32_t source = sources.add("again", text);
  std::optional<Program> again = lci ? read_lci(sources, source, diagnostics) : read_text(sources, source, diagnostics);
  if (again && *again == program) return;
  for (const Diagnostic& each : diagnostics.list()) std::fputs(render(each, sources).c_str(), stderr);
  std::fprintf(stderr, "printed:\n%s\n", text.c_str());
  std::abort();
}

inline void run_reader(const uint8_t* data, size_t size, bool lci) {
  SourceMap sources;
  uint32_t source = sources.add("fuzz", std::string(reinterpret_cast<const char*>(data), size));
  Diagnostics diagnostics;
  std::optional<Program> program =
      lci ? read_lci(sources, source, diagnostics) : read_text(sources, source, diagnostics);
  require(program.has_value() != diagnostics.failed());
  if (program) {
    std::optional<Names> names = resolve(*program, {}, diagnostics);
    require(names.has_value() != diagnostics.failed());
    require_equal(*program, print_lci(*program), true);
    require_equal(*program, print_text(*program), false);
  }
  for (const Diagnostic& each : diagnostics.list()) {
    require(each.span.begin <= size && each.span.end <= size + 1);
    require(!each.message.empty());
    require(find_invalid_utf8(render(each, sources)) == std::string_view::npos);
    require(find_invalid_utf8(render_json(each, sources)) == std::string_view::npos);
  }
}

}  // namespace caten::consensus
