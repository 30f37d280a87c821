// Which words an automaton accepts: of a scope as it stands, and with one letter in another place, in the time that one
// letter takes.
//
// In: an automaton; the letters of a scope, some of them open. Out: true, false, or open (BOT), as the interpreter
// reads the scope from its beginning to its end (docs/consensus.md, 3.5). Of each place it is kept which states are
// reached from the left, and from which of them some word, or every word, to the right is accepted.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "consensus/given.hpp"
#include "consensus/number.hpp"

namespace caten::consensus::compiled {

/// Numbers from 0 on, a bit each.
class Bits {
 public:
  explicit Bits(size_t count = 0) : words_((count + 63) / 64) {}
  void set(size_t i) { words_[i / 64] |= uint64_t{1} << i % 64; }
  bool has(size_t i) const { return (words_[i / 64] >> i % 64 & 1) != 0; }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (size_t word = 0; word < words_.size(); ++word)
      for (uint64_t rest = words_[word]; rest != 0; rest &= rest - 1)
        visit(word * 64 + static_cast<size_t>(__builtin_ctzll(rest)));
  }
  size_t bytes() const { return words_.size() * sizeof(uint64_t); }

 private:
  std::vector<uint64_t> words_;
};

/// An automaton with what any letter leads to.
class Transitions {
 public:
  static constexpr int64_t kOpen = -1;  ///< a letter that is not known

  explicit Transitions(const AutomatonGiven& automaton);
  size_t states() const { return accepting_.size(); }
  /// The one where words are that have no next state; it accepts none.
  size_t nowhere() const { return accepting_.size(); }
  bool accepting(size_t state) const { return accepting_[state]; }
  /// Of a letter, or of all where it is open; never empty.
  std::span<const uint32_t> next(size_t state, int64_t letter) const;

 private:
  size_t letters_ = 0;
  std::vector<bool> accepting_;
  std::vector<uint32_t> next_{};        ///< by state and letter
  std::vector<uint32_t> any_{};         ///< each once, of one state after another
  std::vector<size_t> first_of_any_{};  ///< by state, and the end
};

/// One scope.
class AcceptedWords {
 public:
  /// Letters of the automaton, or kOpen.
  AcceptedWords(const Transitions& transitions, std::vector<int64_t> letters);
  Number accepts() const { return verdict(0, {&start_, 1}); }
  /// With this letter at this place.
  Number accepts(const Transitions& transitions, size_t place, int64_t letter) const;
  size_t bytes() const;

 private:
  Number verdict(size_t place, std::span<const uint32_t> states) const;

  uint32_t start_ = 0;
  std::vector<Bits> reached_{};  ///< before each letter, and behind the last one
  std::vector<Bits> some_{};     ///< states from which what is left can be accepted
  std::vector<Bits> all_{};      ///< states from which it is, whatever open letters are
};

}  // namespace caten::consensus::compiled
