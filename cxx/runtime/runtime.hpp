// A Runtime is where programs run: a runtime file (declarations, read as data) and the driver it names.
//
// In: a name, found as NAME.lisp in the folders of runtimes, or the path of a file. Out: a Runtime with an open device.
// Files are searched in $CATEN_RUNTIME_PATH (folders separated by colons) and then in share/caten/runtimes beside the
// program's folder; drivers as lib/caten/NAME.so there, or beside the runtime file. Entry: find_runtime.
//
//   (defruntime c (:description "…") (:driver "c") (:limits …) (:without pass…) (:unsupported (op dtype…)…) (:dialect
//   …))
//
// (:needs "…") says what to do where the driver was not built, (:extends NAME) puts the clauses of that runtime's
// dialect before those of its own, (:include "FILE"…) those of a file that holds (defdialect name (:clause …)…) behind
// them, (:environment (NAME "VALUE")…) sets variables before the driver is loaded. What a
// runtime does not support it declares; check_supported reports all of it before anything runs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/source.hpp"
#include "ir/graph.hpp"
#include "runtime/device.hpp"
#include "sexp/datum.hpp"

namespace caten {

struct RuntimeFile {
  std::string name{};
  std::string path{};
  std::string description{};
  std::string driver{};
  std::string needs{};  ///< what to do where the driver was not built
  /// Variables of the environment that are set before the driver is loaded, where they are not.
  std::vector<std::pair<std::string, std::string>> environment{};
  std::string extends{};          ///< the runtime of the same folder whose dialect this one's begins with
  std::vector<Datum> includes{};  ///< names of files whose dialects come before its own
  std::string text{};             ///< part of the key of what is compiled
  Datum dialect{};                ///< the whole (:dialect …) form, read by codegen/dialect
  std::vector<Datum> limits{};
  struct Unsupported {
    Op op;
    DTypeSet dtypes;
  };
  std::vector<Unsupported> unsupported{};
  std::vector<Datum> without{};               ///< names of passes of the schedule that do not suit the device
  DTypeSet contraction = 0, convolution = 0;  ///< dtypes for which the driver's library has these routines
};

struct Runtime {
  RuntimeFile file;
  std::shared_ptr<Device> device;
};

/// share/caten beside the folder of the program, where its files are; "" if nobody knows.
std::string share_folder();

/// Where runtime files and drivers are looked for.
struct RuntimeSearch {
  std::vector<std::string> runtime_folders{};
  std::vector<std::string> driver_folders{};
};
RuntimeSearch default_runtime_search();

/// The names of all runtimes that can be found, sorted; `reference` is not among them.
std::vector<std::string> runtime_names(const RuntimeSearch& search);

/// Reads the file of a runtime. `name` is a name or, ending in .lisp, a path. The text goes into `sources`.
Result<RuntimeFile> read_runtime(const std::string& name, const RuntimeSearch& search, SourceMap& sources);
/// The same, from a source that was read already.
Result<RuntimeFile> read_runtime(const SourceMap& sources, uint32_t source);

/// The path of the runtime's driver. E0604 with what was searched.
Result<std::string> find_driver(const RuntimeFile& file, const RuntimeSearch& search);

/// Reads the file and opens its device; `options` are the driver's.
Result<Runtime> find_runtime(const std::string& name, const RuntimeSearch& search, SourceMap& sources,
                             const std::string& options = "");

/// E0602 with every op and dtype of the graph that the runtime declares unsupported.
Status check_supported(const Graph& graph, const RuntimeFile& runtime);

}  // namespace caten
