#include "worlds/grid.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caten {
namespace {

constexpr int64_t kMostRows = 64, kMostPanels = 8;
constexpr size_t kMostWidth = 192;  ///< letters of a row
constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuvwxyz";

std::string cell_word(const consensus::ValueInstance& value, const consensus::Number& number) {
  if (number.is_bot()) return "?";
  if (value.token()) {
    auto id = static_cast<size_t>(number.value());
    if (value.vocabulary == 2) return id == 0 ? "." : "#";
    return value.vocabulary <= static_cast<int64_t>(kLetters.size()) ? std::string(1, kLetters[id])
                                                                     : std::to_string(id);
  }
  return is_integer(value.dtype) || value.dtype == DType::kBool
             ? fmt::format("{}", static_cast<int64_t>(number.value()))
             : fmt::format("{:.4g}", number.value());
}

}  // namespace

GridShape grid_shape(const consensus::ValueInstance& value) {
  GridShape out;
  size_t rank = value.sizes.size(), panels = rank > 1 ? rank % 2 : 0, half = (rank - panels) / 2;
  for (size_t axis = 0; axis < rank; ++axis)
    (axis < panels ? out.panels : axis < panels + half ? out.rows : out.columns) *= value.sizes[axis];
  return out;
}

Result<size_t> shown_value(const consensus::Instance& instance, const std::string& name) {
  std::vector<std::string> names;
  for (const consensus::ValueInstance& each : instance.values)
    if (!each.set) names.push_back(each.name());
  std::optional<size_t> out;
  if (!name.empty())
    out = consensus::find_value(instance, name);
  else if (!instance.rules.empty())
    out = instance.rules[0].emits[0].target.value;
  else if (!names.empty())
    out = consensus::find_value(instance, names[0]);
  if (!out || instance.values[*out].set)
    return fail({.code = Code::BadOptionValue,
                 .message = fmt::format("--value does not take `{}`", name),
                 .expected = fmt::format("{}", fmt::join(names, " ")),
                 .found = name.empty() ? "no --value" : name,
                 .remedy = did_you_mean(name, names)});
  if (instance.values[*out].width == 1) return *out;
  return fail({.code = Code::BadOptionValue,
               .message = fmt::format("the cells of `{}` are vectors", instance.values[*out].name()),
               .expected = "a value whose cells are ids or numbers",
               .found = fmt::format("{} numbers each", instance.values[*out].width),
               .remedy = "name another one with --value"});
}

std::string grid_text(const consensus::Instance& instance, const consensus::State& state, size_t value) {
  const consensus::ValueInstance& of = instance.values[value];
  GridShape shape = grid_shape(of);
  int64_t panels = std::min(shape.panels, kMostPanels), rows = std::min(shape.rows, kMostRows);
  auto columns = std::min(shape.columns, static_cast<int64_t>(kMostWidth));
  std::vector<std::string> words;
  size_t width = 1;
  for (int64_t panel = 0; panel < panels; ++panel)
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column) {
        int64_t cell = (panel * shape.rows + row) * shape.columns + column;
        words.push_back(cell_word(of, consensus::read_element(instance, state, value, cell)));
        width = std::max(width, words.back().size());
      }
  size_t gap = width > 1 ? 1 : 0;
  auto shown = std::min(columns, static_cast<int64_t>(kMostWidth / (width + gap)));
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    auto at = static_cast<int64_t>(i);
    int64_t column = at % columns, row = at / columns;
    if (column == 0 && row > 0 && row % rows == 0) out += "\n";
    if (column < shown) out += fmt::format("{}{:>{}}", column > 0 && gap ? " " : "", words[i], width);
    if (column + 1 == columns) out += shown < shape.columns ? " …\n" : "\n";
  }
  if (panels < shape.panels || rows < shape.rows || shown < shape.columns)
    out += fmt::format("… of {}{} rows, {} columns\n", shape.panels > 1 ? fmt::format("{} panels, ", shape.panels) : "",
                       shape.rows, shape.columns);
  return out;
}

}  // namespace caten
