#include "ir/hash_index.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace caten;

TEST_CASE("entries with equal and with different hashes are found among thousands") {
  std::vector<std::string> words;
  HashIndex index;
  auto intern = [&](const std::string& word, size_t hash) {
    size_t slot = index.find(hash, [&](uint32_t id) { return words[id] == word; });
    if (uint32_t id = index.at(slot); id != HashIndex::kNone) return id;
    words.push_back(word);
    index.insert(slot, hash, static_cast<uint32_t>(words.size() - 1));
    return static_cast<uint32_t>(words.size() - 1);
  };
  auto hash_of = [](int k) { return static_cast<size_t>(k / 3) << 40; };  // three words each, all low bits equal
  for (int k = 0; k < 3000; ++k) CHECK(intern(std::to_string(k), hash_of(k)) == static_cast<uint32_t>(k));
  for (int k = 0; k < 3000; ++k) CHECK(intern(std::to_string(k), hash_of(k)) == static_cast<uint32_t>(k));
  CHECK(words.size() == 3000);
}
