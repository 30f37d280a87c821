#include "cli/line_editor.hpp"

#include <histedit.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>

#include "base/utf8.hpp"

namespace caten {
namespace {

constexpr wchar_t kEscapes = L'\1';  // encloses what a prompt prints without width
constexpr int kHistoryEntries = 1000;
constexpr size_t kMaxListed = 120;

std::wstring widen(std::string_view text) {
  std::wstring out;
  for (size_t at = 0; at < text.size();) {
    size_t length = utf8_length(text, at);
    if (length == 0) {
      out += L'\uFFFD';
      ++at;
      continue;
    }
    auto lead = static_cast<unsigned char>(text[at]);
    uint32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
    for (size_t k = 1; k < length; ++k) code = (code << 6) | (static_cast<unsigned char>(text[at + k]) & 0x3Fu);
    out += static_cast<wchar_t>(code);
    at += length;
  }
  return out;
}

std::string narrow(const wchar_t* begin, const wchar_t* end) {
  std::string out;
  for (; begin != end; ++begin) {
    auto code = static_cast<uint32_t>(*begin);
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xC0 | (code >> 6));
      out += static_cast<char>(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      out += static_cast<char>(0xE0 | (code >> 12));
      out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
      out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      out += static_cast<char>(0xF0 | (code >> 18));
      out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
      out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
      out += static_cast<char>(0x80 | (code & 0x3F));
    }
  }
  return out;
}

/// libedit reads and writes as the locale says; all our text is UTF-8.
void use_utf8() {
  std::setlocale(LC_CTYPE, "");
  if (std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0) std::setlocale(LC_CTYPE, "C.UTF-8");
}

std::string common_prefix(const std::vector<std::string>& words) {
  std::string prefix = words.front();
  for (const std::string& word : words)
    prefix.resize(static_cast<size_t>(std::mismatch(prefix.begin(), prefix.end(), word.begin(), word.end()).first -
                                      prefix.begin()));
  while (!prefix.empty() && find_invalid_utf8(prefix) != std::string_view::npos) prefix.pop_back();
  return prefix;
}

int terminal_width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void list_in_columns(const std::vector<std::string>& words) {
  std::fputc('\n', stdout);
  size_t shown = std::min(words.size(), kMaxListed), widest = 1;
  for (size_t i = 0; i < shown; ++i) widest = std::max(widest, words[i].size());
  size_t columns = std::max<size_t>(1, static_cast<size_t>(terminal_width()) / (widest + 2));
  size_t rows = (shown + columns - 1) / columns;
  for (size_t row = 0; row < rows; ++row) {
    for (size_t i = row; i < shown; i += rows)
      std::fprintf(stdout, "%-*s", i + rows < shown ? static_cast<int>(widest + 2) : 0, words[i].c_str());
    std::fputc('\n', stdout);
  }
  if (shown < words.size()) std::fprintf(stdout, "… and %zu more\n", words.size() - shown);
}

}  // namespace

class LineEditor::Terminal {
 public:
  Terminal(Hooks hooks, bool colour) : hooks_(std::move(hooks)), colour_(colour) {
    const char* kind = std::getenv("TERM");
    if (!kind || !*kind || std::strcmp(kind, "dumb") == 0) return;
    use_utf8();
    line_ = el_init("caten", stdin, stdout, stderr);
    if (!line_) return;
    history_ = history_winit();
    HistEventW event{};
    history_w(history_, &event, H_SETSIZE, kHistoryEntries);
    history_w(history_, &event, H_SETUNIQUE, 1);
    el_wset(line_, EL_CLIENTDATA, this);
    el_wset(line_, EL_HIST, history_w, history_);
    el_wset(line_, EL_EDITOR, L"emacs");
    el_wset(line_, EL_SIGNAL, 1);
    el_wset(line_, EL_PROMPT_ESC, prompt, kEscapes);
    el_wset(line_, EL_RPROMPT_ESC, margin, kEscapes);
    el_wset(line_, EL_ADDFN, L"caten-complete", L"complete the word", complete);
    el_wset(line_, EL_ADDFN, L"caten-insert", L"insert and show what the call takes", insert);
    el_wset(line_, EL_ADDFN, L"caten-interrupt", L"give the input up", interrupt);
    el_wset(line_, EL_ADDFN, L"caten-end", L"end of input, or delete", end);
    el_source(line_, nullptr);  // ~/.editrc
    el_wset(line_, EL_ADDFN, L"caten-suspend", L"stop until the shell continues the job", suspend);
    el_wset(line_, EL_SETTY, L"-d", L"-isig", nullptr);  // while a line is edited, keys are keys
    el_wset(line_, EL_BIND, L"^Z", L"caten-suspend", nullptr);
    el_wset(line_, EL_BIND, L"^I", L"caten-complete", nullptr);
    el_wset(line_, EL_BIND, L"^C", L"caten-interrupt", nullptr);
    el_wset(line_, EL_BIND, L"^D", L"caten-end", nullptr);
    el_wset(line_, EL_BIND, L"^R", L"em-inc-search-prev", nullptr);
    for (const wchar_t* key : {L" ", L"(", L")"}) el_wset(line_, EL_BIND, key, L"caten-insert", nullptr);
  }
  ~Terminal() {
    if (line_) el_end(line_);
    if (history_) history_wend(history_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  Outcome read(const std::string& text, std::string& out) {
    out.clear();
    if (!line_) return read_plainly(text, out);
    prompt_ = colour_ ? std::wstring{kEscapes} + L"\033[1m" + kEscapes + widen(text) + kEscapes + L"\033[0m" + kEscapes
                      : widen(text);
    interrupted_ = false;
    margin_ = L"";
    int count = 0;
    el_wset(line_, EL_PREP_TERM, 1);  // before the prompt is seen: what is typed then is a key already
    const wchar_t* read = el_wgets(line_, &count);
    if (interrupted_) {
      std::fputs("^C\n", stdout);
      std::fflush(stdout);
      return Outcome::kInterrupted;
    }
    if (!read || count <= 0) {
      std::fputc('\n', stdout);
      std::fflush(stdout);
      return Outcome::kEnd;
    }
    out = narrow(read, read + count);
    while (!out.empty() && (out.back() == '\n' || out.back() == '\r')) out.pop_back();
    return Outcome::kLine;
  }

  void remember(const std::string& entry) {
    if (!history_) return;
    HistEventW event{};
    history_w(history_, &event, H_ENTER, widen(entry).c_str());
  }

 private:
  static Outcome read_plainly(const std::string& text, std::string& out) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
    int c = 0;
    while ((c = std::fgetc(stdin)) != EOF && c != '\n') out += static_cast<char>(c);
    return c == EOF && out.empty() ? Outcome::kEnd : Outcome::kLine;
  }

  static Terminal& of(EditLine* line) {
    void* self = nullptr;
    el_wget(line, EL_CLIENTDATA, &self);
    return *static_cast<Terminal*>(self);
  }
  static std::string before_cursor(EditLine* line) {
    const LineInfoW* info = el_wline(line);
    return narrow(info->buffer, info->cursor);
  }

  static wchar_t* prompt(EditLine* line) { return of(line).prompt_.data(); }
  static wchar_t* margin(EditLine* line) { return of(line).margin_.data(); }

  void update_margin(EditLine* line) {
    std::string hint = hooks_.hint ? hooks_.hint(before_cursor(line)) : "";
    margin_ = widen(hint);
    if (colour_ && !hint.empty())
      margin_ = std::wstring{kEscapes} + L"\033[2m" + kEscapes + margin_ + kEscapes + L"\033[0m" + kEscapes;
  }

  static unsigned char insert(EditLine* line, wint_t key) {
    wchar_t text[2] = {static_cast<wchar_t>(key), 0};
    if (el_winsertstr(line, text) != 0) return CC_ERROR;
    of(line).update_margin(line);
    return CC_REFRESH;
  }

  static unsigned char interrupt(EditLine* line, wint_t) {
    of(line).interrupted_ = true;
    return CC_EOF;
  }

  static unsigned char suspend(EditLine* line, wint_t) {
    el_wset(line, EL_PREP_TERM, 0);
    kill(0, SIGTSTP);
    el_wset(line, EL_PREP_TERM, 1);
    return CC_REDISPLAY;
  }

  static unsigned char end(EditLine* line, wint_t) {
    const LineInfoW* info = el_wline(line);
    if (info->buffer == info->lastchar) return CC_EOF;
    if (info->cursor == info->lastchar) return CC_ERROR;
    el_cursor(line, 1);
    el_wdeletestr(line, 1);
    return CC_REFRESH;
  }

  static unsigned char complete(EditLine* line, wint_t) {
    Terminal& self = of(line);
    Completions found = self.hooks_.complete ? self.hooks_.complete(before_cursor(line)) : Completions{};
    if (found.candidates.empty()) return CC_REFRESH_BEEP;
    std::string word = common_prefix(found.candidates);
    bool only = found.candidates.size() == 1;
    if (only || word.size() > found.word.size()) {
      if (only && word.back() != '/' && word.back() != '"') word += ' ';
      el_wdeletestr(line, static_cast<int>(widen(found.word).size()));
      if (el_winsertstr(line, widen(word).c_str()) != 0) return CC_ERROR;
      if (only) self.update_margin(line);
      return CC_REFRESH;
    }
    list_in_columns(found.candidates);
    return CC_REDISPLAY;
  }

  Hooks hooks_;
  bool colour_;
  EditLine* line_ = nullptr;
  HistoryW* history_ = nullptr;
  std::wstring prompt_{}, margin_{};
  bool interrupted_ = false;
};

LineEditor::LineEditor(Hooks hooks, bool colour) : terminal_(std::make_unique<Terminal>(std::move(hooks), colour)) {}
LineEditor::~LineEditor() = default;

LineEditor::Outcome LineEditor::read(const std::string& prompt, std::string& line) {
  return terminal_->read(prompt, line);
}
void LineEditor::remember(const std::string& entry) { terminal_->remember(entry); }

}  // namespace caten
