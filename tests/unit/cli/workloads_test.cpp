#include "cli/workloads.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "golden.hpp"

using namespace caten;

namespace {

Result<std::vector<Workload>> read(const std::string& text) {
  SourceMap sources;
  return read_workloads(sources, sources.add("rows.lisp", text), "folder");
}

std::vector<std::string> ids(const std::vector<Workload>& rows) {
  std::vector<std::string> out;
  for (const Workload& row : rows) out.push_back(row.id);
  return out;
}

using Ids = std::vector<std::string>;

constexpr const char* kRows = R"(
(file "a.lisp"
 (row W1-4 "a chain" chain ((N 4)) (:bytes (* 8 N)))
 (row W6-2 "a product" product ((M 2) (K 3) (T bf16)) (:flops (* 2 M K)) (:below rows K) (:positive v w) (:wrt a b))
 (row W6-4 "a product" product ((M 4) (K 3) (T f32)))
 (row W6-4-bf16 "a product" product ((M 4) (K 3) (T bf16))))
(file "b.lisp" (row W12 "a block" block ()))
)";

}  // namespace

TEST_CASE("rows of workloads are read as data") {
  Result<std::vector<Workload>> rows = read(kRows);
  REQUIRE(rows);
  CHECK(ids(*rows) == Ids{"W1-4", "W6-2", "W6-4", "W6-4-bf16", "W12"});
  const Workload& row = (*rows)[1];
  CHECK(row.what == "a product");
  CHECK(row.path == "folder/a.lisp");
  CHECK((*rows)[4].path == "folder/b.lisp");
  CHECK(row.sizes == std::vector<std::string>{"M=2", "K=3", "T=bf16"});
  CHECK(row.flops.value_or(0) == 12);
  CHECK_FALSE(row.bytes.has_value());
  CHECK((*rows)[0].bytes.value_or(0) == 32);
  CHECK(row.below == std::map<std::string, int64_t>{{"rows", 3}});
  CHECK(row.positive == std::vector<std::string>{"v", "w"});
  CHECK(row.wrt == std::vector<std::string>{"a", "b"});
}

TEST_CASE("a malformed row names its place") {
  for (const char* text :
       {"(rows)", "(file 1)", "(file \"a\" (row W1 \"x\"))", "(file \"a\" (row W1 \"x\" c ((N))))",
        "(file \"a\" (row W1 \"x\" c ((N -1))))", "(file \"a\" (row W1 \"x\" c ((N f31))))",
        "(file \"a\" (row W1 \"x\" c () (:bytes N)))", "(file \"a\" (row W1 \"x\" c () (:speed 1)))",
        "(file \"a\" (row W1 \"x\" c () (:below N)))", "(file \"a\" (row W1 \"x\" c ()) (row W1 \"y\" d ()))"}) {
    CAPTURE(text);
    Result<std::vector<Workload>> rows = read(text);
    REQUIRE_FALSE(rows);
    CHECK(rows.error().code == Code::BadForm);
    CHECK(rows.error().span.known());
  }
}

TEST_CASE("operands choose suites, rows, composites and files") {
  std::vector<Workload> all = *read(kRows);
  auto chosen = [&](const std::vector<std::string>& words) { return choose_workloads(words, all).value(); };
  CHECK(chosen({}).suites == Ids{"cpu"});
  CHECK(chosen({}).rows.size() == all.size());
  CHECK(ids(chosen({"W6"}).rows) == Ids{"W6-2", "W6-4", "W6-4-bf16"});
  CHECK(ids(chosen({"W6-4"}).rows) == Ids{"W6-4"});
  CHECK(ids(chosen({"block", "W1-4"}).rows) == Ids{"W1-4", "W12"});
  CHECK(ids(chosen({"W1"}).rows) == Ids{"W1-4"});  // not W12
  CHECK(chosen({"compile", "roof", "compile", "W12"}).suites == Ids{"compile", "roof"});
  CHECK(ids(chosen({"(composite () 1)"}).rows) == Ids{"program"});
  for (const char* word : {"W7", "W", "W6-", "cpus", "no-such-file.ir"}) {
    CAPTURE(word);
    Result<BenchChoice> choice = choose_workloads({word}, all);
    REQUIRE_FALSE(choice);
    CHECK(choice.error().code == Code::BadOptionValue);
  }
  CHECK(choose_workloads({"prodct"}, all).error().remedy == "did you mean `product`?");
}

TEST_CASE("the rows that caten is installed with are whole, and their files are there") {
  SourceMap sources;
  std::filesystem::path folder = source_path("benchmarks/workloads");
  std::ifstream stream(folder / "rows.lisp");
  REQUIRE(stream);
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  Result<std::vector<Workload>> rows = read_workloads(sources, sources.add("rows.lisp", text), folder.string());
  REQUIRE(rows);
  CHECK(rows->size() > 30);
  for (const Workload& row : *rows) CHECK(std::filesystem::exists(row.path));
}
