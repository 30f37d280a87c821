// What a step did for a cell (reference/account.hpp), for people and as JSON.
#pragma once

#include <string>

#include "consensus/reference/account.hpp"

namespace caten {

/// `Tile[3,4]`.
std::string cell_text(const consensus::Instance& instance, size_t value, int64_t cell);
/// `2`, or `(0.5, 1)` of a vector.
std::string elements_text(const consensus::reference::Target& target);

/// What the account is about.
struct Question {
  size_t value = 0;
  int64_t cell = 0;
  uint64_t step = 0;  ///< of the run
  std::optional<consensus::reference::Target> instead{};
};
std::string account_text(const consensus::Instance& instance, const Question& question,
                         const consensus::reference::Account& account);
std::string account_json(const consensus::Instance& instance, const Question& question,
                         const consensus::reference::Account& account);

}  // namespace caten
