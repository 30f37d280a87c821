#include "cli/workloads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "ir/dim.hpp"
#include "ir/dtype.hpp"
#include "runtime/runtime.hpp"
#include "sexp/datum.hpp"

namespace caten {
namespace {

tl::unexpected<Diagnostic> bad(const Datum& where, std::string message, std::string expected) {
  return fail({.code = Code::BadForm,
               .message = std::move(message),
               .span = where.span,
               .expected = std::move(expected),
               .found = print(where).substr(0, 60),
               .remedy = "correct it"});
}

/// The rows of a text, one after the other.
class Reading {
 public:
  Result<Workload> row(const Datum& form, const std::string& path) {
    bool shaped = form.is_form("row") && form.size() >= 5 && form[1].is_symbol() && form[2].is_string() &&
                  form[3].is_symbol() && form[4].is_list();
    if (!shaped) return bad(form, "malformed row", "(row ID \"what\" composite ((NAME SIZE)…) clause…)");
    Workload out{.id = form[1].text, .what = form[2].text, .path = path, .composite = form[3].text};
    if (!ids_.insert(out.id).second) return bad(form[1], "two rows of one id", "an id of its own");
    sizes_.clear();
    for (const Datum& size : form[4].items) CATEN_TRY(read_size(size, out));
    for (size_t i = 5; i < form.size(); ++i) CATEN_TRY(read_clause(form[i], out));
    return out;
  }

 private:
  Status read_size(const Datum& form, Workload& out) {
    bool pair = form.is_list() && form.size() == 2 && form[0].is_symbol();
    bool number = pair && form[1].is_integer() && form[1].integer >= 0;
    if (!number && !(pair && form[1].is_symbol() && find_dtype(form[1].text)))
      return bad(form, "malformed size", "(NAME SIZE) or (NAME dtype)");
    if (number) sizes_[form[0].text] = form[1].integer;
    out.sizes.push_back(fmt::format("{}={}", form[0].text, form[1].text));
    return {};
  }

  Result<int64_t> number(const Datum& form) const {
    Result<Dim> dim = Dim::parse(form);
    std::optional<int64_t> value = dim ? dim->evaluate(sizes_) : std::nullopt;
    if (!value) return bad(form, "a size that the row does not decide", "an expression over the sizes of the row");
    return *value;
  }

  Status read_clause(const Datum& clause, Workload& out) const {
    const char* expected = "(:bytes SIZE), (:flops SIZE), (:below NAME SIZE), (:positive NAME…) or (:wrt NAME…)";
    if (!clause.is_list() || clause.size() < 2 || !clause[0].is_keyword())
      return bad(clause, "malformed clause of a row", expected);
    const std::string& name = clause[0].text;
    if (name == "wrt" || name == "positive") {
      std::vector<std::string>& names = name == "wrt" ? out.wrt : out.positive;
      for (size_t i = 1; i < clause.size(); ++i) names.push_back(clause[i].text);
      return {};
    }
    bool below = name == "below";
    if ((!below && name != "bytes" && name != "flops") || clause.size() != (below ? 3u : 2u))
      return bad(clause, "a clause that rows do not have", expected);
    Result<int64_t> value = number(clause.items.back());
    if (!value) return tl::make_unexpected(value.error());
    if (below)
      out.below[clause[1].text] = *value;
    else
      (name == "bytes" ? out.bytes : out.flops) = static_cast<double>(*value);
    return {};
  }

  std::set<std::string> ids_;
  DimValues sizes_;
};

bool is_program(const std::string& word) {
  std::error_code error;
  return word.starts_with('(') || std::filesystem::is_regular_file(word, error);
}

}  // namespace

Result<std::vector<Workload>> read_workloads(const SourceMap& sources, uint32_t source, const std::string& folder) {
  Result<std::vector<Datum>> forms = read_all(sources, source);
  if (!forms) return tl::make_unexpected(forms.error());
  std::vector<Workload> out;
  Reading reading;
  for (const Datum& form : *forms) {
    if (!form.is_form("file") || form.size() < 2 || !form[1].is_string())
      return bad(form, "malformed list of workloads", "(file \"NAME.lisp\" (row …)…)");
    for (size_t i = 2; i < form.size(); ++i) {
      Result<Workload> row = reading.row(form[i], folder + "/" + form[1].text);
      if (!row) return tl::make_unexpected(row.error());
      out.push_back(std::move(*row));
    }
  }
  return out;
}

Result<std::vector<Workload>> read_workloads(SourceMap& sources) {
  std::string folder = share_folder() + "/workloads", path = folder + "/rows.lisp";
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    return fail({.code = Code::CannotRead,
                 .message = "the workloads are not there",
                 .expected = path,
                 .remedy = "install caten as a whole, or name a program to measure"});
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  return read_workloads(sources, sources.add(path, std::move(text)), folder);
}

const std::vector<std::string>& bench_suites() {
  static const std::vector<std::string> suites{"roof", "cpu", "compile"};
  return suites;
}

Result<BenchChoice> choose_workloads(const std::vector<std::string>& words, const std::vector<Workload>& all) {
  BenchChoice out;
  std::vector<bool> chosen(all.size(), false);
  std::vector<Workload> programs;
  for (const std::string& word : words) {
    if (std::find(bench_suites().begin(), bench_suites().end(), word) != bench_suites().end()) {
      if (std::find(out.suites.begin(), out.suites.end(), word) == out.suites.end()) out.suites.push_back(word);
      continue;
    }
    bool known = false;
    for (size_t i = 0; i < all.size(); ++i)
      if (all[i].id == word) chosen[i] = known = true;
    if (known) continue;
    for (size_t i = 0; i < all.size(); ++i)
      if (all[i].composite == word || all[i].id.starts_with(word + "-")) chosen[i] = known = true;
    if (known) continue;
    if (is_program(word)) {
      bool file = !word.starts_with('(');
      std::string name = file ? std::filesystem::path(word).stem().string() : "program";
      programs.push_back({.id = name, .what = file ? word : "as given", .path = word});
      continue;
    }
    std::vector<std::string> candidates = bench_suites();
    for (const Workload& row : all) candidates.insert(candidates.end(), {row.id, row.composite});
    return fail(
        {.code = Code::BadOptionValue,
         .message = fmt::format("`caten bench` knows no suite, workload or file `{}`", word),
         .expected = fmt::format("{}, a row of `caten bench ls`, or a program", fmt::join(bench_suites(), ", ")),
         .found = word,
         .remedy = did_you_mean(word, candidates)});
  }
  for (size_t i = 0; i < all.size(); ++i)
    if (chosen[i]) out.rows.push_back(all[i]);
  out.rows.insert(out.rows.end(), programs.begin(), programs.end());
  if (out.rows.empty()) out.rows = all;
  if (out.suites.empty()) out.suites = {"cpu"};
  return out;
}

}  // namespace caten
