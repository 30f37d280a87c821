// The first byte chooses the options. Any other bytes, as text and as gzip: either a diagnostic that can be shown, or a
// table that has no more numbers than the text has characters.
#include "io/csv.hpp"

#include <algorithm>

#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace caten;
  if (size == 0) return 0;
  CsvOptions options;
  options.delimiter = ",; \t"[data[0] & 3];
  options.dtype = all_dtypes()[(data[0] >> 2) % all_dtypes().size()];
  options.skip_lines = data[0] >> 7;
  options.max_unpacked = 1 << 16;
  Result<Array> array = parse_csv(fuzz_file(data + 1, size - 1), options);
  if (!array) return require_shown(array.error()), 0;
  require_sound(*array, std::max<size_t>(size, options.max_unpacked) * dtype_size(options.dtype));
  return 0;
}
