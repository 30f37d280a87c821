// Any bytes: either diagnostics that can be shown, or arrays of at most what deflate can pack into them.
#include "io/npz.hpp"

#include <algorithm>

#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace caten;
  constexpr uint64_t kLimit = 1 << 20;
  Result<NpzFile> file = NpzFile::parse(fuzz_file(data, size), kLimit);
  if (!file) return require_shown(file.error()), 0;
  if (auto entries = file->entries(); !entries) require_shown(entries.error());
  for (const std::string& name : file->names()) {
    Result<Array> array = file->read(name);
    if (array)
      require_sound(*array, std::max<size_t>(size, kLimit));
    else
      require_shown(array.error());
  }
  return 0;
}
