// Any bytes: either diagnostics that can be shown, or arrays that are together no larger than they are.
#include "io/safetensors.hpp"

#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace caten;
  Result<SafetensorsFile> file = SafetensorsFile::parse(fuzz_file(data, size));
  if (!file) return require_shown(file.error()), 0;
  size_t left = size;
  for (const ArrayEntry& entry : file->entries()) {
    Result<Array> array = file->read(entry.name);
    if (!array) {
      require_shown(array.error());
      continue;
    }
    require_sound(*array, left);
    left -= array->bytes();
  }
  return 0;
}
