// Convolutions by oneDNN. Images and results whose channels lie last are taken as they are; others, and filters, are
// brought to the layouts that it asks for and back, which takes less time than it saves. Filters that stay the same
// from call to call are kept in that layout.
//
// oneDNN does not multiply the zeros around images, which are NaN where a filter is infinite or NaN. With such filters
// the zeros are written out.
#include <algorithm>
#include <compare>
#include <vector>

#include "cpu/onednn.hpp"

namespace caten::cpu {
namespace {

struct Axis {
  int64_t size = 0, window = 0, stride = 0, dilation = 0, before = 0, out = 0;
  auto operator<=>(const Axis&) const = default;

  /// Zeros behind the image. Negative: what no window reaches.
  int64_t behind() const { return (out - 1) * stride + (window - 1) * dilation + 1 - size - before; }
};

struct Shape {
  int64_t images = 0, groups = 0, channels = 0, filters = 0;
  bool x_last = false, y_last = false;  ///< channels lie last
  std::vector<Axis> axes{};
  auto operator<=>(const Shape&) const = default;

  int64_t weights() const {
    int64_t out = groups * filters * channels;
    for (const Axis& axis : axes) out *= axis.window;
    return out;
  }
  bool padded() const {
    return std::any_of(axes.begin(), axes.end(), [](const Axis& axis) { return axis.before > 0 || axis.behind() > 0; });
  }
  /// The same of images that have the zeros.
  Shape of_padded_images() const {
    Shape out = *this;
    for (Axis& axis : out.axes) {
      axis.size += axis.before + std::max<int64_t>(0, axis.behind());
      axis.before = 0;
    }
    return out;
  }
};

bool all_finite(const float* x, int64_t count) {
  constexpr uint32_t kExponent = 0x7f800000;
  const auto* bits = reinterpret_cast<const uint32_t*>(x);
  uint32_t found = 0;
#pragma omp parallel for reduction(| : found) if (count > 1'000'000)
  for (int64_t i = 0; i < count; ++i) found |= (bits[i] & kExponent) == kExponent ? 1 : 0;
  return found == 0;
}

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};

/// What is kept of filters.
struct KeptFilters {
  bool finite = true;
  dnnl_memory_desc_t layout{};  ///< of `memory`, if there is any
  std::unique_ptr<void, Free> memory{};
};

/// A copy from one layout to another, unless they are the same.
class Reorder {
 public:
  Reorder() = default;
  ~Reorder() {
    if (primitive_) dnnl_primitive_destroy(primitive_);
  }
  Reorder(const Reorder&) = delete;
  Reorder& operator=(const Reorder&) = delete;

  void make(const dnnl_memory_desc_t& from, const dnnl_memory_desc_t& to) {
    from_ = from;
    to_ = to;
    if (dnnl_memory_desc_equal(&from, &to)) return;
    dnnl_primitive_desc_t made = nullptr;
    check(dnnl_reorder_primitive_desc_create(&made, &from, engine(), &to, engine(), nullptr), "change a layout");
    dnnl_status_t status = dnnl_primitive_create(&primitive_, made);
    dnnl_primitive_desc_destroy(made);
    check(status, "change a layout");
  }
  bool needed() const { return primitive_ != nullptr; }
  void run(void* from, void* to) const {
    Execution<2> execution;
    execution.take(DNNL_ARG_FROM, from_, from);
    execution.take(DNNL_ARG_TO, to_, to);
    execution.run(primitive_);
  }

 private:
  dnnl_memory_desc_t from_{}, to_{};
  dnnl_primitive_t primitive_ = nullptr;
};

class Convolution {
 public:
  explicit Convolution(const Shape& shape) {
    std::vector<int64_t> x{shape.images, shape.groups * shape.channels}, w{shape.filters, shape.channels};
    std::vector<int64_t> y{shape.images, shape.groups * shape.filters}, strides, dilations, before, behind;
    if (shape.groups > 1) w.insert(w.begin(), shape.groups);
    for (const Axis& axis : shape.axes) {
      x.push_back(axis.size);
      w.push_back(axis.window);
      y.push_back(axis.out);
      strides.push_back(axis.stride);
      dilations.push_back(axis.dilation - 1);
      before.push_back(axis.before);
      behind.push_back(axis.behind());
    }
    const std::array<dnnl_memory_desc_t, 3> given{plain(x, shape.x_last), plain(w, false), plain(y, shape.y_last)};
    const std::array<dnnl_memory_desc_t, 3> wanted{shape.x_last ? given[0] : any(x), any(w),
                                                   shape.y_last ? given[2] : any(y)};
    dnnl_convolution_desc_t convolution;
    check(dnnl_dilated_convolution_forward_desc_init(&convolution, dnnl_forward_inference, dnnl_convolution_direct,
                                                     &wanted[0], &wanted[1], nullptr, &wanted[2], strides.data(),
                                                     dilations.data(), before.data(), behind.data()),
          "describe a convolution");
    dnnl_primitive_attr_t attributes = nullptr;
    check(dnnl_primitive_attr_create(&attributes), "describe a convolution");
    dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    dnnl_primitive_desc_t made = nullptr;
    dnnl_status_t status = dnnl_primitive_desc_create(&made, &convolution, attributes, engine(), nullptr);
    if (status == dnnl_success) status = dnnl_primitive_create(&primitive_, made);
    dnnl_primitive_attr_destroy(attributes);
    if (made) {
      const std::array<dnnl_query_t, 4> queries{dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md,
                                                dnnl_query_scratchpad_md};
      for (size_t i = 0; i < queries.size(); ++i) used_[i] = *dnnl_primitive_desc_query_md(made, queries[i], 0);
      dnnl_primitive_desc_destroy(made);
    }
    check(status, "compute a convolution of this shape");
    images_.make(given[0], used_[0]);
    filters_.make(given[1], used_[1]);
    results_.make(used_[2], given[2]);
  }
  ~Convolution() {
    if (primitive_) dnnl_primitive_destroy(primitive_);
  }
  Convolution(const Convolution&) = delete;
  Convolution& operator=(const Convolution&) = delete;

  /// Filters as they are given, in the layout of `run`. Nothing if that is the same.
  std::unique_ptr<void, Free> packed(char* w) const {
    if (!filters_.needed()) return nullptr;
    constexpr size_t kPage = 4096;
    size_t bytes = (dnnl_memory_desc_get_size(&used_[1]) + kPage - 1) / kPage * kPage;
    std::unique_ptr<void, Free> out(std::aligned_alloc(kPage, bytes));
    if (out) filters_.run(w, out.get());
    return out;
  }
  const dnnl_memory_desc_t& layout_of_filters() const { return used_[1]; }

  /// `packed`: the filters in their layout, or null.
  void run(char* x, char* w, char* y, void* packed) const {
    static thread_local Scratch scratch;
    constexpr size_t kPage = 4096;
    std::array<size_t, 5> begins{};
    const std::array<bool, 4> own{images_.needed(), filters_.needed() && !packed, results_.needed(), true};
    for (size_t i = 0; i < own.size(); ++i)
      begins[i + 1] = begins[i] + (own[i] ? (dnnl_memory_desc_get_size(&used_[i]) + kPage - 1) / kPage * kPage : 0);
    auto* memory = static_cast<char*>(scratch.of(std::max(begins[4], kPage)));
    std::array<char*, 4> places{x, packed ? static_cast<char*>(packed) : w, y, nullptr};
    for (size_t i = 0; i < own.size(); ++i)
      if (own[i]) places[i] = memory + begins[i];
    if (own[0]) images_.run(x, places[0]);
    if (own[1]) filters_.run(w, places[1]);
    Execution<4> execution;
    const std::array<int, 4> names{DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD};
    for (size_t i = 0; i < names.size(); ++i) execution.take(names[i], used_[i], places[i]);
    execution.run(primitive_);
    if (own[2]) results_.run(places[2], y);
  }

 private:
  /// In row-major order, the channels (axis 1) before the others or behind them.
  static dnnl_memory_desc_t plain(const std::vector<int64_t>& sizes, bool channels_last) {
    std::vector<int64_t> steps(sizes.size(), 1);
    int64_t step = channels_last ? sizes[1] : 1;
    for (size_t k = sizes.size(); k-- > 0;) {
      if (channels_last && k == 1) continue;
      steps[k] = step;
      step *= sizes[k];
    }
    dnnl_memory_desc_t out;
    check(dnnl_memory_desc_init_by_strides(&out, static_cast<int>(sizes.size()), sizes.data(), dnnl_f32, steps.data()),
          "describe an image");
    return out;
  }
  static dnnl_memory_desc_t any(const std::vector<int64_t>& sizes) {
    dnnl_memory_desc_t out;
    check(
        dnnl_memory_desc_init_by_tag(&out, static_cast<int>(sizes.size()), sizes.data(), dnnl_f32, dnnl_format_tag_any),
        "describe an image");
    return out;
  }

  std::array<dnnl_memory_desc_t, 4> used_{};  ///< images, filters, results, scratch
  Reorder images_, filters_, results_;
  dnnl_primitive_t primitive_ = nullptr;
};

}  // namespace

namespace {

/// X with the zeros around its images.
float* with_zeros(const float* x, const Shape& shape, const Shape& padded) {
  static thread_local Scratch scratch;
  size_t axes = shape.axes.size();
  std::vector<int64_t> from{shape.images, shape.groups * shape.channels}, to = from;
  for (size_t k = 0; k < axes; ++k) {
    from.insert(shape.x_last ? from.end() - 1 : from.end(), shape.axes[k].size);
    to.insert(shape.x_last ? to.end() - 1 : to.end(), padded.axes[k].size);
  }
  int64_t elements = 1, result = 1;
  for (int64_t size : from) elements *= size;
  for (int64_t size : to) result *= size;
  auto* out = static_cast<float*>(scratch.of(static_cast<size_t>(result) * 4));
  std::fill_n(out, result, 0.0f);
  size_t first = shape.x_last ? 1 : 2;
  for (int64_t i = 0; i < elements; ++i) {
    int64_t rest = i, place = 0, step = 1;
    for (size_t k = from.size(); k-- > 0;) {
      int64_t at = rest % from[k];
      if (k >= first && k < first + axes) at += shape.axes[k - first].before;
      place += at * step;
      step *= to[k];
      rest /= from[k];
    }
    out[place] = x[i];
  }
  return out;
}

}  // namespace

void free_kept_filters(void* kept) { delete static_cast<KeptFilters*>(kept); }

void compute_convolution(void* const* buffers, const int64_t* sizes, uint32_t count, void** kept) {
  constexpr uint32_t kFixed = 9, kOfAxis = 6;
  if (count < kFixed + kOfAxis || count > kFixed + 3 * kOfAxis || (count - kFixed) % kOfAxis != 0)
    throw Failure{"a convolution with other sizes"};
  Shape shape{.images = sizes[3],
              .groups = sizes[4],
              .channels = sizes[5],
              .filters = sizes[6],
              .x_last = sizes[7] != 0,
              .y_last = sizes[8] != 0};
  int64_t results = shape.images * shape.groups * shape.filters, products = shape.channels;
  for (uint32_t i = kFixed; i < count; i += kOfAxis) {
    shape.axes.push_back({sizes[i], sizes[i + 1], sizes[i + 2], sizes[i + 3], sizes[i + 4], sizes[i + 5]});
    results *= std::max<int64_t>(0, sizes[i + 5]);
    products *= sizes[i + 1];
  }
  auto place = [&](int buffer, int offset) { return static_cast<char*>(buffers[buffer]) + sizes[offset] * 4; };
  if (results <= 0) return;
  if (products <= 0) {
    if (buffers) std::fill_n(reinterpret_cast<float*>(place(0, 2)), results, 0.0f);
    return;
  }
  static Primitives<Shape, Convolution> convolutions;
  std::shared_ptr<const Convolution> convolution = convolutions.of(shape);
  if (!buffers) return;
  char *x = place(1, 0), *w = place(2, 1);
  auto* filters = kept ? static_cast<KeptFilters*>(*kept) : nullptr;
  if (kept && !filters) {
    auto made = std::make_unique<KeptFilters>();
    made->finite = all_finite(reinterpret_cast<float*>(w), shape.weights());
    made->layout = convolution->layout_of_filters();
    made->memory = convolution->packed(w);
    *kept = filters = made.release();
  }
  if (shape.padded() && !(filters ? filters->finite : all_finite(reinterpret_cast<float*>(w), shape.weights()))) {
    Shape padded = shape.of_padded_images();
    float* images = with_zeros(reinterpret_cast<float*>(x), shape, padded);
    return convolutions.of(padded)->run(reinterpret_cast<char*>(images), w, place(0, 2), nullptr);
  }
  bool fits = filters && filters->memory && dnnl_memory_desc_equal(&filters->layout, &convolution->layout_of_filters());
  convolution->run(x, w, place(0, 2), fits ? filters->memory.get() : nullptr);
}

}  // namespace caten::cpu
