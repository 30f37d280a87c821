#include "runnable.hpp"

#include <fmt/format.h>

#include <vector>

namespace caten::consensus {
namespace {

class Runnable {
 public:
  Runnable(uint64_t seed, const RunnableOptions& options) : state_(seed * 2 + 1), options_(options) {}

  std::string text() {
    ids_ = 2 + below(5);
    std::string out = fmt::format("value V : Token[X, {}] shape Grid({}, {}) clock Lamport{}\n", ids_, 2 + below(4),
                                  2 + below(4), one_in(3) ? "" : fmt::format(" init bernoulli(0.{})", 1 + below(9)));
    out += fmt::format("value W : Scalar[i64] shape Seq(5) clock Lamport init {}\n", below(9));
    out += "value Plan : Event shape Set() clock Lamport\n";
    edges(out);
    bool first = options_.cell_wise && one_in(3);
    if (first) out += schedule();
    size_t rules = options_.cell_wise ? 1 : 1 + below(3);
    for (size_t i = 0; i < rules; ++i) out += rule(i);
    if (one_in(2)) out += "rule Count:\n  on W[i]\n  read {w = W[i]}\n  emit proposal W[i] := " + number("w", 2) + "\n";
    constraints(out);
    out += "commit V[*] using satisfy(max_constraints_then_score)" + policy() + "\n";
    out += "commit W[*] using satisfy(max_constraints_then_score) isolation snapshot\n";
    if (!first && one_in(2)) out += schedule();
    return out;
  }

 private:
  uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ * 0x2545F4914F6CDD1DU >> 20;
  }
  uint64_t below(uint64_t bound) { return next() % bound; }
  bool one_in(uint64_t n) { return below(n) == 0; }
  std::string pick(const std::vector<std::string>& words) { return words[below(words.size())]; }

  void edges(std::string& out) {
    out += fmt::format("visible V[y,x] <- V[y+dy,x+dx] when (dy,dx) in {}{}{}{}\n",
                       neighbours_ = pick({"N4", "N8", "{(0,1), (1,0)}"}), one_in(4) ? " and y + dy < 3" : "",
                       one_in(2) ? " optional" : "",
                       pick({"", " border wrap", fmt::format(" border pad({})", below(ids_))}));
    out +=
        fmt::format("visible V[y,x] <- V[y,x] optional\nvisible V[y,x] <- W[{}]\nvisible W[i] <- W[i]\n", read_of_w());
    if (options_.cell_wise) out += "visible V[y,x] <- V[y,x+2]\nvisible V[y,x] <- V[1,x]\n";
  }

  std::string read_of_w() const { return options_.cell_wise ? "2" : "0..3"; }

  std::string condition(const std::string& atom, size_t depth) {
    switch (below(depth > 0 ? 4 : 2)) {
      case 0:
        return fmt::format("{} {} {}", number(atom, depth / 2), pick({"<", "<=", "=", "!=", ">"}),
                           number(atom, depth / 2));
      case 1: return fmt::format("committed({})", atom);
      case 2:
        return fmt::format("({} {} {})", condition(atom, depth - 1), pick({"and", "or"}), condition(atom, depth - 1));
      default: return fmt::format("not ({})", condition(atom, depth - 1));
    }
  }

  std::string number(const std::string& atom, size_t depth) {
    switch (below(depth > 0 ? 8 : 2)) {
      case 0: return atom;
      case 1: return std::to_string(static_cast<int64_t>(below(7)) - 2);
      case 2:
        return fmt::format("({} {} {})", number(atom, depth - 1), pick({"+", "-", "*", "/", "%"}),
                           number(atom, depth - 1));
      case 3:
        return fmt::format("where(({}), {}, {})", condition(atom, depth - 1), number(atom, depth - 1),
                           number(atom, depth - 1));
      case 4: return fmt::format("{}({}, {})", pick({"min", "max"}), number(atom, depth - 1), number(atom, depth - 1));
      case 5: return fmt::format("abs({})", number(atom, depth - 1));
      case 6: return one_in(3) ? "keep()" : fmt::format("({} % {})", number(atom, depth - 1), ids_);
      default: return fmt::format("bernoulli(0.{})", 1 + below(9));
    }
  }

  /// A number of a rule on V: over what it reads.
  std::string seen(size_t depth) {
    if (options_.cell_wise && one_in(3)) return fraction(depth);
    return number(
        pick({"own", "sum(neighbors)", "count(neighbors = 1)", "max(neighbors)", "min(w)", "sum(w)", "y", "x"}), depth);
  }

  /// An integer that a number with a fraction decides.
  std::string fraction(size_t depth) {
    std::string small = pick({"sum(neighbors)", "own", "(own - count(neighbors))", "(x * y)"});
    switch (below(4)) {
      case 0: return fmt::format("bernoulli(sigmoid(0.{} * {} - 1))", 1 + below(9), small);
      case 1:
        return fmt::format("where(uniform() < 0.{}, {}, {})", 1 + below(9), number(small, depth / 2), number("y", 1));
      case 2:
        return fmt::format("where({} * 0.{} <= {} + 0.5, {}, 1)", small, 1 + below(9), number("x", 1),
                           number(small, 1));
      default: return fmt::format("where(exp({}) < 3 * uniform(), 0, {})", small, number(small, depth / 2));
    }
  }

  std::string rule(size_t number_of) {
    std::string reads =
        fmt::format("neighbors in {}{}, own = V[y,x]{}, w = W[{}]", neighbours_, one_in(3) ? "" : "?",
                    options_.cell_wise && one_in(3) ? "?, far = V[y,x+2]?, top = V[1,x]?" : "", read_of_w());
    std::string value = !options_.cell_wise && one_in(3)
                            ? fmt::format("categorical(where(tally(neighbors) <= {}, {}, -1))", below(3), below(3))
                        : one_in(2) ? fmt::format("({}) % {}", seen(3), ids_)
                                    : seen(2);
    std::string out =
        fmt::format("rule R{}:\n  on V[y,x]\n  read {{{}}}\n  emit proposal V[y,x] := {}\n", number_of, reads, value);
    if (!options_.cell_wise && one_in(4)) out += fmt::format("  emit proposal V[y+1,x] := {}\n", seen(2));
    if (one_in(2)) out += fmt::format("  score {}\n", seen(2));
    return out;
  }

  void constraints(std::string& out) {
    if (options_.lock) out += "constraint Lock:\n  forbid change(V[0,*]) priority 1000 hard\n";
    if (options_.cell_wise) {
      if (one_in(2))
        out +=
            fmt::format("constraint C:\n  forbid change(V[*,{}]) priority 3{}\n", below(2), one_in(2) ? " hard" : "");
      return;
    }
    size_t count = below(4);
    for (size_t i = 0; i < count; ++i) {
      std::string what =
          pick({fmt::format("on V[y,x]\n  require {}", condition("V[y,x]", 1)),
                fmt::format("on V[y,x]\n  forbid V[y,x] = V[y,x+1]"), fmt::format("require all_different(V[y,*])"),
                fmt::format("forbid change(V[*,{}])", below(2)),
                fmt::format("on V[y,x]\n  require V[y,x] + V[y+1,x] <= {}", below(6)),
                fmt::format("on W[i]\n  require W[i] < {}", below(20))});
      out += fmt::format("constraint C{}:\n  {} priority {}{}{}\n", i, what, below(3),
                         one_in(3) ? fmt::format(" weight {}", 1 + below(4)) : "", one_in(3) ? " hard" : "");
    }
  }

  std::string policy() {
    std::string out = pick({"", "", " atomic proposal"}) + pick({"", "", " isolation snapshot"});
    if (options_.cell_wise) return out + pick({"", " colour auto"});
    if (one_in(3)) out += fmt::format(" budget {}", below(6));
    return out + pick({"", "", " on_unsat least", " on_unsat backtrack(2)", " on_unsat restart(3)"});
  }

  std::string schedule() {
    return fmt::format("rule Schedule:\n  on Plan\n  emit proposal Plan := SampleTiles(strategy=\"{}\", epoch={}{})\n",
                       options_.cell_wise
                           ? pick({"red-black", "four-colour", "wavefront"})
                           : pick({"red-black", "four-colour", "raster", "random", "wavefront", "maskgit-cosine"}),
                       below(3), one_in(3) ? fmt::format(", tile={}", 1 + below(2)) : "");
  }

  uint64_t state_;
  RunnableOptions options_;
  uint64_t ids_ = 2;
  std::string neighbours_{};
};

}  // namespace

std::string runnable_program(uint64_t seed, const RunnableOptions& options) { return Runnable(seed, options).text(); }

}  // namespace caten::consensus
