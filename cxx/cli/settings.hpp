// Where settings come from: their defaults, the config file, the environment, the command line; the later wins.
//
// The config file is $XDG_CONFIG_HOME/caten/config or ~/.config/caten/config: lines `name = value`, comments begin with
// #. In the environment `max-memory` is CATEN_MAX_MEMORY. Names and values are those of the table in options.hpp.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/source.hpp"
#include "cli/options.hpp"

namespace caten {

struct LoadedSettings {
  Settings settings{};
  std::map<std::string_view, std::string> origins{};  ///< by Option::setting; none: the default
};

/// "" if there is no home.
std::string config_path();

/// All layers over another. Errors of the file have places in `sources`; all errors of a layer at once.
LoadedSettings load_settings(const std::vector<std::string>& arguments, char tool, SourceMap& sources,
                             Diagnostics& diagnostics);

/// What `config` prints: a config file with these values, the origin of each behind it; or JSON.
std::string config_text(const LoadedSettings& loaded, char tool);
std::string config_json(const LoadedSettings& loaded, char tool);

}  // namespace caten
