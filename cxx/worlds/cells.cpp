#include "worlds/cells.hpp"

#include <fmt/format.h>

#include <charconv>

#include "consensus/words.hpp"
#include "worlds/account_text.hpp"

namespace caten {
namespace {

using consensus::clipped;
using consensus::Instance;
using consensus::reference::Target;

tl::unexpected<Diagnostic> refused(std::string what, std::string expected, const std::string& found,
                                   std::string remedy) {
  return fail({.code = Code::BadOptionValue,
               .message = std::move(what),
               .expected = std::move(expected),
               .found = clipped(found),
               .remedy = std::move(remedy)});
}

template <class T>
std::optional<T> whole(std::string_view text) {
  T out{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::vector<std::string_view> between_commas(std::string_view text) {
  std::vector<std::string_view> out;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

}  // namespace

Result<std::pair<size_t, int64_t>> parse_cell(const Instance& instance, const std::string& text) {
  size_t open = text.find('[');
  std::string name = text.substr(0, open);
  std::vector<std::string> names;
  for (const consensus::ValueInstance& each : instance.values)
    if (!each.set) names.push_back(each.name());
  std::optional<size_t> value = consensus::find_value(instance, name);
  if (!value || instance.values[*value].set)
    return refused(fmt::format("the program has no value `{}` with cells", clipped(name)),
                   fmt::format("{}", fmt::join(names, " ")), name,
                   consensus::suggestion(name, names, "name one of them"));
  const consensus::ValueInstance& of = instance.values[*value];
  std::vector<std::string> ranges;
  for (int64_t size : of.sizes) ranges.push_back(fmt::format("0..{}", size - 1));
  auto bad = [&]() {
    return refused(fmt::format("`{}` is no cell of `{}`", clipped(text), of.name()),
                   fmt::format("{}[{}]", of.name(), fmt::join(ranges, ",")), text,
                   fmt::format("for example '{}'", cell_text(instance, *value, 0)));
  };
  if (open == std::string::npos || !text.ends_with(']')) return bad();
  std::vector<int64_t> place;
  for (std::string_view each : between_commas(std::string_view(text).substr(open + 1, text.size() - open - 2))) {
    std::optional<int64_t> number = whole<int64_t>(each);
    if (!number || place.size() >= of.sizes.size() || *number < 0 || *number >= of.sizes[place.size()]) return bad();
    place.push_back(*number);
  }
  if (place.size() != of.sizes.size()) return bad();
  return std::pair(*value, consensus::flat(place, of.sizes));
}

Result<Target> parse_value(const Instance& instance, size_t value, int64_t cell, const std::string& text) {
  const consensus::ValueInstance& of = instance.values[value];
  Target out{.value = value, .cell = cell, .elements = {}};
  for (std::string_view each : between_commas(text)) {
    std::optional<int64_t> integer = whole<int64_t>(each);
    std::optional<double> real = whole<double>(each);
    std::optional<Scalar> element =
        integer || real
            ? consensus::to_element(of.dtype, integer ? consensus::Number::of(*integer) : consensus::Number::f64(*real))
            : std::nullopt;
    bool fits = element && (!of.token() || (element->as_integer() >= 0 && element->as_integer() < of.vocabulary));
    if (fits) out.elements.push_back(*element);
  }
  if (static_cast<int64_t>(out.elements.size()) == of.width && between_commas(text).size() == out.elements.size())
    return out;
  return refused(fmt::format("`{}` cannot be {}", of.name(), clipped(text)),
                 of.token()     ? fmt::format("an id from 0 to {}", of.vocabulary - 1)
                 : of.width > 1 ? fmt::format("{} numbers with commas between them", of.width)
                                : std::string(dtype_name(of.dtype)),
                 text, "give a value that the cell could have");
}

}  // namespace caten
