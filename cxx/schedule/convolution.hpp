// Sums of products that are convolutions: one value is read at places that slide over it.
//
// In: what a sum multiplies (schedule/product_reads.hpp). Out: the sizes of a convolution of images, of one to three
// axes, with zeros around them. Values lie in row-major order, their channels before the axes of an image or behind.
#pragma once

#include <optional>
#include <vector>

#include "schedule/product_reads.hpp"
#include "schedule/schedule.hpp"

namespace caten {

enum class ConvolutionKind : uint8_t {
  /// Y[n g·F place] = Σ over channels and window of X[n g·C place·stride + window·dilation − before] W[g·F C window]
  kImages,
  /// The same with W[g·C F last − window], as gradients by images have it; strides are 1
  kTurned,
  /// W[g·F C window] = Σ over images and places of X[n g·C place·stride + window·dilation − before] Y[n g·F place]
  kFilters
};

/// The sum is Y, or W of kFilters; it multiplies X and the other.
struct ConvolutionLayout {
  ConvolutionKind kind{};
  struct Axis {
    Dim size{}, window{1}, stride{1}, dilation{1}, before{0}, out{1};
  };
  Dim images{1}, groups{1}, channels{1}, filters{1};  ///< channels and filters of each group
  std::vector<Axis> axes{};
  bool swapped = false;                 ///< the product's second operand is X
  bool x_last = false, y_last = false;  ///< channels of X, of Y, lie behind the axes of an image
  /// Windows slide along no axis: it is a product of matrices too.
  bool is_product() const;
};

std::optional<ConvolutionLayout> convolution_layout(const Graph& graph, const Space& space, const ProductReads& reads);

/// A kernel's, and the leaves that X and what it is multiplied by are.
struct ConvolutionCall {
  ConvolutionLayout layout{};
  const KernelLeaf *x = nullptr, *other = nullptr;
};
/// Nothing if it is not what a library computes.
std::optional<ConvolutionCall> convolution_of(const Schedule& schedule, const Kernel& kernel);

}  // namespace caten
