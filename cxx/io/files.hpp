// Files and arrays. In: paths, chosen by the extension of their names, and Arrays. Out: Arrays and files.
//
//   .npy          one array                            io/npy.hpp
//   .csv .csv.gz  one array of rank 2                  io/csv.hpp
//   .npz          arrays by name                       io/npz.hpp
//   .safetensors  arrays by name, metadata             io/safetensors.hpp
//   .png          an image, only written               io/png.hpp
//
// What holds for all of them:
// - A file is untrusted. Every length is checked before it is used, and no memory is taken that the real size of the
//   file does not justify (compressed data: kMaxUnpacked). Each reader also takes bytes in memory (parse_…).
// - Elements stay in the mapped file where their layout is an Array's own; otherwise they are copied once.
// - A file is written whole or not at all, and equal arrays give equal bytes (io/atomic_file.hpp).
// - Each failure is a Diagnostic that begins with the file and the byte, or with line and column in text.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/archive.hpp"
#include "ir/array.hpp"

namespace caten {

enum class FileFormat : uint8_t { kNpy, kNpz, kCsv, kSafetensors, kPng };

/// By the extension, whatever its case.
Result<FileFormat> find_format(const std::string& path);

/// The one array of a file. An archive with several fails and names them.
Result<Array> load(const std::string& path);
/// One of an archive's arrays.
Result<Array> load(const std::string& path, std::string_view name);
/// All arrays of an archive, in its order.
Result<std::vector<NamedArray>> load_all(const std::string& path);
/// What an archive holds, without reading it.
Result<std::vector<ArrayEntry>> list_arrays(const std::string& path);

/// Replaces the file. An archive gets one array of the name "arr_0", as NumPy's savez has it.
Status save(const std::string& path, const Array& array);
/// Replaces an archive.
Status save_all(const std::string& path, std::span<const NamedArray> arrays);

}  // namespace caten
