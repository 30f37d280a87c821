#include "runtime/runtime.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>

namespace caten {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Diagnostic> bad(const Datum& where, std::string message, std::string expected, std::string remedy) {
  return fail({.code = Code::BadRuntimeFile,
               .message = std::move(message),
               .span = where.span,
               .expected = std::move(expected),
               .found = print(where).substr(0, 60),
               .remedy = std::move(remedy)});
}

constexpr int kMostExtensions = 4;

bool is_path(const std::string& name) { return name.ends_with(".lisp"); }

Result<std::string> one_string(const Datum& clause) {
  if (clause.size() == 2 && clause[1].is_string()) return clause[1].text;
  return bad(clause, fmt::format("`:{}` takes one text", clause[0].text), fmt::format("(:{} \"…\")", clause[0].text),
             "write it between double quotes");
}

/// Of (name dtype …).
Result<DTypeSet> read_dtypes(const Datum& entry) {
  DTypeSet dtypes = 0;
  for (size_t k = 1; k < entry.size(); ++k) {
    std::optional<DType> dtype = entry[k].is_symbol() ? find_dtype(entry[k].text) : std::nullopt;
    if (!dtype)
      return bad(entry[k], fmt::format("`{}` is no dtype", print(entry[k])), "one of " + describe(kAnySet),
                 "correct it");
    dtypes |= set_of(*dtype);
  }
  return dtypes;
}

Status read_unsupported(const Datum& clause, RuntimeFile& file) {
  for (size_t i = 1; i < clause.size(); ++i) {
    const Datum& entry = clause[i];
    bool fine = entry.is_list() && !entry.items.empty();
    for (size_t k = 0; fine && k < entry.size(); ++k) fine = entry[k].is_symbol();
    if (!fine) return bad(entry, "an entry of `:unsupported` of the wrong shape", "(op dtype …)", "name an op");
    std::optional<Op> op = find_op(entry[0].text);
    if (!op) {
      std::vector<std::string> names;
      for (const OpInfo& row : all_ops()) names.emplace_back(row.name);
      return bad(entry[0], fmt::format("`{}` is no op", entry[0].text), "an op of the table",
                 did_you_mean(entry[0].text, names));
    }
    Result<DTypeSet> dtypes = read_dtypes(entry);
    if (!dtypes) return tl::make_unexpected(dtypes.error());
    file.unsupported.push_back({*op, entry.size() == 1 ? kAnySet : *dtypes});
  }
  return {};
}

Status read_library(const Datum& clause, RuntimeFile& file) {
  for (size_t i = 1; i < clause.size(); ++i) {
    if (!clause[i].is_form("contraction") && !clause[i].is_form("convolution"))
      return bad(clause[i], "a routine that is not known", "(contraction dtype …) or (convolution dtype …)",
                 "correct it");
    Result<DTypeSet> dtypes = read_dtypes(clause[i]);
    if (!dtypes) return tl::make_unexpected(dtypes.error());
    (clause[i].is_form("contraction") ? file.contraction : file.convolution) = *dtypes;
  }
  return {};
}

Status read_without(const Datum& clause, RuntimeFile& file) {
  for (size_t i = 1; i < clause.size(); ++i) {
    if (!clause[i].is_symbol()) return bad(clause[i], "a pass that is no name", "(:without pass…)", "correct it");
    file.without.push_back(clause[i]);
  }
  return {};
}

Status read_environment(const Datum& clause, RuntimeFile& file) {
  auto is_name = [](const Datum& datum) {
    return datum.is_symbol() && !datum.text.empty() && datum.text.find('=') == std::string::npos;
  };
  for (size_t i = 1; i < clause.size(); ++i) {
    const Datum& variable = clause[i];
    if (!variable.is_list() || variable.size() != 2 || !is_name(variable[0]) || !variable[1].is_string())
      return bad(variable, "a variable of the wrong shape", "(NAME \"VALUE\")", "correct it");
    file.environment.emplace_back(variable[0].text, variable[1].text);
  }
  return {};
}

Status read_include(const Datum& clause, RuntimeFile& file) {
  for (size_t i = 1; i < clause.size(); ++i) {
    if (!clause[i].is_string() || clause[i].text.empty())
      return bad(clause[i], "`:include` takes names of files", "(:include \"FILE\" …)",
                 "write them between double quotes");
    file.includes.push_back(clause[i]);
  }
  return {};
}

fs::path program_folder() {
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : program.parent_path();
}

std::vector<std::string> split_path(const char* text) {
  std::vector<std::string> out;
  std::string folder;
  for (char c : std::string(text) + ":") {
    if (c != ':') {
      folder += c;
    } else if (!folder.empty()) {
      out.push_back(std::move(folder));
      folder.clear();
    }
  }
  return out;
}

}  // namespace

std::string share_folder() {
  fs::path folder = program_folder();
  return folder.empty() ? "" : (folder / "../share/caten").lexically_normal().string();
}

RuntimeSearch default_runtime_search() {
  RuntimeSearch search;
  if (const char* path = std::getenv("CATEN_RUNTIME_PATH")) search.runtime_folders = split_path(path);
  if (fs::path folder = program_folder(); !folder.empty()) {
    search.runtime_folders.push_back(share_folder() + "/runtimes");
    search.driver_folders.push_back((folder / "../lib/caten").lexically_normal().string());
  }
  return search;
}

std::vector<std::string> runtime_names(const RuntimeSearch& search) {
  std::vector<std::string> names;
  for (const std::string& folder : search.runtime_folders) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error))
      if (entry.path().extension() == ".lisp") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Result<RuntimeFile> read_runtime(const SourceMap& sources, uint32_t source) {
  Result<Datum> form = read_one(sources, source);
  if (!form) return tl::make_unexpected(form.error());
  if (!form->is_form("defruntime") || form->size() < 2 || !(*form)[1].is_symbol())
    return bad(*form, "a runtime file that holds no runtime", "(defruntime name (:clause …) …)",
               "begin with defruntime");
  RuntimeFile file;
  file.name = (*form)[1].text;
  file.text = std::string(sources.text(source));
  for (size_t i = 2; i < form->size(); ++i) {
    const Datum& clause = (*form)[i];
    if (!clause.is_list() || clause.items.empty() || !clause[0].is_keyword())
      return bad(clause, "a clause of the wrong shape", "(:clause …)", "begin it with a keyword");
    const std::string& name = clause[0].text;
    if (name == "description" || name == "driver" || name == "needs") {
      Result<std::string> text = one_string(clause);
      if (!text) return tl::make_unexpected(text.error());
      (name == "driver" ? file.driver : name == "needs" ? file.needs : file.description) = std::move(*text);
    } else if (name == "extends") {
      if (clause.size() != 2 || !clause[1].is_symbol())
        return bad(clause, "`:extends` takes one name", "(:extends c)", "name a runtime of the same folder");
      file.extends = clause[1].text;
    } else if (name == "include") {
      CATEN_TRY(read_include(clause, file));
    } else if (name == "environment") {
      CATEN_TRY(read_environment(clause, file));
    } else if (name == "dialect") {
      file.dialect = clause;
    } else if (name == "limits") {
      file.limits.assign(clause.items.begin() + 1, clause.items.end());
    } else if (name == "unsupported") {
      CATEN_TRY(read_unsupported(clause, file));
    } else if (name == "without") {
      CATEN_TRY(read_without(clause, file));
    } else if (name == "library") {
      CATEN_TRY(read_library(clause, file));
    } else {
      return bad(
          clause[0], fmt::format("a runtime has no clause `:{}`", name),
          ":description :driver :needs :extends :include :limits :without :unsupported :library :environment :dialect",
          did_you_mean(name, {"description", "driver", "needs", "extends", "include", "limits", "without",
                              "unsupported", "library", "environment", "dialect"}));
    }
  }
  for (const auto& [missing, name] :
       {std::pair{file.driver.empty(), "driver"}, std::pair{file.dialect.items.empty(), "dialect"}})
    if (missing)
      return bad(*form, fmt::format("runtime `{}` has no `:{}`", file.name, name), fmt::format("(:{} …)", name),
                 "add it");
  return file;
}

namespace {

Result<RuntimeFile> read_extended(const std::string& name, const RuntimeSearch& search, SourceMap& sources,
                                  int extensions);

std::optional<std::string> text_of_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::error_code error;
  if (!stream || fs::is_directory(path, error)) return std::nullopt;
  return std::string((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
}

/// Puts clauses behind the head of the runtime's own dialect.
void put_before_own(RuntimeFile& file, std::span<const Datum> clauses) {
  std::vector<Datum>& own = file.dialect.items;
  own.insert(own.begin() + 1, clauses.begin(), clauses.end());
}

/// Puts the clauses of the dialects that the file includes before those of its own.
Status include(RuntimeFile& file, SourceMap& sources) {
  std::vector<Datum> clauses;
  for (const Datum& name : file.includes) {
    const std::string path = (fs::path(file.path).parent_path() / name.text).string();
    std::optional<std::string> text = text_of_file(path);
    if (!text) return bad(name, "an included file that cannot be read", "the file " + path, "correct its name");
    Result<Datum> form = read_one(sources, sources.add(path, std::move(*text)));
    if (!form) return tl::make_unexpected(form.error());
    if (!form->is_form("defdialect") || form->size() < 2 || !(*form)[1].is_symbol())
      return bad(*form, "an included file that holds no dialect", "(defdialect name (:clause …) …)",
                 "begin with defdialect");
    clauses.insert(clauses.end(), form->items.begin() + 2, form->items.end());
  }
  put_before_own(file, clauses);
  return {};
}

/// Puts the dialect of the runtime that this one extends before its own.
Status extend(RuntimeFile& file, SourceMap& sources, int extensions) {
  if (file.extends.empty()) return {};
  if (extensions == kMostExtensions)
    return bad(file.dialect, fmt::format("`{}` extends a runtime that extends one, and so on", file.name),
               fmt::format("at most {} of them", kMostExtensions), "extend a runtime that extends none");
  fs::path base = fs::path(file.path).parent_path() / (file.extends + ".lisp");
  Result<RuntimeFile> read = read_extended(base.string(), {}, sources, extensions + 1);
  if (!read) return tl::make_unexpected(read.error());
  put_before_own(file, std::span(read->dialect.items).subspan(1));
  return {};
}

Result<RuntimeFile> read_extended(const std::string& name, const RuntimeSearch& search, SourceMap& sources,
                                  int extensions) {
  std::vector<std::string> candidates;
  if (is_path(name))
    candidates.push_back(name);
  else
    for (const std::string& folder : search.runtime_folders)
      candidates.push_back(fmt::format("{}/{}.lisp", folder, name));
  for (const std::string& candidate : candidates) {
    std::optional<std::string> text = text_of_file(candidate);
    if (!text) continue;
    uint32_t source = sources.add(candidate, std::move(*text));
    Result<RuntimeFile> file = read_runtime(sources, source);
    if (!file) return file;
    file->path = candidate;
    Status whole = include(*file, sources);
    if (whole) whole = extend(*file, sources, extensions);
    if (!whole) return tl::make_unexpected(whole.error());
    return file;
  }
  std::vector<std::string> names = runtime_names(search);
  names.emplace_back("reference");
  std::string near = did_you_mean(name, names);
  Diagnostic diagnostic{.code = Code::UnknownRuntime,
                        .message = fmt::format("there is no runtime `{}`", name),
                        .expected = fmt::format("one of {}", fmt::join(names, " ")),
                        .found = name,
                        .remedy = near.empty() ? "choose one of these, or set CATEN_RUNTIME_PATH" : near};
  for (const std::string& candidate : candidates) diagnostic.notes.push_back("searched: " + candidate);
  return fail(std::move(diagnostic));
}

}  // namespace

Result<RuntimeFile> read_runtime(const std::string& name, const RuntimeSearch& search, SourceMap& sources) {
  return read_extended(name, search, sources, 0);
}

Result<std::string> find_driver(const RuntimeFile& file, const RuntimeSearch& search) {
  std::string beside = fs::path(file.path).parent_path().string();
  std::vector<std::string> folders{beside.empty() ? "." : beside}, searched;
  folders.insert(folders.end(), search.driver_folders.begin(), search.driver_folders.end());
  for (const std::string& folder : folders) {
    std::string path = fmt::format("{}/{}.so", folder, file.driver);
    std::error_code error;
    if (fs::exists(path, error)) return path;
    searched.push_back("searched: " + path);
  }
  return fail({.code = Code::RuntimeUnavailable,
               .message = fmt::format("runtime `{}` has no driver here", file.name),
               .expected = fmt::format("the module {}.so", file.driver),
               .found = "none",
               .remedy = file.needs.empty() ? "build or install caten's drivers" : file.needs,
               .notes = std::move(searched)});
}

Result<Runtime> find_runtime(const std::string& name, const RuntimeSearch& search, SourceMap& sources,
                             const std::string& options) {
  Result<RuntimeFile> file = read_runtime(name, search, sources);
  if (!file) return tl::make_unexpected(file.error());
  Result<std::string> path = find_driver(*file, search);
  if (!path) return tl::make_unexpected(path.error());
  // Libraries look at theirs when they are loaded.
  for (const auto& [variable, value] : file->environment) setenv(variable.c_str(), value.c_str(), 0);
  Result<std::shared_ptr<Driver>> driver = Driver::load(*path);
  if (!driver) return tl::make_unexpected(driver.error());
  Result<std::shared_ptr<Device>> device = Device::open(*driver, options);
  if (!device) return tl::make_unexpected(device.error());
  return Runtime{std::move(*file), std::move(*device)};
}

Status check_supported(const Graph& graph, const RuntimeFile& runtime) {
  std::vector<std::string> missing;
  for (NodeId id : graph.reachable()) {
    const Node& node = graph[id];
    if (node.kind != NodeKind::kOp) continue;
    for (const RuntimeFile::Unsupported& entry : runtime.unsupported) {
      if (entry.op != node.op) continue;
      std::vector<DType> dtypes{node.type.dtype};
      for (NodeId operand : node.operands) dtypes.push_back(graph.type(operand).dtype);
      for (DType dtype : dtypes) {
        std::string pair = fmt::format("{} of {}", op_name(node.op), dtype_name(dtype));
        if (contains(entry.dtypes, dtype) && std::find(missing.begin(), missing.end(), pair) == missing.end())
          missing.push_back(pair);
      }
    }
  }
  if (missing.empty()) return {};
  return fail({.code = Code::UnsupportedByRuntime,
               .message = fmt::format("runtime `{}` does not support all that the program needs", runtime.name),
               .expected = "ops and dtypes that it supports",
               .found = fmt::format("{}", fmt::join(missing, ", ")),
               .remedy = "choose another --runtime, or cast to another dtype"});
}

}  // namespace caten
