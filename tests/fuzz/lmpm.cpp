// Any bytes as the text form of a consensual program.
#include "consensus.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  caten::consensus::run_reader(data, size, false);
  return 0;
}
