// A Dialect says how a loop nest looks as text: what a runtime file declares under (:dialect …).
//
//   (:types (f32 "float") …)            the element type of each dtype
//   (:wide (f16 "float" widen narrow) …) dtypes that are computed in a wider type: its name, and the functions from
//                                       storage to it and from a double back to storage, rounded once
//   (:kernel "void {name}(…) {")        the head of a kernel; (:buffer …) and (:size …) declare its arguments, with
//                                       {type} {buffer} {slot} {size} {number}; (:const-buffer …) one that is only read
//   (:buffer-parameter "…") (:const-buffer-parameter "…") (:size-parameter "…")
//                                       what each argument adds to {parameters} of the kernel's head, with the same
//                                       words, for devices whose kernels take no lists
//   (:local-kernel "static void …")     the head where the rest of the same text calls the kernel: for dialects that
//   are C
//   (:range "for (…; {variable} < end; …) {")  the head of the outermost loop where its iterations are independent: the
//                                       part of its range that the kernel is called for. Without it, all of the range
//   (:team (:threads 256) (:bytes 32768) …)  devices whose threads work in teams: how many threads one has, and how
//   many
//                                       bytes of memory they share. Further in it: (:range "for (…) {"), as above for
//                                       kernels of which a team, not a thread, runs each iteration; (:member "…"), the
//                                       number of a thread in its team; (:memory "… {type} {name}[{count}];"), memory
//                                       of the team, at the beginning of a kernel; (:barrier "…;")
//   (:independent "#pragma …")          a line before other innermost loops whose iterations are independent
//   (:one-by-one "#pragma …")           a line before innermost loops that store elements far apart
//   (:rest "#pragma …")                 a line before innermost loops over what is left behind whole blocks, or where
//                                       one element more or less is much work
//   (:turn "turn_{size}(…);")           a statement: a square of {side} rows of elements of {size} bytes, 4 or 8, from
//                                       the pointer {from} on, its rows {step} elements apart, is transposed into local
//                                       memory {to}, whose rows are {columns} apart; without it, loops
//   (:stream "…;") (:streamed "…;")     {count} elements of {size} bytes of local memory {from} are written to {to},
//                                       past the caches; and what the end of a kernel says that does so
//   (:fetch "…;")                       what the pointer {from} leads to, if anything, will be read soon
//   (:function "static inline")         what stands before functions
//   (:op name (dtypes…) "expression")   replaces the spelling of ops.def for these dtypes
//   (:cast …) (:cast-saturating …) (:cast-bool …) (:cast-narrow-integer …) (:bitcast …) (:complex …) (:part …)
//   (:cast-complex-of-real …) (:cast-complex-of-complex …) (:cast-bool-of-complex …)  where complex numbers are no
//                                       numbers of the language; without them `cast` and `cast-bool`
//   (:abs "…") (:max-number "…")        of floats: |x|, and the larger of x and a number y other than 0; C's
//                                       expressions where nothing is said
//   (:multiply-add "…")                 x·y + z of floats, rounded once or twice; without it two ops
//   (:header "…")                       the beginning of every source text
//   (:prelude (name "text") …)          functions that spellings use; only those that a program needs are emitted
//   (:local-prelude (name "text") …)    the same in texts whose rest calls the kernels: in place of what a driver has
//                                       for the kernels that it loads
//
// Spellings are expressions over x and y, where T is the type computed in, U the unsigned type of T's size (integers)
// and S the type converted from. Prelude texts may use each other's names, in any order but in no circle. What is said
// twice is meant as it is said last: a runtime that extends another one begins with the clauses of that one.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "codegen/loop_nest.hpp"
#include "ir/op.hpp"
#include "sexp/datum.hpp"

namespace caten {

struct Dialect {
  struct Wide {
    std::string type, widen, narrow;
  };
  struct Prelude {
    std::string name, text;
  };
  struct Team : TeamLimits {
    std::string range{}, member{}, memory{}, barrier{};
  };

  std::array<std::string, kDTypeCount> types{};
  std::array<std::optional<Wide>, kDTypeCount> wide{};
  std::map<std::pair<Op, DType>, std::string> spellings{};
  std::string header{}, kernel{}, local_kernel{}, buffer{}, const_buffer{}, size{}, buffer_parameter{},
      const_buffer_parameter{}, size_parameter{}, range{}, independent{}, one_by_one{}, rest{}, streamed{}, fetch{},
      function{};
  std::string cast{}, cast_saturating{}, cast_bool{}, cast_narrow_integer{}, cast_complex_of_real{},
      cast_complex_of_complex{}, cast_bool_of_complex{}, bitcast{}, complex{}, part{}, load_bool{};
  std::string abs = "x > 0 ? x : 0 - x", max_number = "y > x ? y : x", min_number = "y < x ? y : x", multiply_add;
  std::string turn =
      "for (int i = 0; i < {side}; ++i) for (int j = 0; j < {side}; ++j) "
      "({to})[i * {columns} + j] = ({from})[j * {step} + i];";
  std::string stream = "for (int i = 0; i < {count}; ++i) ({to})[i] = ({from})[i];";
  std::vector<Prelude> prelude{}, local_prelude{};
  Team team{};

  const std::string& type(DType dtype) const { return types[static_cast<size_t>(dtype)]; }
  const std::optional<Wide>& wider(DType dtype) const { return wide[static_cast<size_t>(dtype)]; }
  /// The dialect of texts whose rest calls the kernels.
  Dialect local() const;
  /// The spelling of an op on a dtype: the dialect's, else that of ops.def.
  std::string_view spelling(Op op, DType dtype) const;
};

/// The clauses after `:dialect`. E0606 with the place of what is wrong.
Result<Dialect> read_dialect(const Datum& form);

}  // namespace caten
