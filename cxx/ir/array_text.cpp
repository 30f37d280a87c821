#include "ir/array_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ir/scalar.hpp"

namespace caten {
namespace {

std::string real_text(double value, int precision) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "+inf";
  return fmt::format("{:.{}g}", value, precision);
}

std::string element_text(const Scalar& value, int precision) {
  DType dtype = value.dtype();
  if (is_complex(dtype))
    return fmt::format("(c {} {})", real_text(value.as_complex().real(), precision),
                       real_text(value.as_complex().imag(), precision));
  if (is_bool(dtype) || is_integer(dtype)) return print(value.to_datum());
  return real_text(value.as_real(), precision);
}

class Writer {
 public:
  Writer(const Array& array, const ArrayTextOptions& options)
      : array_(array), options_(options), whole_(array.elements() <= options.threshold) {
    visit(
        0, 0, [&](int64_t at) { width_ = std::max(width_, text_at(at).size()); }, [](size_t, bool) {}, [] {});
  }

  std::string write() {
    if (array_.rank() == 0) return text_at(0);
    std::string out;
    visit(
        0, 0,
        [&](int64_t at) {
          std::string text = text_at(at);
          if (!out.empty() && out.back() != '(') out += ' ';
          out += std::string(width_ - text.size(), ' ') + text;
        },
        [&](size_t depth, bool open) {
          if (!open) {
            out += ')';
            return;
          }
          if (!out.empty() && out.back() != '(') out += "\n" + std::string(depth, ' ');
          out += '(';
        },
        [&] { out += out.back() == '(' ? "…" : " …"; });
    return out;
  }

 private:
  std::string text_at(int64_t at) const {
    size_t size = dtype_size(array_.dtype());
    return element_text(Scalar::load(array_.dtype(), array_.data() + static_cast<size_t>(at) * size),
                        options_.precision);
  }

  template <class Element, class Bracket, class Gap>
  void visit(size_t axis, int64_t offset, Element element, Bracket bracket, Gap gap) {
    if (axis == array_.rank()) {
      if (array_.elements() > 0) element(offset);
      return;
    }
    int64_t size = array_.shape()[axis];
    bracket(axis, true);
    for (int64_t i = 0; i < size; ++i) {
      if (!whole_ && size > 2 * options_.edge && i == options_.edge) {
        gap();
        i = size - options_.edge;
      }
      visit(axis + 1, offset * size + i, element, bracket, gap);
    }
    bracket(axis, false);
  }

  const Array& array_;
  const ArrayTextOptions& options_;
  bool whole_;
  size_t width_ = 1;
};

}  // namespace

std::string array_text(const Array& array, const ArrayTextOptions& options) { return Writer(array, options).write(); }

}  // namespace caten
