// Convolutions that the library computes: with zeros around images, one after the other, with filters that stay.
#include <limits>

#include "ir/build.hpp"
#include "library_runs.hpp"

namespace caten {
namespace {

struct Slide {
  int64_t size, window, stride, dilation;
};

struct Sizes {
  int64_t images, groups, channels, filters;  ///< channels and filters of a group
  std::vector<Slide> axes;
  int calls = 1;

  Shape x() const {
    Shape out{images, groups * channels};
    for (const Slide& axis : axes) out.emplace_back(axis.size);
    return out;
  }
  Shape w() const {
    Shape out{groups * filters, channels};
    for (const Slide& axis : axes) out.emplace_back(axis.window);
    return out;
  }
  Shape window() const {
    Shape out;
    for (const Slide& axis : axes) out.emplace_back(axis.window);
    return out;
  }
  Shape out() const {
    Shape out;
    for (const Slide& axis : axes)
      out.emplace_back((axis.size - (axis.window - 1) * axis.dilation - 1) / axis.stride + 1);
    return out;
  }
};

/// The value with zeros before and behind along these axes, as the composite `pad` is written.
NodeId with_zeros(const Build& b, NodeId x, const std::vector<std::pair<int64_t, int64_t>>& zeros) {
  Shape to = b.shape(x);
  for (size_t k = 0; k < zeros.size(); ++k) to[k] = to[k] + Dim(zeros[k].first + zeros[k].second);
  NodeId inside = b.constant(Scalar::one(DType::kBool), to);
  std::vector<NodeId> at;
  for (size_t k = 0; k < zeros.size(); ++k) {
    NodeId place = b.add(b.index(static_cast<int>(k), to), b.integer(-zeros[k].first, to)), zero = b.integer(0, to);
    NodeId less = b.lt(zero, place), equal = b.eq(zero, place);
    NodeId from_zero = b.op(Op::kXor, {b.op(Op::kXor, {less, equal}), b.both(less, equal)});
    NodeId below = b.lt(place, b.integer(b.shape(x)[k].constant(), to));
    inside = b.both(inside, b.both(from_zero, below));
    at.push_back(place);
  }
  return b.select(inside, b.take(x, 0, at), b.zeros({DType::kF32, to}));
}

void append(Shape& shape, const Shape& more) { shape.insert(shape.end(), more.begin(), more.end()); }

/// [n g channel out window]: x[n g·C place·stride + window·dilation]
NodeId windows(const Build& b, NodeId image, const Sizes& sizes) {
  auto rank = static_cast<int>(sizes.axes.size());
  Shape gathered{sizes.images, sizes.groups * sizes.channels};
  append(gathered, sizes.out());
  append(gathered, sizes.window());
  std::vector<NodeId> at{b.index(0, gathered), b.index(1, gathered)};
  for (int k = 0; k < rank; ++k) {
    const Slide& axis = sizes.axes[static_cast<size_t>(k)];
    at.push_back(b.add(b.mul(b.index(2 + k, gathered), b.integer(axis.stride, gathered)),
                       b.mul(b.index(2 + rank + k, gathered), b.integer(axis.dilation, gathered))));
  }
  Shape split{sizes.images, sizes.groups, sizes.channels};
  split.insert(split.end(), gathered.begin() + 2, gathered.end());
  return b.reshape(b.take(image, 0, at), split);
}

/// Σ over channels and window of x[n g·C place·stride + window·dilation] w[g·F C window], as conv2d is written: with an
/// axis for groups.
NodeId convolve(const Build& b, NodeId image, NodeId filter, const Sizes& sizes) {
  auto [images, groups, channels, filters, axes, calls] = sizes;
  Shape out = sizes.out(), window = sizes.window(), space{images, groups, filters}, spread_w{groups, filters};
  auto rank = static_cast<int>(axes.size());
  // [n g f out channel window]
  append(space, out);
  space.emplace_back(channels);
  append(space, window);
  std::vector<int> order{0, 1}, x_axes{0, 1}, w_axes{1, 2, 3 + rank}, folded{3 + rank};
  for (int k = 0; k < rank; ++k) {
    order.push_back(3 + k);
    x_axes.push_back(3 + k);
  }
  order.push_back(2);
  x_axes.push_back(3 + rank);
  for (int k = 0; k < rank; ++k) {
    order.push_back(3 + rank + k);
    x_axes.push_back(4 + rank + k);
    w_axes.push_back(4 + rank + k);
    folded.push_back(4 + rank + k);
  }
  spread_w.emplace_back(channels);
  append(spread_w, window);
  NodeId places = b.spread(b.permute(windows(b, image, sizes), order), space, x_axes);
  NodeId weights = b.spread(b.reshape(filter, spread_w), space, w_axes);
  return b.reduce(Combine::kAdd, b.mul(places, weights), folded);
}

/// [g·C F window] as [g·F C window] from the last element of each window to its first, as gradients by images have it.
NodeId turned(const Build& b, NodeId filter, const Sizes& sizes) {
  const Shape window = sizes.window();
  Shape split{sizes.groups, sizes.channels, sizes.filters}, joined{sizes.groups * sizes.filters, sizes.channels};
  append(split, window);
  append(joined, window);
  std::vector<int> order{0, 2, 1};
  std::vector<NodeId> at;
  for (size_t k = 0; k < window.size(); ++k) {
    order.push_back(static_cast<int>(3 + k));
    NodeId place = b.index(static_cast<int>(k), window);
    at.push_back(b.add(b.mul(place, b.integer(-1, window)), b.integer(window[k].constant() - 1, window)));
  }
  return b.take(b.reshape(b.permute(b.reshape(filter, split), order), joined), 2, at);
}

/// Σ over images and places of x[n g·C place·stride + window·dilation] y[n g·F place]: the gradient by filters.
NodeId filters_of(const Build& b, NodeId image, NodeId y, const Sizes& sizes) {
  auto [images, groups, channels, filters, axes, calls] = sizes;
  auto rank = static_cast<int>(axes.size());
  Shape space{images, groups, filters, channels}, split{images, groups, filters};
  append(split, sizes.out());
  append(space, sizes.out());
  append(space, sizes.window());
  std::vector<int> x_axes{0, 1, 3}, y_axes{0, 1, 2}, folded{0};
  for (int k = 0; k < 2 * rank; ++k) {
    x_axes.push_back(4 + k);
    if (k < rank) y_axes.push_back(4 + k);
    if (k < rank) folded.push_back(4 + k);
  }
  NodeId places = b.spread(windows(b, image, sizes), space, x_axes);
  return b.reduce(Combine::kAdd, b.mul(places, b.spread(b.reshape(y, split), space, y_axes)), folded);
}

Graph convolution_program(const Sizes& sizes) {
  Graph graph;
  NodeId x = graph.add_input("x", {DType::kF32, sizes.x()}), w = graph.add_input("w", {DType::kF32, sizes.w()});
  graph.outputs.push_back({"y", convolve(Build(graph), x, w, sizes)});
  return graph;
}

/// Convolutions with zeros around their images, one after the other, as a residual network has them.
NodeId layer(Graph& graph, NodeId x, int64_t filters, int64_t window, int64_t stride, int64_t groups = 1) {
  Build b(graph);
  Shape shape = b.shape(x);
  std::vector<std::pair<int64_t, int64_t>> zeros{{0, 0}, {0, 0}};
  int64_t channels = shape[1].constant() / groups;
  Sizes sizes{shape[0].constant(), groups, channels, filters / groups, {}};
  for (size_t k = 2; k < shape.size(); ++k) {
    zeros.emplace_back(window / 2, window / 2);
    sizes.axes.push_back({shape[k].constant() + window / 2 * 2, window, stride, 1});
  }
  std::string name = "w" + std::to_string(graph.inputs.size());
  NodeId w = graph.add_input(name, {DType::kF32, sizes.w()});
  NodeId y = convolve(b, with_zeros(b, x, zeros), w, sizes);
  Shape out = b.shape(y);
  out[1] = out[1] * out[2];
  out.erase(out.begin() + 2);
  return b.reshape(y, out);
}

NodeId at_least_0(const Build& b, NodeId x) { return b.max(x, b.zeros(b.type(x))); }

}  // namespace

TEST_CASE("convolutions are the library's, with strides, dilations and groups, along one to three axes") {
  LibraryRuns runs;
  if (!runs.possible()) return;
  const std::vector<Sizes> all{
      {1, 1, 3, 8, {{9, 3, 1, 1}, {7, 3, 1, 1}}},
      {2, 1, 16, 16, {{12, 3, 2, 1}, {11, 3, 2, 1}}},  // an image that no window reaches the end of
      {2, 1, 5, 7, {{15, 2, 3, 1}, {9, 4, 1, 2}}},
      {1, 4, 1, 1, {{8, 3, 1, 1}, {8, 3, 1, 1}}},  // a filter for each channel
      {3, 2, 4, 6, {{8, 3, 1, 1}, {8, 1, 2, 1}}},
      {1, 1, 1, 1, {{8, 3, 1, 1}, {8, 3, 1, 1}}},
      {2, 1, 8, 8, {{20, 5, 2, 3}}},
      {1, 1, 4, 8, {{5, 2, 1, 1}, {6, 3, 1, 1}, {7, 2, 2, 1}}},
      {2, 1, 4, 8, {{3, 3, 1, 1}, {3, 3, 1, 1}}},  // one place
      {2, 1, 4, 8, {{5, 1, 1, 1}, {5, 1, 1, 1}}},  // no window: a product of matrices
      {0, 1, 4, 8, {{5, 2, 1, 1}, {5, 2, 1, 1}}},
  };
  generated::Random random(5);
  for (const Sizes& s : all) {
    generated::Case given{convolution_program(s), {}};
    generated::add_floats(given, random);
    generated::Verdict verdict = runs.check(given);
    CHECK_MESSAGE(verdict.ok(), s.images, " ", s.groups, " ", s.channels, " ", s.filters, ": ", verdict.message);
    CHECK_MESSAGE(runs.calls == s.calls, s.images, " ", s.groups, " ", s.channels, " ", s.filters);
  }
}

TEST_CASE("zeros around images are the library's, and make NaN of filters that are not finite") {
  LibraryRuns runs;
  if (!runs.possible()) return;
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  using Zeros = std::vector<std::pair<int64_t, int64_t>>;
  for (const Zeros& zeros : {Zeros{{0, 0}, {0, 0}, {1, 1}, {1, 1}}, Zeros{{0, 0}, {0, 0}, {2, 0}, {0, 3}},
                             Zeros{{0, 0}, {0, 0}, {4, 4}, {0, 0}}, Zeros{{0, 0}, {0, 0}, {0, 0}, {0, 0}}})
    for (double weight : {0.5, inf, -inf, nan}) {
      Graph graph;
      Build b(graph);
      NodeId x = graph.add_input("x", {DType::kF32, {2, 8, 9, 7}});
      Sizes sizes{2,
                  1,
                  8,
                  8,
                  {{9 + zeros[2].first + zeros[2].second, 3, 1, 1}, {7 + zeros[3].first + zeros[3].second, 3, 2, 1}}};
      NodeId w = graph.add_input("w", {DType::kF32, sizes.w()});
      graph.outputs.push_back({"y", convolve(b, with_zeros(b, x, zeros), w, sizes)});
      generated::Case given{std::move(graph), {}};
      generated::Random random(8);
      generated::add_floats(given, random);
      Array& weights = given.arguments.inputs[1];
      Scalar::of_real(DType::kF32, weight).store(weights.mutable_data() + 40);
      generated::Verdict verdict = runs.check(given, {.library_limits = kEverySize}, 3);
      CHECK_MESSAGE(verdict.ok(), zeros[2].first, " ", zeros[3].second, " ", weight, ": ", verdict.message);
      CHECK(runs.calls == 1);
    }
}

TEST_CASE("gradients by images and by filters are the library's") {
  LibraryRuns runs;
  if (!runs.possible()) return;
  using Zeros = std::vector<std::pair<int64_t, int64_t>>;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  struct Given {
    Sizes sizes;
    Zeros zeros;
    int turned = 1, filters = 1;  ///< calls of the library
  };
  const std::vector<Given> all{
      {{2, 1, 8, 16, {{9, 3, 1, 1}, {7, 3, 1, 1}}}, {{0, 0}, {0, 0}, {1, 1}, {1, 1}}},
      {{3, 1, 5, 7, {{9, 2, 1, 2}, {7, 3, 1, 1}}}, {{0, 0}, {0, 0}, {2, 0}, {0, 2}}},
      {{2, 2, 4, 6, {{8, 3, 1, 1}, {8, 3, 1, 1}}}, {{0, 0}, {0, 0}, {1, 1}, {0, 0}}},
      {{1, 1, 4, 8, {{6, 2, 1, 1}}}, {{0, 0}, {0, 0}, {3, 4}}},  // zeros that no window needs
      {{2, 1, 8, 8, {{11, 3, 2, 1}, {9, 3, 2, 1}}}, {{0, 0}, {0, 0}, {1, 0}, {1, 1}}, 0, 1},
      {{2, 1, 4, 8, {{5, 2, 1, 1}, {6, 3, 1, 1}, {7, 2, 2, 1}}}, {{0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}, 0, 1},
      {{2, 1, 8, 8, {{9, 3, 1, 1}, {7, 3, 1, 1}}}, {}},
  };
  generated::Random random(6);
  for (const Given& each : all)
    for (bool filters : {false, true})
      for (bool finite : {true, false}) {
        Graph graph;
        Build b(graph);
        NodeId x = graph.add_input("x", {DType::kF32, each.sizes.x()});
        Sizes sizes = each.sizes;
        for (size_t k = 2; k < each.zeros.size(); ++k)
          sizes.axes[k - 2].size += each.zeros[k].first + each.zeros[k].second;
        NodeId image = each.zeros.empty() ? x : with_zeros(b, x, each.zeros);
        Shape other = sizes.w();
        if (filters) {
          other = {sizes.images, sizes.groups * sizes.filters};
          append(other, sizes.out());
        } else {
          other[0] = Dim(sizes.groups * sizes.channels);
          other[1] = Dim(sizes.filters);
        }
        NodeId by = graph.add_input("by", {DType::kF32, other});
        graph.outputs.push_back(
            {"y", filters ? filters_of(b, image, by, sizes) : convolve(b, image, turned(b, by, sizes), sizes)});
        generated::Case given{std::move(graph), {}};
        generated::add_floats(given, random);
        if (!finite) Scalar::of_real(DType::kF32, nan).store(given.arguments.inputs[1].mutable_data() + 12);
        generated::Verdict verdict = runs.check(given, {.library_limits = kEverySize}, 3);
        CHECK_MESSAGE(verdict.ok(), sizes.channels, " ", sizes.filters, " ", filters, " ", finite, ": ",
                      verdict.message);
        CHECK_MESSAGE(runs.calls == (filters ? each.filters : each.turned), sizes.channels, " ", sizes.filters, " ",
                      filters);
      }
}

TEST_CASE("what is no zero around an image is read from memory") {
  LibraryRuns runs;
  if (!runs.possible()) return;
  // Zeros inside of the image, ones around it, and zeros around other axes than those of the image.
  for (int kind = 0; kind < 3; ++kind) {
    Graph graph;
    Build b(graph);
    NodeId x = graph.add_input("x", {DType::kF32, {1, 8, 9, 9}});
    Sizes sizes{1, 1, kind == 2 ? 10 : 8, 8, {{9, 3, 1, 1}, {9, 3, 1, 1}}};
    NodeId w = graph.add_input("w", {DType::kF32, sizes.w()});
    const Shape shape = b.shape(x);
    NodeId column = b.index(3, shape);
    NodeId changed = x;
    if (kind == 0)
      changed = b.select(b.lt(column, b.integer(7, shape)), x, b.zeros(b.type(x)));
    else if (kind == 1)
      changed = b.select(b.lt(column, b.integer(7, shape)), x, b.ones(b.type(x)));
    else
      changed = with_zeros(b, x, {{0, 0}, {1, 1}, {0, 0}, {0, 0}});
    graph.outputs.push_back({"y", convolve(b, changed, w, sizes)});
    generated::Case given{std::move(graph), {}};
    generated::Random random(9);
    generated::add_floats(given, random);
    generated::Verdict verdict = runs.check(given);
    CHECK_MESSAGE(verdict.ok(), kind, ": ", verdict.message);
    CHECK(runs.calls == 1);
  }
}

TEST_CASE("convolutions that follow each other have channels last") {
  LibraryRuns runs;
  if (!runs.possible()) return;
  for (Shape shape : {Shape{2, 8, 9, 10}, Shape{1, 8, 6, 5}, Shape{1, 8, 1, 7}, Shape{3, 8, 11}, Shape{1, 8, 5, 4, 6}})
    for (int64_t groups : {1, 2}) {
      Graph graph;
      Build b(graph);
      NodeId x = graph.add_input("x", {DType::kF32, shape});
      NodeId bias = graph.add_input("bias", {DType::kF32, {8}});
      NodeId first = layer(graph, x, 8, 3, 1, groups);
      NodeId biased = at_least_0(b, b.add(first, b.spread(bias, b.shape(first), {1})));
      NodeId second = at_least_0(b, b.add(layer(graph, biased, 8, 3, 1), biased));
      NodeId smaller = layer(graph, second, 16, 3, 2, groups), projected = layer(graph, second, 16, 1, 2);
      NodeId sum = b.add(smaller, projected);
      std::vector<int> places;
      for (size_t k = 2; k < shape.size(); ++k) places.push_back(static_cast<int>(k));
      graph.outputs.push_back({"second", second});
      graph.outputs.push_back({"sum", sum});
      graph.outputs.push_back({"mean", b.reduce(Combine::kAdd, sum, places)});
      graph.outputs.push_back({"largest", b.reduce(Combine::kMax, sum, {1})});
      generated::Case given{std::move(graph), {}};
      generated::Random random(10);
      generated::add_floats(given, random);
      for (bool last : {true, false}) {
        ScheduleOptions options{.library_limits = kEverySize};
        if (!last) options.off.insert("channels-last");
        generated::Verdict verdict = runs.check(given, options, 3);
        CHECK_MESSAGE(verdict.ok(), shape.size(), " ", groups, " ", last, ": ", verdict.message);
        CHECK(runs.calls >= 3);
      }
    }
}

TEST_CASE("a filter that changes is read again") {
  LibraryRuns runs;
  if (!runs.possible()) return;
  Sizes sizes{1, 1, 8, 8, {{9, 3, 1, 1}, {9, 3, 1, 1}}};
  generated::Case given{convolution_program(sizes), {}};
  generated::Random random(11);
  generated::add_floats(given, random);
  for (float weight : {1.0F, 2.0F, 3.0F}) {
    given.arguments.inputs[1].as_mutable<float>()[5] = weight;
    generated::Verdict verdict = runs.check(given, {.library_limits = kEverySize}, 3);
    CHECK_MESSAGE(verdict.ok(), weight, ": ", verdict.message);
  }
}

TEST_CASE("a filter that its program replaces is read again") {
  LibraryRuns runs;
  if (!runs.possible()) return;
  Sizes sizes{1, 1, 8, 8, {{9, 3, 1, 1}, {9, 3, 1, 1}}};
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", {DType::kF32, sizes.x()}), w = graph.add_state("w", {DType::kF32, sizes.w()});
  graph.outputs.push_back({"y", convolve(b, x, w, sizes)});
  graph.states[0].next = b.add(w, b.ones(b.type(w)));
  generated::Case given{std::move(graph), {}};
  generated::Random random(12);
  generated::add_floats(given, random);
  Arguments arguments = given.arguments;
  arguments.states = {Array::zeros(DType::kF32, {8, 8, 3, 3})};
  for (int step = 0; step < 5; ++step) {
    generated::Verdict verdict = runs.check({given.graph, arguments});
    CHECK_MESSAGE(verdict.ok(), step, ": ", verdict.message);
    const std::byte* place = arguments.states[0].data();
    Result<Results> next = runs.run(given.graph, std::move(arguments));
    REQUIRE(next.has_value());
    CHECK(next->states[0].data() == place);
    arguments = {.inputs = given.arguments.inputs, .states = std::move(next->states)};
  }
}

}  // namespace caten
