// Convolutions by oneDNN, and their gradients by images and by filters. Images and results whose channels lie last are
// taken as they are; others, and filters, are brought to the layouts that it asks for and back, which takes less time
// than it saves. Filters that stay the same from call to call are kept in that layout.
//
// oneDNN does not multiply the zeros around images, which are NaN where what they are multiplied by is infinite or NaN.
// Then the zeros are written out.
#include <algorithm>
#include <compare>
#include <vector>

#include "cpu/onednn.hpp"

namespace caten::cpu {
namespace {

struct Axis {
  int64_t size = 0, window = 0, stride = 0, dilation = 0, before = 0, out = 0;
  auto operator<=>(const Axis&) const = default;

  /// From the first to the last element of a window.
  int64_t reach() const { return (window - 1) * dilation; }
  /// Zeros behind the image. Negative: what no window reaches.
  int64_t behind() const { return (out - 1) * stride + reach() + 1 - size - before; }
};

enum class Kind : int64_t { kImages, kTurned, kFilters };  ///< as runtime/driver_abi.h numbers them

/// X are images, and the result images of another number of channels, or the filters that make images Y of X.
struct Shape {
  Kind kind = Kind::kImages;
  int64_t images = 0, groups = 0, channels = 0, filters = 0;
  bool x_last = false, y_last = false;  ///< channels lie last
  std::vector<Axis> axes{};
  auto operator<=>(const Shape&) const = default;

  int64_t windows() const {
    return product([](const Axis& axis) { return axis.window; });
  }
  int64_t places() const {
    return product([](const Axis& axis) { return axis.out; });
  }
  int64_t all_filters() const { return groups * filters * channels * windows(); }
  int64_t all_results() const { return images * groups * filters * places(); }
  bool of_filters() const { return kind == Kind::kFilters; }
  /// How many elements the result has, what X is multiplied by, and how many products each element of the result is of.
  int64_t made() const { return of_filters() ? all_filters() : all_results(); }
  int64_t others() const { return of_filters() ? all_results() : all_filters(); }
  int64_t terms() const { return of_filters() ? images * places() : channels * windows(); }

  bool padded() const {
    return std::any_of(axes.begin(), axes.end(), [](const Axis& axis) { return axis.before > 0 || axis.behind() > 0; });
  }
  /// Zeros around X that no window needs: the gradient's convolution would take some of its images away.
  bool padded_further() const {
    return kind == Kind::kTurned && std::any_of(axes.begin(), axes.end(), [](const Axis& axis) {
             return axis.before > axis.reach() || axis.behind() > axis.reach();
           });
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

 private:
  template <class Size>
  int64_t product(Size size) const {
    int64_t out = 1;
    for (const Axis& axis : axes) out *= size(axis);
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

/// What oneDNN computes, in its words: images of a convolution, their gradient, or that of the filters. Its source and
/// destination are X and Y, but of turned filters: there X is the gradient of a destination.
class Description {
 public:
  explicit Description(const Shape& shape) : kind_(shape.kind) {
    bool turned = kind_ == Kind::kTurned;
    std::vector<int64_t> x{shape.images, shape.groups * shape.channels}, y{shape.images, shape.groups * shape.filters};
    std::vector<int64_t> w{turned ? shape.channels : shape.filters, turned ? shape.filters : shape.channels};
    if (shape.groups > 1) w.insert(w.begin(), shape.groups);
    for (const Axis& axis : shape.axes) {
      x.push_back(axis.size);
      w.push_back(axis.window);
      y.push_back(axis.out);
      strides_.push_back(axis.stride);
      dilations_.push_back(axis.dilation - 1);
      before_.push_back(turned ? axis.reach() - axis.before : axis.before);
      behind_.push_back(turned ? axis.reach() - axis.behind() : axis.behind());
    }
    given_ = {plain(x, shape.x_last), plain(w, false), plain(y, shape.y_last)};
    wanted_ = {shape.x_last ? given_[0] : any(x), any(w), shape.y_last ? given_[2] : any(y)};
    if (shape.of_filters()) {
      // It has no routine for images of different orders.
      if (shape.x_last || shape.y_last) wanted_ = {plain(x, true), any(w), plain(y, true)};
      std::swap(given_[1], given_[2]);
      std::swap(wanted_[1], wanted_[2]);
    }
  }

  /// X, what it is multiplied by, and the result, as they are given.
  const std::array<dnnl_memory_desc_t, 3>& given() const { return given_; }
  std::array<dnnl_query_t, 4> queries() const {
    if (kind_ == Kind::kTurned)
      return {dnnl_query_diff_dst_md, dnnl_query_weights_md, dnnl_query_diff_src_md, dnnl_query_scratchpad_md};
    if (kind_ == Kind::kFilters)
      return {dnnl_query_src_md, dnnl_query_diff_dst_md, dnnl_query_diff_weights_md, dnnl_query_scratchpad_md};
    return {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md, dnnl_query_scratchpad_md};
  }
  std::array<int, 4> arguments() const {
    if (kind_ == Kind::kTurned) return {DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC, DNNL_ARG_SCRATCHPAD};
    if (kind_ == Kind::kFilters) return {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_SCRATCHPAD};
    return {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD};
  }

  dnnl_primitive_desc_t make() const {
    if (kind_ == Kind::kImages)
      return described(forward(dnnl_forward_inference, wanted_[0], wanted_[1], wanted_[2]), nullptr);
    // Gradients are described beside the convolution that they are of.
    bool turned = kind_ == Kind::kTurned;
    const dnnl_memory_desc_t &from = wanted_[turned ? 2 : 0], &to = wanted_[turned ? 0 : 1];
    dnnl_primitive_desc_t hint = described(forward(dnnl_forward_training, from, wanted_[turned ? 1 : 2], to), nullptr);
    try {
      dnnl_primitive_desc_t out = described(backward(), hint);
      dnnl_primitive_desc_destroy(hint);
      return out;
    } catch (...) {
      dnnl_primitive_desc_destroy(hint);
      throw;
    }
  }

 private:
  static constexpr const char* kWhat = "describe a convolution";

  dnnl_convolution_desc_t forward(dnnl_prop_kind_t what, const dnnl_memory_desc_t& from, const dnnl_memory_desc_t& by,
                                  const dnnl_memory_desc_t& to) const {
    dnnl_convolution_desc_t out;
    check(
        dnnl_dilated_convolution_forward_desc_init(&out, what, dnnl_convolution_direct, &from, &by, nullptr, &to,
                                                   strides_.data(), dilations_.data(), before_.data(), behind_.data()),
        kWhat);
    return out;
  }
  dnnl_convolution_desc_t backward() const {
    dnnl_convolution_desc_t out;
    if (kind_ == Kind::kTurned)
      check(dnnl_dilated_convolution_backward_data_desc_init(&out, dnnl_convolution_direct, &wanted_[2], &wanted_[1],
                                                             &wanted_[0], strides_.data(), dilations_.data(),
                                                             before_.data(), behind_.data()),
            kWhat);
    else
      check(dnnl_dilated_convolution_backward_weights_desc_init(&out, dnnl_convolution_direct, &wanted_[0], &wanted_[2],
                                                                nullptr, &wanted_[1], strides_.data(),
                                                                dilations_.data(), before_.data(), behind_.data()),
            kWhat);
    return out;
  }
  static dnnl_primitive_desc_t described(const dnnl_convolution_desc_t& what, const_dnnl_primitive_desc_t hint) {
    dnnl_primitive_attr_t attributes = nullptr;
    check(dnnl_primitive_attr_create(&attributes), kWhat);
    dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    dnnl_primitive_desc_t out = nullptr;
    dnnl_status_t status = dnnl_primitive_desc_create(&out, &what, attributes, engine(), hint);
    dnnl_primitive_attr_destroy(attributes);
    check(status, "compute a convolution of this shape");
    return out;
  }

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

  Kind kind_;
  std::array<dnnl_memory_desc_t, 3> given_{}, wanted_{};
  std::vector<int64_t> strides_, dilations_, before_, behind_;
};

class Convolution {
 public:
  explicit Convolution(const Shape& shape) {
    Description description(shape);
    arguments_ = description.arguments();
    dnnl_primitive_desc_t made = description.make();
    dnnl_status_t status = dnnl_primitive_create(&primitive_, made);
    std::array<dnnl_query_t, 4> queries = description.queries();
    for (size_t i = 0; i < queries.size(); ++i) used_[i] = *dnnl_primitive_desc_query_md(made, queries[i], 0);
    dnnl_primitive_desc_destroy(made);
    check(status, "compute a convolution of this shape");
    images_.make(description.given()[0], used_[0]);
    others_.make(description.given()[1], used_[1]);
    results_.make(used_[2], description.given()[2]);
  }
  ~Convolution() {
    if (primitive_) dnnl_primitive_destroy(primitive_);
  }
  Convolution(const Convolution&) = delete;
  Convolution& operator=(const Convolution&) = delete;

  /// Filters as they are given, in the layout of `run`. Nothing if that is the same.
  std::unique_ptr<void, Free> packed(char* w) const {
    if (!others_.needed()) return nullptr;
    constexpr size_t kPage = 4096;
    size_t bytes = (dnnl_memory_desc_get_size(&used_[1]) + kPage - 1) / kPage * kPage;
    std::unique_ptr<void, Free> out(std::aligned_alloc(kPage, bytes));
    if (out) others_.run(w, out.get());
    return out;
  }
  const dnnl_memory_desc_t& layout_of_filters() const { return used_[1]; }

  /// `packed`: the filters in their layout, or null.
  void run(char* x, char* other, char* result, void* packed) const {
    static thread_local Scratch scratch;
    constexpr size_t kPage = 4096;
    std::array<size_t, 5> begins{};
    const std::array<bool, 4> own{images_.needed(), others_.needed() && !packed, results_.needed(), true};
    for (size_t i = 0; i < own.size(); ++i)
      begins[i + 1] = begins[i] + (own[i] ? (dnnl_memory_desc_get_size(&used_[i]) + kPage - 1) / kPage * kPage : 0);
    auto* memory = static_cast<char*>(scratch.of(std::max(begins[4], kPage)));
    std::array<char*, 4> places{x, packed ? static_cast<char*>(packed) : other, result, nullptr};
    for (size_t i = 0; i < own.size(); ++i)
      if (own[i]) places[i] = memory + begins[i];
    if (own[0]) images_.run(x, places[0]);
    if (own[1]) others_.run(other, places[1]);
    Execution<4> execution;
    for (size_t i = 0; i < arguments_.size(); ++i) execution.take(arguments_[i], used_[i], places[i]);
    execution.run(primitive_);
    if (own[2]) results_.run(places[2], result);
  }

 private:
  std::array<dnnl_memory_desc_t, 4> used_{};  ///< images, what they are multiplied by, results, scratch
  std::array<int, 4> arguments_{};
  Reorder images_, others_, results_;
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
  constexpr uint32_t kFixed = 10, kOfAxis = 6;
  if (count < kFixed + kOfAxis || count > kFixed + 3 * kOfAxis || (count - kFixed) % kOfAxis != 0 || sizes[9] < 0 ||
      sizes[9] > 2)
    throw Failure{"a convolution with other sizes"};
  Shape shape{.kind = Kind{sizes[9]},
              .images = sizes[3],
              .groups = sizes[4],
              .channels = sizes[5],
              .filters = sizes[6],
              .x_last = sizes[7] != 0,
              .y_last = sizes[8] != 0};
  for (uint32_t i = kFixed; i < count; i += kOfAxis)
    shape.axes.push_back({sizes[i], sizes[i + 1], sizes[i + 2], sizes[i + 3], sizes[i + 4], sizes[i + 5]});
  auto place = [&](int buffer, int offset) { return static_cast<char*>(buffers[buffer]) + sizes[offset] * 4; };
  if (shape.made() <= 0) return;
  if (shape.terms() <= 0) {
    if (buffers) std::fill_n(reinterpret_cast<float*>(place(0, 2)), shape.made(), 0.0f);
    return;
  }
  static Primitives<Shape, Convolution> convolutions;
  std::shared_ptr<const Convolution> convolution =
      convolutions.of(shape.padded_further() ? shape.of_padded_images() : shape);
  if (!buffers) return;
  char *x = place(1, 0), *other = place(2, 1);
  auto finite = [&] { return all_finite(reinterpret_cast<float*>(other), shape.others()); };
  auto* filters = kept ? static_cast<KeptFilters*>(*kept) : nullptr;
  if (kept && !filters) {
    auto made = std::make_unique<KeptFilters>();
    made->finite = finite();
    made->layout = convolution->layout_of_filters();
    made->memory = convolution->packed(other);
    *kept = filters = made.release();
  }
  if (shape.padded_further() || (shape.padded() && !(filters ? filters->finite : finite()))) {
    Shape padded = shape.of_padded_images();
    float* images = with_zeros(reinterpret_cast<float*>(x), shape, padded);
    return convolutions.of(padded)->run(reinterpret_cast<char*>(images), other, place(0, 2), nullptr);
  }
  bool fits = filters && filters->memory && dnnl_memory_desc_equal(&filters->layout, &convolution->layout_of_filters());
  convolution->run(x, other, place(0, 2), fits ? filters->memory.get() : nullptr);
}

}  // namespace caten::cpu
