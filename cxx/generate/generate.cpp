#include "generate/generate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace caten::generated {
namespace {

struct Value {
  NodeId id;
  bool bits = false;  ///< its bits are exactly those of inputs: the bits of a NaN that is computed are nobody's promise
};

const std::vector<DType> kFloats = {DType::kF16, DType::kBF16, DType::kF32, DType::kF64};

class Generator {
 public:
  Generator(uint64_t seed, const Options& options) : random_(seed), options_(options) {}

  Case run() {
    declare_sizes();
    int64_t count = 3 + random_.below(3);
    for (int64_t i = 0; i < count; ++i) {
      NodeId input = graph_.add_input(fmt::format("x{}", i), random_type(), random_.chance(30));
      pool_.push_back({input, true});
    }
    if (options_.states)
      for (int64_t i = random_.below(3); i-- > 0;)
        pool_.push_back({graph_.add_state(fmt::format("s{}", i), random_type()), true});
    if (options_.products)
      for (int64_t i = 2 + random_.below(2); i-- > 0;) {
        Shape shape{random_dim(), random_dim()};
        if (random_.chance(40)) shape.push_back(random_dim());
        pool_.push_back({graph_.add_input(fmt::format("p{}", i), {DType::kF32, std::move(shape)}), true});
      }
    for (int i = 0; i < options_.steps; ++i) step();
    finish();
    return {std::move(graph_), std::move(arguments_)};
  }

 private:
  void declare_sizes() {
    for (const char* name : {"M", "N"}) {
      graph_.dims.declare(name);
      int64_t value = random_.pick(std::vector<int64_t>{0, 1, 2, 3, 4, 5, 7});
      if (options_.rows && random_.chance(70)) value = random_.pick(std::vector<int64_t>{8, 31, 33, 64, 70, 97, 130});
      sizes_[name] = value;
      dims_.push_back(Dim::symbol(name));
    }
    for (int64_t size : {0, 1, 1, 2, 3, 5}) dims_.emplace_back(size);
    dims_.push_back(Dim::symbol("M") * Dim(2));
    if (options_.rows)
      for (int64_t size : {4, 16, 34, 65}) dims_.emplace_back(size);
    arguments_.sizes = sizes_;
  }

  Dim random_dim() {
    // Empty axes everywhere would test nothing else.
    Dim dim = random_.pick(dims_);
    return dim.is(0) && !random_.chance(15) ? Dim(2) : dim;
  }

  ValueType random_type() {
    ValueType type{random_.pick(all_dtypes()), {}};
    for (int64_t rank = random_.pick(std::vector<int64_t>{0, 1, 1, 2, 2, 3}); rank-- > 0;)
      type.shape.push_back(random_dim());
    return type;
  }

  /// A copy: adding nodes moves the graph's own.
  ValueType type(NodeId id) const { return graph_.type(id); }
  int64_t elements(const Shape& shape) const { return element_count(shape).evaluate(sizes_).value_or(INT64_MAX); }

  /// Adds an op; what the rules refuse, or accept only if sizes are equal, is left out.
  std::optional<NodeId> make(Op op, std::vector<NodeId> operands, Attributes attributes = {}, ValueType target = {}) {
    DimEnv before = graph_.dims;
    Result<NodeId> made = graph_.make(op, std::move(operands), std::move(attributes), std::move(target));
    bool changed = graph_.dims.solution().size() != before.solution().size() ||
                   graph_.dims.guards().size() != before.guards().size();
    if (made && !changed) return *made;
    graph_.dims = std::move(before);
    return std::nullopt;
  }
  void keep(std::optional<NodeId> id, bool bits = false) {
    if (id && elements(type(*id).shape) <= most_elements()) pool_.push_back({*id, bits});
  }

  int64_t most_elements() const { return options_.rows ? 20000 : 4096; }

  Value any() {
    // Recent values more often, so that chains become deep.
    int64_t n = static_cast<int64_t>(pool_.size());
    int64_t back = random_.chance(60) ? random_.below(std::min<int64_t>(n, 6)) : random_.below(n);
    return pool_[static_cast<size_t>(n - 1 - back)];
  }

  NodeId constant(DType dtype, const Shape& shape, const Scalar& scalar) {
    return *make(Op::kConst, {}, ConstAttributes{scalar}, {dtype, shape});
  }

  /// A value of this type: one that is there, a constant, another value repeated or cast.
  NodeId of_type(const ValueType& wanted) {
    std::vector<NodeId> fitting;
    for (const Value& value : pool_)
      if (type(value.id) == wanted) fitting.push_back(value.id);
    if (!fitting.empty() && random_.chance(75)) return random_.pick(fitting);
    if (random_.chance(50)) {
      for (int attempts = 0; attempts < 8; ++attempts) {
        NodeId id = any().id;
        if (is_complex(type(id).dtype) != is_complex(wanted.dtype)) continue;
        std::optional<NodeId> fitted = fit(id, wanted);
        if (fitted) return *fitted;
      }
    }
    return constant(wanted.dtype, wanted.shape, edge_value(random_, wanted.dtype));
  }

  /// Casts and broadcasts a value to a type, if its shape allows.
  std::optional<NodeId> fit(NodeId id, const ValueType& wanted) {
    const Shape from = type(id).shape;
    if (from.size() > wanted.shape.size()) return std::nullopt;
    Shape ones(wanted.shape.size() - from.size(), Dim(1));
    ones.insert(ones.end(), from.begin(), from.end());
    for (size_t i = 0; i < ones.size(); ++i)
      if (!ones[i].is(1) && !(ones[i] == wanted.shape[i])) return std::nullopt;
    std::optional<NodeId> out = id;
    if (ones != from) out = make(Op::kReshape, {id}, {}, {wanted.dtype, ones});
    if (out && type(*out).dtype != wanted.dtype) out = make(Op::kCast, {*out}, {}, wanted);
    if (out && type(*out).shape != wanted.shape) out = make(Op::kExpand, {*out}, {}, wanted);
    return out;
  }

  void step() {
    if (options_.products && random_.chance(60)) return contraction();
    if (options_.rows && random_.chance(50)) return row_step();
    switch (random_.below(16)) {
      case 0:
      case 1:
      case 2:
      case 3: return elementwise();
      case 4: return select();
      case 5: return cast();
      case 6: return bitcast();
      case 7: return reshape();
      case 8: return permute();
      case 9: return expand();
      case 10: return slice();
      case 11: return take();
      case 12: return put();
      case 13: return reduce();
      case 14: return leaf();
      default: return options_.loops && level_ < 3 && random_.chance(50) ? loop() : copy();
    }
  }

  void elementwise() {
    std::vector<Op> ops;
    for (const OpInfo& row : all_ops())
      if (is_elementwise(row.op)) ops.push_back(row.op);
    Op op = random_.pick(ops);
    const OpInfo& row = info(op);
    NodeId x = any().id;
    if (!contains(row.dtypes, type(x).dtype)) {
      std::vector<DType> allowed;
      for (DType dtype : all_dtypes())
        if (contains(row.dtypes, dtype)) allowed.push_back(dtype);
      std::optional<NodeId> converted = make(Op::kCast, {x}, {}, {random_.pick(allowed), type(x).shape});
      if (!converted) return;
      x = *converted;
    }
    std::vector<NodeId> operands{x};
    if (row.arity == 2) operands.push_back(of_type(type(x)));
    if (random_.chance(30)) std::reverse(operands.begin(), operands.end());
    keep(make(op, operands));
  }

  void select() {
    NodeId a = any().id;
    NodeId condition = of_type({DType::kBool, type(a).shape}), b = of_type(type(a));
    keep(make(Op::kIf, {condition, a, b}));
  }

  void cast() {
    NodeId x = any().id;
    keep(make(Op::kCast, {x}, {}, {random_.pick(all_dtypes()), type(x).shape}));
  }

  void bitcast() {
    Value x = any();
    DType from = type(x.id).dtype;
    bool opaque = is_integer(from) || is_bool(from) || x.bits;
    if (!opaque) return;
    std::vector<DType> allowed;
    for (DType dtype : all_dtypes())
      if (dtype_size(dtype) == dtype_size(from) || is_complex(dtype) || is_complex(from)) allowed.push_back(dtype);
    keep(make(Op::kBitcast, {x.id}, {}, {random_.pick(allowed), {}}), true);
  }

  void reshape() {
    Value x = any();
    Shape shape = type(x.id).shape, other;
    switch (random_.below(4)) {
      case 0: other = {element_count(shape)}; break;
      case 1:
        other = shape;
        other.insert(other.begin() + random_.below(static_cast<int64_t>(shape.size()) + 1), Dim(1));
        break;
      case 2: other = Shape(shape.rbegin(), shape.rend()); break;
      default:
        if (shape.size() < 2) return;
        other = shape;
        size_t at = static_cast<size_t>(random_.below(static_cast<int64_t>(shape.size()) - 1));
        other[at] = other[at] * other[at + 1];
        other.erase(other.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
    keep(make(Op::kReshape, {x.id}, {}, {type(x.id).dtype, other}), x.bits);
  }

  void permute() {
    Value x = any();
    std::vector<int> axes(type(x.id).shape.size());
    for (size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<int>(i);
    for (size_t i = axes.size(); i > 1; --i)
      std::swap(axes[i - 1], axes[static_cast<size_t>(random_.below(static_cast<int64_t>(i)))]);
    keep(make(Op::kPermute, {x.id}, PermuteAttributes{axes}), x.bits);
  }

  void expand() {
    Value x = any();
    Shape shape = type(x.id).shape;
    if (shape.size() >= 4) return;
    size_t at = static_cast<size_t>(random_.below(static_cast<int64_t>(shape.size()) + 1));
    shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(at), Dim(1));
    std::optional<NodeId> one = make(Op::kReshape, {x.id}, {}, {type(x.id).dtype, shape});
    if (!one) return;
    for (Dim& dim : shape)
      if (dim.is(1) && random_.chance(70)) dim = random_dim();
    keep(make(Op::kExpand, {*one}, {}, {type(x.id).dtype, shape}), x.bits);
  }

  void slice() {
    Value x = any();
    SliceAttributes attributes;
    const Shape sizes = type(x.id).shape;
    for (const Dim& size : sizes) {
      int64_t n = size.is_constant() ? size.constant() : -1;
      switch (random_.below(3)) {
        case 0: attributes.ranges.push_back({Dim(0), size, 1 + random_.below(3)}); break;
        case 1: attributes.ranges.push_back({size - Dim(1), Dim(-1), -1 - random_.below(2)}); break;
        default: {
          if (n < 1) {
            attributes.ranges.push_back({Dim(0), size, 1});
            break;
          }
          int64_t start = random_.below(n), stop = start + random_.below(n - start + 1);
          attributes.ranges.push_back({Dim(start), Dim(stop), 1 + random_.below(2)});
        }
      }
    }
    keep(make(Op::kSlice, {x.id}, attributes), x.bits);
  }

  /// Indices near the range of an axis, inside or out.
  NodeId indices(const Shape& shape, const Dim& size) {
    if (random_.chance(40) && !shape.empty()) {
      int axis = static_cast<int>(random_.below(static_cast<int64_t>(shape.size())));
      NodeId index = *make(Op::kIndex, {}, IndexAttributes{axis}, {DType::kI64, shape});
      if (random_.chance(50)) return index;
      NodeId offset = constant(DType::kI64, shape, Scalar::of_integer(DType::kI64, random_.below(5) - 2));
      return *make(random_.chance(70) ? Op::kAdd : Op::kMul, {index, offset});
    }
    NodeId any_index = of_type({DType::kI64, shape});
    if (random_.chance(20)) return any_index;
    int64_t n = size.evaluate(sizes_).value_or(1);
    NodeId limit = constant(DType::kI64, shape, Scalar::of_integer(DType::kI64, n + (random_.chance(30) ? 2 : 0)));
    return *make(Op::kMod, {any_index, limit});
  }

  std::optional<std::pair<AccessAttributes, std::vector<NodeId>>> access(const Shape& shape) {
    if (shape.empty()) return std::nullopt;
    AccessAttributes attributes{static_cast<int>(random_.below(static_cast<int64_t>(shape.size()))), Combine::kSet};
    int64_t most = static_cast<int64_t>(shape.size()) - attributes.axis;
    Shape at;
    for (int64_t rank = random_.below(3); rank-- > 0;) at.push_back(random_dim());
    std::vector<NodeId> list;
    int64_t count = 1 + random_.below(most);
    for (int64_t k = 0; k < count; ++k) list.push_back(indices(at, shape[static_cast<size_t>(attributes.axis + k)]));
    return std::make_pair(attributes, list);
  }

  void take() {
    Value x = any();
    auto where = access(type(x.id).shape);
    if (!where) return;
    std::vector<NodeId> operands{x.id};
    operands.insert(operands.end(), where->second.begin(), where->second.end());
    keep(make(Op::kTake, operands, where->first), x.bits);
  }

  void put() {
    NodeId x = any().id;
    const ValueType target = type(x);
    auto where = access(target.shape);
    if (!where) return;
    auto& [attributes, list] = *where;
    attributes.mode = random_.pick(std::vector<Combine>{Combine::kSet, Combine::kAdd, Combine::kMul, Combine::kMax});
    if (attributes.mode != Combine::kSet && !contains(reducible(attributes.mode), target.dtype))
      attributes.mode = Combine::kSet;
    Shape shape(target.shape.begin(), target.shape.begin() + attributes.axis);
    const Shape at = type(list[0]).shape;
    shape.insert(shape.end(), at.begin(), at.end());
    shape.insert(shape.end(), target.shape.begin() + attributes.axis + static_cast<std::ptrdiff_t>(list.size()),
                 target.shape.end());
    if (elements(shape) > most_elements()) return;
    std::vector<NodeId> operands{x, of_type({target.dtype, shape})};
    operands.insert(operands.end(), list.begin(), list.end());
    keep(make(Op::kPut, operands, attributes));
  }

  void reduce() {
    NodeId x = any().id;
    ReduceAttributes attributes;
    attributes.combine = random_.pick(
        std::vector<Combine>{Combine::kAdd, Combine::kAdd, Combine::kMul, Combine::kMax, Combine::kAnd, Combine::kXor});
    for (size_t i = 0; i < type(x).shape.size(); ++i)
      if (random_.chance(50)) attributes.axes.push_back(static_cast<int>(i));
    keep(make(Op::kReduce, {x}, attributes));
  }

  /// A value that can be added and multiplied, of one axis or more.
  std::optional<NodeId> matrix() {
    NodeId x = any().id;
    if (type(x).shape.empty()) x = any().id;
    if (type(x).shape.empty()) return std::nullopt;
    if (contains(kNumericSet, type(x).dtype) && random_.chance(80)) return x;
    return make(Op::kCast, {x}, {}, {random_.pick(kFloats), type(x).shape});
  }

  /// Repeats what a fold over `axes` left, so that it has the shape it was folded from.
  std::optional<NodeId> spread(NodeId folded, const Shape& shape, const std::vector<int>& axes) {
    Shape ones = shape;
    for (int axis : axes) ones[static_cast<size_t>(axis)] = Dim(1);
    DType dtype = type(folded).dtype;
    std::optional<NodeId> out = folded;
    if (type(folded).shape != ones) out = make(Op::kReshape, {folded}, {}, {dtype, ones});
    if (out && ones != shape) out = make(Op::kExpand, {*out}, {}, {dtype, shape});
    return out;
  }

  std::optional<NodeId> fold(NodeId x, const std::vector<int>& axes) {
    Combine combine = random_.pick(std::vector<Combine>{Combine::kAdd, Combine::kAdd, Combine::kMax, Combine::kMul});
    if (!contains(reducible(combine), type(x).dtype)) combine = Combine::kAdd;
    return make(Op::kReduce, {x}, ReduceAttributes{combine, axes});
  }

  NodeId changed(NodeId x) {
    const ValueType wanted = type(x);
    std::optional<NodeId> out;
    switch (random_.below(6)) {
      case 0: out = make(Op::kExp2, {x}); break;
      case 1: out = make(Op::kSqrt, {x}); break;
      case 2: out = make(Op::kMax, {x, constant(wanted.dtype, wanted.shape, Scalar::zero(wanted.dtype))}); break;
      case 3: out = make(Op::kMul, {x, x}); break;
      case 4: out = make(Op::kAdd, {x, of_type(wanted)}); break;
      default: break;
    }
    return out.value_or(x);
  }

  void row_step() {
    switch (random_.below(5)) {
      case 0:
      case 1: return rows();
      case 2: return product();
      case 3: return siblings();
      default: return turned();
    }
  }

  /// Folds over axes of a value, each met again by what it was folded from, as in softmax and in norms.
  void rows() {
    std::optional<NodeId> x = matrix();
    if (!x) return;
    const Shape shape = type(*x).shape;
    std::vector<int> axes;
    for (size_t axis = random_.chance(75) ? shape.size() - 1 : 0; axis < shape.size(); ++axis)
      if (axis + 1 == shape.size() || random_.chance(60)) axes.push_back(static_cast<int>(axis));
    if (random_.chance(15)) axes.assign(1, 0);
    for (int64_t times = 1 + random_.below(3); times-- > 0;) {
      std::optional<NodeId> folded = fold(*x, axes);
      if (!folded) return;
      NodeId scalar = changed(*folded);
      if (random_.chance(40)) keep(scalar);
      std::optional<NodeId> again = spread(scalar, shape, axes);
      if (!again) return;
      std::optional<NodeId> met = make(random_.pick(std::vector<Op>{Op::kAdd, Op::kMul, Op::kDiv}), {*x, *again});
      if (!met) return;
      x = changed(*met);
      if (random_.chance(50)) keep(x);
    }
    keep(x);
  }

  /// Rows times columns, either of them turned or not, and what follows.
  void product() {
    std::optional<NodeId> x = matrix();
    if (!x || type(*x).shape.size() != 2) return;
    const Dim m = type(*x).shape[0], k = type(*x).shape[1], n = random_dim();
    if (elements({m, n, k}) > 60000) return;
    bool turn = random_.chance(50);
    NodeId w = of_type({type(*x).dtype, turn ? Shape{n, k} : Shape{k, n}});
    std::optional<NodeId> right = w;
    if (!turn) right = make(Op::kPermute, {w}, PermuteAttributes{{1, 0}});
    std::optional<NodeId> left = spread(*x, {m, n, k}, {1});
    if (right) right = spread(*right, {m, n, k}, {0});
    if (!left || !right) return;
    std::optional<NodeId> products = make(Op::kMul, {*left, *right});
    if (!products) return;
    std::optional<NodeId> sum = make(Op::kReduce, {*products}, ReduceAttributes{Combine::kAdd, {2}});
    if (!sum) return;
    if (random_.chance(30)) keep(sum);
    keep(changed(changed(*sum)));
  }

  /// Σ over some axes of x · w: axes of x are folded, or met by w, or neither, and w has others; all in any order.
  void contraction() {
    NodeId x = any().id;
    for (int attempts = 0; attempts < 8 && (type(x).dtype != DType::kF32 || type(x).shape.size() < 2); ++attempts)
      x = any().id;
    if (type(x).shape.empty()) return;
    // The axes of the products: those of x, then those that only w has.
    Shape space = type(x).shape;
    std::vector<int> folded, of_w;
    for (size_t k = 0; k < space.size(); ++k) {
      bool folds = (folded.empty() && k + 1 == space.size()) || random_.chance(30);
      if (folds) folded.push_back(static_cast<int>(k));
      if (folds || random_.chance(25)) of_w.push_back(static_cast<int>(k));
    }
    std::vector<int> not_of_x;
    for (int64_t more = 1 + (random_.chance(20) ? 1 : 0); more-- > 0; space.push_back(random_dim())) {
      of_w.push_back(static_cast<int>(space.size()));
      not_of_x.push_back(static_cast<int>(space.size()));
    }
    if (elements(space) > 60000) return;
    std::vector<int> turn = shuffled(random_, of_w.size()), back(turn.size()), not_of_w;
    Shape w_shape;
    for (int k : turn) w_shape.push_back(space[static_cast<size_t>(of_w[static_cast<size_t>(k)])]);
    for (size_t k = 0; k < turn.size(); ++k) back[static_cast<size_t>(turn[k])] = static_cast<int>(k);
    for (int k = 0; k < static_cast<int>(space.size()); ++k)
      if (std::find(of_w.begin(), of_w.end(), k) == of_w.end()) not_of_w.push_back(k);
    bool is_new = random_.chance(60) && graph_.inputs.size() < 12;
    ValueType w_type{type(x).dtype, w_shape};
    NodeId w = is_new ? graph_.add_input(fmt::format("w{}", graph_.inputs.size()), w_type) : of_type(w_type);
    std::optional<NodeId> right = make(Op::kPermute, {w}, PermuteAttributes{back});
    if (right) right = spread(*right, space, not_of_w);
    std::optional<NodeId> left = spread(x, space, not_of_x);
    if (!left || !right) return;
    std::optional<NodeId> products = make(Op::kMul, {*left, *right});
    if (products && random_.chance(30)) {
      std::vector<int> order = shuffled(random_, space.size());
      products = make(Op::kPermute, {*products}, PermuteAttributes{order});
      for (int& axis : folded) axis = static_cast<int>(std::find(order.begin(), order.end(), axis) - order.begin());
      std::sort(folded.begin(), folded.end());
    }
    if (!products) return;
    std::optional<NodeId> sum = make(Op::kReduce, {*products}, ReduceAttributes{Combine::kAdd, folded});
    if (!sum) return;
    if (random_.chance(20)) keep(sum);
    if (random_.chance(40))
      sum = make(Op::kPermute, {*sum}, PermuteAttributes{shuffled(random_, type(*sum).shape.size())});
    if (Shape shape = sum ? type(*sum).shape : Shape{}; shape.size() > 1 && random_.chance(30)) {
      shape[1] = shape[0] * shape[1];
      shape.erase(shape.begin());
      sum = make(Op::kReshape, {*sum}, {}, {type(*sum).dtype, shape});
    }
    if (sum) keep(random_.chance(50) ? changed(*sum) : *sum);
  }

  /// Several folds and values of the same elements.
  void siblings() {
    std::optional<NodeId> x = matrix();
    if (!x) return;
    int last = static_cast<int>(type(*x).shape.size()) - 1;
    for (int64_t count = 2 + random_.below(2); count-- > 0;)
      keep(random_.chance(70) ? fold(changed(*x), {last}) : std::optional<NodeId>(changed(*x)));
  }

  /// A value met by a view of itself.
  void turned() {
    std::optional<NodeId> x = matrix();
    if (!x) return;
    const ValueType shape = type(*x);
    SliceAttributes attributes;
    for (const Dim& size : shape.shape)
      attributes.ranges.push_back(random_.chance(50) ? SliceRange{Dim(0), size, 1}
                                                     : SliceRange{size - Dim(1), Dim(-1), -1});
    std::optional<NodeId> view = make(Op::kSlice, {changed(*x)}, attributes);
    if (!view) return;
    if (shape.shape.size() == 2 && shape.shape[0] == shape.shape[1] && random_.chance(50))
      view = make(Op::kPermute, {*view}, PermuteAttributes{{1, 0}});
    if (view) keep(make(random_.pick(std::vector<Op>{Op::kAdd, Op::kMul}), {*x, *view}));
  }

  void leaf() {
    ValueType wanted = random_type();
    if (random_.chance(50) && !wanted.shape.empty()) {
      int axis = static_cast<int>(random_.below(static_cast<int64_t>(wanted.shape.size())));
      keep(make(Op::kIndex, {}, IndexAttributes{axis}, {DType::kI64, wanted.shape}), true);
    } else {
      keep(constant(wanted.dtype, wanted.shape, edge_value(random_, wanted.dtype)), true);
    }
  }

  void copy() {
    Value x = any();
    keep(make(Op::kCopy, {x.id}, CopyAttributes{}), x.bits);
  }

  void loop() {
    LoopAttributes attributes;
    attributes.level = level_;
    attributes.count = random_.chance(30) ? Dim::symbol("M") : Dim(random_.below(4));
    attributes.runtime_count = random_.chance(30);
    attributes.carries = static_cast<uint32_t>(1 + random_.below(2));
    std::vector<NodeId> operands, inits, nexts, collects;
    if (attributes.runtime_count) operands.push_back(of_type({DType::kI64, {}}));
    for (uint32_t k = 0; k < attributes.carries; ++k) inits.push_back(any().id);

    std::vector<Value> outer = pool_;
    ++level_;
    pool_.push_back({graph_.add_bound(attributes.level, 0, {DType::kI64, {}}), true});
    for (uint32_t k = 0; k < attributes.carries; ++k)
      pool_.push_back({graph_.add_bound(attributes.level, k + 1, type(inits[k])), false});
    for (int64_t i = 2 + random_.below(6); i-- > 0;) step();
    for (uint32_t k = 0; k < attributes.carries; ++k) {
      std::vector<NodeId> fitting;
      for (const Value& value : pool_)
        if (type(value.id) == type(inits[k])) fitting.push_back(value.id);
      // The last ones are of the body.
      size_t last = std::min<size_t>(fitting.size(), 3);
      nexts.push_back(fitting[fitting.size() - 1 - static_cast<size_t>(random_.below(static_cast<int64_t>(last)))]);
    }
    attributes.until = random_.chance(30);
    std::optional<NodeId> until;
    if (attributes.until) until = of_type({DType::kBool, {}});
    attributes.collects = static_cast<uint32_t>(random_.below(3));
    for (uint32_t k = 0; k < attributes.collects; ++k) collects.push_back(any().id);
    --level_;
    pool_ = std::move(outer);

    operands.insert(operands.end(), inits.begin(), inits.end());
    operands.insert(operands.end(), nexts.begin(), nexts.end());
    if (until) operands.push_back(*until);
    operands.insert(operands.end(), collects.begin(), collects.end());
    std::optional<NodeId> made = make(Op::kLoop, operands, attributes);
    if (!made) return;
    size_t results = graph_.loop_result_types(*made).size();
    for (uint32_t k = 0; k < results; ++k)
      if (random_.chance(70))
        if (Result<NodeId> result = graph_.make_result(*made, k)) keep(*result);
  }

  void finish() {
    std::set<uint32_t> chosen;
    for (int i = 0; i < options_.outputs; ++i) {
      NodeId id = any().id;
      if (random_.chance(70) && !chosen.insert(id.value).second) continue;
      graph_.outputs.push_back({fmt::format("y{}", graph_.outputs.size()), id});
    }
    for (Graph::State& state : graph_.states) {
      std::vector<NodeId> fitting;
      for (const Value& value : pool_)
        if (type(value.id) == type(state.node)) fitting.push_back(value.id);
      if (random_.chance(80)) state.next = random_.pick(fitting);
    }
    for (const Graph::Input& input : graph_.inputs) arguments_.inputs.push_back(argument(input.node));
    for (const Graph::State& state : graph_.states) arguments_.states.push_back(argument(state.node));
  }

  Array argument(NodeId id) { return random_array(random_, type(id).dtype, concrete(type(id).shape, sizes_)); }

  Random random_;
  Options options_;
  Graph graph_;
  Arguments arguments_;
  DimValues sizes_;
  std::vector<Dim> dims_;
  std::vector<Value> pool_;
  int level_ = 0;
};

}  // namespace

Case generate(uint64_t seed, const Options& options) { return Generator(seed, options).run(); }

}  // namespace caten::generated
