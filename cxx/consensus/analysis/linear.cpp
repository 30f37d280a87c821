#include "consensus/analysis/linear.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "ir/arithmetic.hpp"

namespace caten::consensus {
namespace {

constexpr size_t kMostInequalities = 4096;
constexpr size_t kMostTrials = 20'000;
constexpr int64_t kLargest = int64_t{1} << 62;

/// a·x + b·y, if it fits.
std::optional<int64_t> combine(int64_t a, int64_t x, int64_t b, int64_t y) {
  __extension__ using Wide = __int128;
  Wide sum = Wide{a} * x + Wide{b} * y;
  if (sum > kLargest || sum < -kLargest) return std::nullopt;
  return static_cast<int64_t>(sum);
}

std::optional<LinearForm> combine(int64_t a, const LinearForm& x, int64_t b, const LinearForm& y) {
  LinearForm out;
  std::optional<int64_t> constant = combine(a, x.constant, b, y.constant);
  if (!constant) return std::nullopt;
  out.constant = *constant;
  out.coefficients.resize(std::max(x.coefficients.size(), y.coefficients.size()));
  for (size_t i = 0; i < out.coefficients.size(); ++i) {
    int64_t left = i < x.coefficients.size() ? x.coefficients[i] : 0;
    int64_t right = i < y.coefficients.size() ? y.coefficients[i] : 0;
    std::optional<int64_t> both = combine(a, left, b, right);
    if (!both) return std::nullopt;
    out.coefficients[i] = *both;
  }
  return out;
}

/// Coefficients without a common divisor; the constant goes down to what integers reach.
void tighten(LinearForm& form) {
  int64_t divisor = 0;
  for (int64_t each : form.coefficients) divisor = std::gcd(divisor, each);
  if (divisor <= 1) return;
  for (int64_t& each : form.coefficients) each /= divisor;
  form.constant = arithmetic::div(form.constant, divisor);
}

/// Of inequalities with the same coefficients the strongest; what always holds is left out. False if one never holds.
bool reduce(std::vector<LinearForm>& forms) {
  std::map<std::vector<int64_t>, int64_t> strongest;
  for (LinearForm& each : forms) {
    tighten(each);
    bool constant = std::all_of(each.coefficients.begin(), each.coefficients.end(), [](int64_t c) { return c == 0; });
    if (constant && each.constant < 0) return false;
    if (constant) continue;
    auto [found, added] = strongest.emplace(each.coefficients, each.constant);
    if (!added) found->second = std::min(found->second, each.constant);
  }
  forms.clear();
  for (auto& [coefficients, constant] : strongest) forms.push_back({coefficients, constant});
  return true;
}

/// One elimination: the inequalities that hold the variable.
struct Level {
  size_t variable = 0;
  std::vector<LinearForm> forms{};
};

class Solver {
 public:
  explicit Solver(const LinearSystem& system) : system_(system), point_(system.variables, 0) {}

  LinearOutcome run() {
    std::vector<LinearForm> forms = system_.nonnegative;
    for (LinearForm& each : forms) each.coefficients.resize(system_.variables);
    std::vector<bool> done(system_.variables, false);
    for (size_t step = 0; step < system_.variables; ++step) {
      if (!reduce(forms)) return {.kind = LinearOutcome::Kind::kNone, .point = {}};
      size_t next = cheapest(forms, done);
      done[next] = true;
      if (!eliminate(forms, next)) return {};
    }
    if (!reduce(forms)) return {.kind = LinearOutcome::Kind::kNone, .point = {}};
    if (place(levels_.size())) return {.kind = LinearOutcome::Kind::kPoint, .point = point_};
    // A search that came to its end has tried all integers between the bounds.
    return {.kind = gave_up_ ? LinearOutcome::Kind::kUnknown : LinearOutcome::Kind::kNone, .point = {}};
  }

 private:
  size_t cheapest(const std::vector<LinearForm>& forms, const std::vector<bool>& done) const {
    size_t best = 0, least = SIZE_MAX;
    for (size_t v = 0; v < system_.variables; ++v) {
      if (done[v]) continue;
      auto with_sign = [&](bool positive) {
        return static_cast<size_t>(std::count_if(forms.begin(), forms.end(), [&](const LinearForm& each) {
          return positive ? each.coefficients[v] > 0 : each.coefficients[v] < 0;
        }));
      };
      size_t cost = with_sign(true) * with_sign(false);
      if (cost >= least) continue;
      least = cost;
      best = v;
    }
    return best;
  }

  /// Replaces the inequalities with the variable by all sums of a lower and an upper bound; false if they are too many
  /// or too large.
  bool eliminate(std::vector<LinearForm>& forms, size_t v) {
    Level level{.variable = v};
    std::vector<LinearForm> rest;
    for (LinearForm& each : forms) (each.coefficients[v] == 0 ? rest : level.forms).push_back(std::move(each));
    for (const LinearForm& lower : level.forms) {
      if (lower.coefficients[v] < 0) continue;
      for (const LinearForm& upper : level.forms) {
        if (upper.coefficients[v] > 0) continue;
        std::optional<LinearForm> sum = combine(-upper.coefficients[v], lower, lower.coefficients[v], upper);
        if (!sum || rest.size() >= kMostInequalities) return false;
        rest.push_back(std::move(*sum));
      }
    }
    forms = std::move(rest);
    levels_.push_back(std::move(level));
    return true;
  }

  /// Gives values to the variables of the levels below this one, the last eliminated first.
  bool place(size_t count) {
    if (count == 0) return true;
    size_t v = levels_[count - 1].variable;
    std::optional<std::pair<int64_t, int64_t>> range = bounds(levels_[count - 1]);
    if (!range) return give_up();
    auto [low, high] = *range;
    // The value nearest to 0, and from there on; then the other side.
    int64_t first = std::clamp(int64_t{0}, std::min(low, high), std::max(low, high));
    for (int direction : {1, -1})
      for (int64_t value = direction > 0 ? first : first - 1; value >= low && value <= high; value += direction) {
        if (++trials_ > kMostTrials) return give_up();
        point_[v] = value;
        if (place(count - 1)) return true;
        if (gave_up_) return false;
      }
    return false;
  }

  bool give_up() {
    gave_up_ = true;
    return false;
  }

  /// What the variables that have values leave to the level's own.
  std::optional<std::pair<int64_t, int64_t>> bounds(const Level& level) const {
    int64_t low = -kLargest, high = kLargest;
    for (const LinearForm& each : level.forms) {
      int64_t rest = each.constant;
      for (size_t i = 0; i < point_.size(); ++i) {
        if (i == level.variable || each.coefficients[i] == 0) continue;
        std::optional<int64_t> sum = combine(1, rest, each.coefficients[i], point_[i]);
        if (!sum) return std::nullopt;
        rest = *sum;
      }
      int64_t c = each.coefficients[level.variable];
      if (c > 0)
        low = std::max(low, -arithmetic::div(rest, c));
      else
        high = std::min(high, arithmetic::div(rest, -c));
    }
    return std::pair(low, high);
  }

  const LinearSystem& system_;
  std::vector<int64_t> point_;
  std::vector<Level> levels_{};
  size_t trials_ = 0;
  bool gave_up_ = false;
};

}  // namespace

std::optional<LinearForm> add(const LinearForm& a, const LinearForm& b, int64_t factor) {
  return combine(1, a, factor, b);
}

LinearForm variable(size_t index) {
  LinearForm out;
  out.coefficients.resize(index + 1);
  out.coefficients[index] = 1;
  return out;
}

LinearForm number(int64_t value) { return {.coefficients = {}, .constant = value}; }

LinearOutcome solve(const LinearSystem& system) { return Solver(system).run(); }

}  // namespace caten::consensus
