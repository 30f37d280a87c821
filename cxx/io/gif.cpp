#include "io/gif.hpp"

#include <fmt/format.h>

#include "io/atomic_file.hpp"
#ifdef CATEN_GIF
#include <gif_lib.h>

#include <memory>
#endif

namespace caten {
namespace {

tl::unexpected<Diagnostic> refuse_film(const std::string& path, std::string why, std::string expected,
                                       std::string found, std::string remedy) {
  return fail({.code = Code::FormatCannotHold,
               .message = fmt::format("cannot write {}: {}", path, why),
               .expected = std::move(expected),
               .found = std::move(found),
               .remedy = std::move(remedy)});
}

#ifdef CATEN_GIF

struct CloseGif {
  void operator()(GifFileType* gif) const { EGifCloseFile(gif, nullptr); }
};

int write_bytes(GifFileType* gif, const GifByteType* bytes, int count) {
  static_cast<AtomicFile*>(gif->UserData)->write(std::as_bytes(std::span(bytes, static_cast<size_t>(count))));
  return count;
}

/// "Show the frames again without an end", as browsers have it.
bool put_loop(GifFileType* gif) {
  constexpr char kName[] = "NETSCAPE2.0";
  constexpr unsigned char kForever[] = {1, 0, 0};
  return EGifPutExtensionLeader(gif, APPLICATION_EXT_FUNC_CODE) == GIF_OK &&
         EGifPutExtensionBlock(gif, 11, kName) == GIF_OK && EGifPutExtensionBlock(gif, 3, kForever) == GIF_OK &&
         EGifPutExtensionTrailer(gif) == GIF_OK;
}

bool put_frame(GifFileType* gif, const IndexedFrames& film, std::vector<uint8_t> frame, int hundredths) {
  GraphicsControlBlock control{
      .DisposalMode = DISPOSE_DO_NOT, .UserInputFlag = false, .DelayTime = hundredths, .TransparentColor = -1};
  GifByteType extension[4];
  auto height = static_cast<int>(film.height), width = static_cast<int>(film.width);
  if (EGifGCBToExtension(&control, extension) != 4 ||
      EGifPutExtension(gif, GRAPHICS_EXT_FUNC_CODE, 4, extension) != GIF_OK ||
      EGifPutImageDesc(gif, 0, 0, width, height, false, nullptr) != GIF_OK)
    return false;
  for (int row = 0; row < height; ++row)
    if (EGifPutLine(gif, frame.data() + static_cast<size_t>(row) * static_cast<size_t>(width), width) != GIF_OK)
      return false;
  return true;
}

Status put_film(const std::string& path, AtomicFile& file, const IndexedFrames& film, int hundredths) {
  auto failed = [&](int error) {
    const char* text = GifErrorString(error);
    return refuse_film(path, "giflib failed", "frames that it packs", text ? text : "an error without a name",
                       "write fewer or smaller frames");
  };
  int error = 0;
  std::unique_ptr<GifFileType, CloseGif> gif(EGifOpen(&file, write_bytes, &error));
  if (!gif) return failed(error);
  EGifSetGifVersion(gif.get(), true);
  int colours = 2;
  while (colours < static_cast<int>(film.palette.size())) colours *= 2;
  std::unique_ptr<ColorMapObject, decltype(&GifFreeMapObject)> map(GifMakeMapObject(colours, nullptr),
                                                                   &GifFreeMapObject);
  if (!map) return failed(E_GIF_ERR_NOT_ENOUGH_MEM);
  for (size_t i = 0; i < film.palette.size(); ++i)
    map->Colors[i] = {film.palette[i][0], film.palette[i][1], film.palette[i][2]};
  bool good = EGifPutScreenDesc(gif.get(), static_cast<int>(film.width), static_cast<int>(film.height), 8, 0,
                                map.get()) == GIF_OK &&
              put_loop(gif.get());
  for (size_t i = 0; i < film.frames.size() && good; ++i) good = put_frame(gif.get(), film, film.frames[i], hundredths);
  if (!good) return failed(gif->Error);
  return EGifCloseFile(gif.release(), &error) == GIF_OK ? Status{} : failed(error);
}

#endif

}  // namespace

Status write_gif(const std::string& path, const IndexedFrames& film, int hundredths) {
#ifdef CATEN_GIF
  constexpr int64_t kMost = 65535;  // GIF counts pixels in 16 bits
  if (film.frames.empty() || film.height < 1 || film.width < 1 || film.height > kMost || film.width > kMost)
    return refuse_film(path, "this size is no film", fmt::format("frames of 1 to {} pixels a side", kMost),
                       fmt::format("{} of {} × {}", film.frames.size(), film.height, film.width),
                       "show a smaller value, or give a smaller --scale");
  auto file = AtomicFile::create(path);
  CATEN_TRY(file);
  CATEN_TRY(put_film(path, *file, film, hundredths));
  return file->commit();
#else
  (void)film, (void)hundredths;
  return refuse_film(path, "this caten was built without giflib",
                     "a build with libgif-dev, or a name that ends in .png", "a name that ends in .gif",
                     "write a .png, or install libgif-dev (scripts/setup) and build again");
#endif
}

}  // namespace caten
