#include "consensus/compiled/accepted_words.hpp"

#include <doctest/doctest.h>

#include <random>

namespace caten::consensus::compiled {
namespace {

using Word = std::vector<int64_t>;

AutomatonGiven random_automaton(std::mt19937& random) {
  AutomatonGiven out{.states = 1 + static_cast<int64_t>(random() % 70),
                     .letters = 1 + static_cast<int64_t>(random() % 4)};
  for (int64_t i = 0; i < out.states * out.letters; ++i)
    out.next.push_back(
        static_cast<int64_t>(random() % static_cast<uint32_t>(out.states + 1 + out.states / 3)) % (out.states + 1) - 1);
  for (int64_t i = 0; i < out.states; ++i) out.accepting.push_back(random() % 3 != 0);
  return out;
}

Word random_word(std::mt19937& random, int64_t letters) {
  Word out(random() % 8);
  for (int64_t& each : out)
    each = random() % 2 == 0 ? Transitions::kOpen : static_cast<int64_t>(random() % static_cast<uint32_t>(letters));
  return out;
}

/// One completion after another.
void count(const AutomatonGiven& automaton, const Word& word, size_t place, int64_t state, int& accepted,
           int& refused) {
  if (place == word.size()) {
    ++(state >= 0 && automaton.accepting[static_cast<size_t>(state)] ? accepted : refused);
    return;
  }
  for (int64_t letter = 0; letter < automaton.letters; ++letter)
    if (word[place] == Transitions::kOpen || word[place] == letter)
      count(automaton, word, place + 1,
            state < 0 ? -1 : automaton.next[static_cast<size_t>(state * automaton.letters + letter)], accepted,
            refused);
}

Number by_completions(const AutomatonGiven& automaton, const Word& word) {
  int accepted = 0, refused = 0;
  count(automaton, word, 0, 0, accepted, refused);
  if (accepted == 0) return Number::of(int64_t{0});
  return refused == 0 ? Number::of(int64_t{1}) : Number::bot();
}

TEST_CASE("words: an automaton says of open words what all their completions say") {
  std::mt19937 random(20240607);
  int open = 0, yes = 0, no = 0;
  for (int round = 0; round < 400; ++round) {
    AutomatonGiven automaton = random_automaton(random);
    Transitions transitions(automaton);
    Word word = random_word(random, automaton.letters);
    AcceptedWords words(transitions, word);
    Number expected = by_completions(automaton, word);
    ++(expected.is_bot() ? open : expected.truth() ? yes : no);
    CHECK(words.accepts() == expected);
    for (size_t place = 0; place < word.size(); ++place)
      for (int64_t letter = 0; letter < automaton.letters; ++letter) {
        Word changed = word;
        changed[place] = letter;
        CHECK(words.accepts(transitions, place, letter) == by_completions(automaton, changed));
      }
  }
  CHECK(open > 20);
  CHECK(yes > 20);
  CHECK(no > 20);
}

}  // namespace
}  // namespace caten::consensus::compiled
