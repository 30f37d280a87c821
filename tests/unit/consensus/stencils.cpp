#include "stencils.hpp"

#include <fmt/format.h>

#include <set>
#include <vector>

namespace caten::consensus {
namespace {

class Stencils {
 public:
  explicit Stencils(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15 + 7) {}

  std::string text() {
    std::vector<int64_t> first = sizes();
    for (size_t i = 0, count = 1 + below(3); i < count; ++i) {
      Value made{.name = std::string(1, static_cast<char>('A' + i)),
                 .sizes = i == 0 || one_in(2) ? first : sizes(),
                 .ids = one_in(3) ? 0 : 2 + static_cast<int64_t>(below(5))};
      values_.push_back(std::move(made));
    }
    std::string out = declarations();
    std::string rules;
    for (const Value& value : values_)
      if (value.name == "A" || !one_in(4)) rules += rule(value, out);
    out += rules;
    for (const Value& value : values_) out += commit(value);
    if (one_in(2))
      out += fmt::format("rule Schedule:\n  on Plan\n  emit proposal Plan := SampleTiles(strategy=\"{}\", epoch=0{})\n",
                         pick({"red-black", "four-colour", "wavefront"}),
                         one_in(3) ? fmt::format(", tile={}", 1 + below(3)) : "");
    return out;
  }

 private:
  struct Value {
    std::string name{};
    std::vector<int64_t> sizes{};
    int64_t ids = 0;  ///< 0: integers
  };

  uint64_t next() {  // splitmix64
    uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  uint64_t below(uint64_t bound) { return next() % bound; }
  bool one_in(uint64_t n) { return below(n) == 0; }
  std::string pick(const std::vector<std::string>& words) { return words[below(words.size())]; }

  std::vector<int64_t> sizes() {
    std::vector<int64_t> out;
    for (size_t axes = 1 + below(3), i = 0; i < axes; ++i)
      out.push_back(static_cast<int64_t>(1 + below(i + 1 == axes && one_in(4) ? 40 : 7)));
    return out;
  }

  std::string declarations() {
    std::string out;
    for (const Value& value : values_) {
      std::string kind = value.ids > 0 ? fmt::format("Token[X, {}]", value.ids)
                                       : fmt::format("Scalar[{}]", pick({"i64", "i32", "i16", "u8"}));
      std::string initial = one_in(4)       ? ""
                            : value.ids > 0 ? fmt::format(" init floor({} * uniform())", value.ids)
                            : one_in(2)     ? fmt::format(" init {}", below(9))
                                            : " init floor(100 * uniform())";
      out += fmt::format("value {} : {} shape Grid({}) clock Lamport{}\n", value.name, kind,
                         fmt::join(value.sizes, ", "), initial);
    }
    return out + "value Plan : Event shape Set() clock Lamport\n";
  }

  std::string distance() {
    auto away = static_cast<int64_t>(below(one_in(5) ? 23 : 4));
    return away == 0 ? "" : fmt::format("{}{}", one_in(2) ? "+" : "-", away);
  }

  /// Cells of a value as they are seen from one of another.
  std::string source(const Value& of, const Value& from) {
    std::vector<std::string> names = names_of(from), subscripts;
    for (size_t axis = 0; axis < of.sizes.size(); ++axis) {
      bool own = axis < names.size() && !one_in(6);
      if (!own && one_in(2))
        subscripts.push_back(std::to_string(below(static_cast<uint64_t>(of.sizes[axis]))));
      else
        subscripts.push_back((own ? names[axis] : names[below(names.size())]) + distance());
    }
    return fmt::format("{}[{}]", of.name, fmt::join(subscripts, ","));
  }

  static std::vector<std::string> names_of(const Value& value) {
    std::vector<std::string> out{"i", "j", "k"};
    out.resize(value.sizes.size());
    return out;
  }

  std::string border() { return pick({"", " border wrap", " border wrap", fmt::format(" border pad({})", below(2))}); }

  std::string rule(const Value& on, std::string& edges) {
    std::string cells = fmt::format("{}[{}]", on.name, fmt::join(names_of(on), ","));
    std::vector<std::string> reads, atoms = names_of(on);
    std::set<std::string> seen;
    for (size_t count = 1 + below(4); count > 0; --count) {
      std::string from = source(values_[below(values_.size())], on);
      if (!seen.insert(from).second) continue;
      edges += fmt::format("visible {} <- {}{}{}{}\n", cells, from,
                           one_in(5) ? fmt::format(" when {} < {}", pick(names_of(on)), 1 + below(5)) : "",
                           one_in(2) ? " optional" : "", border());
      std::string name = fmt::format("r{}", reads.size());
      reads.push_back(fmt::format("{} = {}{}", name, from, one_in(3) ? "" : "?"));
      atoms.push_back(name);
      atoms.push_back(name);
    }
    std::string proposed = on.ids > 0 ? fmt::format("({}) % {}", number(atoms, 3), on.ids)
                                      : fmt::format("({}) % {}", number(atoms, 3), 1 + below(127));
    return fmt::format("rule R{0}:\n  on {1}\n  read {{{2}}}\n  emit proposal {1} := {3}\n", on.name, cells,
                       fmt::join(reads, ", "), proposed);
  }

  std::string number(const std::vector<std::string>& atoms, size_t depth) {
    switch (below(depth > 0 ? 9 : 3)) {
      case 0:
      case 1: return pick(atoms);
      case 2: return std::to_string(below(9));
      case 3:
      case 4:
        return fmt::format("({} {} {})", number(atoms, depth - 1), pick({"+", "-", "*"}), number(atoms, depth - 1));
      case 5:
        return fmt::format("{}({}, {})", pick({"min", "max"}), number(atoms, depth - 1), number(atoms, depth - 1));
      case 6:
        return fmt::format("where({} < {}, {}, {})", number(atoms, depth - 1), number(atoms, depth - 1),
                           number(atoms, depth - 1), number(atoms, depth - 1));
      case 7: {
        std::string atom = pick(atoms);
        return fmt::format("where(committed({0}), {0}, {1})", atom, number(atoms, depth - 1));
      }
      default: return fmt::format("bernoulli(sigmoid(0.{} * ({} % 5) - 1))", 1 + below(9), pick(atoms));
    }
  }

  std::string commit(const Value& value) {
    std::string out;
    if (one_in(4)) {
      std::vector<std::string> place(value.sizes.size(), "*");
      size_t axis = below(place.size());
      place[axis] = std::to_string(below(static_cast<uint64_t>(value.sizes[axis])));
      out += fmt::format("constraint Lock{}:\n  forbid change({}[{}]) priority 1000 hard\n", value.name, value.name,
                         fmt::join(place, ","));
    }
    std::vector<std::string> all(value.sizes.size(), "*");
    return out + fmt::format("commit {}[{}] using satisfy(max_constraints_then_score) isolation snapshot{}\n",
                             value.name, fmt::join(all, ","), one_in(6) ? " colour auto" : "");
  }

  uint64_t state_;
  std::vector<Value> values_{};
};

}  // namespace

std::string stencil_program(uint64_t seed) { return Stencils(seed).text(); }

}  // namespace caten::consensus
