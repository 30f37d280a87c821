#include "cli/new_runtime_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/console.hpp"
#include "runtime/runtime.hpp"

namespace caten {
namespace {

namespace fs = std::filesystem;

constexpr const char* kReadme = R"(# The runtime {name}

`{name}.lisp` says how kernels are spelled, and what is not supported; `{name}.cpp` is the driver: it compiles and launches
them. Both begin as those of the runtime `c`, and pass as they stand:

    {build}
    caten test-runtime --runtime {name}/{name}.lisp

Then change one thing at a time, and test again:

1. `open_device`, `properties`: find the device. The identity tells apart whatever makes other machine code.
2. `compile`, `load`, `find_function`, `launch`: from text to a running kernel. A device with memory of its own has its
   own `alloc`, `free`, `copy_in`, `copy_out`, `copy` and `zero`, and says so in `host_memory`.
3. `(:kernel …)`, `(:buffer …)`, `(:size …)` in {name}.lisp: how a kernel begins and finds its operands.
4. `(:types …)`, `(:op …)`, `(:prelude …)`: how values are held and computed. What the device cannot do is declared:
   `(:unsupported (sin f16) (bitcast))`.
5. `open_library`, `call_library` and `(:library …)`: products of matrices by a library of the device.

`caten --runtime {name}/{name}.lisp -S PROGRAM` prints kernels, `--verify` compares each kernel of a run. The interface is
described in {include}/runtime/driver_abi.h.
)";

Status check_name(const std::string& name) {
  bool fine = !name.empty() && name.size() <= 64 && name[0] >= 'a' && name[0] <= 'z' &&
              std::all_of(name.begin(), name.end(),
                          [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
  std::vector<std::string> known = runtime_names(default_runtime_search());
  bool taken = name == "reference" || std::find(known.begin(), known.end(), name) != known.end();
  if (fine && !taken) return {};
  return fail({.code = Code::BadOptionValue,
               .message = fmt::format("a new runtime cannot be called `{}`", name),
               .expected = "small letters, digits and -, beginning with a letter",
               .found = taken ? "the name of a runtime that is there" : name,
               .remedy = "for example caten new-runtime board"});
}

Result<std::string> read_template(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (stream.is_open() && !text.empty()) return text;
  return fail({.code = Code::CannotRead,
               .message = "the files of the runtime c are not there",
               .expected = "what caten's installation has",
               .found = fmt::format("no {}", path.string()),
               .remedy = "install caten again"});
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

/// A text of the runtime c, as that of another.
std::string renamed(std::string text, const std::string& name) {
  const std::pair<std::string, std::string> changes[] = {
      {"; The c runtime:", "; The runtime " + name + ":"},
      {"(defruntime c\n", "(defruntime " + name + "\n"},
      {"(:driver \"c\")", "(:driver \"" + name + "\")"},
      {"(:description \"", "(:description \"made by caten new-runtime: "},
      {"the `c` runtime", "the runtime " + name},
      {"the driver c ", "the driver " + name + " "},
      {"host_driver(\"c\")", "host_driver(\"" + name + "\")"}};
  for (const auto& [from, to] : changes) replace_all(text, from, to);
  return text;
}

}  // namespace

Result<std::string> new_runtime(const std::string& name) {
  CATEN_TRY(check_name(name));
  const fs::path share = share_folder(), from = share / "runtimes";
  Result<std::string> file = read_template(from / "c.lisp"), driver = read_template(from / "c.cpp");
  if (!file || !driver) return file ? driver : file;
  std::error_code error;
  if (!fs::create_directory(name, error))
    return fail({.code = Code::CannotWrite,
                 .message = fmt::format("cannot make the folder `{}`", name),
                 .expected = "a new folder",
                 .found = error ? error.message() : "a file or folder of this name",
                 .remedy = "choose another name or folder"});
  const std::string include = (share / "include").string();
  const std::string build =
      fmt::format("c++ -std=c++20 -O2 -shared -fPIC -I {} -o {}/{}.so {}/{}.cpp", include, name, name, name, name);
  std::string readme = kReadme;
  replace_all(readme, "{name}", name);
  replace_all(readme, "{build}", build);
  replace_all(readme, "{include}", include);
  CATEN_TRY(write_file(fmt::format("{}/{}.lisp", name, name), renamed(*file, name)));
  CATEN_TRY(write_file(fmt::format("{}/{}.cpp", name, name), renamed(*driver, name)));
  CATEN_TRY(write_file(name + "/README.md", readme));
  return fmt::format(
      "wrote {}/{}.lisp, {}/{}.cpp and {}/README.md\nbuild: {}\ntest:  caten test-runtime --runtime {}/{}.lisp\n", name,
      name, name, name, name, build, name, name);
}

}  // namespace caten
