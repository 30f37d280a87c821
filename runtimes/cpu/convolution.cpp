// Convolutions by oneDNN, in the layouts that it asks for: images, filters and results are brought there and back,
// which takes less time than it saves.
#include <algorithm>
#include <compare>
#include <vector>

#include "cpu/onednn.hpp"

namespace caten::cpu {
namespace {

struct Axis {
  int64_t size = 0, window = 0, stride = 0, dilation = 0, out = 0;
  auto operator<=>(const Axis&) const = default;
};

struct Shape {
  int64_t images = 0, groups = 0, channels = 0, filters = 0;
  std::vector<Axis> axes{};
  auto operator<=>(const Shape&) const = default;
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
    std::vector<int64_t> y{shape.images, shape.groups * shape.filters}, strides, dilations, behind;
    if (shape.groups > 1) w.insert(w.begin(), shape.groups);
    for (const Axis& axis : shape.axes) {
      x.push_back(axis.size);
      w.push_back(axis.window);
      y.push_back(axis.out);
      strides.push_back(axis.stride);
      dilations.push_back(axis.dilation - 1);
      // Negative: what no window reaches.
      int64_t reached = (axis.out - 1) * axis.stride + (axis.window - 1) * axis.dilation + 1;
      behind.push_back(reached - axis.size);
    }
    const std::vector<int64_t> before(shape.axes.size(), 0);
    const std::array<dnnl_memory_desc_t, 3> given{plain(x), plain(w), plain(y)}, wanted{any(x), any(w), any(y)};
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

  void run(char* x, char* w, char* y) const {
    static thread_local Scratch scratch;
    constexpr size_t kPage = 4096;
    std::array<size_t, 5> begins{};
    const std::array<bool, 4> own{images_.needed(), filters_.needed(), results_.needed(), true};
    for (size_t i = 0; i < own.size(); ++i)
      begins[i + 1] = begins[i] + (own[i] ? (dnnl_memory_desc_get_size(&used_[i]) + kPage - 1) / kPage * kPage : 0);
    auto* memory = static_cast<char*>(scratch.of(std::max(begins[4], kPage)));
    std::array<char*, 4> places{x, w, y, nullptr};
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
  static dnnl_memory_desc_t plain(const std::vector<int64_t>& sizes) {
    std::vector<int64_t> steps(sizes.size(), 1);
    for (size_t k = sizes.size() - 1; k-- > 0;) steps[k] = steps[k + 1] * sizes[k + 1];
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

void compute_convolution(void* const* buffers, const int64_t* sizes, uint32_t count) {
  constexpr uint32_t kFixed = 7, kOfAxis = 5;
  if (count < kFixed + kOfAxis || count > kFixed + 3 * kOfAxis || (count - kFixed) % kOfAxis != 0)
    throw Failure{"a convolution with other sizes"};
  Shape shape{.images = sizes[3], .groups = sizes[4], .channels = sizes[5], .filters = sizes[6]};
  int64_t results = shape.images * shape.groups * shape.filters, products = shape.channels;
  for (uint32_t i = kFixed; i < count; i += kOfAxis) {
    shape.axes.push_back({sizes[i], sizes[i + 1], sizes[i + 2], sizes[i + 3], sizes[i + 4]});
    results *= std::max<int64_t>(0, sizes[i + 4]);
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
  if (buffers) convolution->run(place(1, 0), place(2, 1), place(0, 2));
}

}  // namespace caten::cpu
