#include "consensus/compiled/accepted_words.hpp"

#include <algorithm>

namespace caten::consensus::compiled {

Transitions::Transitions(const AutomatonGiven& automaton)
    : letters_(static_cast<size_t>(automaton.letters)), accepting_(automaton.accepting) {
  next_.reserve(automaton.next.size() + letters_);
  for (int64_t to : automaton.next)
    next_.push_back(static_cast<uint32_t>(to < 0 ? nowhere() : static_cast<size_t>(to)));
  next_.resize(next_.size() + letters_, static_cast<uint32_t>(nowhere()));
  for (size_t state = 0; state <= states(); ++state) {
    first_of_any_.push_back(any_.size());
    std::span<const uint32_t> here(next_.data() + state * letters_, letters_);
    any_.insert(any_.end(), here.begin(), here.end());
    auto begin = any_.begin() + static_cast<std::ptrdiff_t>(first_of_any_.back());
    std::sort(begin, any_.end());
    any_.erase(std::unique(begin, any_.end()), any_.end());
  }
  first_of_any_.push_back(any_.size());
}

std::span<const uint32_t> Transitions::next(size_t state, int64_t letter) const {
  if (letter != kOpen) return {next_.data() + state * letters_ + static_cast<size_t>(letter), 1};
  return {any_.data() + first_of_any_[state], any_.data() + first_of_any_[state + 1]};
}

AcceptedWords::AcceptedWords(const Transitions& transitions, std::vector<int64_t> letters)
    : reached_(letters.size() + 1, Bits(transitions.states() + 1)),
      some_(letters.size() + 1, Bits(transitions.states() + 1)),
      all_(letters.size() + 1, Bits(transitions.states() + 1)) {
  reached_[0].set(start_);
  for (size_t place = 0; place < letters.size(); ++place)
    reached_[place].for_each([&](size_t state) {
      for (uint32_t to : transitions.next(state, letters[place])) reached_[place + 1].set(to);
    });
  for (size_t state = 0; state < transitions.states(); ++state) {
    if (!transitions.accepting(state)) continue;
    some_.back().set(state);
    all_.back().set(state);
  }
  for (size_t place = letters.size(); place-- > 0;)
    for (size_t state = 0; state < transitions.states(); ++state) {
      std::span<const uint32_t> next = transitions.next(state, letters[place]);
      if (std::any_of(next.begin(), next.end(), [&](uint32_t to) { return some_[place + 1].has(to); }))
        some_[place].set(state);
      if (std::all_of(next.begin(), next.end(), [&](uint32_t to) { return all_[place + 1].has(to); }))
        all_[place].set(state);
    }
}

Number AcceptedWords::verdict(size_t place, std::span<const uint32_t> states) const {
  auto in = [&](const std::vector<Bits>& sets) { return [&](uint32_t state) { return sets[place].has(state); }; };
  if (std::none_of(states.begin(), states.end(), in(some_))) return Number::of(int64_t{0});
  return std::all_of(states.begin(), states.end(), in(all_)) ? Number::of(int64_t{1}) : Number::bot();
}

Number AcceptedWords::accepts(const Transitions& transitions, size_t place, int64_t letter) const {
  std::vector<uint32_t> next;
  reached_[place].for_each([&](size_t state) {
    std::span<const uint32_t> of = transitions.next(state, letter);
    next.insert(next.end(), of.begin(), of.end());
  });
  return verdict(place + 1, next);
}

size_t AcceptedWords::bytes() const { return reached_.empty() ? 0 : 3 * reached_.size() * reached_[0].bytes(); }

}  // namespace caten::consensus::compiled
