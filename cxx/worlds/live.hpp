// A run that somebody steps by hand: looks at its values, asks why, edits its constraints, keeps it and goes on.
//
// In: what a run begins with, or a journal. Out: arrays, texts, journals. Steps are compiled where the program is one
// that is, else interpreted, unless the interpreter is asked for. Invariants: what fails leaves the run as it was.
// Entry: LiveWorld::make, LiveWorld::load.
#pragma once

#include "worlds/film.hpp"

namespace caten {

class LiveWorld {
 public:
  /// Nothing after errors.
  static std::unique_ptr<LiveWorld> make(Session& session, Surroundings around, consensus::Program program,
                                         std::vector<GivenInput> inputs, uint32_t seed, WorldRun::On on,
                                         Diagnostics& diagnostics);
  /// The run of a journal, at its last step or at step `to`.
  static std::unique_ptr<LiveWorld> load(Session& session, Surroundings around, const std::string& path,
                                         const std::optional<uint64_t>& to, WorldRun::On on, Diagnostics& diagnostics);
  /// A journal of this run that begins with the state of now; E0502 where a journal is already.
  Status save(const std::string& path) const;

  const WorldRun& run() const { return *run_; }
  const std::string& name() const { return name_; }
  /// `compiled for cpu`, or `interpreted` and why.
  std::string how() const;

  /// `asked`: what the step does can be asked afterwards. That keeps the state before it.
  Status step(bool asked);
  /// What the last step did, as --report has it, where it was interpreted; else its event.
  std::string report() const;

  /// The cells of a value with this name, in letters of any size where only one is written so.
  Result<Array> look(const std::string& name) const;
  /// The same to read, of "" the value that pictures show.
  Result<std::string> grid(const std::string& name) const;
  /// What the last step did for a cell, and why the cell did not become the value, if one is given.
  Result<std::string> why(const std::string& cell, const std::optional<std::string>& instead);

  Status add_constraint(const consensus::Constraint& constraint);
  Status remove_constraint(const std::string& name);

  /// From now on each step is a part of this film, until it is ended: written, or forgotten.
  Status begin_film(const FilmOptions& options);
  Status end_film(bool write);

 private:
  LiveWorld() = default;
  Result<size_t> value_named(const std::string& name) const;

  Session* session_ = nullptr;
  Surroundings around_{};
  std::string name_{};
  consensus::RunStart start_{};
  std::unique_ptr<WorldRun> run_{};
  std::optional<consensus::reference::Memory> before_{};  ///< the last step; nothing: none that can be asked
  std::optional<WorldFilm> film_{};
};

/// Of these names the one that is written so; else the only one that is but for the size of its letters; else the name.
std::string spelled_as(const std::string& name, const std::vector<std::string>& names);

}  // namespace caten
