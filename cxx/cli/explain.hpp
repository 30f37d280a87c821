// What `caten explain CODE` and `?CODE` print.
#pragma once

#include <string>

#include "base/result.hpp"

namespace caten {

/// The page of an error code, "E0202" or "202"; an error with a suggestion if there is none.
Result<std::string> error_page(const std::string& code);

/// Every code and its title, a line each.
std::string list_of_codes();

}  // namespace caten
