// cast and bitcast.
#include <cassert>
#include <cmath>
#include <limits>

#include "ir/evaluate_op.hpp"
#include "ir/storage.hpp"

namespace caten::evaluation {
namespace {

/// What an element is on its way from one dtype to another: exact, in the widest type of its class.
template <DType D>
using Carrier =
    std::conditional_t<kIsComplex<D>, std::complex<double>,
                       std::conditional_t<kIsReal<D>, double,
                                          std::conditional_t<kClassOf<D> == DTypeClass::kUnsigned, uint64_t, int64_t>>>;

template <DType To>
Storage<To> convert(double value) {
  if constexpr (To == DType::kBool) {
    return value != 0;
  } else if constexpr (kIsReal<To>) {
    return narrow<To>(value);
  } else if constexpr (kIsComplex<To>) {
    return narrow<To>(std::complex<double>(value, 0));
  } else {
    using Integer = Storage<To>;
    // The limits are powers of two or one less, so that the comparisons with doubles decide rightly.
    if (std::isnan(value)) return 0;
    if (value <= static_cast<double>(std::numeric_limits<Integer>::min())) return std::numeric_limits<Integer>::min();
    if (value >= static_cast<double>(std::numeric_limits<Integer>::max())) return std::numeric_limits<Integer>::max();
    return static_cast<Integer>(value);
  }
}

template <DType To>
Storage<To> convert(std::complex<double> value) {
  if constexpr (To == DType::kBool)
    return value != 0.0;
  else if constexpr (kIsComplex<To>)
    return narrow<To>(value);
  else
    return convert<To>(value.real());
}

template <DType To, class Integer>
requires std::is_integral_v<Integer> Storage<To> convert(Integer value) {
  if constexpr (To == DType::kBool)
    return value != 0;
  else if constexpr (To == DType::kF64)
    return static_cast<double>(value);
  else if constexpr (To == DType::kC128)
    return {static_cast<double>(value), 0};
  else if constexpr (kIsReal<To> || kIsComplex<To>)
    return narrow<To>(round_to_odd(value));
  else
    return static_cast<Storage<To>>(value);
}

/// Bounds where the operand is inexact, or of a complex or float target.
template <DType From, DType To>
double cast_bound(Carrier<From> x, double error, Storage<To> result) {
  if (error == 0) return 0;
  if constexpr (std::is_integral_v<Carrier<From>>) {
    return kIll;
  } else {
    if (std::isinf(error)) return kIll;
    auto ends = [&](double value, double (*part)(Wide<To>)) {
      double centre = part(widen<To>(result)), worst = 0;
      for (double end : {value - error, value + error})
        worst = std::max(worst, deviation(part(widen<To>(convert<To>(end))), centre));
      return worst;
    };
    if constexpr (kIsComplex<From>) {
      if constexpr (To == DType::kBool) {
        bool may_vanish = std::fabs(x.real()) <= error && std::fabs(x.imag()) <= error;
        return may_vanish ? kIll : 0;
      } else if constexpr (kIsComplex<To>) {
        auto end = [&](double value, double rounded) {
          double low = widen<To>(convert<To>(value - error)).real(),
                 high = widen<To>(convert<To>(value + error)).real();
          return std::max(deviation(low, rounded), deviation(high, rounded));
        };
        std::complex<double> centre = widen<To>(result);
        return std::max(end(x.real(), centre.real()), end(x.imag(), centre.imag()));
      } else {
        return kIll;
      }
    } else if constexpr (To == DType::kBool) {
      return std::fabs(x) <= error ? kIll : 0;
    } else if constexpr (kIsComplex<To>) {
      return ends(x, [](Wide<To> w) { return w.real(); });
    } else if constexpr (kIsReal<To>) {
      return ends(x, [](Wide<To> w) { return w; });
    } else {
      return convert<To>(x - error) == result && convert<To>(x + error) == result ? 0 : kIll;
    }
  }
}

}  // namespace

Value cast(const OpCall& call) {
  const Value& x = call.operands[0];
  // Nothing changes, an infinite f8e5m2 included.
  if (x.array.dtype() == call.node.type.dtype) return x;
  Value out{.array = call.result()};
  BoundVector bounds;
  if (!x.exact()) bounds.resize(static_cast<size_t>(out.array.elements()));
  dispatch_dtype(x.array.dtype(), [&]<DType From>() {
    dispatch_dtype(out.array.dtype(), [&]<DType To>() {
      const auto* from = x.array.as<Storage<From>>();
      auto* to = out.array.as_mutable<Storage<To>>();
      for (int64_t i = 0; i < out.array.elements(); ++i) {
        auto carried = static_cast<Carrier<From>>(widen<From>(from[i]));
        to[i] = convert<To>(carried);
        if (!x.exact()) bounds[static_cast<size_t>(i)] = cast_bound<From, To>(carried, x.bound(i), to[i]);
      }
    });
  });
  if (!x.exact()) out.bounds = finish(std::move(bounds));
  return out;
}

Value bitcast(const OpCall& call) {
  const Value& x = call.operands[0];
  DType from = x.array.dtype(), to = call.node.type.dtype;
  Value out{.array = x.array.reinterpreted(to, call.shape)};
  if (x.exact()) return out;
  if (from == to) {
    out.bounds = x.bounds;
    return out;
  }
  bool splits = is_complex(from) && !is_complex(to) && dtype_size(from) == 2 * dtype_size(to);
  bool joins = is_complex(to) && !is_complex(from) && dtype_size(to) == 2 * dtype_size(from);
  BoundVector bounds(static_cast<size_t>(out.array.elements()));
  for (int64_t i = 0; i < out.array.elements(); ++i)
    bounds[static_cast<size_t>(i)] = splits             ? x.bound(i / 2)
                                     : joins            ? std::max(x.bound(2 * i), x.bound(2 * i + 1))
                                     : x.bound(i) > 0.0 ? kIll
                                                        : 0.0;
  out.bounds = finish(std::move(bounds));
  return out;
}

}  // namespace caten::evaluation
