// --picture: grids of a run over time, as one PNG or as a GIF that moves.
//
// A cell is a square of --scale pixels. A sequence is a row; a grid is rows and columns; of a value with three axes the
// first one goes over panels beside each other, of more axes the first half are rows and the second half columns. Ids
// have fixed colours that people tell apart whatever colours they see; numbers go from dark to light between the least
// and the greatest of all frames. What is not committed is white. A GIF shows the frames one after another; a PNG shows
// them on one sheet, of a sequence one below the other.
#pragma once

#include <optional>

#include "cli/options.hpp"
#include "cli/world_run.hpp"
#include "io/gif.hpp"

namespace caten {

class WorldFilm {
 public:
  /// For a run at its beginning. Nothing if --picture is not given; E0902 for options that make no picture of it.
  static Result<std::optional<WorldFilm>> make(const Settings& settings, const WorldRun& run);

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
  int64_t rows_ = 0, columns_ = 0, panels_ = 1;
  int64_t scale_ = 1;
  std::vector<Colour> colours_{};  ///< of ids; empty: a map from dark to light
  bool grey_ = false;
  std::optional<uint64_t> last_{};           ///< the step of the last frame
  std::vector<std::vector<double>> seen_{};  ///< of each frame, rows last; NaN: not committed
};

}  // namespace caten
