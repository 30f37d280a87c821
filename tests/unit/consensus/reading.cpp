#include "reading.hpp"

#include "consensus/read_lci.hpp"
#include "consensus/read_text.hpp"

namespace caten::consensus {
namespace {

Reading read(const std::string& text, const std::string& name, const ResolveOptions& options, bool lci) {
  SourceMap sources;
  uint32_t source = sources.add(name, text);
  Diagnostics diagnostics;
  Reading out;
  out.program = lci ? read_lci(sources, source, diagnostics) : read_text(sources, source, diagnostics);
  if (out.program) out.names = resolve(*out.program, options, diagnostics);
  for (const Diagnostic& each : diagnostics.list()) out.messages += render(each, sources);
  return out;
}

}  // namespace

Reading read_as_text(const std::string& text, const std::string& name, const ResolveOptions& options) {
  return read(text, name, options, false);
}
Reading read_as_lci(const std::string& text, const std::string& name, const ResolveOptions& options) {
  return read(text, name, options, true);
}

}  // namespace caten::consensus
