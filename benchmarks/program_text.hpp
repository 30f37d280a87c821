// IR text of any length for benchmarks and their tests: layers in the manner of a transformer, with symbolic sizes,
// calls of composites, gathers, loops, several dtypes. The same number of layers gives the same text.
#pragma once

#include <fmt/format.h>

#include <string>

namespace caten::benchmarks {

/// About 60 nodes for each layer.
inline std::string program_text(int layers) {
  std::string text = R"((ir 1
 (composite scale_shift
  (:dim (M 0 *) (N 0 *))
  (:in (x (f32 M N)) (g (f32 N)) (b (f32 N)))
  (:let (gg (expand (reshape g 1 N) M N)) (bb (expand (reshape b 1 N) M N)))
  (:out (y (add (mul x gg) bb))))
 (composite normalise
  (:dim (M 0 *) (N 0 *))
  (:in (x (f32 M N)))
  (:let
   (mean (mul (reduce add x 1) (const 0.015625 f32 M)))
   (c (add x (mul (const -1.0 f32 M N) (expand (reshape mean M 1) M N))))
   (v (mul (reduce add (mul c c) 1) (const 0.015625 f32 M)))
   (s (sqrt (add v (const 1e-5 f32 M)))))
  (:out (y (div c (expand (reshape s M 1) M N)))))
 (program main
  (:dim (B 0 4096) (T 0 *))
  (:in (h0 (f32 B 64)) (table (f32 T 64)) (ids (i64 B)))";
  for (int k = 0; k < layers; ++k) text += fmt::format(" (w{0} (f32 64 64)) (g{0} (f32 64)) (b{0} (f32 64))", k);
  text += ")\n  (:let\n";
  for (int k = 0; k < layers; ++k)
    text += fmt::format(R"(   (n{0} (call normalise h{0}))
   (a{0} (call scale_shift n{0} g{0} b{0}))
   (e{0} (take table 0 (add ids (const {0} i64 B))))
   (p{0} (reduce add (mul (expand (reshape a{0} B 64 1) B 64 64) (expand (reshape (permute w{0} 1 0) 1 64 64) B 64 64)) 1))
   (q{0} (cast (cast (add p{0} e{0}) f16) f32))
   (r{0} (if (lt (const {0}.5 f32 B 64) q{0}) q{0} (mul q{0} (exp2 q{0}))))
   (l{0} (loop 3 ((c r{0})) (i) (next (max c (mul c (expand (reshape (cast i f32) 1 1) B 64))))))
   (s{0} (slice (result 0 l{0}) (0 B 1) (63 -1 -1)))
   (h{1} (add h{0} s{0}))
)",
                        k, k + 1);
  return text + fmt::format("   (done (sin h{0})))\n  (:out (y done))))\n", layers);
}

}  // namespace caten::benchmarks
