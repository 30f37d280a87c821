#include "cpu/target.hpp"

namespace caten::cpu {
namespace {

// Best first, those of one machine together.
const Target kTargets[] = {
    {Level::kAvx512, "avx512", "x86_64-unknown-linux-gnu", "x86-64-v4", "generic", "AVX-512 (F, BW, CD, DQ and VL)"},
    {Level::kAvx2, "avx2", "x86_64-unknown-linux-gnu", "x86-64-v3", "generic", "AVX2, FMA, BMI and F16C"},
    {Level::kBaseline, "baseline", "x86_64-unknown-linux-gnu", "x86-64", "generic", "an x86-64 processor"},
    {Level::kForeign, "aarch64", "aarch64-unknown-linux-gnu", "generic", "generic", "an AArch64 processor"},
};

}  // namespace

bool runs_here(const Target& target) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  // Every processor with AVX2 has F16C, LZCNT and MOVBE, which have no name here in all compilers.
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
              __builtin_cpu_supports("bmi2");
  switch (target.level) {
    case Level::kAvx512:
      return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl");
    case Level::kAvx2: return avx2;
    case Level::kBaseline: return true;
    case Level::kForeign: return false;
  }
#endif
  return false;
}

const Target* find_target(const std::string& name, std::string& error) {
  std::string known = "native";
  for (const Target& target : kTargets) {
    if (name == "native" ? runs_here(target) : name == target.name) return &target;
    known += std::string(", ") + target.name;
  }
  error = name == "native" ? "kernels run on x86-64 processors, and this is none"
                           : "there is no processor `" + name + "`; known are " + known;
  return nullptr;
}

}  // namespace caten::cpu
