// The command line, from one table: parsing, --help, and whatever else lists options are made from all_options().
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
  std::vector<std::string> expressions{};  ///< -e
  std::vector<std::string> sizes{};        ///< -D, "M=3" or "T=f64"
  std::vector<std::string> inputs{};       ///< --in, "x=a.npy"
  std::vector<std::string> outputs{};      ///< --out, "y=b.npy"
  std::vector<std::string> disabled{};     ///< -fno-NAME: the names
  std::vector<std::string> wrt{};          ///< --wrt
  std::string output_file{};               ///< -o
  std::string emit{};                      ///< --emit, or what -E and -S stand for
  std::string entry{};
  std::string color = "auto";
  std::string max_memory{};
  int optimization = 2;
  bool check = false;
  bool json = false;
  bool verbose = false;
  bool trace_rewrites = false;
  bool no_init = false;
  bool help = false;
  bool version = false;
};

struct Option {
  std::string_view spelling;     ///< "--runtime" or "-D"
  std::string_view alternative;  ///< "-h", "" for none
  std::string_view argument;     ///< "NAME", "" for none
  std::string_view tools;        ///< letters of the tools that have it: c(aten) d(aten)
  std::string_view summary;
  void (*apply)(Settings&, const std::string&);
};

/// In the order in which --help lists them.
const std::vector<Option>& all_options();

/// Parses the arguments of tool 'c' or 'd'. After `run FILE.lisp` everything belongs to the program.
Result<Settings> parse_options(const std::vector<std::string>& arguments, char tool);

/// The option part of --help.
std::string options_help(char tool);

/// "name=value" → both parts; E0902 otherwise.
Result<std::pair<std::string, std::string>> split_assignment(const std::string& text, std::string_view option);

}  // namespace caten
