#include "conformance/isolated.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace caten::conformance {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kMostBytes = uint64_t{64} << 20;  // of one case's text
constexpr int kPollMilliseconds = 100;

bool write_all(int fd, const void* data, size_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    ssize_t written = ::write(fd, at, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    at += written;
    bytes -= static_cast<size_t>(written);
  }
  return true;
}

/// Never returns. Each text goes through the pipe behind its length.
[[noreturn]] void work_on(const IsolatedWork& work, size_t first, int fd) {
  ::setpgid(0, 0);  // with the compilers that it runs; Ctrl-C is for the parent
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGBUS, SIG_DFL);
  std::signal(SIGPIPE, SIG_IGN);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  std::function<std::string(size_t)> compute = work.start();
  for (size_t i = first; i < work.cases; ++i) {
    std::string text = compute(i);
    uint64_t length = text.size();
    if (!write_all(fd, &length, sizeof length) || !write_all(fd, text.data(), text.size())) break;
  }
  ::_exit(0);  // what the driver does at the end of a process is not under test
}

/// A child and the pipe through which it answers.
class Child {
 public:
  Child(const IsolatedWork& work, size_t first) : work_(work) {
    int ends[2];
    if (::pipe(ends) != 0) return;
    std::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      work_on(work, first, ends[1]);
    }
    ::close(ends[1]);
    fd_ = ends[0];
  }
  ~Child() {
    if (fd_ >= 0) ::close(fd_);
    end();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// What the next case gives.
  Outcome next() {
    if (pid_ < 0) return {.fault = "no further process could begin"};
    deadline_ = Clock::now() + work_.limit;
    uint64_t length = 0;
    Outcome out;
    if (!read(&length, sizeof length, out.fault)) return out;
    if (length > kMostBytes) return {.fault = "it wrote over its answer"};
    out.text.resize(length);
    if (!read(out.text.data(), length, out.fault)) out.text.clear();
    return out;
  }

 private:
  bool read(void* to, size_t bytes, std::string& fault) {
    char* at = static_cast<char*>(to);
    while (bytes > 0) {
      if (work_.interrupted && work_.interrupted()) return fault = "interrupted", false;
      if (Clock::now() > deadline_) {
        fault = fmt::format("no end within {} s", work_.limit.count() / 1000);
        end();  // before anybody tries the case again
        return false;
      }
      pollfd waiting{fd_, POLLIN, 0};
      if (::poll(&waiting, 1, kPollMilliseconds) <= 0) continue;
      ssize_t found = ::read(fd_, at, bytes);
      if (found < 0 && errno == EINTR) continue;
      if (found <= 0) return fault = end(), false;
      at += found;
      bytes -= static_cast<size_t>(found);
    }
    return true;
  }

  /// Ends the child, if it has not ended by itself; says how.
  std::string end() {
    if (pid_ <= 0) return "";
    int status = 0;
    // The pipe of a child that ended is closed a moment before its state is known.
    bool ended = false;
    for (int attempts = 0; fd_ >= 0 && attempts < 50 && !ended; ++attempts) {
      ended = ::waitpid(pid_, &status, WNOHANG) == pid_;
      if (!ended) ::usleep(2000);
    }
    if (!ended) {
      ::kill(-pid_, SIGKILL);
      ::kill(pid_, SIGKILL);
      while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
      }
    }
    pid_ = 0;
    if (WIFSIGNALED(status)) return fmt::format("signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
    return fmt::format("the process left with code {}", WEXITSTATUS(status));
  }

  const IsolatedWork& work_;
  pid_t pid_ = -1;
  int fd_ = -1;
  Clock::time_point deadline_{};
};

}  // namespace

bool run_isolated(const IsolatedWork& work) {
  for (size_t i = 0; i < work.cases;) {
    Child child(work, i);
    bool alive = true;
    while (alive && i < work.cases) {
      Outcome outcome = child.next();
      if (work.interrupted && work.interrupted()) return false;
      alive = outcome.fault.empty();
      if (!work.finished(i++, std::move(outcome))) return false;
    }
  }
  return true;
}

}  // namespace caten::conformance
