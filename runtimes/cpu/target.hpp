// What kernels are compiled for: levels of instruction sets, by the names that --cpu= takes.
#pragma once

#include <string>

namespace caten::cpu {

enum class Level { kAvx512, kAvx2, kBaseline, kForeign };

struct Target {
  Level level;
  const char* name;    // as --cpu= takes it
  const char* triple;  // as LLVM names the machine, the processor and what to tune for
  const char* cpu;
  const char* tune;
  const char* needs;  // what the processor must have
};

/// The target of a name; "native" is the best that this processor runs. Null, and the reason in `error`, if there is
/// none.
const Target* find_target(const std::string& name, std::string& error);

/// Whether kernels for a target run on this processor.
bool runs_here(const Target& target);

}  // namespace caten::cpu
