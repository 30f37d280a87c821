// The programs of tests/data/consensus in Lisp are those of the text form and of LCI.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "golden.hpp"
#include "lisp/lisp.hpp"

using namespace caten;

namespace {

/// What the form gives, a string, or the messages.
std::string string_of(Session& session, const std::string& name, const std::string& form) {
  Diagnostics diagnostics;
  lisp::Outcome outcome = lisp::evaluate(session.sources().add(name, form), diagnostics, {.show = lisp::Show::kLast});
  std::string out;
  for (const Diagnostic& each : diagnostics.list()) out += render(each, session.sources());
  if (!outcome.ok || outcome.values.size() != 1) return out + "no value";
  const std::string& printed = outcome.values[0];  // between quotes, with \ before quotes and \ itself
  for (size_t i = 1; i + 1 < printed.size(); ++i) out += printed[i] == '\\' ? printed[++i] : printed[i];
  return out;
}

Session& reference_session() {
  static Session session({.runtime = "reference"});
  lisp::boot(session);
  return session;
}

}  // namespace

TEST_CASE("programs in Lisp are equal to those in the text form and in LCI") {
  Session& session = reference_session();
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(source_path("tests/data/consensus")))
    if (entry.path().extension() == ".lisp") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  REQUIRE(names.size() >= 12);
  for (const std::string& name : names) {
    CAPTURE(name);
    std::string folder = "tests/data/consensus/" + name;
    std::string lci = read_source_file(folder + ".lci");
    CHECK(string_of(session, name + ".lisp", "(lci-of\n" + read_source_file(folder + ".lisp") + ")") == lci);
    for (const char* kind : {".lmpm", ".lci"})
      CHECK(string_of(session, "-e", "(lci-of (load-consensual-program \"" + source_path(folder + kind) + "\"))") ==
            lci);
  }
}

TEST_CASE("errors of programs in Lisp stand where they were written") {
  Session& session = reference_session();
  std::string messages;
  for (const char* form :
       {"(consensual-program Small\n  (value V :dtype (token A 4) :shape (sequence 8) :clock lamport))",
        "(consensual-program Small\n  (value V :dtype (token A 4) :shape (seq 8) :clock lamport)\n"
        "  (visible (V i) (Vv i))\n  (commit (V j *) :policy (satisfy max-constraints-then-score)))",
        "(consensual-program 7)", "(consensual-program Small (+ 1 2))",
        "(consensual-program Small (list `(value v :dtype event :shape (set) :clock vector)))",
        "(load-consensual-program \"no-such.lmpm\")", "(lci-of 7)",
        "(lci-of (consensual-program Calls (param P int) (value V :dtype event :shape (seq 4) :clock lamport)\n"
        "  (rule R :on (V i) :emit ((propose (V i) (layer_nrm (relu i)))))))"})
    messages += string_of(session, "small.lisp", form) + "\n";
  check_golden("errors/consensus/lisp.txt", messages);
}
