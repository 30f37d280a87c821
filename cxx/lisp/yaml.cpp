#include "lisp/yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

namespace caten::lisp {
namespace {

class Translator {
 public:
  Translator(const SourceMap& sources, uint32_t source) : sources_(sources), source_(source) {}

  Result<std::string> translate() {
    // YAML forbids tabs in indentation, people do not: a tab goes to the next multiple of eight columns.
    std::string text = expand_tabs(sources_.text(source_));
    YAML::Node root;
    try {
      root = YAML::Load(text);
    } catch (const YAML::Exception& error) {
      return bad(error.mark, fmt::format("malformed YAML: {}", error.msg), "name:", "check the indentation");
    }
    if (!root.IsMap() || root.size() == 0)
      return bad(root.Mark(), "the text is no map of composites",
                 "name: followed by in:, out: and impl:", "begin with the composite's name and a colon");
    std::string out;
    std::string last;
    for (const auto& entry : root) {
      if (!entry.first.IsScalar()) return bad(entry.first.Mark(), "a composite's name must be a word", "name:", "");
      last = entry.first.Scalar();
      if (!is_name(last))
        return bad(entry.first.Mark(), fmt::format("`{}` is no name of a composite", last), "letters, digits, - and _",
                   "");
      Result<std::string> form = translate_composite(last, entry.second);
      if (!form) return form;
      out += *form;
    }
    return out + fmt::format("'{}\n", last);
  }

 private:
  static std::string expand_tabs(std::string_view text) {
    std::string out;
    size_t column = 0;
    for (char c : text) {
      if (c == '\t') {
        size_t width = 8 - column % 8;
        out.append(width, ' ');
        column += width;
      } else {
        out += c;
        column = c == '\n' ? 0 : column + 1;
      }
    }
    return out;
  }

  static bool is_name(const std::string& name) {
    return !name.empty() && name.size() < 200 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
      return std::isalnum(c) || c == '-' || c == '_' || c == '/' || c == '*';
    });
  }

  tl::unexpected<Diagnostic> bad(const YAML::Mark& mark, std::string message, std::string expected,
                                 std::string remedy) {
    std::string_view text = sources_.text(source_);
    size_t begin = 0;
    for (int line = 0; line < mark.line && begin < text.size(); ++line) {
      size_t end = text.find('\n', begin);
      begin = end == std::string_view::npos ? text.size() : end + 1;
    }
    size_t end = std::min(text.find('\n', begin), text.size());
    while (begin < end && (text[begin] == ' ' || text[begin] == '\t')) ++begin;
    return fail({.code = Code::BadForm,
                 .message = std::move(message),
                 .span = {source_, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)},
                 .expected = std::move(expected),
                 .remedy = std::move(remedy)});
  }

  Result<std::string> translate_composite(const std::string& name, const YAML::Node& node) {
    std::vector<std::string> inputs, outputs, body, conditions;
    std::string documentation;
    Status status = for_each_entry(node, [&](const std::string& key, const YAML::Node& value) -> Status {
      if (key == "in") return collect(value, inputs);
      if (key == "out") return collect(value, outputs);
      if (key == "impl") return collect(value, body);
      if (key == "where") return collect(value, conditions);
      if (key == "doc" && value.IsScalar()) {
        documentation = value.Scalar();
        return {};
      }
      return bad(value.Mark(), fmt::format("a composite has no `{}`", key), "in, out, impl, where or doc", "");
    });
    if (!status) return tl::make_unexpected(status.error());
    if (outputs.empty()) return bad(node.Mark(), fmt::format("`{}` has no `out`", name), "- out:", "name its outputs");
    if (body.empty())
      return bad(node.Mark(), fmt::format("`{}` has no `impl`", name), "- impl:", "write its body as Lisp forms");
    std::string text =
        fmt::format("(defcomposite {} (({}) -> ({})", name, fmt::join(inputs, " "), fmt::join(outputs, " "));
    if (!conditions.empty()) text += fmt::format(" where {}", fmt::join(conditions, " "));
    text += ")\n";
    if (!documentation.empty()) {
      std::string quoted;
      for (char c : documentation) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
      }
      text += fmt::format("  \"{}\"\n", quoted);
    }
    return text + fmt::format("  {})\n", fmt::join(body, "\n  "));
  }

  /// Calls `f` for the pairs of a map, or of the maps of a list.
  template <class F>
  Status for_each_entry(const YAML::Node& node, F&& f) {
    auto pairs = [&](const YAML::Node& map) -> Status {
      for (const auto& entry : map) {
        if (!entry.first.IsScalar()) return bad(entry.first.Mark(), "a key must be a word", "in, out or impl", "");
        CATEN_TRY(f(entry.first.Scalar(), entry.second));
      }
      return {};
    };
    if (node.IsMap()) return pairs(node);
    if (!node.IsSequence())
      return bad(node.Mark(), "a composite is described by a list", "- in: …, - out: …, - impl: …", "");
    for (const auto& item : node) {
      if (!item.IsMap())
        return bad(item.Mark(), "a composite is described by entries", "- in: …, - out: …, - impl: …", "");
      CATEN_TRY(pairs(item));
    }
    return {};
  }

  /// The strings of a list, or the one string. An ellipsis after a parameter says that its shape is open.
  Status collect(const YAML::Node& node, std::vector<std::string>& into) {
    auto add = [&](const YAML::Node& item) -> Status {
      if (!item.IsScalar())
        return bad(item.Mark(), "an entry that is no text", "a parameter or a Lisp form", "put it between quotes");
      std::string text = item.Scalar();
      while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
      into.push_back(std::move(text));
      return {};
    };
    if (node.IsNull()) return {};
    if (!node.IsSequence()) return add(node);
    for (const auto& item : node) CATEN_TRY(add(item));
    return {};
  }

  const SourceMap& sources_;
  uint32_t source_;
};

}  // namespace

bool looks_like_yaml(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos || line[first] == '#' || line == "---") continue;
    size_t colon = line.find(':');
    if (first != 0 || line[0] == '(' || line[0] == ':' || colon == std::string_view::npos) return false;
    std::string_view after = line.substr(colon + 1);
    return line.find_first_of(" ()\"") > colon &&
           (after.empty() || after[0] == ' ' || after[0] == '\r' || after[0] == '\t');
  }
  return false;
}

Result<std::string> yaml_to_lisp(const SourceMap& sources, uint32_t source) {
  try {
    return Translator(sources, source).translate();
  } catch (const YAML::Exception& error) {
    return fail({.code = Code::BadForm, .message = fmt::format("malformed YAML: {}", error.msg)});
  }
}

}  // namespace caten::lisp
