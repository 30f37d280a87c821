// A Scalar is one element of any dtype, held exactly: constants of the IR, fill values, identities of reductions.
#pragma once

#include <bit>
#include <complex>
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "ir/dtype.hpp"
#include "sexp/datum.hpp"

namespace caten {

class Scalar {
 public:
  Scalar() = default;
  static Scalar of_bool(bool value);
  /// Integer dtypes wrap to the dtype; float dtypes round once.
  static Scalar of_integer(DType dtype, int64_t value);
  static Scalar of_unsigned(DType dtype, uint64_t value);
  /// Rounds once to the dtype. Integer dtypes truncate and saturate, NaN gives 0 (the rule of `cast`).
  static Scalar of_real(DType dtype, double value);
  static Scalar of_complex(DType dtype, std::complex<double> value);
  static Scalar zero(DType dtype) { return of_integer(dtype, 0); }
  static Scalar one(DType dtype) { return of_integer(dtype, 1); }

  /// A literal as written: true/false, integers, decimals (rounded once, from their spelling), +inf -inf nan,
  /// (c re im). E0210 if the dtype cannot hold it: fractions in integers, out of range, nan in integers.
  static Result<Scalar> parse(const Datum& datum, DType dtype);
  /// parse's form; parse(to_datum()) gives the same bits (all NaNs alike).
  Datum to_datum() const;

  DType dtype() const { return dtype_; }
  bool as_bool() const { return integer_ != 0; }
  int64_t as_integer() const { return integer_; }             ///< bool and integer dtypes (u64: the bits)
  double as_real() const { return value_.real(); }            ///< float dtypes, exact
  std::complex<double> as_complex() const { return value_; }  ///< complex dtypes (real ones: imaginary part 0)

  static Scalar load(DType dtype, const std::byte* from);
  void store(std::byte* to) const;

  /// Same dtype and bits, all NaNs alike; -0 and +0 differ.
  bool operator==(const Scalar& other) const;
  size_t hash() const;

 private:
  /// A value that the dtype holds.
  static Scalar exactly(DType dtype, std::complex<double> value);

  DType dtype_ = DType::kF32;
  int64_t integer_ = 0;
  std::complex<double> value_{};
};

/// Rounds an exact or wider value to a float dtype and back to double (complex: each part).
double round_to(DType dtype, double value);

}  // namespace caten
