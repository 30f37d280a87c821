#include "cli/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "io/file_bytes.hpp"

namespace caten {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return text.substr(0, 0);
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

const Option* find_setting(std::string_view name, char tool) {
  for (const Option& option : all_options())
    if (!option.setting.empty() && option.setting == name && belongs(option, tool)) return &option;
  return nullptr;
}

/// Applies a value of the file or the environment; `what` names it in messages.
Status apply(const Option& option, const std::string& value, const std::string& what, Settings& settings) {
  Settings changed = settings;
  if (option.flag()) {
    Result<bool> yes = parse_flag(value, what);
    if (!yes) return tl::make_unexpected(yes.error());
    option.apply(changed, *yes ? "yes" : "no");
  } else if (!value.empty()) {
    option.apply(changed, value);
  }
  CATEN_TRY(check_values(changed));
  settings = std::move(changed);
  return {};
}

std::vector<std::string> setting_names(char tool) {
  std::vector<std::string> names;
  for (const Option& option : all_options())
    if (!option.setting.empty() && belongs(option, tool)) names.emplace_back(option.setting);
  return names;
}

void load_file(const std::string& path, char tool, SourceMap& sources, LoadedSettings& loaded,
               Diagnostics& diagnostics) {
  std::error_code error;
  if (path.empty() || !std::filesystem::exists(path, error)) return;
  Result<FileBytes> file = FileBytes::map(path);
  if (!file) return diagnostics.add(file.error());
  uint32_t source = sources.add(path, std::string(file->text()));
  std::string_view text = sources.text(source);
  uint32_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    SourceSpan span{source, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
    begin = end + 1;
    ++number;
    if (size_t comment = line.find('#'); comment != std::string_view::npos) line = line.substr(0, comment);
    if (trimmed(line).empty()) continue;
    size_t equals = line.find('=');
    std::string name(trimmed(line.substr(0, equals)));
    if (equals == std::string_view::npos) {
      diagnostics.add({.code = Code::BadOptionValue,
                       .message = "this line of the config file sets nothing",
                       .span = span,
                       .expected = "name = value",
                       .found = name,
                       .remedy = "write a value, or # before the line"});
      continue;
    }
    const Option* option = find_setting(name, tool);
    if (!option) {
      bool other = find_setting(name, tool == 'c' ? 'd' : 'c');  // both tools read one file
      if (other) continue;
      std::vector<std::string> names = setting_names(tool);
      diagnostics.add({.code = Code::UnknownOption,
                       .message = fmt::format("there is no setting `{}`", name),
                       .span = span,
                       .expected = fmt::format("{}", fmt::join(names, ", ")),
                       .found = name,
                       .remedy = did_you_mean(name, names)});
      continue;
    }
    Status applied = apply(*option, std::string(trimmed(line.substr(equals + 1))), name, loaded.settings);
    if (!applied) {
      Diagnostic diagnostic = applied.error();
      diagnostic.span = span;
      diagnostics.add(std::move(diagnostic));
    }
    loaded.origins[option->setting] = fmt::format("{}:{}", path, number);
  }
}

void load_environment(char tool, LoadedSettings& loaded, Diagnostics& diagnostics) {
  for (const Option& option : all_options()) {
    if (option.setting.empty() || !belongs(option, tool)) continue;
    std::string name = environment_name(option);
    const char* value = std::getenv(name.c_str());
    if (!value || !*value) continue;
    Status applied = apply(option, value, name, loaded.settings);
    if (!applied) {
      Diagnostic diagnostic = applied.error();
      diagnostic.notes.push_back(fmt::format("from the environment variable {}", name));
      diagnostics.add(std::move(diagnostic));
    }
    loaded.origins[option.setting] = fmt::format("environment, {}", name);
  }
}

}  // namespace

std::string environment_name(const Option& option) {
  std::string name = "CATEN_";
  for (char c : option.setting) name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::string config_path() {
  if (const char* folder = std::getenv("XDG_CONFIG_HOME"); folder && *folder)
    return std::string(folder) + "/caten/config";
  if (const char* home = std::getenv("HOME"); home && *home) return std::string(home) + "/.config/caten/config";
  return "";
}

LoadedSettings load_settings(const std::vector<std::string>& arguments, char tool, SourceMap& sources,
                             Diagnostics& diagnostics) {
  LoadedSettings loaded;
  load_file(config_path(), tool, sources, loaded, diagnostics);
  load_environment(tool, loaded, diagnostics);
  std::vector<const Option*> given;
  if (Status parsed = parse_options(arguments, tool, loaded.settings, given); !parsed) diagnostics.add(parsed.error());
  for (const Option* option : given)
    if (!option->setting.empty()) loaded.origins[option->setting] = "command line";
  return loaded;
}

std::string config_text(const LoadedSettings& loaded, char tool) {
  std::string path = config_path(), out;
  std::error_code error;
  if (!path.empty())
    out += fmt::format("# {}{}\n", path, std::filesystem::exists(path, error) ? "" : " (there is no such file)");
  for (const Option& option : all_options()) {
    if (option.setting.empty() || !belongs(option, tool)) continue;
    auto origin = loaded.origins.find(option.setting);
    std::string line = fmt::format("{} = {}", option.setting, option.show(loaded.settings));
    out += fmt::format("{:<30} # {}\n", line, origin == loaded.origins.end() ? "default" : origin->second);
  }
  return out;
}

std::string config_json(const LoadedSettings& loaded, char tool) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Option& option : all_options()) {
    if (option.setting.empty() || !belongs(option, tool)) continue;
    auto origin = loaded.origins.find(option.setting);
    list.push_back({{"name", option.setting},
                    {"value", option.show(loaded.settings)},
                    {"origin", origin == loaded.origins.end() ? "default" : origin->second},
                    {"environment", environment_name(option)},
                    {"summary", option.summary}});
  }
  return list.dump(2) + "\n";
}

}  // namespace caten
