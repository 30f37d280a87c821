// Any bytes as LCI.
#include "consensus.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  caten::consensus::run_reader(data, size, true);
  return 0;
}
