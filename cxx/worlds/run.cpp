#include "worlds/run.hpp"

#include <fmt/format.h>

#include "consensus/analysis/analysis.hpp"
#include "consensus/compiled/direct_world.hpp"
#include "consensus/read_lci.hpp"
#include "consensus/words.hpp"
#include "worlds/report.hpp"

namespace caten {
namespace {

/// Cells of a world below which the interpreter takes no time that a person would notice.
constexpr int64_t kSmall = 4096;

tl::unexpected<Diagnostic> not_compiled(const std::string& message, const std::string& runtime) {
  return fail({.code = Code::NoSuchRuntime,
               .message = message,
               .expected = "a program whose steps are compiled, or --runtime reference",
               .found = runtime.empty() ? "no --runtime" : "--runtime " + runtime,
               .remedy = "add --runtime reference"});
}

/// Graphs on the session's runtime.
consensus::compiled::CompileGraph compiling(Session& session) {
  return [&session](const Graph& graph) -> Result<consensus::compiled::Launch> {
    Result<Session::Program> program = session.compile(graph);
    if (!program) return tl::make_unexpected(program.error());
    return [&session, program = std::move(*program)](Arguments arguments, std::vector<Array> outputs) {
      return session.run(*program, std::move(arguments), std::move(outputs));
    };
  };
}

bool is_small(const consensus::Instance& instance) {
  int64_t cells = 0;
  for (const consensus::ValueInstance& value : instance.values) cells += value.cells;
  return cells < kSmall;
}

}  // namespace

std::unique_ptr<WorldRun> WorldRun::make(Session& session, const Surroundings& around, consensus::Program program,
                                         const std::vector<GivenInput>& inputs, uint32_t seed, On on,
                                         Diagnostics& diagnostics) {
  std::optional<consensus::Names> names = consensus::resolve(program, around.composites, diagnostics);
  if (!names) return nullptr;
  consensus::Given given = given_of(inputs, around.model, program, *names, diagnostics);
  if (diagnostics.failed()) return nullptr;
  std::unique_ptr<WorldRun> out(new WorldRun());  // NOLINT: the constructor is private
  out->world_ = consensus::reference::World::make(std::move(program), std::move(given), seed,
                                                  {.names = around.composites}, diagnostics);
  if (!out->world_) return nullptr;
  const consensus::Instance& instance = out->instance();
  consensus::report(instance, out->world_->state(), consensus::analyse(instance), diagnostics);
  if (diagnostics.failed()) return nullptr;
  out->on_ = session.reference() ? On::kInterpreter : on;
  out->session_ = &session;
  out->runtime_ = around.runtime;
  Status started = around.report && out->on_ == On::kRuntime
                       ? not_compiled("steps that are compiled make no report", out->runtime_)
                       : out->start();
  if (started) return out;
  diagnostics.add(started.error());
  return nullptr;
}

/// From the state that the interpreter has.
Status WorldRun::start() {
  if (on_ == On::kInterpreter) return {};
  interpreted_because_ = "";
  // Of a small world the reports of the interpreter are worth more than kernels, where these have to be compiled first.
  if (on_ == On::kEither && is_small(instance())) {
    compiled_ =
        consensus::compiled::DirectWorld::make(instance(), world_->state(), compiling(*session_), interpreted_because_);
    if (!compiled_) interpreted_because_ = fmt::format("it is small, and {}", interpreted_because_);
    return {};
  }
  compiled_ =
      consensus::compiled::World::make(instance(), world_->memory(), compiling(*session_), interpreted_because_);
  if (compiled_ || on_ == On::kEither) return {};
  return not_compiled("the program is not compiled yet: " + interpreted_because_, runtime_);
}

Status WorldRun::edit(const std::function<Status()>& change) {
  consensus::reference::Memory before = memory();
  compiled_.reset();  // it looks at the instance, which is another one with other constraints
  world_->restore(before);
  Status made = change();
  if (made) made = world_->settle();
  if (made) {
    Diagnostics diagnostics;
    consensus::report(instance(), world_->state(), consensus::analyse(instance()), diagnostics);
    made = consensus::first_error(diagnostics);
  }
  if (made) made = start();
  if (made) return {};
  world_->restore(std::move(before));
  CATEN_TRY(world_->settle());
  CATEN_TRY(start());
  return made;
}

Status WorldRun::add_constraint(consensus::Constraint constraint) {
  return edit([&] { return world_->add_constraint(std::move(constraint)); });
}

Status WorldRun::remove_constraint(const std::string& name) {
  return edit([&] { return world_->remove_constraint(name); });
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

Result<consensus::reference::Account> WorldRun::account_from(
    consensus::reference::Memory before, size_t value, int64_t cell,
    const std::optional<consensus::reference::Target>& instead) {
  std::optional<consensus::reference::Memory> now;  // of a compiled run the interpreter holds nothing
  if (!compiled_) now = world_->memory();
  world_->restore(std::move(before));
  Result<consensus::reference::Account> out = consensus::reference::account_of(*world_, value, cell, instead);
  if (now) world_->restore(std::move(*now));
  return out;
}

std::string WorldRun::event_text() const {
  const std::optional<consensus::Event>* event = compiled_ ? &compiled_->event() : report_ ? &report_->event : nullptr;
  if (!event || !*event) return "";
  return event_words(**event);
}

std::string WorldRun::cells_digest() const {
  return compiled_ ? compiled_->cells_digest() : consensus::cells_digest(world_->state());
}

consensus::reference::Memory WorldRun::memory() const { return compiled_ ? compiled_->memory() : world_->memory(); }

Status WorldRun::restore(const consensus::Record& checkpoint) {
  Result<consensus::reference::Memory> memory = consensus::decode_checkpoint(instance(), checkpoint.data);
  if (!memory) return tl::make_unexpected(memory.error());
  compiled_.reset();
  world_->restore(std::move(*memory));
  CATEN_TRY(world_->settle());
  report_.reset();
  steps_ = checkpoint.k;
  return start();
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

std::optional<JournalRun> open_journal(Session& session, const Surroundings& around, const std::string& path,
                                       WorldRun::On on, Diagnostics& diagnostics) {
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
  std::unique_ptr<WorldRun> run = WorldRun::make(session, around, std::move(*program), *inputs,
                                                 static_cast<uint32_t>(journal->start.seed), on, diagnostics);
  if (!run) return std::nullopt;
  if (journal->torn())
    diagnostics.add({.message = fmt::format("{}: {} bytes at the end are torn, and are left out", path,
                                            journal->file.size() - journal->whole),
                     .severity = Severity::kNote});
  return JournalRun{std::move(*journal), std::move(run)};
}

}  // namespace caten
