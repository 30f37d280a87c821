// --help and the manual page, from the tables of options.hpp and base/codes.def.
#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "cli/commands.hpp"

namespace caten {
namespace {

/// The ways to call a tool: its own forms, then the commands.
std::vector<std::pair<std::string, std::string>> synopses(const Tool& tool) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [form, summary] : tool.forms) out.emplace_back(fmt::format("[options] {}", form), summary);
  for (const Subcommand& command : all_commands())
    if (command.tools.find(tool.letter) != std::string_view::npos)
      out.emplace_back(fmt::format("{}{}{}", command.name, command.arguments.empty() ? "" : " ", command.arguments),
                       command.summary);
  return out;
}

size_t count_characters(std::string_view text) {
  size_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

/// Text for roff: nothing in it is a request or an escape, and all of it is ASCII.
std::string roff(std::string_view text) {
  std::string out = !text.empty() && (text[0] == '.' || text[0] == '\'') ? "\\&" : "";
  for (size_t at = 0; at < text.size();) {
    size_t length = std::max<size_t>(1, utf8_length(text, at));
    auto lead = static_cast<unsigned char>(text[at]);
    if (length > 1) {
      uint32_t code = lead & (0x7Fu >> length);
      for (size_t k = 1; k < length; ++k) code = (code << 6) | (static_cast<unsigned char>(text[at + k]) & 0x3Fu);
      out += fmt::format("\\[u{:04X}]", code);
    } else if (lead == '\\') {
      out += "\\e";
    } else if (lead == '-') {
      out += "\\-";
    } else if (lead == '\'') {
      out += "\\(aq";
    } else {
      out += text[at];
    }
    at += length;
  }
  return out;
}

constexpr std::pair<int, const char*> kExitCodes[] = {
    {0, "all is done"},
    {1, "something failed; messages say what"},
    {2, "the command line, the environment or the config file is wrong"},
    {130, "interrupted by Ctrl-C"}};

}  // namespace

std::string help_text(const Tool& tool) {
  std::string out = fmt::format("{}: {}\n\n", tool.name, tool.title);
  for (const auto& [form, summary] : synopses(tool)) {
    std::string left = fmt::format("  {} {}", tool.name, form);
    size_t width = count_characters(left);
    left.append(std::max<size_t>(43, width + 1) - width, ' ').append(summary).append("\n");
    out += left;
  }
  out += "\nExamples:\n";
  for (const std::string& example : tool.examples) out += fmt::format("  {}\n", example);
  out += "\nOptions:\n";
  for (const Option& option : all_options())
    if (belongs(option, tool.letter)) out += fmt::format("  {:<22} {}\n", describe_spelling(option), option.summary);
  return out +
         "\nExit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted. Options with a default of your own: see `" +
         tool.name + " config`.\n";
}

std::string manual_page(const Tool& tool) {
  std::string out = fmt::format(".TH {} 1 \"\" \"{} {}\" \"User Commands\"\n", tool.name, tool.name, CATEN_VERSION);
  out += fmt::format(".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n", tool.name, roff(tool.title));
  for (const auto& [form, summary] : synopses(tool)) out += fmt::format(".B {}\n{}\n.br\n", tool.name, roff(form));
  out += fmt::format(".SH DESCRIPTION\n.B {}\n{}\n", tool.name, roff(tool.purpose));
  out += ".SH COMMANDS\n";
  for (const auto& [form, summary] : synopses(tool)) out += fmt::format(".TP\n.B {}\n{}\n", roff(form), roff(summary));
  out += ".SH OPTIONS\n";
  for (const Option& option : all_options())
    if (belongs(option, tool.letter))
      out += fmt::format(".TP\n.B {}\n{}\n", roff(describe_spelling(option)), roff(option.summary));
  out +=
      ".SH SETTINGS\nThese options have defaults in the config file, as lines\n.I name = value,\nand in the "
      "environment; "
      "the command line comes last.\n";
  for (const Option& option : all_options()) {
    if (option.setting.empty() || !belongs(option, tool.letter)) continue;
    out += fmt::format(".TP\n.B {}\nor {} in the environment: {}\n", roff(option.setting), environment_name(option),
                       roff(describe_spelling(option)));
  }
  out += ".SH ENVIRONMENT\n";
  constexpr std::pair<const char*, const char*> kVariables[] = {
      {"CATEN_RUNTIME_PATH", "folders with runtime files, searched first"},
      {"CATEN_CC, CC", "the C compiler of the runtime c"},
      {"NO_COLOR", "no colour unless --color=always"},
      {"XDG_CONFIG_HOME, XDG_CACHE_HOME, XDG_STATE_HOME",
       "where the files below are, in place of ~/.config, ~/.cache and ~/.local/state"}};
  for (const auto& [name, summary] : kVariables) out += fmt::format(".TP\n.B {}\n{}\n", name, roff(summary));
  out += ".SH FILES\n";
  constexpr std::pair<const char*, const char*> kFiles[] = {
      {"~/.config/caten/config", "settings"},
      {"~/.config/caten/init.lisp", "Lisp forms that are evaluated first"},
      {"~/.cache/caten/", "compiled kernels"},
      {"~/.local/state/caten/history", "what was typed at the prompt"}};
  for (const auto& [name, summary] : kFiles) out += fmt::format(".TP\n.I {}\n{}\n", roff(name), roff(summary));
  out += ".SH EXIT STATUS\n";
  for (const auto& [code, summary] : kExitCodes) out += fmt::format(".TP\n.B {}\n{}\n", code, roff(summary));
  out += ".SH EXAMPLES\n.nf\n";
  for (const std::string& example : tool.examples) out += roff(example) + "\n";
  return out + ".fi\n";
}

}  // namespace caten
