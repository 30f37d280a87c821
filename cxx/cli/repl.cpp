#include "cli/repl.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "cli/lisp_front_end.hpp"
#include "cli/program.hpp"

namespace caten {
namespace {

bool is_blank(const std::string& text) { return text.find_first_not_of(" \t\r\n") == std::string::npos; }

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

/// Names of files that begin with this text, folders with a slash.
Completions complete_file(const std::string& text) {
  size_t slash = text.rfind('/');
  std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : text.substr(0, slash);
  Completions out{slash == std::string::npos ? text : text.substr(slash + 1), {}};
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::string name = at->path().filename().string();
    bool hidden = name[0] == '.' && (out.word.empty() || out.word[0] != '.');
    if (hidden || name.rfind(out.word, 0) != 0 || name.find_first_of("\"\\\n") != std::string::npos) continue;
    std::error_code unknown;
    out.candidates.push_back(at->is_directory(unknown) ? name + "/" : name);
  }
  std::sort(out.candidates.begin(), out.candidates.end());
  if (out.candidates.size() == 1 && out.candidates[0].back() != '/') out.candidates[0] += '"';
  return out;
}

const std::vector<std::string> kCommands = {",help",   ",ir",   ",graph",   ",schedule",
                                            ",kernel", ",time", ",explain", ",quit"};

}  // namespace

Repl::Repl(Session& session, const Settings& settings, const Console& console,
           std::function<std::string(const std::string&)> error_page)
    : session_(session),
      settings_(settings),
      console_(console),
      error_page_(std::move(error_page)),
      history_(history_path()),
      editor_({[this](const std::string& before) { return complete(before); },
               [this](const std::string& before) { return hint(before); }},
              console.colour()) {
  set_lisp_dialog({[this](const std::string& prompt) -> std::optional<uint32_t> {
                     std::string input;
                     do {
                       if (read_input(prompt, input) == Read::kEnd) return std::nullopt;
                       if (input.find_first_not_of("0123456789q \n") != std::string::npos) remember(input);
                     } while (!is_blank(input) && command(input));
                     return add_source(input);
                   },
                   [this](const Diagnostic& diagnostic) { console_.message(diagnostic, session_.sources()); },
                   error_page_});
}

bool Repl::at_terminal() { return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO); }

std::string Repl::prompt() const { return package_.empty() ? "caten> " : fmt::format("caten({})> ", package_); }

uint32_t Repl::add_source(const std::string& input) {
  return session_.sources().add(fmt::format("<input {}>", ++inputs_), input);
}

Repl::Read Repl::read_input(const std::string& prompt, std::string& input) {
  input.clear();
  std::string more(prompt.size() > 2 ? prompt.size() - 2 : 0, ' ');
  more += "> ";
  FormScanner scanner;
  for (;;) {
    pending_ = input;
    std::string line;
    LineEditor::Outcome outcome = editor_.read(input.empty() ? prompt : more, line);
    pending_.clear();
    if (outcome == LineEditor::Outcome::kInterrupted ||
        (outcome == LineEditor::Outcome::kEnd && !input.empty())) {  // what was typed so far is given up
      input.clear();
      return Read::kNothing;
    }
    if (outcome == LineEditor::Outcome::kEnd) return Read::kEnd;
    line += '\n';
    input += line;
    scanner.feed(line);
    if (input[0] == '?' || scanner.complete()) return is_blank(input) ? Read::kNothing : Read::kInput;
  }
}

void Repl::remember(const std::string& input) {
  std::string entry = input.substr(0, input.find_last_not_of(" \t\r\n") + 1);
  editor_.remember(entry);
  if (entry[0] == ' ' || !history_works_) return;  // as in shells: a leading blank keeps it out of the file
  if (Status written = history_.append(entry); !written) {
    Diagnostic diagnostic = written.error();
    diagnostic.severity = Severity::kWarning;
    console_.message(diagnostic, session_.sources());
    history_works_ = false;
  }
}

int Repl::run(const std::string& greeting) {
  for (const std::string& entry : history_.load()) editor_.remember(entry);
  print(greeting);
  while (!exit_code_) {
    std::string input;
    Read read = read_input(prompt(), input);
    if (read == Read::kEnd) return kExitDone;
    if (read == Read::kNothing) continue;
    remember(input);
    if (!command(input)) evaluate(input);
  }
  return *exit_code_;
}

void Repl::evaluate(const std::string& input) {
  Diagnostics diagnostics;
  session_.resume();
  LispOutcome outcome = evaluate_lisp_input(add_source(input), diagnostics);
  console_.messages(diagnostics, session_.sources());
  package_ = outcome.values.empty() ? "" : outcome.values[0];
  exit_code_ = outcome.exit_code;
}

bool Repl::command(const std::string& input) {
  std::string text = input.substr(0, input.find_last_not_of(" \t\r\n") + 1);
  if (text.empty() || (text[0] != '?' && text[0] != ',')) return false;
  size_t space = text.find_first_of(" \t\n");
  std::string name = text[0] == '?' ? ",help" : text.substr(0, space);
  std::string rest = text[0] == '?' ? text.substr(1) : space == std::string::npos ? "" : text.substr(space + 1);
  if (name == ",quit") {
    exit_code_ = kExitDone;
  } else if (name == ",help" || name == ",explain") {
    for (const std::string& part : call_lisp("caten/help:help-text", {rest})) print(part);
  } else if (name == ",time") {
    evaluate("(time " + rest + "\n)");
  } else if (std::find(kCommands.begin(), kCommands.end(), name) != kCommands.end()) {
    show(name.substr(1), rest);
  } else {
    console_.message({.code = Code::UnknownCommand,
                      .message = fmt::format("there is no command `{}`", name),
                      .expected = fmt::format("{}", fmt::join(kCommands, " ")),
                      .found = name,
                      .remedy = did_you_mean(name, kCommands)},
                     session_.sources());
  }
  return true;
}

void Repl::show(const std::string& what, const std::string& form) {
  Diagnostics diagnostics;
  session_.resume();
  std::optional<Graph> graph = trace_lisp(add_source(form), {}, diagnostics);
  if (graph) {
    Result<std::string> text = emitted(session_, *graph, what, settings_);
    if (text)
      print(*text);
    else
      diagnostics.add(text.error());
  }
  console_.messages(diagnostics, session_.sources());
}

Completions Repl::complete(const std::string& before) {
  FormScanner scanner;
  scanner.feed(pending_ + before);
  if (scanner.in_string()) return complete_file(scanner.open_string());
  if (scanner.in_comment()) return {};
  std::string word = scanner.word();
  if (pending_.empty() && before[0] == ',') {
    Completions out{before, {}};
    for (const std::string& name : kCommands)
      if (name.rfind(before, 0) == 0) out.candidates.push_back(name);
    if (!out.candidates.empty()) return out;
  }
  return {word, call_lisp("caten/help:completions",
                          {word, scanner.head(), scanner.operator_position() ? "t" : "", scanner.previous_word()})};
}

std::string Repl::hint(const std::string& before) {
  FormScanner scanner;
  scanner.feed(pending_ + before);
  if (scanner.in_string() || scanner.in_comment() || scanner.head().empty() || scanner.operator_position()) return "";
  std::vector<std::string> line = call_lisp("caten/names:signature-line", {scanner.head()});
  return line.empty() || line[0].find('\n') != std::string::npos ? "" : line[0];
}

int Repl::run_pipe() {
  std::string line, input;
  uint32_t first_line = 1;  // of the input
  FormScanner scanner;
  for (int c = 0; c != EOF;) {
    line.clear();
    {
      InterruptEnds waiting;
      while ((c = std::fgetc(stdin)) != EOF) {
        line += static_cast<char>(c);
        if (c == '\n') break;
      }
    }
    input += line;
    scanner.feed(line);
    if (is_blank(input) || (!scanner.complete() && c != EOF)) continue;
    Diagnostics diagnostics;
    LispOutcome outcome = evaluate_lisp(session_.sources().add("<stdin>", input, first_line), diagnostics, true);
    console_.messages(diagnostics, session_.sources());
    if (outcome.exit_code) return *outcome.exit_code;
    if (!outcome.ok) return std::max<int>(kExitFailed, exit_code(diagnostics));
    first_line += static_cast<uint32_t>(std::count(input.begin(), input.end(), '\n'));
    input.clear();
    scanner = {};
  }
  return kExitDone;
}

}  // namespace caten
