// Any bytes: either a diagnostic that can be shown, or an array no larger than they are.
#include "io/npy.hpp"

#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace caten;
  Result<Array> array = parse_npy(fuzz_file(data, size));
  if (!array) return require_shown(array.error()), 0;
  require_sound(*array, size);
  require(format_npy_header("fuzz", array->dtype(), array->shape()).has_value());
  return 0;
}
