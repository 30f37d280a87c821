// What a step of a consensual program did, as a person reads it.
#pragma once

#include <string>

#include "consensus/reference/world.hpp"

namespace caten {

/// `red-black epoch 0 phase 1`, with its colour if it has several.
std::string event_words(const consensus::Event& event);

/// A line, and one more for each reason for which proposals lost.
std::string step_text(const consensus::Instance& instance, const consensus::reference::StepReport& report);

/// The same as a line of JSON.
std::string step_json(const consensus::Instance& instance, const consensus::reference::StepReport& report);

/// `step 3 digest …`, or as JSON.
std::string digest_line(uint64_t step, const std::string& digest, bool json);

}  // namespace caten
