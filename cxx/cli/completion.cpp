// Completion scripts for shells, from the tables of options.hpp. The scripts hold all words; they start no caten.
#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "runtime/runtime.hpp"

namespace caten {
namespace {

struct Row {
  std::string spelling;
  std::string summary;
  bool takes_argument = false;
  bool file = false;
  std::string values{};
};

/// Each spelling on its own; `-O` with its values as -O0 …, since the argument follows at once.
std::vector<Row> option_rows(const Tool& tool) {
  std::string runtimes = "reference";
  for (const std::string& name : runtime_names(default_runtime_search())) runtimes += " " + name;
  std::vector<Row> rows;
  for (const Option& option : all_options()) {
    if (!belongs(option, tool.letter)) continue;
    std::string values(option.setting == "runtime" ? runtimes : option.values);
    bool joined = !option.flag() && option.spelling[1] != '-' && option.alternative.empty();
    if (joined && !values.empty()) {
      for (size_t begin = 0; begin < values.size();) {
        size_t end = std::min(values.find(' ', begin), values.size());
        rows.push_back({std::string(option.spelling) + values.substr(begin, end - begin), std::string(option.summary)});
        begin = end + 1;
      }
      continue;
    }
    for (std::string_view spelling : {option.spelling, option.alternative})
      if (!spelling.empty())
        rows.push_back({std::string(spelling), std::string(option.summary), !option.flag() && !option.optional(),
                        option.argument.find("FILE") != std::string_view::npos, values});
  }
  return rows;
}

std::vector<Row> command_rows(const Tool& tool) {
  std::vector<Row> rows;
  for (const Subcommand& command : all_commands())
    if (command.tools.find(tool.letter) != std::string_view::npos)
      rows.push_back({std::string(command.name), std::string(command.summary), !command.arguments.empty(),
                      command.arguments.find("FILE") != std::string_view::npos, std::string(command.values)});
  return rows;
}

std::string spellings(const std::vector<Row>& rows) {
  std::string out;
  for (const Row& row : rows) out += (out.empty() ? "" : " ") + row.spelling;
  return out;
}

std::string bash(const Tool& tool) {
  std::string out = fmt::format(
      "# Completion of {0} for bash; made by `{0} completion bash`.\n"
      "_{0}() {{\n"
      "  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}\n"
      "  # bash counts = as a word of its own.\n"
      "  if [[ $word == = ]]; then word=; elif [[ $before == = ]]; then before=${{COMP_WORDS[COMP_CWORD-2]}}; fi\n"
      "  COMPREPLY=()\n"
      "  case $before in\n",
      tool.name);
  std::vector<Row> options = option_rows(tool), commands = command_rows(tool);
  std::vector<Row> all = options;
  all.insert(all.end(), commands.begin(), commands.end());
  for (const Row& row : all) {
    if (!row.takes_argument || (row.values.empty() && !row.file)) continue;
    std::string words =
        row.values.empty() ? "" : fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$word\"))", row.values);
    if (row.spelling == "--runtime" || row.file)
      words += fmt::format("{}COMPREPLY+=($(compgen -f -- \"$word\"))", words.empty() ? "" : "; ");
    out += fmt::format("    {}) {}; return ;;\n", row.spelling, words);
  }
  return out + fmt::format(
                   "  esac\n"
                   "  if [[ $word == -* ]]; then\n"
                   "    COMPREPLY=($(compgen -W '{}' -- \"$word\"))\n"
                   "  else\n"
                   "    if ((COMP_CWORD == 1)); then COMPREPLY=($(compgen -W '{}' -- \"$word\")); fi\n"
                   "    COMPREPLY+=($(compgen -f -- \"$word\"))\n"
                   "  fi\n"
                   "}}\n"
                   "complete -o filenames -F _{} {}\n",
                   spellings(options), spellings(commands), tool.name, tool.name);
}

/// Text between single quotes in zsh's specifications, where : and ] would end it.
std::string zsh_text(std::string text) {
  std::string out;
  for (char c : text) {
    if (c == '\'')
      out += "'\\''";
    else if (c == ':' || c == '[' || c == ']')
      out += std::string("\\") + c;
    else
      out += c;
  }
  return out;
}

std::string zsh(const Tool& tool) {
  std::string out = fmt::format(
      "#compdef {0}\n# Completion of {0} for zsh; made by `{0} completion zsh`.\n_arguments -s \\\n", tool.name);
  for (const Row& row : option_rows(tool)) {
    std::string action = row.file || row.spelling == "--runtime" ? "_files" : " ";
    if (!row.values.empty()) action = fmt::format("({})", row.values);
    bool is_long = row.spelling.substr(0, 2) == "--";
    out += fmt::format("  '*{}{}[{}]{}' \\\n", row.spelling, row.takes_argument ? (is_long ? "=" : "+") : "",
                       zsh_text(row.summary), row.takes_argument ? fmt::format(":value:{}", action) : "");
  }
  return out + fmt::format(
                   "  '1: :{{_alternative \"commands:command:({})\" \"files:file:_files\"}}' \\\n"
                   "  '*:file:_files'\n",
                   spellings(command_rows(tool)));
}

std::string fish_text(const std::string& text) {
  std::string out;
  for (char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out;
}

std::string fish(const Tool& tool) {
  std::string out = fmt::format("# Completion of {0} for fish; made by `{0} completion fish`.\n", tool.name);
  for (const Row& row : command_rows(tool)) {
    out += fmt::format("complete -c {} -n __fish_use_subcommand -a {} -d '{}'\n", tool.name, row.spelling,
                       fish_text(row.summary));
    if (!row.values.empty())
      out += fmt::format("complete -c {} -n '__fish_seen_subcommand_from {}' -f -a '{}'\n", tool.name, row.spelling,
                         row.values);
  }
  for (const Row& row : option_rows(tool)) {
    bool is_long = row.spelling.substr(0, 2) == "--", one = row.spelling.size() == 2;
    out += fmt::format("complete -c {} -{} '{}'{}{} -d '{}'\n", tool.name,
                       is_long ? "l"
                       : one   ? "s"
                               : "o",
                       row.spelling.substr(is_long ? 2 : 1), row.takes_argument ? (row.file ? " -r -F" : " -x") : "",
                       row.values.empty() ? "" : fmt::format(" -a '{}'", row.values), fish_text(row.summary));
  }
  return out;
}

}  // namespace

Result<std::string> completion_script(const Tool& tool, const std::string& shell) {
  if (shell == "bash") return bash(tool);
  if (shell == "zsh") return zsh(tool);
  if (shell == "fish") return fish(tool);
  return fail({.code = Code::BadOptionValue,
               .message = fmt::format("there is no completion for the shell `{}`", shell),
               .expected = "bash, zsh or fish",
               .found = shell,
               .remedy = did_you_mean(shell, {"bash", "zsh", "fish"})});
}

}  // namespace caten
