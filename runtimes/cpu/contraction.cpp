// Products of matrices by oneDNN's `sgemm`, or by its primitive `matmul` where that is faster, one for each shape and
// layout.
//
// Products of a batch are shared among threads, each computed by one; a single one is shared by oneDNN itself, which
// uses the same threads of GCC's OpenMP. Scratch memory belongs to threads and grows to what the largest primitive
// asks.
#include <omp.h>

#include <algorithm>
#include <compare>
#include <utility>
#include <vector>

#include "cpu/onednn.hpp"

namespace caten::cpu {
namespace {

/// A matrix: steps along rows and columns, one of which is 1.
struct Steps {
  int64_t rows = 0, columns = 0;
  auto operator<=>(const Steps&) const = default;
};

struct Shape {
  dnnl_data_type_t dtype = dnnl_f32;
  int64_t m = 0, n = 0, k = 0;
  Steps a{}, b{}, c{};
  bool alone = false;  ///< computed by one thread
  auto operator<=>(const Shape&) const = default;

  /// Measured on AVX-512: sgemm is up to twice as fast as the primitive, most where matrices are small. It loses 5 to
  /// 15 % where long sums go into few columns, and where several threads share a B that is transposed.
  bool by_gemm() const {
    if (dtype != dnnl_f32) return false;
    bool few_columns = n <= 64 && k >= 4 * n;
    bool shared_transposed = !alone && b.columns != 1 && n > 1;
    return !few_columns && !shared_transposed;
  }
};

/// How many threads a call of the library may use, while this lives.
class Threads {
 public:
  explicit Threads(int count) : before_(omp_get_max_threads()) { omp_set_num_threads(count); }
  ~Threads() { omp_set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

/// C = A B; of each matrix rows or columns lie together.
void gemm(const Shape& shape, const float* a, const float* b, float* c) {
  auto side = [](Steps steps, int64_t rows, int64_t columns) {
    bool transposed = steps.columns != 1 && columns > 1;
    return std::pair(transposed ? 'T' : 'N',
                     std::max(transposed ? steps.columns : steps.rows, transposed ? rows : columns));
  };
  auto [a_turned, a_step] = side(shape.a, shape.m, shape.k);
  auto [b_turned, b_step] = side(shape.b, shape.k, shape.n);
  check(dnnl_sgemm(a_turned, b_turned, shape.m, shape.n, shape.k, 1, a, a_step, b, b_step, 0, c,
                   std::max(shape.c.rows, shape.n)),
        "compute a product of this shape");
}

/// One product of matrices as a primitive.
class Product {
 public:
  explicit Product(const Shape& shape) {
    describe(descriptors_[0], shape.dtype, shape.m, shape.k, shape.a);
    describe(descriptors_[1], shape.dtype, shape.k, shape.n, shape.b);
    describe(descriptors_[2], dnnl_f32, shape.m, shape.n, shape.c);
    dnnl_matmul_desc_t matmul;
    check(dnnl_matmul_desc_init(&matmul, &descriptors_[0], &descriptors_[1], nullptr, &descriptors_[2]),
          "describe a product");
    dnnl_primitive_attr_t attributes = nullptr;
    check(dnnl_primitive_attr_create(&attributes), "describe a product");
    dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    dnnl_primitive_desc_t made = nullptr;
    dnnl_status_t status = dnnl_success;
    {
      // A primitive has as many threads as there are where it is made.
      Threads threads(shape.alone ? 1 : omp_get_max_threads());
      status = dnnl_primitive_desc_create(&made, &matmul, attributes, engine(), nullptr);
      if (status == dnnl_success) status = dnnl_primitive_create(&primitive_, made);
    }
    dnnl_primitive_attr_destroy(attributes);
    if (made) {
      scratch_ = *dnnl_primitive_desc_query_md(made, dnnl_query_scratchpad_md, 0);
      dnnl_primitive_desc_destroy(made);
    }
    check(status, "compute a product of this shape");
  }
  ~Product() { dnnl_primitive_destroy(primitive_); }
  Product(const Product&) = delete;
  Product& operator=(const Product&) = delete;

  void run(char* a, char* b, char* c) const {
    static thread_local Scratch scratch;
    Execution<4> execution;
    execution.take(DNNL_ARG_SRC, descriptors_[0], a);
    execution.take(DNNL_ARG_WEIGHTS, descriptors_[1], b);
    execution.take(DNNL_ARG_DST, descriptors_[2], c);
    execution.take(DNNL_ARG_SCRATCHPAD, scratch_, scratch.of(dnnl_memory_desc_get_size(&scratch_)));
    execution.run(primitive_);
  }

 private:
  static void describe(dnnl_memory_desc_t& out, dnnl_data_type_t dtype, int64_t rows, int64_t columns, Steps steps) {
    // What there is one of has no step.
    if (rows == 1 && steps.columns == 1) steps.rows = columns;
    if (columns == 1 && steps.rows == 1) steps.columns = rows;
    const dnnl_dims_t sizes{rows, columns}, strides{steps.rows, steps.columns};
    check(dnnl_memory_desc_init_by_strides(&out, 2, sizes, dtype, strides), "describe a matrix");
  }

  std::array<dnnl_memory_desc_t, 3> descriptors_{};
  dnnl_memory_desc_t scratch_{};
  dnnl_primitive_t primitive_ = nullptr;
};

// Instructions that multiply bf16 take numbers below 2^-126 as 0, what is read and what comes of it.

bool multiplies_bf16() {
  return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}

/// Contiguous lines of a matrix: how many, how long, and how far apart.
struct Lines {
  int64_t count, length, step;
};
Lines lines_of(int64_t rows, int64_t columns, Steps steps) {
  return steps.columns == 1 || columns == 1 ? Lines{rows, columns, steps.rows} : Lines{columns, rows, steps.columns};
}

/// The smallest exponent of the numbers other than 0, as bf16 holds it: 0 for a number below 2^-126.
int least_exponent(const char* matrix, Lines lines) {
  const auto* x = reinterpret_cast<const uint16_t*>(matrix);
  uint16_t least = UINT16_MAX;
#pragma omp parallel for reduction(min : least) if (lines.count * lines.length > 100'000)
  for (int64_t line = 0; line < lines.count; ++line) {
    const uint16_t* from = x + line * lines.step;
    uint16_t own = UINT16_MAX;
    for (int64_t i = 0; i < lines.length; ++i) own = std::min(own, static_cast<uint16_t>((from[i] & 0x7fff) - 1));
    least = std::min(least, own);
  }
  return least == UINT16_MAX ? 255 : (least + 1) >> 7;
}

/// Whether all products are so large that what is lost below 2^-126 of a sum is less than what its rounding loses.
bool loses_nothing(const Shape& shape, const char* a, const char* b) {
  int x = least_exponent(a, lines_of(shape.m, shape.k, shape.a));
  int y = x > 0 ? least_exponent(b, lines_of(shape.k, shape.n, shape.b)) : 0;
  return x > 0 && y > 0 && x - 127 + y - 127 >= -126 + 25;
}

/// A matrix with its steps as f32.
const float* widened(const char* matrix, int64_t rows, int64_t columns, Steps steps, Scratch& scratch) {
  if (rows == 0 || columns == 0) return nullptr;
  Lines lines = lines_of(rows, columns, steps);
  const auto* from = reinterpret_cast<const uint16_t*>(matrix);
  auto* to = static_cast<uint32_t*>(scratch.of(static_cast<size_t>((lines.count - 1) * lines.step + lines.length) * 4));
  for (int64_t line = 0; line < lines.count; ++line)
    for (int64_t i = line * lines.step; i < line * lines.step + lines.length; ++i)
      to[i] = static_cast<uint32_t>(from[i]) << 16;
  return reinterpret_cast<const float*>(to);
}

struct Batch {
  int64_t extent = 0, a = 0, b = 0, c = 0;
};

class Contraction {
 public:
  Contraction(bool bf16, void* const* buffers, const int64_t* sizes, uint32_t count) : bytes_(bf16 ? 2 : 4) {
    if (count < kFixed || (count - kFixed) % 4 != 0) throw Failure{"a contraction with other sizes"};
    shape_ = {bf16 ? dnnl_bf16 : dnnl_f32, sizes[0], sizes[1], sizes[2], {sizes[6], sizes[7]}, {sizes[9], sizes[10]},
              {sizes[12], sizes[13]}};
    zeros_of_a_ = sizes[3];
    zeros_of_b_ = sizes[4];
    if (buffers) {
      c_ = static_cast<char*>(buffers[0]) + sizes[11] * 4;
      a_ = static_cast<char*>(buffers[1]) + sizes[5] * bytes_;
      b_ = static_cast<char*>(buffers[2]) + sizes[8] * bytes_;
    }
    for (uint32_t i = kFixed; i < count; i += 4) {
      batch_.push_back({sizes[i], sizes[i + 1], sizes[i + 2], sizes[i + 3]});
      places_ *= sizes[i];
    }
  }

  void run(int threads) {
    if (places_ <= 0 || shape_.m <= 0 || shape_.n <= 0) return;
    double work = static_cast<double>(places_) * static_cast<double>(shape_.m) * static_cast<double>(shape_.n) *
                  static_cast<double>(shape_.k);
    constexpr double kWorthThreads = 300'000;  // a few microseconds
    if (work < kWorthThreads) threads = 1;
    // Every thread has as many, or one more of many.
    bool shared = threads > 1 && places_ > 1 && (places_ % threads == 0 || places_ >= 4 * threads);
    shape_.alone = shared || threads == 1;
    static Primitives<Shape, Product> products;
    std::shared_ptr<const Product> product = wants_primitive() ? products.of(shape_) : nullptr;
    if (!c_) return;
    if (!shared) {
      Threads all(threads);
      for (int64_t i = 0; i < places_; ++i) run(product.get(), i);
      return;
    }
    std::string failed;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t i = 0; i < places_; ++i) {
      try {
        run(product.get(), i);
      } catch (const Failure& failure) {
#pragma omp critical
        failed = failure.text;
      }
    }
    if (!failed.empty()) throw Failure{failed};
  }

 private:
  static constexpr uint32_t kFixed = 14;

  /// No sums, a k of its own for each block, and what a processor without such an instruction would emulate have none.
  bool wants_primitive() const {
    if (shape_.k <= 1 || zeros_of_a_ > 0 || zeros_of_b_ > 0) return false;
    return shape_.dtype == dnnl_bf16 ? multiplies_bf16() : !shape_.by_gemm();
  }

  struct Place {
    int64_t a = 0, b = 0, c = 0;
  };
  Place place(int64_t number) const {
    Place out;
    for (size_t axis = batch_.size(); axis-- > 0;) {
      int64_t i = number % batch_[axis].extent;
      number /= batch_[axis].extent;
      out.a += i * batch_[axis].a;
      out.b += i * batch_[axis].b;
      out.c += i * batch_[axis].c;
    }
    return out;
  }

  void run(const Product* product, int64_t number) const {
    Place at = place(number);
    char *a = a_ + at.a * bytes_, *b = b_ + at.b * bytes_, *c = c_ + at.c * 4;
    if (shape_.dtype == dnnl_bf16 && !(product && loses_nothing(shape_, a, b))) return run_widened(a, b, c);
    if (product) return product->run(a, b, c);
    run(shape_, reinterpret_cast<float*>(a), reinterpret_cast<float*>(b), reinterpret_cast<float*>(c));
  }

  void run_widened(const char* a, const char* b, char* c) const {
    static thread_local Scratch of_a, of_b;
    Shape shape = shape_;
    shape.dtype = dnnl_f32;
    const float* left = widened(a, shape.m, shape.k + zeros_of_b_, shape.a, of_a);
    const float* right = widened(b, shape.k + zeros_of_a_, shape.n, shape.b, of_b);
    run(shape, left, right, reinterpret_cast<float*>(c));
  }

  void run(const Shape& shape, const float* a, const float* b, float* c) const {
    if (shape.k <= 1 && zeros_of_a_ == 0 && zeros_of_b_ == 0) return without_sums(shape, a, b, c);
    gemm(shape, a, b, c);
    if (zeros_of_a_ > 0)
      add_zeros(b + shape.k * shape.b.rows, shape.b, zeros_of_a_, shape.n, c, 1, shape.c.rows, shape.m);
    if (zeros_of_b_ > 0)
      add_zeros(a + shape.k * shape.a.columns, {shape.a.columns, shape.a.rows}, zeros_of_b_, shape.m, c, shape.c.rows,
                1, shape.n);
  }

  /// Adds to each of `lines` lines of C what `count` zeros times the elements of a line of `rest` are: 0, or NaN if one
  /// of them is infinite or NaN.
  static void add_zeros(const float* rest, Steps steps, int64_t count, int64_t lines, float* c, int64_t line_step,
                        int64_t element_step, int64_t elements) {
    constexpr int64_t kTogether = 64;
    for (int64_t begin = 0; begin < lines; begin += kTogether) {
      int64_t some = std::min(kTogether, lines - begin);
      float sums[kTogether] = {};
      if (steps.columns == 1) {
        for (int64_t k = 0; k < count; ++k)
          for (int64_t line = 0; line < some; ++line) sums[line] += 0.0f * rest[k * steps.rows + begin + line];
      } else {
        for (int64_t line = 0; line < some; ++line)
          for (int64_t k = 0; k < count; ++k)
            sums[line] += 0.0f * rest[k * steps.rows + (begin + line) * steps.columns];
      }
      for (int64_t line = 0; line < some; ++line)
        if (sums[line] != 0)  // NaN
          for (int64_t i = 0; i < elements; ++i) c[(begin + line) * line_step + i * element_step] += sums[line];
    }
  }

  /// Nothing is 0, and one product is that product, where oneDNN adds it to 0: -0 stays what it is.
  static void without_sums(const Shape& shape, const float* a, const float* b, float* c) {
    for (int64_t row = 0; row < shape.m; ++row)
      for (int64_t column = 0; column < shape.n; ++column)
        c[row * shape.c.rows + column] = shape.k == 0 ? 0.0f : a[row * shape.a.rows] * b[column * shape.b.columns];
  }

  Shape shape_{};
  int64_t bytes_ = 4;  ///< of an element of A and B
  char *a_ = nullptr, *b_ = nullptr, *c_ = nullptr;
  std::vector<Batch> batch_;
  int64_t places_ = 1, zeros_of_a_ = 0, zeros_of_b_ = 0;
};

}  // namespace

void compute_contraction(bool bf16, void* const* buffers, const int64_t* sizes, uint32_t count, int threads) {
  Contraction(bf16, buffers, sizes, count).run(threads);
}

}  // namespace caten::cpu
