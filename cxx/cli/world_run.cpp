#include "cli/world_run.hpp"

#include <fmt/format.h>

#include "cli/consensual.hpp"
#include "cli/world_report.hpp"
#include "consensus/analysis/analysis.hpp"
#include "consensus/journal/checkpoint.hpp"
#include "consensus/read_lci.hpp"

namespace caten {
namespace {

tl::unexpected<Diagnostic> not_compiled(const std::string& message, const std::string& runtime) {
  return fail({.code = Code::NoSuchRuntime,
               .message = message,
               .expected = "a program whose steps are compiled, or --runtime reference",
               .found = runtime.empty() ? "no --runtime" : "--runtime " + runtime,
               .remedy = "add --runtime reference"});
}

/// Runs graphs on the session's runtime; the one graph of a world is compiled once.
consensus::compiled::RunGraph compiling(Session& session) {
  auto program = std::make_shared<Session::Program>();
  return [&session, program](const Graph& graph, Arguments arguments, std::vector<Array> outputs) -> Result<Results> {
    if (!*program) {
      Result<Session::Program> made = session.compile(graph);
      if (!made) return tl::make_unexpected(made.error());
      *program = std::move(*made);
    }
    return session.run(**program, std::move(arguments), std::move(outputs));
  };
}

}  // namespace

std::unique_ptr<WorldRun> WorldRun::make(Session& session, const Settings& settings, consensus::Program program,
                                         const std::vector<GivenInput>& inputs, uint32_t seed, On on,
                                         Diagnostics& diagnostics) {
  consensus::ResolveOptions composites = known_composites(session, settings, diagnostics);
  std::optional<consensus::Names> names = consensus::resolve(program, composites, diagnostics);
  if (!names) return nullptr;
  consensus::Given given = given_of(inputs, session, settings, program, *names, diagnostics);
  if (diagnostics.failed()) return nullptr;
  std::unique_ptr<WorldRun> out(new WorldRun());  // NOLINT: the constructor is private
  out->world_ =
      consensus::reference::World::make(std::move(program), std::move(given), seed, {.names = composites}, diagnostics);
  if (!out->world_) return nullptr;
  const consensus::Instance& instance = out->instance();
  consensus::report(instance, out->world_->state(), consensus::analyse(instance), diagnostics);
  if (diagnostics.failed()) return nullptr;
  out->runtime_ = settings.runtime;
  if (on == On::kInterpreter || session.reference()) return out;
  out->run_ = compiling(session);
  Status started =
      settings.report ? not_compiled("steps that are compiled make no report", out->runtime_) : out->start_compiled();
  if (started) return out;
  diagnostics.add(started.error());
  return nullptr;
}

Status WorldRun::start_compiled() {
  std::string reason;
  compiled_ = consensus::compiled::World::make(instance(), world_->state(), run_, reason);
  if (compiled_) return {};
  return not_compiled("the program is not compiled yet: " + reason, runtime_);
}

Status WorldRun::step() {
  if (compiled_) {
    CATEN_TRY(compiled_->step());
  } else {
    Result<consensus::reference::StepReport> made = world_->step();
    if (!made) return tl::make_unexpected(made.error());
    report_ = std::move(*made);
  }
  ++steps_;
  return {};
}

Result<consensus::reference::Account> WorldRun::account(size_t value, int64_t cell,
                                                        const std::optional<consensus::reference::Target>& instead) {
  ++steps_;
  return consensus::reference::account_of(*world_, value, cell, instead);
}

std::string WorldRun::event_text() const {
  const std::optional<consensus::Event>* event = compiled_ ? &compiled_->event() : report_ ? &report_->event : nullptr;
  if (!event || !*event) return "";
  return event_words(**event);
}

std::string WorldRun::cells_digest() const {
  return compiled_ ? compiled_->cells_digest() : consensus::cells_digest(world_->state());
}

std::string WorldRun::checkpoint() const {
  if (!compiled_) return consensus::encode_checkpoint(instance(), world_->memory());
  // What is compiled neither backtracks nor restarts.
  return consensus::encode_checkpoint(instance(), {.state = compiled_->state()});
}

Status WorldRun::restore(const consensus::Record& checkpoint) {
  Result<consensus::reference::Memory> memory = consensus::decode_checkpoint(instance(), checkpoint.data);
  if (!memory) return tl::make_unexpected(memory.error());
  world_->restore(std::move(*memory));
  report_.reset();
  steps_ = checkpoint.k;
  return run_ ? start_compiled() : Status{};
}

consensus::Replayer WorldRun::replayer(std::function<Status()> seen) {
  return {.restore = [this](const consensus::Record& checkpoint) -> Result<std::string> {
            CATEN_TRY(restore(checkpoint));
            return digest();
          },
          .step = [this, seen = std::move(seen)](const consensus::Record&) -> Result<std::string> {
            CATEN_TRY(step());
            CATEN_TRY(seen());
            return cells_digest();
          },
          .digest = [this] { return digest(); }};
}

namespace {

Result<consensus::Journal> whole_journal(const std::string& path) {
  Result<FileBytes> file = FileBytes::map(path);
  if (!file) return tl::make_unexpected(file.error());
  Result<std::optional<consensus::Journal>> journal = consensus::read_journal(std::move(*file));
  if (!journal) return tl::make_unexpected(journal.error());
  if (!*journal || (*journal)->start.seed > UINT32_MAX)
    return fail({.code = Code::ForeignJournal,
                 .message = fmt::format("{} does not say what its run began with", path),
                 .expected = "a journal whose first record is whole",
                 .found = *journal ? "a seed beyond 32 bits" : "one that ends before",
                 .remedy = "run the program with this --journal: it begins again"});
  return std::move(**journal);
}

}  // namespace

std::optional<JournalRun> open_journal(Session& session, const Settings& settings, WorldRun::On on,
                                       Diagnostics& diagnostics) {
  const std::string& path = settings.operands[1];
  Result<consensus::Journal> journal = whole_journal(path);
  if (!journal) {
    diagnostics.add(journal.error());
    return std::nullopt;
  }
  uint32_t source = session.sources().add(fmt::format("<program of {}>", path), journal->start.program);
  std::optional<consensus::Program> program = consensus::read_lci(session.sources(), source, diagnostics);
  Result<std::vector<GivenInput>> inputs = inputs_of(journal->start.inputs);
  if (!inputs) diagnostics.add(inputs.error());
  if (diagnostics.failed()) return std::nullopt;
  std::unique_ptr<WorldRun> run = WorldRun::make(session, settings, std::move(*program), *inputs,
                                                 static_cast<uint32_t>(journal->start.seed), on, diagnostics);
  if (!run) return std::nullopt;
  if (journal->torn())
    diagnostics.add({.message = fmt::format("{}: {} bytes at the end are torn, and are left out", path,
                                            journal->file.size() - journal->whole),
                     .severity = Severity::kNote});
  return JournalRun{std::move(*journal), std::move(run)};
}

}  // namespace caten
