#include "io/deflate.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cassert>

namespace caten {
namespace {

constexpr size_t kAtOnce = size_t{1} << 30;  // zlib counts in 32 bits
constexpr int kRaw = -15;
constexpr int kGzip = 15 + 16;

class Inflater {
 public:
  Inflater(std::span<const std::byte> in, int window) : in_(in), ready_(::inflateInit2(&stream_, window) == Z_OK) {}
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready_) ::inflateEnd(&stream_);
  }

  size_t used() const { return used_; }
  const char* problem() const { return stream_.msg ? stream_.msg : "unknown"; }
  void restart() { ::inflateReset(&stream_); }

  /// Unpacks into `out`, as far as it goes; `made` bytes of it. Z_OK: out is full or the input is used up.
  int run(std::span<std::byte> out, size_t& made) {
    made = 0;
    if (!ready_) return Z_MEM_ERROR;
    int state = Z_OK;
    while (state == Z_OK) {
      size_t give = std::min(in_.size() - used_, kAtOnce);
      size_t room = std::min(out.size() - made, kAtOnce);
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in_.data())) + used_;
      stream_.avail_in = static_cast<uInt>(give);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data()) + made;
      stream_.avail_out = static_cast<uInt>(room);
      state = ::inflate(&stream_, Z_NO_FLUSH);
      size_t took = give - stream_.avail_in;
      size_t gave = room - stream_.avail_out;
      used_ += took;
      made += gave;
      if (state == Z_BUF_ERROR || (state == Z_OK && took == 0 && gave == 0)) return Z_OK;
    }
    return state;
  }

 private:
  z_stream stream_{};
  std::span<const std::byte> in_;
  size_t used_ = 0;
  bool ready_ = false;
};

tl::unexpected<Diagnostic> corrupt(const FileBytes& file, uint64_t at, std::string found) {
  return file.fail_at(at, {.code = Code::BadFileContent,
                           .message = "the compressed data are damaged",
                           .expected = "a deflate stream with the right checksum",
                           .found = std::move(found),
                           .remedy = "copy or download the file again"});
}

tl::unexpected<Diagnostic> ends_early(const FileBytes& file) {
  return file.fail_at(file.size(), {.code = Code::TruncatedFile,
                                    .message = "the compressed data end too early",
                                    .expected = "the end of the deflate stream",
                                    .found = "the end of the file",
                                    .remedy = "copy or download the file again"});
}

}  // namespace

Result<std::string> unpack_gzip(const FileBytes& file, uint64_t limit) {
  Inflater inflater(file.bytes(), kGzip);
  std::string text;
  size_t filled = 0;
  while (true) {
    if (filled == text.size()) text.resize(std::min<uint64_t>(limit + 1, std::max<uint64_t>(4096, filled * 2)));
    size_t made = 0;
    int state = inflater.run(std::as_writable_bytes(std::span(text)).subspan(filled), made);
    filled += made;
    if (filled > limit)
      return file.fail_at(inflater.used(), {.code = Code::TooLarge,
                                            .message = "the file unpacks to too much",
                                            .expected = fmt::format("at most {} bytes", limit),
                                            .found = "more",
                                            .remedy = "if you trust it, unpack it with gunzip and read the result"});
    if (state == Z_STREAM_END) {
      if (inflater.used() == file.size()) break;
      inflater.restart();  // members follow each other
    } else if (state != Z_OK) {
      return corrupt(file, inflater.used(), inflater.problem());
    } else if (filled < text.size()) {
      return ends_early(file);
    }
  }
  text.resize(filled);
  return text;
}

std::string pack_gzip(std::string_view text) {
  z_stream stream{};
  int state = ::deflateInit2(&stream, 9, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY);
  assert(state == Z_OK);
  std::string out;
  size_t used = 0;
  char piece[1 << 15];
  do {
    size_t give = std::min(text.size() - used, kAtOnce);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data())) + used;
    stream.avail_in = static_cast<uInt>(give);
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    state = ::deflate(&stream, used + give == text.size() ? Z_FINISH : Z_NO_FLUSH);
    used += give - stream.avail_in;
    out.append(piece, sizeof piece - stream.avail_out);
  } while (state == Z_OK);
  assert(state == Z_STREAM_END);
  ::deflateEnd(&stream);
  return out;
}

Status inflate(const FileBytes& file, uint64_t offset, uint64_t count, std::span<std::byte> out, bool whole) {
  Inflater inflater(file.part(offset, count), kRaw);
  size_t made = 0;
  int state = inflater.run(out, made);
  if (state != Z_OK && state != Z_STREAM_END) return corrupt(file, offset + inflater.used(), inflater.problem());
  std::byte extra{};
  size_t more = 0;
  if (whole && state == Z_OK) state = inflater.run({&extra, 1}, more);
  if (made < out.size() || more > 0 || (whole && (state != Z_STREAM_END || inflater.used() != count)))
    return corrupt(file, offset + inflater.used(),
                   made < out.size() ? "less data than promised" : "more data than promised");
  return {};
}

uint32_t checksum_crc32(std::span<const std::byte> bytes, uint32_t start) {
  return static_cast<uint32_t>(::crc32_z(start, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace caten
