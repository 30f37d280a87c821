// The command line, from two tables: parsing, --help, the man page, completion, environment and config file are all
// made from all_options() and all_commands().
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace caten {

/// What the options say, before it is interpreted.
struct Settings {
  std::vector<std::string> operands{};     ///< what is no option, in order
  std::string runtime{};                   ///< "": the default
  std::string cpu{};                       ///< "": the one at hand
  std::vector<std::string> plugins{};      ///< --plugin
  std::vector<std::string> ops{};          ///< --ops
  std::vector<std::string> expressions{};  ///< -e
  std::vector<std::string> sizes{};        ///< -D, "M=3" or "T=f64"
  std::vector<std::string> inputs{};       ///< --in, "x=a.npy"
  std::vector<std::string> outputs{};      ///< --out, "y=b.npy"
  std::vector<std::string> disabled{};     ///< -fno-NAME: the names
  std::vector<std::string> wrt{};          ///< --wrt
  std::string output_file{};               ///< -o
  bool forward = false;                    ///< --jvp
  std::string format{};                    ///< --format
  std::string weights{};                   ///< --weights
  std::string emit{};                      ///< --emit, or what -E and -S stand for
  std::string entry{};
  std::string color = "auto";
  std::string colour{};  ///< of schedules; "": as the program says
  std::string max_memory{};
  int optimization = 2;
  int repeat = 0;         ///< --repeat; 0: not given
  std::string invalid{};  ///< the value of -O, -f or --repeat that check_values refuses
  std::string dtype = "f32";
  std::string keep_f32 = "default";
  std::vector<std::string> params{};                    ///< --param, "H=64"
  int64_t steps = 1;                                    ///< --steps
  int64_t seed = 0;                                     ///< --seed
  std::optional<int64_t> programs{};                    ///< --programs
  std::string parts = "ops,composites,programs,speed";  ///< --parts
  bool report = false;                                  ///< --report
  std::string journal{};                                ///< --journal, a file; "": none
  int64_t checkpoint_every = 1000;                      ///< --checkpoint-every
  std::optional<int64_t> to{};                          ///< --to
  bool digest = false;                                  ///< --digest
  std::string picture{};                                ///< --picture, a file; "": none
  std::optional<int64_t> every{};                       ///< --every
  std::string value{};                                  ///< --value; "": the first that a rule proposes for
  std::optional<int64_t> scale{};                       ///< --scale
  std::string colours = "auto";                         ///< --colours
  bool artifact = false;                                ///< -c
  bool check = false;
  bool json = false;
  bool verbose = false;
  bool trace_rewrites = false;
  bool time_passes = false;
  bool profile = false;
  std::optional<std::string> tune{};  ///< seconds; "": the usual ones
  std::string profile_file{};         ///< of the Chrome trace; "": the table
  bool verify = false;
  bool no_init = false;
  bool help = false;
  bool version = false;
};

struct Option {
  std::string_view spelling;     ///< "--runtime" or "-D"
  std::string_view alternative;  ///< "-h", "" for none
  std::string_view argument;     ///< "NAME", "[=FILE]" for an optional one, "" for none
  std::string_view tools;        ///< letters of the tools that have it: c(aten) d(aten)
  std::string_view summary;
  void (*apply)(Settings&, const std::string&);  ///< with the argument; of a flag: "no" resets it
  /// Options that have a default of the user's: the name in the config file, in capitals behind CATEN_ in the
  /// environment, and how the value is written there. "" for what belongs to one command line.
  std::string_view setting{};
  std::string (*show)(const Settings&) = nullptr;
  std::string_view values{};  ///< all that the argument may be, if that is a short list

  bool flag() const { return argument.empty(); }
  bool optional() const { return argument.starts_with('['); }  ///< only behind a =
};

struct Subcommand {
  std::string_view name;
  std::string_view arguments;
  std::string_view tools;
  std::string_view summary;
  std::string_view values{};  ///< as of Option
};
const std::vector<Subcommand>& all_commands();
const Subcommand* find_command(std::string_view name, char tool);

/// In the order in which --help lists them.
const std::vector<Option>& all_options();

bool belongs(const Option& option, char tool);
/// CATEN_MAX_MEMORY for max-memory.
std::string environment_name(const Option& option);
/// "--runtime NAME", "-e, --eval FORMS", "-OLEVEL".
std::string describe_spelling(const Option& option);

/// Parses the arguments of tool 'c' or 'd' into `settings`, which holds the defaults. After `run FILE.lisp` everything
/// belongs to the program. The options that were given are added to `given`.
Status parse_options(const std::vector<std::string>& arguments, char tool, Settings& settings,
                     std::vector<const Option*>& given);

/// "yes", "no" and words like them; `what` names in messages what is set.
Result<bool> parse_flag(const std::string& value, std::string_view what);

/// Refuses values that no option takes.
Status check_values(const Settings& settings);

/// "name=value" → both parts; E0902 otherwise.
Result<std::pair<std::string, std::string>> split_assignment(const std::string& text, std::string_view option);

}  // namespace caten
