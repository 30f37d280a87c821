#include "driver/implementation_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>
#include <sstream>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

namespace caten {
namespace {

constexpr size_t kMostBytes = size_t{1} << 20;
constexpr size_t kMostItems = 64;
using Relation = Implementation::Condition::Relation;

bool is_identifier(std::string_view text) {
  static const std::set<std::string_view> kTaken = {"begin", "end", "buffers", "sizes"};
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (text.empty() || text.size() > 64 || !letter(text[0]) || kTaken.contains(text)) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::optional<int64_t> integer(std::string_view text) {
  int64_t value = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) out.push_back(word);
  return out;
}

class FileReader {
 public:
  FileReader(std::string path, uint32_t source, SourceMap& sources)
      : path_(std::move(path)), source_(source), sources_(sources) {}

  Result<Implementation> run() {
    toml::parse_result parsed = toml::parse(sources_.text(source_), path_);
    if (!parsed)
      return fail(at(parsed.error().source(), "this is no TOML", "TOML 1.0", std::string(parsed.error().description()),
                     "correct the text"));
    const toml::table& root = parsed.table();
    out_.path = path_;
    CATEN_TRY(only(root, {"composite", "when", "implementation", "test"}));
    CATEN_TRY(read_composite(root));
    CATEN_TRY(read_when(root));
    CATEN_TRY(read_implementation(root));
    CATEN_TRY(read_test(root));
    return std::move(out_);
  }

 private:
  uint32_t offset(const toml::source_position& position) const {
    std::string_view text = sources_.text(source_);
    size_t begin = 0;
    for (uint32_t line = 1; line < position.line && begin < text.size(); ++line) {
      size_t end = text.find('\n', begin);
      if (end == std::string_view::npos) break;
      begin = end + 1;
    }
    // Columns count characters.
    for (uint32_t column = 1; column < position.column && begin < text.size() && text[begin] != '\n'; ++column) do
        ++begin;
      while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80);
    return static_cast<uint32_t>(std::min(begin, text.size()));
  }

  Diagnostic at(const toml::source_region& region, std::string message, std::string expected, std::string found,
                std::string remedy = "see docs/ops.md") const {
    uint32_t begin = offset(region.begin), end = std::max(begin, offset(region.end));
    return {.code = Code::BadOpsFile,
            .message = std::move(message),
            .span = {source_, begin, end},
            .expected = std::move(expected),
            .found = std::move(found),
            .remedy = std::move(remedy)};
  }

  Status only(const toml::table& table, const std::vector<std::string>& names) const {
    for (const auto& [key, value] : table)
      if (std::find(names.begin(), names.end(), key.str()) == names.end())
        return fail(at(key.source(), fmt::format("there is no field `{}` here", key.str()),
                       fmt::format("{}", fmt::join(names, ", ")), std::string(key.str()),
                       did_you_mean(key.str(), names)));
    return {};
  }

  Result<const toml::table*> table(const toml::table& root, const char* name, bool needed,
                                   const std::vector<std::string>& fields) const {
    const toml::node* node = root.get(name);
    if (!node && !needed) return nullptr;
    if (!node || !node->is_table())
      return fail(at(node ? node->source() : root.source(), fmt::format("an ops file needs a table [{}]", name),
                     fmt::format("[{}]", name), node ? "no table" : "none"));
    CATEN_TRY(only(*node->as_table(), fields));
    return node->as_table();
  }

  Result<std::string> text(const toml::table& table, const char* name, bool needed) const {
    const toml::node* node = table.get(name);
    if (!node && !needed) return std::string();
    if (!node || !node->is_string() || node->as_string()->get().empty())
      return fail(at(node ? node->source() : table.source(), fmt::format("`{}` is not given as text", name),
                     fmt::format("{} = \"…\"", name), node ? "something else" : "nothing"));
    return node->as_string()->get();
  }

  /// A text, or a list of texts, with their places.
  Result<std::vector<std::pair<std::string, toml::source_region>>> texts(const toml::table& table, const char* name,
                                                                         bool needed) const {
    std::vector<std::pair<std::string, toml::source_region>> out;
    const toml::node* node = table.get(name);
    if (!node && !needed) return out;
    auto wrong = [&](const toml::source_region& where) {
      return fail(at(where, fmt::format("`{}` is no list of texts", name), fmt::format("{} = [\"…\"]", name),
                     node ? "something else" : "nothing"));
    };
    if (!node) return wrong(table.source());
    if (node->is_string()) return std::vector{std::pair{node->as_string()->get(), node->source()}};
    if (!node->is_array() || node->as_array()->size() > kMostItems) return wrong(node->source());
    for (const toml::node& item : *node->as_array()) {
      if (!item.is_string()) return wrong(item.source());
      out.emplace_back(item.as_string()->get(), item.source());
    }
    if (out.empty() && needed) return wrong(node->source());
    return out;
  }

  Result<Implementation::Operand> operand(const std::string& spelled, const toml::source_region& where) {
    auto wrong = [&](const char* expected) {
      return fail(at(where, "malformed operand", expected, spelled, "for example \"A f32[M K]\""));
    };
    size_t blank = spelled.find(' '), open = spelled.find('[');
    if (blank == std::string::npos || open == std::string::npos || open < blank || !spelled.ends_with(']'))
      return wrong("NAME DTYPE[SIZE …]");
    Implementation::Operand out{spelled.substr(0, blank), {}};
    if (!is_identifier(out.name) || !names_.insert(out.name).second)
      return wrong("a new name of letters, digits and _, other than begin, end, buffers and sizes");
    std::optional<DType> dtype = find_dtype(spelled.substr(blank + 1, open - blank - 1));
    if (!dtype) return wrong("a dtype such as f32");
    out.type.dtype = *dtype;
    std::string inside = spelled.substr(open + 1, spelled.size() - open - 2);
    std::replace(inside.begin(), inside.end(), ',', ' ');
    for (const std::string& word : words(inside)) {
      std::optional<int64_t> number = integer(word);
      if (!number && !is_identifier(word)) return wrong("sizes that are names or integers");
      out.type.shape.push_back(number ? Dim(*number) : Dim::symbol(word));
    }
    return out;
  }

  Status read_composite(const toml::table& root) {
    auto found = table(root, "composite", true, {"name", "inputs", "outputs", "documentation"});
    if (!found) return tl::make_unexpected(found.error());
    const toml::table& composite = **found;
    auto name = text(composite, "name", true), documentation = text(composite, "documentation", true);
    if (!name) return tl::make_unexpected(name.error());
    if (!documentation) return tl::make_unexpected(documentation.error());
    out_.composite = *name;
    out_.documentation = *documentation;
    auto inputs = texts(composite, "inputs", true), outputs = texts(composite, "outputs", true);
    if (!inputs) return tl::make_unexpected(inputs.error());
    if (!outputs) return tl::make_unexpected(outputs.error());
    if (outputs->size() != 1)
      return fail(at((*outputs)[1].second, "an implementation has one output", "one operand",
                     fmt::format("{}", outputs->size()), "write one for each output"));
    for (const auto& [spelled, where] : *inputs) {
      auto made = operand(spelled, where);
      if (!made) return tl::make_unexpected(made.error());
      out_.inputs.push_back(std::move(*made));
    }
    auto made = operand((*outputs)[0].first, (*outputs)[0].second);
    if (!made) return tl::make_unexpected(made.error());
    out_.output = std::move(*made);
    for (const std::string& size : out_.sizes())
      if (!names_.insert(size).second)
        return fail(at((*outputs)[0].second, fmt::format("`{}` is a size and an operand", size), "names that differ",
                       size, "rename one of them"));
    return {};
  }

  bool is_size(const std::string& name) const {
    std::vector<std::string> sizes = out_.sizes();
    return std::find(sizes.begin(), sizes.end(), name) != sizes.end();
  }

  Status read_when(const toml::table& root) {
    auto found = table(root, "when", true, {"runtime", "sizes"});
    if (!found) return tl::make_unexpected(found.error());
    auto runtimes = texts(**found, "runtime", true), sizes = texts(**found, "sizes", false);
    if (!runtimes) return tl::make_unexpected(runtimes.error());
    if (!sizes) return tl::make_unexpected(sizes.error());
    for (const auto& [name, where] : *runtimes) out_.runtimes.push_back(name);
    for (const auto& [spelled, where] : *sizes) {
      std::vector<std::string> parts = words(spelled);
      bool multiple = parts.size() == 5 && parts[1] == "%" && parts[3] == "=" && parts[4] == "0";
      bool plain = parts.size() == 3 && (parts[1] == ">=" || parts[1] == "<=" || parts[1] == "=");
      std::optional<int64_t> value = multiple || plain ? integer(parts[2]) : std::nullopt;
      if (!value || !is_size(parts[0]) || (multiple && *value == 0))
        return fail(
            at(where, "malformed condition on sizes", "SIZE >= N, SIZE <= N, SIZE = N or SIZE % N = 0", spelled));
      Relation relation = multiple           ? Relation::kMultiple
                          : parts[1] == ">=" ? Relation::kLeast
                          : parts[1] == "<=" ? Relation::kMost
                                             : Relation::kEqual;
      out_.conditions.push_back({spelled, parts[0], relation, *value});
    }
    return {};
  }

  Status read_implementation(const toml::table& root) {
    auto found = table(root, "implementation", true, {"schedule", "code", "shared", "call"});
    if (!found) return tl::make_unexpected(found.error());
    const toml::table& made = **found;
    if (const toml::node* call = made.get("call"))
      return fail(at(call->source(), "no library is known that could be called", "schedule or code", "call",
                     "write the kernel as code"));
    auto schedule = text(made, "schedule", false), code = text(made, "code", false),
         shared = text(made, "shared", false);
    for (auto* each : {&schedule, &code, &shared})
      if (!*each) return tl::make_unexpected(each->error());
    if (schedule->empty() == code->empty())
      return fail(at(made.source(), "an implementation is a schedule or code", "one of them",
                     code->empty() ? "neither" : "both", "write one file for each"));
    out_.code = *code;
    out_.shared = *shared;
    if (!shared->empty() && (code->empty() || !is_size(*shared)))
      return fail(at(made.get("shared")->source(), "`shared` is no size of the operands",
                     fmt::format("one of {}, beside code", fmt::join(out_.sizes(), ", ")), *shared));
    if (schedule->empty()) return {};
    SourceMap own;
    Result<std::vector<Datum>> clauses = read_all(own, own.add("schedule", *schedule));
    Result<ScheduleHint> hint = clauses ? parse_schedule(*clauses) : tl::make_unexpected(clauses.error());
    if (!hint || clauses->empty()) {
      Diagnostic why = hint ? Diagnostic{.message = "an empty schedule"} : hint.error();
      return fail(at(made.get("schedule")->source(), why.message, why.expected, *schedule, why.remedy));
    }
    out_.schedule = std::move(*clauses);
    return {};
  }

  Status read_test(const toml::table& root) {
    auto found = table(root, "test", true, {"requirements", "code"});
    if (!found) return tl::make_unexpected(found.error());
    auto code = text(**found, "code", false);
    if (!code) return tl::make_unexpected(code.error());
    out_.test_code = *code;
    if (out_.test_code.empty()) {
      out_.test_code = "(" + out_.composite;
      for (const Implementation::Operand& input : out_.inputs) out_.test_code += " " + input.name;
      out_.test_code += ")";
    }
    const toml::node* node = (*found)->get("requirements");
    bool list = node && node->is_array() && !node->as_array()->empty() && node->as_array()->size() <= kMostItems;
    if (!list)
      return fail(at(node ? node->source() : (*found)->source(), "`requirements` lists sizes to test with",
                     "requirements = [{M = 3, K = 5}, …]", node ? "something else" : "nothing"));
    for (const toml::node& item : *node->as_array()) {
      std::map<std::string, int64_t> sizes;
      if (const toml::table* row = item.as_table())
        for (const auto& [key, value] : *row)
          if (std::optional<int64_t> size = value.value<int64_t>(); size && *size >= 0 && *size <= (1 << 20))
            sizes.emplace(key.str(), *size);
      std::vector<std::string> wanted = out_.sizes();
      bool all =
          std::all_of(wanted.begin(), wanted.end(), [&](const std::string& name) { return sizes.contains(name); });
      if (!all || sizes.size() != wanted.size())
        return fail(at(item.source(), "a requirement gives each size a number",
                       fmt::format("{}", fmt::join(wanted, ", ")), "others, or numbers above 2^20"));
      out_.requirements.push_back(std::move(sizes));
    }
    return {};
  }

  std::string path_;
  uint32_t source_;
  SourceMap& sources_;
  Implementation out_;
  std::set<std::string> names_;
};

}  // namespace

Result<Implementation> read_implementation(const std::string& path, SourceMap& sources) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMostBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (!file.is_open() || file.bad())
    return fail({.code = Code::CannotRead,
                 .message = fmt::format("cannot read {}", path),
                 .expected = "a file that can be read",
                 .found = "none",
                 .remedy = "check the path"});
  if (text.size() > kMostBytes)
    return fail({.code = Code::TooLarge,
                 .message = fmt::format("{} is too large for an ops file", path),
                 .expected = fmt::format("at most {} bytes", kMostBytes),
                 .remedy = "split it"});
  uint32_t source = sources.add(path, std::move(text));
  return FileReader(path, source, sources).run();
}

}  // namespace caten
