#include "worlds/film.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "io/png.hpp"

namespace caten {
namespace {

using consensus::Instance;
using consensus::ValueInstance;

constexpr double kOpen = std::numeric_limits<double>::quiet_NaN();
constexpr Colour kWhite{255, 255, 255};
constexpr Colour kGap{200, 200, 200};
/// Okabe and Ito's colours, which people of every colour vision tell apart.
constexpr Colour kIds[] = {{0, 0, 0},      {230, 159, 0}, {86, 180, 233}, {0, 158, 115},
                           {240, 228, 66}, {0, 114, 178}, {213, 94, 0},   {204, 121, 167}};
/// viridis at even distances: equal steps of a number look like equal steps.
constexpr Colour kViridis[] = {{68, 1, 84},    {71, 45, 123}, {59, 82, 139},  {44, 114, 142}, {33, 144, 140},
                               {39, 173, 129}, {93, 200, 99}, {170, 220, 50}, {253, 231, 37}};
constexpr size_t kLevels = 253;             ///< of a map; a palette has also a colour for gaps and one for open cells
constexpr uint64_t kMostSeen = 1ULL << 27;  ///< cells of all frames

tl::unexpected<Diagnostic> no_picture(std::string message, std::string expected, std::string found,
                                      std::string remedy) {
  return fail({.code = Code::BadOptionValue,
               .message = std::move(message),
               .expected = std::move(expected),
               .found = std::move(found),
               .remedy = std::move(remedy)});
}

Colour level(size_t i, bool grey) {
  double at = static_cast<double>(i) / static_cast<double>(kLevels - 1);
  if (grey) {
    auto shade = static_cast<uint8_t>(std::lround(230 * at));  // white is kept for what is open
    return {shade, shade, shade};
  }
  at *= static_cast<double>(std::size(kViridis) - 1);
  size_t low = std::min(static_cast<size_t>(at), std::size(kViridis) - 2);
  Colour out{};
  for (size_t c = 0; c < 3; ++c)
    out[c] = static_cast<uint8_t>(
        std::lround(std::lerp(kViridis[low][c], kViridis[low + 1][c], at - static_cast<double>(low))));
  return out;
}

std::optional<std::vector<Colour>> parse_colours(const std::string& text) {
  std::vector<Colour> out;
  for (size_t begin = 0; begin <= text.size(); begin += 7) {
    if (begin + 6 > text.size() || (begin + 6 < text.size() && text[begin + 6] != ',')) return std::nullopt;
    if (text.find_first_not_of("0123456789abcdefABCDEF", begin) < begin + 6) return std::nullopt;
    unsigned long all = std::stoul(text.substr(begin, 6), nullptr, 16);
    out.push_back({static_cast<uint8_t>(all >> 16), static_cast<uint8_t>(all >> 8), static_cast<uint8_t>(all)});
    if (begin + 6 == text.size()) return out;
  }
  return std::nullopt;
}

}  // namespace

Result<WorldFilm> WorldFilm::make(const FilmOptions& options, const WorldRun& run) {
  const std::string& path = options.picture;
  const Instance& instance = run.instance();
  WorldFilm out;
  out.path_ = path;
  out.gif_ = path.ends_with(".gif");
  if (!out.gif_ && !path.ends_with(".png"))
    return no_picture(fmt::format("--picture does not take `{}`", path), "a name that ends in .png or .gif", path,
                      "for example --picture run.gif");
  Result<size_t> value = shown_value(instance, options.value);
  if (!value) return tl::make_unexpected(value.error());
  const ValueInstance& of = instance.values[*value];
  out.value_ = *value;
  out.vocabulary_ = of.vocabulary;
  out.every_ = options.every ? static_cast<uint64_t>(*options.every) : out.gif_ ? 1 : 0;
  out.grid_ = grid_shape(of);
  int64_t longest = std::max(out.grid_.rows, out.grid_.columns * out.grid_.panels);
  out.scale_ = options.scale.value_or(std::clamp<int64_t>(256 / longest, 1, 16));
  out.grey_ = options.colours == "grey";
  bool ids = of.token() && of.vocabulary <= static_cast<int64_t>(std::size(kIds));
  if (options.colours == "auto" && ids) out.colours_.assign(std::begin(kIds), std::end(kIds));
  if (options.colours == "auto" || options.colours == "viridis" || out.grey_) return out;
  std::optional<std::vector<Colour>> given = parse_colours(options.colours);
  if (!given || !of.token() || static_cast<int64_t>(given->size()) < of.vocabulary || given->size() > kLevels)
    return no_picture(
        fmt::format("--colours does not take `{}` for `{}`", options.colours, of.name()),
        of.token() ? fmt::format("auto, viridis, grey, or colours for {} ids", of.vocabulary) : "auto, viridis or grey",
        options.colours, "for example --colours 000000,e69f00");
  out.colours_ = std::move(*given);
  return out;
}

Status WorldFilm::keep(const WorldRun& run) {
  if (last_ == run.steps()) return {};
  last_ = run.steps();
  const consensus::ValueInstance& value = run.instance().values[value_];
  consensus::StoredValue cells = run.cells(value_);
  std::vector<double> frame;
  for (int64_t cell = 0; cell < value.cells; ++cell) {
    consensus::Number number = read_element(value, cells, cell);
    frame.push_back(number.is_bot() ? kOpen : number.value());
  }
  if ((seen_.size() + 1) * frame.size() > kMostSeen)
    return no_picture("there is more to show than a picture holds",
                      fmt::format("at most {} cells in all frames", kMostSeen),
                      fmt::format("{} frames of {}", seen_.size() + 1, frame.size()), "show fewer with --every N");
  seen_.push_back(std::move(frame));
  return {};
}

Status WorldFilm::see(const WorldRun& run) { return every_ > 0 && run.steps() % every_ == 0 ? keep(run) : Status{}; }

/// The frames at one pixel for a cell, with panels beside each other.
IndexedFrames WorldFilm::coloured() const {
  IndexedFrames out{
      .height = grid_.rows, .width = grid_.panels * (grid_.columns + 1) - 1, .palette = colours_, .frames = {}};
  double least = 0, most = static_cast<double>(vocabulary_ - 1);
  if (colours_.empty()) {
    for (size_t i = 0; i < kLevels; ++i) out.palette.push_back(level(i, grey_));
    if (vocabulary_ == 0) {
      least = std::numeric_limits<double>::infinity(), most = -least;
      for (const std::vector<double>& frame : seen_)
        for (double each : frame)
          if (std::isfinite(each)) least = std::min(least, each), most = std::max(most, each);
    }
  }
  auto open = static_cast<uint8_t>(out.palette.size()), gap = static_cast<uint8_t>(open + 1);
  out.palette.push_back(kWhite);
  out.palette.push_back(kGap);
  auto index = [&](double number) {
    if (std::isnan(number)) return open;
    if (!colours_.empty()) return static_cast<uint8_t>(number);
    double at = most > least ? (std::clamp(number, least, most) - least) / (most - least) : 0.5;
    return static_cast<uint8_t>(std::lround(at * static_cast<double>(kLevels - 1)));
  };
  for (const std::vector<double>& frame : seen_) {
    std::vector<uint8_t> pixels(static_cast<size_t>(out.height * out.width), gap);
    for (size_t cell = 0; cell < frame.size(); ++cell) {
      auto at = static_cast<int64_t>(cell);
      int64_t panel = at / (grid_.rows * grid_.columns), row = at / grid_.columns % grid_.rows,
              column = at % grid_.columns;
      pixels[static_cast<size_t>(row * out.width + panel * (grid_.columns + 1) + column)] = index(frame[cell]);
    }
    out.frames.push_back(std::move(pixels));
  }
  return out;
}

namespace {

/// All frames on one sheet: of one row each below each other without a gap, of grids in rows with gaps.
IndexedFrames on_sheet(const IndexedFrames& film) {
  auto count = static_cast<int64_t>(film.frames.size());
  bool lines = film.height == 1;
  int64_t across = lines ? 1 : static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(count))));
  int64_t down = (count + across - 1) / across, gap = lines || count == 1 ? 0 : 1;
  IndexedFrames out{.height = down * (film.height + gap) - gap,
                    .width = across * (film.width + gap) - gap,
                    .palette = film.palette,
                    .frames = {}};
  std::vector<uint8_t> sheet(static_cast<size_t>(out.height * out.width),
                             static_cast<uint8_t>(film.palette.size() - 1));
  for (int64_t i = 0; i < count; ++i)
    for (int64_t row = 0; row < film.height; ++row) {
      const std::vector<uint8_t>& frame = film.frames[static_cast<size_t>(i)];
      int64_t to = (i / across * (film.height + gap) + row) * out.width + i % across * (film.width + gap);
      std::copy_n(frame.begin() + row * film.width, film.width, sheet.begin() + to);
    }
  out.frames.push_back(std::move(sheet));
  return out;
}

IndexedFrames enlarged(const IndexedFrames& film, int64_t scale) {
  IndexedFrames out{.height = film.height * scale, .width = film.width * scale, .palette = film.palette, .frames = {}};
  for (const std::vector<uint8_t>& frame : film.frames) {
    std::vector<uint8_t> pixels(static_cast<size_t>(out.height * out.width));
    for (int64_t y = 0; y < out.height; ++y)
      for (int64_t x = 0; x < out.width; ++x)
        pixels[static_cast<size_t>(y * out.width + x)] = frame[static_cast<size_t>(y / scale * film.width + x / scale)];
    out.frames.push_back(std::move(pixels));
  }
  return out;
}

Array pixels_of(const IndexedFrames& sheet) {
  Array out = Array::zeros(DType::kU8, {sheet.height, sheet.width, 3});
  auto* to = out.as_mutable<uint8_t>();
  for (uint8_t each : sheet.frames[0])
    for (uint8_t channel : sheet.palette[each]) *to++ = channel;
  return out;
}

}  // namespace

Status WorldFilm::write(const WorldRun& run) {
  CATEN_TRY(keep(run));
  constexpr int kHundredths = 10;
  IndexedFrames film = gif_ ? coloured() : on_sheet(coloured());
  constexpr int64_t kMostPixels = int64_t{1} << 30;
  auto frames = static_cast<int64_t>(film.frames.size());
  if (film.height * film.width > kMostPixels / frames / scale_ / scale_)
    return no_picture("the picture is too large", fmt::format("at most {} pixels in all", kMostPixels),
                      fmt::format("{} of {} × {}, {} pixels a cell", frames, film.height, film.width, scale_),
                      "give a smaller --scale, or a larger --every");
  film = enlarged(film, scale_);
  return gif_ ? write_gif(path_, film, kHundredths) : write_png(path_, pixels_of(film));
}

}  // namespace caten
