#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "lisp/lisp.hpp"

using namespace caten;

namespace {

Session& session() {
  static Session the_session({.runtime = "reference"});
  return the_session;
}

SourceMap& sources() { return session().sources(); }

/// The printed values of the last form, or the rendered diagnostics.
std::string run(const std::string& text) {
  lisp::boot(session());
  Diagnostics diagnostics;
  lisp::Outcome outcome = lisp::evaluate(sources().add("<test>", text), diagnostics, {.show = lisp::Show::kLast});
  std::string out;
  for (const std::string& value : outcome.values) out += (out.empty() ? "" : " ") + value;
  if (outcome.ok) return outcome.exit_code ? "exit " + std::to_string(*outcome.exit_code) : out;
  out.clear();
  for (const Diagnostic& d : diagnostics.list()) out += render(d, sources());
  return out;
}

}  // namespace

TEST_CASE("forms are evaluated one by one") {
  CHECK(run("(+ 1 2)") == "3");
  CHECK(run("(defvar *a* 5) (values *a* \"b\")") == "5 \"b\"");
  CHECK(run("") == "");
  CHECK(run("0.1") == "0.1");
  CHECK(run("; nothing\n #| a #| b |# |# 'Kana") == "kana");
  CHECK(run("(string-length-of-nothing)").find("E0111") != std::string::npos);
}

TEST_CASE("lazy tensors are computed when a value is asked for") {
  CHECK(run("(+ (tensor '((1 2) (3 4))) 1)") == "#<i64[2 2]\n((2 3)\n (4 5))>");
  CHECK(run("(item (sum (matmul (ones 2 3) (ones 3 2))))") == "12.0");
}

TEST_CASE("the composite of the seed derives its sizes") {
  lisp::boot(session());
  Diagnostics diagnostics;
  uint32_t source = sources().add("<seed>", R"((composite ((A{T}[M, N], B{T}[M, N]) -> (A{T}[M, k]) where K = (* 2 M))
    (setf z1 (+ A B))
    (return z1)))");
  std::optional<lisp::Traced> traced = lisp::trace(source, {}, diagnostics);
  REQUIRE(traced.has_value());
  REQUIRE(traced->derived.size() == 1);
  CHECK(traced->derived[0] == "N = K = 2M");
  CHECK(traced->graph.inputs.size() == 2);
}

TEST_CASE("an interruption ends the form and keeps all state") {
  lisp::boot(session());
  lisp::install_interrupt_handler();
  run("(defvar *kept* 7)");
  for (const char* endless : {"(loop)", "(scan 1000000000 ((s 0)) (i) (next (+ s i)))"}) {
    std::thread other([] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      lisp::interrupt();
    });
    CHECK(run(endless).find("E0805") != std::string::npos);
    other.join();
  }
  CHECK(run("(list *kept* (item (sum (ones 2 2))))") == "(7 4.0)");
}

TEST_CASE("quit leaves with a code, whoever is called") {
  CHECK(run("(quit 3) 5") == "exit 3");
  CHECK(run("(unwind-protect (exit 4) 5)") == "exit 4");
  CHECK(run("(ext:quit 5)") == "exit 5");
}

TEST_CASE("inf and nan are values, and floats print as they are read") {
  CHECK(run("(list +inf -inf nan (/ 1.0 0.0))") == "(+inf -inf nan +inf)");
  CHECK(run("(list 0.1 1e-46 1e300 pi)") == "(0.1 1.e-46 1.e300 3.141592653589793)");
  CHECK(run("(item (* (tensor 0.1 :dtype :f64) 3))") == "0.30000000000000004");
}

TEST_CASE("text in and out is UTF-8") {
  CHECK(run("(length \"größe λ\")") == "7");
  CHECK(run("\"größe λ\"") == "\"größe λ\"");
  CHECK(run("(list 1) (car \"λ\")").find("1:10: error[E0701]") != std::string::npos);
}

TEST_CASE("arguments reach a script, and the init file is loaded") {
  lisp::boot(session());
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("caten-lisp-test-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder / "caten");
  std::ofstream(folder / "caten" / "init.lisp") << "(defvar *from-init* 11)\n";
  std::ofstream(folder / "script.lisp")
      << "(defvar *seen* (list* (pathname-name *load-truename*) *from-init* *arguments*))\n(car 5)\n";
  setenv("XDG_CONFIG_HOME", folder.c_str(), 1);
  Diagnostics diagnostics;
  CHECK(lisp::load_init_file(diagnostics).ok);
  CHECK_FALSE(lisp::run_script((folder / "script.lisp").string(), {"a", "b"}, diagnostics).ok);
  REQUIRE(diagnostics.list().size() == 1);
  CHECK(render(diagnostics.list()[0], sources()).find("script.lisp:2:1") != std::string::npos);
  CHECK(run("*seen*") == "(\"script\" 11 \"a\" \"b\")");
  std::filesystem::remove_all(folder);
}

TEST_CASE("named functions are called with strings") {
  lisp::boot(session());
  Diagnostics diagnostics;
  CHECK(lisp::call("cl:string-upcase", {"abc"}, diagnostics).values == std::vector<std::string>{"ABC"});
  CHECK_FALSE(lisp::call("cl:no-such-function", {}, diagnostics).ok);
}
