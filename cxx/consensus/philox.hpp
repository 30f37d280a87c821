// Randomness of consensual programs: Philox4x32-10, a pure function of what is drawn.
//
// A draw has the key (seed, rule#) and the counter (cell lo, cell hi, step, draw# div 4), of which it takes word
// draw# mod 4. So it depends on nothing else: not on order, thread, device or rank. The composite `philox` computes the
// same words.
#pragma once

#include <array>
#include <cstdint>

namespace caten::consensus {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

PhiloxCounter philox(PhiloxCounter counter, PhiloxKey key);

/// Numbers that stand for rules where none draws: initial values take this one plus the value's number, permutations of
/// tiles the last one. Programs have fewer rules.
inline constexpr uint32_t kInitialRule = uint32_t{1} << 31;
inline constexpr uint32_t kTileRule = UINT32_MAX;
/// The draw# of the word that decides between equal proposals, plus 4·seq.
inline constexpr uint64_t kTieDraw = uint64_t{1} << 33;

uint32_t draw_word(uint32_t seed, uint32_t rule, int64_t cell, int64_t step, uint64_t draw);

}  // namespace caten::consensus
