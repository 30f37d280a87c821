// Names of a program as names of C: letters, digits and _, different from each other and from the words of C and C++.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace caten {

class CNames {
 public:
  CNames();
  /// A name that was not given before.
  std::string make(std::string_view name);

 private:
  std::set<std::string> taken_;
};

}  // namespace caten
