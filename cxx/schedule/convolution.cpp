#include "schedule/convolution.hpp"

#include <algorithm>

#include "schedule/affine.hpp"

namespace caten {
namespace {

class Reading {
 public:
  Reading(const Graph& graph, const Space& space, const ProductReads& reads, bool filters, bool swapped, bool x_last)
      : graph_(graph),
        space_(space),
        reads_(reads),
        x_(swapped ? reads.b : reads.a),
        other_(swapped ? reads.a : reads.b),
        padded_(swapped ? reads.b_padded : reads.a_padded) {
    out_.kind = filters ? ConvolutionKind::kFilters : ConvolutionKind::kImages;
    out_.swapped = swapped;
    out_.x_last = x_last;
  }

  std::optional<ConvolutionLayout> run() {
    const Shape &x = graph_.type(x_.node).shape, &other = graph_.type(other_.node).shape;
    std::optional<Affine> steps = affine(IndexSpace::linear(other_.index, other), reads_.variables);
    if (!steps || x.size() < 3 || x.size() > 5) return std::nullopt;
    if (out_.swapped ? reads_.a_padded : reads_.b_padded) return std::nullopt;
    steps_ = std::move(steps->steps);
    first_ = std::move(steps->offset);
    elements_ = element_count(other);
    if (!read_images(x) || !read_filter_loop() || !(of_filters() ? read_results() : read_filters() && order_results()))
      return std::nullopt;
    return std::move(out_);
  }

 private:
  using Loop = std::optional<size_t>;

  bool of_filters() const { return out_.kind == ConvolutionKind::kFilters; }
  bool folded(size_t loop) const { return loop >= space_.outer.size(); }
  /// Whether what X is multiplied by has the loop.
  bool of_other(size_t loop) const { return !steps_[loop].is(0); }
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

  // Of which kind a loop is follows from what has it besides X. A sum over images and places has images and places
  // where others have channels and windows.

  bool is_image(size_t loop) const {
    return of_filters() ? folded(loop) && of_other(loop) : !folded(loop) && !of_other(loop);
  }
  bool is_group(size_t loop) const { return !folded(loop) && of_other(loop); }
  bool is_channel(size_t loop) const {
    return of_filters() ? !folded(loop) && !of_other(loop) : folded(loop) && of_other(loop);
  }
  bool is_place(size_t loop) const { return is_image(loop); }
  bool is_window(size_t loop) const { return is_channel(loop); }

  /// X[n g·C place·stride + window·dilation − before]
  bool read_images(const Shape& shape) {
    size_t channels = out_.x_last ? shape.size() - 1 : 1;
    auto image = terms(x_.index[0]), channel = terms(x_.index[channels]);
    if (!image || image->size() > 1 || !channel) return false;
    for (const auto& [loop, step] : *image) {
      if (!step.is(1) || !is_image(loop)) return false;
      image_ = loop;
      out_.images = extent(loop);
    }
    Dim group_step;
    for (const auto& [loop, step] : *channel) {
      bool group = is_group(loop);
      if ((!group && !is_channel(loop)) || (group ? group_ : channel_) || (!group && !step.is(1))) return false;
      (group ? group_ : channel_) = loop;
      (group ? out_.groups : out_.channels) = extent(loop);
      if (group) group_step = step;
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
      bool slides = is_window(loop);
      if ((!slides && !is_place(loop)) || (slides ? window : place)) return false;
      (slides ? window : place) = loop;
      (slides ? axis.window : axis.out) = extent(loop);
      (slides ? axis.dilation : axis.stride) = step;
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

  /// The loop that X does not have.
  bool read_filter_loop() {
    for (size_t loop = 0; loop < space_.outer.size(); ++loop) {
      if (!is_group(loop) || loop == group_) continue;
      if (filter_) return false;
      filter_ = loop;
      out_.filters = extent(loop);
    }
    return true;
  }

  static std::vector<Loop> joined(std::vector<Loop> first, const std::vector<Loop>& then) {
    first.insert(first.end(), then.begin(), then.end());
    return first;
  }

  /// Whether what X is multiplied by has these loops in its memory, in this order, and no others; `backwards` from the
  /// last element on.
  bool lies_as(const std::vector<Loop>& order, const std::vector<Loop>& backwards = {}) const {
    Dim step(1), first(0);
    size_t seen = 0;
    for (size_t k = order.size() + backwards.size(); k-- > 0;) {
      bool reversed = k >= order.size();
      Loop loop = reversed ? backwards[k - order.size()] : order[k];
      if (!loop) continue;
      if (steps_[*loop] != (reversed ? Dim(0) - step : step)) return false;
      if (reversed) first = first + step * (extent(*loop) - Dim(1));
      step = step * extent(*loop);
      ++seen;
    }
    auto all = std::count_if(steps_.begin(), steps_.end(), [](const Dim& each) { return !each.is(0); });
    return step == elements_ && first == first_ && seen == static_cast<size_t>(all);
  }

  /// W[g·F C window], or W[g·C F last − window].
  bool read_filters() {
    if (lies_as(joined({group_, filter_, channel_}, windows_))) return true;
    bool steps = std::all_of(out_.axes.begin(), out_.axes.end(), [](const auto& axis) { return axis.stride.is(1); });
    if (!steps || !lies_as({group_, channel_, filter_}, windows_)) return false;
    out_.kind = ConvolutionKind::kTurned;
    return true;
  }

  /// Y[n g·F place] or Y[n place g·F], of which W[g·F C window] is made.
  bool read_results() {
    if (!lies_as(joined({image_, group_, filter_}, places_))) {
      std::vector<Loop> order = joined({image_}, places_);
      order.insert(order.end(), {group_, filter_});
      if (!lies_as(order)) return false;
      out_.y_last = true;
    }
    return in_order(joined({group_, filter_, channel_}, windows_));
  }

  /// The result's axes are image, group, filter, places, or image, places, group, filter.
  bool order_results() {
    if (in_order(joined({image_, group_, filter_}, places_))) return true;
    out_.y_last = true;
    std::vector<Loop> order = joined({image_}, places_);
    order.insert(order.end(), {group_, filter_});
    return in_order(order);
  }

  /// Whether these are the result's axes, and all others are folded and of both that are multiplied.
  bool in_order(const std::vector<Loop>& axes) const {
    std::vector<size_t> order;
    for (Loop loop : axes)
      if (loop) order.push_back(*loop);
    for (size_t loop = space_.outer.size(); loop < steps_.size(); ++loop)
      if (!of_other(loop)) return false;
    return order.size() == space_.outer.size() && std::is_sorted(order.begin(), order.end());
  }

  const Graph& graph_;
  const Space& space_;
  const ProductReads& reads_;
  const Read &x_, &other_;
  bool padded_;  ///< X is read at places around it too
  ConvolutionLayout out_;
  std::vector<Dim> steps_;  ///< of each loop, in elements of what X is multiplied by
  Dim first_, elements_;    ///< of it
  Loop image_, group_, filter_, channel_;
  std::vector<Loop> windows_, places_;
};

}  // namespace

std::optional<ConvolutionLayout> convolution_layout(const Graph& graph, const Space& space, const ProductReads& reads) {
  for (bool filters : {false, true})
    for (bool x_last : {false, true})
      for (bool swapped : {false, true})
        if (auto found = Reading(graph, space, reads, filters, swapped, x_last).run()) return found;
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
  ConvolutionCall out{.x = kernel.leaf_of(reads->a.node), .other = kernel.leaf_of(reads->b.node)};
  if (layout->swapped) std::swap(out.x, out.other);
  out.layout = std::move(*layout);
  for (const Location* at : {&out.x->location, &out.other->location, &*part.target})
    if (schedule.buffers[at->buffer.value].scratch) return std::nullopt;
  return out;
}

}  // namespace caten
