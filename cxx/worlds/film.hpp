// Grids of a run over time, as one PNG or as a GIF that moves (--picture).
//
// A cell is a square of --scale pixels, laid out as in grid.hpp, with panels beside each other. Ids
// have fixed colours that people tell apart whatever colours they see; numbers go from dark to light between the least
// and the greatest of all frames. What is not committed is white. A GIF shows the frames one after another; a PNG shows
// them on one sheet, of a sequence one below the other.
#pragma once

#include <optional>

#include "io/gif.hpp"
#include "worlds/grid.hpp"
#include "worlds/run.hpp"

namespace caten {

/// As the options of these names say.
struct FilmOptions {
  std::string picture{};           ///< a file
  std::optional<int64_t> every{};  ///< otherwise each step of a GIF, and the last one of a PNG
  std::string value{};             ///< "": the first that a rule proposes for
  std::optional<int64_t> scale{};
  std::string colours = "auto";
};

class WorldFilm {
 public:
  /// For a run at its beginning. E0902 for options that make no picture of it.
  static Result<WorldFilm> make(const FilmOptions& options, const WorldRun& run);

  /// Is there more to show than the end?
  bool moves() const { return every_ > 0; }
  /// Behind a step, and at the beginning.
  Status see(const WorldRun& run);
  /// At the end: the last frame, and the file.
  Status write(const WorldRun& run);

 private:
  WorldFilm() = default;
  Status keep(const WorldRun& run);
  IndexedFrames coloured() const;

  std::string path_{};
  bool gif_ = false;
  uint64_t every_ = 0;  ///< 0: the end alone
  size_t value_ = 0;
  int64_t vocabulary_ = 0;  ///< of a token
  GridShape grid_{};
  int64_t scale_ = 1;
  std::vector<Colour> colours_{};  ///< of ids; empty: a map from dark to light
  bool grey_ = false;
  std::optional<uint64_t> last_{};           ///< the step of the last frame
  std::vector<std::vector<double>> seen_{};  ///< of each frame, rows last; NaN: not committed
};

}  // namespace caten
