#include "schedule/convolution.hpp"

#include <algorithm>

#include "schedule/affine.hpp"

namespace caten {
namespace {

class Reading {
 public:
  Reading(const Graph& graph, const Space& space, const ProductReads& reads, bool swapped, bool x_last)
      : graph_(graph),
        space_(space),
        reads_(reads),
        x_(swapped ? reads.b : reads.a),
        w_(swapped ? reads.a : reads.b),
        padded_(swapped ? reads.b_padded : reads.a_padded) {
    out_.swapped = swapped;
    out_.x_last = x_last;
  }

  std::optional<ConvolutionLayout> run() {
    const Shape &x = graph_.type(x_.node).shape, &w = graph_.type(w_.node).shape;
    std::optional<Affine> filters = affine(IndexSpace::linear(w_.index, w), reads_.variables);
    if (!filters || !filters->offset.is(0) || x.size() < 3 || x.size() > 5) return std::nullopt;
    if (out_.swapped ? reads_.a_padded : reads_.b_padded) return std::nullopt;
    w_steps_ = std::move(filters->steps);
    if (!read_images(x) || !read_filters(element_count(w))) return std::nullopt;
    if (!in_order(false)) {
      out_.y_last = true;
      if (!in_order(true)) return std::nullopt;
    }
    return std::move(out_);
  }

 private:
  using Loop = std::optional<size_t>;

  bool folded(size_t loop) const { return loop >= space_.outer.size(); }
  bool of_w(size_t loop) const { return !w_steps_[loop].is(0); }
  const Dim& extent(size_t loop) const {
    return folded(loop) ? space_.reduced[loop - space_.outer.size()] : space_.outer[loop];
  }

  /// Loops with their steps along one axis of X, from −`before` on.
  std::optional<std::vector<std::pair<size_t, Dim>>> terms(const Dim& index, Dim* before = nullptr) const {
    std::optional<Affine> found = affine(index, reads_.variables);
    if (!found || (!before && !found->offset.is(0))) return std::nullopt;
    if (before) *before = Dim(0) - found->offset;
    std::vector<std::pair<size_t, Dim>> out;
    for (size_t k = 0; k < found->steps.size(); ++k)
      if (!found->steps[k].is(0)) out.emplace_back(k, found->steps[k]);
    return out;
  }

  /// X[n g·C place·stride + window·dilation − before]
  bool read_images(const Shape& shape) {
    size_t channels = out_.x_last ? shape.size() - 1 : 1;
    auto image = terms(x_.index[0]), channel = terms(x_.index[channels]);
    if (!image || image->size() > 1 || !channel) return false;
    for (const auto& [loop, step] : *image) {
      if (!step.is(1) || folded(loop) || of_w(loop)) return false;
      image_ = loop;
      out_.images = extent(loop);
    }
    Dim group_step;
    for (const auto& [loop, step] : *channel) {
      if (!of_w(loop) || (folded(loop) ? channel_ : group_)) return false;
      (folded(loop) ? channel_ : group_) = loop;
      (folded(loop) ? out_.channels : out_.groups) = extent(loop);
      if (folded(loop) && !step.is(1)) return false;
      if (!folded(loop)) group_step = step;
    }
    if (group_ && group_step != out_.channels) return false;
    if (out_.images != shape[0] || out_.groups * out_.channels != shape[channels]) return false;
    for (size_t axis = 1; axis < shape.size(); ++axis)
      if (axis != channels && !read_axis(shape[axis], x_.index[axis])) return false;
    return true;
  }

  bool read_axis(const Dim& size, const Dim& index) {
    ConvolutionLayout::Axis axis{.size = size};
    auto found = terms(index, padded_ ? &axis.before : nullptr);
    if (!found || !axis.before.is_constant() || axis.before.constant() < 0) return false;
    Loop window, place;
    for (const auto& [loop, step] : *found) {
      if ((folded(loop) ? window : place) || folded(loop) != of_w(loop)) return false;
      (folded(loop) ? window : place) = loop;
      (folded(loop) ? axis.window : axis.out) = extent(loop);
      (folded(loop) ? axis.dilation : axis.stride) = step;
    }
    for (const Dim* step : {&axis.stride, &axis.dilation})
      if (!step->is_constant() || step->constant() < 1) return false;
    // The library computes as many places as there are, unless there are zeros behind them.
    Dim places = floor_div(size - (axis.window - Dim(1)) * axis.dilation - Dim(1), axis.stride) + Dim(1);
    if (!padded_ && places != axis.out) return false;
    windows_.push_back(window);
    places_.push_back(place);
    out_.axes.push_back(std::move(axis));
    return true;
  }

  /// W[g·F C window], gone through as it lies in memory.
  bool read_filters(const Dim& elements) {
    for (size_t loop = 0; loop < space_.outer.size(); ++loop) {
      if (!of_w(loop) || loop == group_) continue;
      if (filter_) return false;
      filter_ = loop;
      out_.filters = extent(loop);
    }
    std::vector<Loop> order{group_, filter_, channel_};
    order.insert(order.end(), windows_.begin(), windows_.end());
    Dim step(1);
    size_t seen = 0;
    for (size_t k = order.size(); k-- > 0;) {
      if (!order[k]) continue;
      if (w_steps_[*order[k]] != step) return false;
      step = step * extent(*order[k]);
      ++seen;
    }
    auto all = std::count_if(w_steps_.begin(), w_steps_.end(), [](const Dim& each) { return !each.is(0); });
    return step == elements && seen == static_cast<size_t>(all);
  }

  /// The result's axes are image, group, filter, places, or image, places, group, filter, and every loop is one of
  /// those or of W's.
  bool in_order(bool last) const {
    std::vector<Loop> axes{image_};
    if (last) axes.insert(axes.end(), places_.begin(), places_.end());
    axes.insert(axes.end(), {group_, filter_});
    if (!last) axes.insert(axes.end(), places_.begin(), places_.end());
    std::vector<size_t> order;
    for (Loop loop : axes)
      if (loop) order.push_back(*loop);
    for (size_t loop = space_.outer.size(); loop < w_steps_.size(); ++loop)
      if (!of_w(loop)) return false;
    return order.size() == space_.outer.size() && std::is_sorted(order.begin(), order.end());
  }

  const Graph& graph_;
  const Space& space_;
  const ProductReads& reads_;
  const Read &x_, &w_;
  bool padded_;  ///< X is read at places around it too
  ConvolutionLayout out_;
  std::vector<Dim> w_steps_;  ///< of each loop, in elements
  Loop image_, group_, filter_, channel_;
  std::vector<Loop> windows_, places_;
};

}  // namespace

std::optional<ConvolutionLayout> convolution_layout(const Graph& graph, const Space& space, const ProductReads& reads) {
  for (bool x_last : {false, true})
    for (bool swapped : {false, true})
      if (std::optional<ConvolutionLayout> found = Reading(graph, space, reads, swapped, x_last).run()) return found;
  return std::nullopt;
}

bool ConvolutionLayout::is_product() const {
  return std::all_of(axes.begin(), axes.end(), [](const Axis& axis) { return axis.window.is(1); });
}

std::optional<ConvolutionCall> convolution_of(const Schedule& schedule, const Kernel& kernel) {
  const KernelPart& part = kernel.parts[0];
  if (kernel.parts.size() != 1 || !part.target || !kernel.blocks.empty()) return std::nullopt;
  Stops stops = [&](NodeId id) { return kernel.leaf_of(id) && !kernel.leaf_of(id)->counter; };
  std::optional<ProductReads> reads = product_reads(schedule.graph, part.space, stops, true);
  if (!reads) return std::nullopt;
  std::optional<ConvolutionLayout> layout = convolution_layout(schedule.graph, part.space, *reads);
  if (!layout || layout->is_product()) return std::nullopt;
  ConvolutionCall out{.x = kernel.leaf_of(reads->a.node), .w = kernel.leaf_of(reads->b.node)};
  if (layout->swapped) std::swap(out.x, out.w);
  out.layout = std::move(*layout);
  for (const Location* at : {&out.x->location, &out.w->location, &*part.target})
    if (schedule.buffers[at->buffer.value].scratch) return std::nullopt;
  return out;
}

}  // namespace caten
