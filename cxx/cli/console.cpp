#include "cli/console.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "io/atomic_file.hpp"

namespace caten {

Console::Console(const Settings& settings)
    : output_file_(settings.output_file),
      json_(settings.json),
      verbose_(settings.verbose),
      colour_(settings.color == "always") {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  if (settings.color == "auto")
    colour_ = isatty(STDERR_FILENO) && !(no_colour && *no_colour) && terminal && std::string_view(terminal) != "dumb";
}

void Console::message(const Diagnostic& diagnostic, const SourceMap& sources) const {
  std::string text = json_ ? render_json(diagnostic, sources) : render(diagnostic, sources, colour_);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void Console::messages(const Diagnostics& diagnostics, const SourceMap& sources) const {
  for (const Diagnostic& diagnostic : diagnostics.list()) message(diagnostic, sources);
}

void Console::trace(const std::string& line) const {
  if (verbose_) std::fprintf(stderr, "%s\n", line.c_str());
}

Status Console::write(const std::string& text) const {
  if (!output_file_.empty() && output_file_ != "-") return write_file(output_file_, text);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    return fail({.code = Code::CannotWrite,
                 .message = "cannot write to standard output",
                 .expected = "room and an open pipe",
                 .remedy = "check where the output goes"});
  return {};
}

Status write_file(const std::string& path, const std::string& text) {
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file) return tl::make_unexpected(file.error());
  file->write(text);
  return file->commit();
}

int exit_code(const Diagnostic& diagnostic) {
  if (diagnostic.code == Code::Interrupted) return kExitInterrupted;
  return static_cast<int>(diagnostic.code) / 100 == 9 ? kExitUsage : kExitFailed;
}

int exit_code(const Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics.list())
    if (diagnostic.severity == Severity::kError) return exit_code(diagnostic);
  return kExitDone;
}

}  // namespace caten
