#include "consensus/given.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "consensus/words.hpp"
#include "ir/scalar.hpp"

namespace caten::consensus {
namespace {

tl::unexpected<Diagnostic> ill_formed(const std::string& name, Parameter::Type type, const std::string& text,
                                      std::string remedy = "") {
  return fail({.code = Code::WrongGiven,
               .message = fmt::format("`{}` is given as what it cannot be", name),
               .expected = given_form(type),
               .found = clipped(text),
               .remedy = remedy.empty() ? fmt::format("write --param {}={}, for example", name, given_example(type))
                                        : std::move(remedy)});
}

template <class T>
std::optional<T> number(std::string_view text) {
  T out{};
  if (text.starts_with('+')) text.remove_prefix(1);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

/// The parts between separators at depth 0.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  size_t begin = 0, depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && depth > 0) --depth;
    if (text[i] != separator || depth > 0) continue;
    out.push_back(text.substr(begin, i - begin));
    begin = i + 1;
  }
  out.push_back(text.substr(begin));
  return out;
}

/// What stands in the parentheses of `word(…)`.
std::optional<std::string_view> inside(std::string_view text, std::string_view word) {
  if (!text.starts_with(word) || !text.ends_with(')') || text.substr(word.size(), 1) != "(") return std::nullopt;
  return text.substr(word.size() + 1, text.size() - word.size() - 2);
}

std::optional<RegionGiven::Side> side(std::string_view text) {
  if (text == "*") return RegionGiven::Side{};
  size_t dots = text.find("..");
  std::optional<int64_t> first = number<int64_t>(text.substr(0, dots));
  std::optional<int64_t> last = dots == std::string_view::npos ? first : number<int64_t>(text.substr(dots + 2));
  if (!first || !last) return std::nullopt;
  return RegionGiven::Side{*first, *last};
}

std::optional<RegionGiven> boxes(std::string_view text) {
  RegionGiven out;
  for (std::string_view each : split(text, '+')) {
    std::optional<std::string_view> sides = inside(each, "box");
    if (!sides) return std::nullopt;
    out.boxes.emplace_back();
    for (std::string_view part : split(*sides, ',')) {
      std::optional<RegionGiven::Side> found = side(part);
      if (!found) return std::nullopt;
      out.boxes.back().push_back(*found);
    }
  }
  return out;
}

constexpr uint64_t kMostIds = uint64_t{1} << 20;

std::optional<PaletteGiven> palette(std::string_view text) {
  std::optional<std::string_view> ids = inside(text, "ids");
  if (!ids) return std::nullopt;
  PaletteGiven out;
  if (ids->empty()) return out;
  for (std::string_view part : split(*ids, ',')) {
    std::optional<RegionGiven::Side> range = side(part);
    // A palette is a set that is written down: a range of millions of ids is a slip.
    if (!range || !range->last) return std::nullopt;
    uint64_t further = static_cast<uint64_t>(*range->last) - static_cast<uint64_t>(range->first);
    if (*range->last >= range->first && further >= kMostIds - std::min<uint64_t>(kMostIds, out.ids.size()))
      return std::nullopt;
    for (int64_t id = range->first, last = *range->last; id <= last; ++id) {
      out.ids.push_back(id);
      if (id == last) break;  // there may be no number behind it
    }
  }
  return out;
}

Result<GivenValue> of_array(const std::string& name, Parameter::Type type, const std::string& text, Array array) {
  switch (type) {
    case Parameter::Type::kRegion: return GivenValue(RegionGiven{.mask = std::move(array), .boxes = {}});
    case Parameter::Type::kAutomaton: {
      Result<AutomatonGiven> automaton = automaton_of(name, array);
      if (!automaton) return tl::make_unexpected(automaton.error());
      return GivenValue(std::move(*automaton));
    }
    case Parameter::Type::kTensor: return GivenValue(std::move(array));
    case Parameter::Type::kPalette: {
      PaletteGiven out;
      if (!is_integer(array.dtype()) || array.rank() != 1)
        return ill_formed(name, type, describe(array), "give a vector of integers");
      size_t size = dtype_size(array.dtype());
      for (int64_t i = 0; i < array.elements(); ++i)
        out.ids.push_back(Scalar::load(array.dtype(), array.data() + static_cast<size_t>(i) * size).as_integer());
      return GivenValue(std::move(out));
    }
    default: return ill_formed(name, type, text);
  }
}

}  // namespace

std::string given_example(Parameter::Type type) {
  switch (type) {
    case Parameter::Type::kInt: return "64";
    case Parameter::Type::kScalar: return "0.44";
    case Parameter::Type::kTensor: return "@file.npy";
    case Parameter::Type::kModel: return "softmax";
    case Parameter::Type::kRegion: return "box(0..3,*)";
    case Parameter::Type::kPalette: return "ids(1,2,7)";
    case Parameter::Type::kVocabulary: return "256";
    case Parameter::Type::kAutomaton: return "@table.npy";
  }
  return "";
}

std::string given_form(Parameter::Type type) {
  switch (type) {
    case Parameter::Type::kInt: return "an integer";
    case Parameter::Type::kScalar: return "a number";
    case Parameter::Type::kTensor: return "an array";
    case Parameter::Type::kModel: return "the name of a composite";
    case Parameter::Type::kRegion: return "boxes, or a boolean array";
    case Parameter::Type::kPalette: return "ids, or a vector of integers";
    case Parameter::Type::kVocabulary: return "the number of ids";
    case Parameter::Type::kAutomaton: return "a table of states";
  }
  return "";
}

Result<GivenValue> parse_given(const std::string& name, Parameter::Type type, const std::string& text,
                               const GivenSources& sources) {
  if (text.starts_with('@') && sources.array) {
    Result<Array> array = sources.array(text.substr(1));
    if (!array) return tl::make_unexpected(array.error());
    return of_array(name, type, text, std::move(*array));
  }
  std::optional<int64_t> integer = number<int64_t>(text);
  if (type == Parameter::Type::kInt && integer) return GivenValue(*integer);
  if (type == Parameter::Type::kVocabulary && integer) return GivenValue(VocabularyGiven{*integer});
  if (type == Parameter::Type::kScalar)
    if (std::optional<double> real = number<double>(text)) return GivenValue(*real);
  if (type == Parameter::Type::kRegion)
    if (std::optional<RegionGiven> region = boxes(text)) return GivenValue(std::move(*region));
  if (type == Parameter::Type::kPalette)
    if (std::optional<PaletteGiven> ids = palette(text)) return GivenValue(std::move(*ids));
  if (type == Parameter::Type::kModel && sources.model && !text.empty()) {
    Result<ModelGiven> model = sources.model(text);
    if (!model) return tl::make_unexpected(model.error());
    return GivenValue(std::move(*model));
  }
  return ill_formed(name, type, text);
}

Result<AutomatonGiven> automaton_of(const std::string& name, const Array& table) {
  auto bad = [&](std::string found) {
    return ill_formed(name, Parameter::Type::kAutomaton, found,
                      "give integers (states, letters + 1): next states or -1, and last 1 where the state accepts");
  };
  if (table.rank() != 2 || !is_integer(table.dtype()) || table.shape()[0] < 1 || table.shape()[1] < 2)
    return bad(describe(table));
  AutomatonGiven out{.states = table.shape()[0], .letters = table.shape()[1] - 1, .next = {}, .accepting = {}};
  for (int64_t i = 0; i < table.elements(); ++i) {
    int64_t cell =
        Scalar::load(table.dtype(), table.data() + static_cast<size_t>(i) * dtype_size(table.dtype())).as_integer();
    if (i % (out.letters + 1) == out.letters) {
      out.accepting.push_back(cell != 0);
    } else {
      if (cell < -1 || cell >= out.states) return bad(fmt::format("the next state {} of {}", cell, out.states));
      out.next.push_back(cell);
    }
  }
  return out;
}

}  // namespace caten::consensus
