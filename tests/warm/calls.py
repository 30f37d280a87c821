"""Calls of the library's composites with sizes that are drawn: each function gives the text of a call in Lisp. Nothing here is taken from
lisp/warm.lisp."""
import math

# What a stride of 2 halves is still no small size, of which a kernel may be made (docs/inspecting.md).
LEAST = 34

REAL = ["f32", "f64", "i32"]
FLOAT = ["f32", "f64", "bf16"]


class Draw:
    """Sizes from LEAST to 2000, of which a share of `small` are from 1 to 16."""

    def __init__(self, random, small=0.0, dtypes=("f32",)):
        self.random, self.small, self.dtypes = random, small, dtypes

    def choice(self, items):
        return self.random.choice(items)

    def chance(self, p):
        return self.random.random() < p

    def integer(self, low, high):
        return self.random.randint(low, high)

    def dtype(self, allowed=FLOAT):
        return self.choice([t for t in self.dtypes if t in allowed] or allowed[:1])

    def size(self, most=2000):
        """Of an axis; sizes of all magnitudes are equally likely."""
        if self.chance(self.small):
            return self.integer(1, 16)
        return int(math.exp(self.random.uniform(math.log(LEAST), math.log(max(most, LEAST) + 0.999))))

    def sizes(self, rank, elements=1 << 20):
        most = max(LEAST, min(2000, int(elements ** (1 / max(rank, 1)) * 3)))
        for _ in range(1000):
            out = [self.size(most) for _ in range(rank)]
            if math.prod(out) <= elements:
                return out
        return [LEAST] * rank

    def shape(self, least=1, elements=1 << 20):
        most = max(least, min(4, int(math.log(elements / 8) / math.log(LEAST))))
        return self.sizes(self.integer(least, most), elements)


def tensor(shape, dtype="f32"):
    return f"(of :{dtype} {' '.join(map(str, shape))})".replace(" )", ")")


def lisp(items):
    return f"'({' '.join(map(str, items))})"


def broadcast(d, shape):
    """A shape that broadcasts to this one: mostly the same."""
    if d.chance(0.6):
        return shape
    return d.choice([shape[-1:], [1] * (len(shape) - 1) + shape[-1:], shape[:-1] + [1], [], [1 if d.chance(0.5) else s for s in shape]])


def unary(name, allowed=FLOAT):
    return lambda d: f"({name} {tensor(d.shape(), d.dtype(allowed))})"


def binary(name, allowed=FLOAT):
    def make(d):
        t, shape = d.dtype(allowed), d.shape()
        return f"({name} {tensor(shape, t)} {tensor(broadcast(d, shape), t)})"
    return make


def lerp(d):
    t, shape = d.dtype(), d.shape()
    return f"(lerp {tensor(shape, t)} {tensor(shape, t)} {tensor(broadcast(d, shape), t)})"


def clip(d):
    t = d.dtype(REAL)
    return f"(clip {tensor(d.shape(), t)} {d.choice(['0 1', '-1 1', '0'])})"


def axis_of(d, rank):
    return d.choice([0, -1, d.integer(0, rank - 1)])


def fold(name, allowed=FLOAT, one=False):
    def make(d):
        shape = d.shape()
        words = ""
        if d.chance(0.75):
            if one or len(shape) == 1 or d.chance(0.7):
                words = f" :axis {axis_of(d, len(shape))}"
            else:
                words = f" :axis {lisp(sorted(d.random.sample(range(len(shape)), d.integer(1, len(shape)))))}"
        return f"({name} {tensor(shape, d.dtype(allowed))}{words}{' :keepdims t' if d.chance(0.3) else ''})"
    return make


def along(name, allowed=FLOAT, elements=1 << 20, least=1, words=("",), most=None):
    def make(d):
        shape = d.shape(least, elements)
        axis = axis_of(d, len(shape))
        if most and shape[axis] > most:
            shape[axis] = d.size(most)
        return f"({name} {tensor(shape, d.dtype(allowed))} :axis {axis}{d.choice(words)})"
    return make


def halves(d):
    shape = d.shape()
    axis = axis_of(d, len(shape))
    shape[axis] += shape[axis] % 2
    return f"(glu {tensor(shape, d.dtype())} :axis {axis})"


def norm_over(name):
    def make(d):
        shape, t = d.shape(), d.dtype()
        axis = -d.integer(1, len(shape)) if d.chance(0.3) else -1
        some = "" if d.chance(0.3) else " " + tensor(shape[axis:], t)
        bias = " " + tensor(shape[axis:], t) if some and name == "layer-norm" and d.chance(0.7) else ""
        return f"({name} {tensor(shape, t)}{some}{bias} :axis {axis})"
    return make


def batch_norm(d):
    shape, t = d.sizes(d.integer(2, 4)), d.dtype()
    c = tensor(shape[1:2], t)
    if d.chance(0.4):
        return f"(batch-norm {tensor(shape, t)} :training t)"
    return f"(batch-norm {tensor(shape, t)} {c} {c}{d.choice(['', f' {c} {c}'])})"


def group_norm(d):
    shape, t, groups = d.sizes(d.integer(2, 4), 1 << 19), d.dtype(), d.choice([2, 4, 8, 32])
    shape[1] = groups * max(1, shape[1] // groups)
    c = tensor(shape[1:2], t)
    return f"(group-norm {tensor(shape, t)} {groups}{d.choice(['', f' {c} {c}'])})"


def topk(d):
    shape = d.shape(1, 1 << 14)
    axis = axis_of(d, len(shape))
    return f"(topk {tensor(shape, d.dtype(REAL))} {d.size(shape[axis]) if shape[axis] > LEAST else 1} :axis {axis})"


def searchsorted(d):
    t = d.dtype(REAL)
    return f"(searchsorted {tensor([d.size()], t)} {tensor(d.shape(1, 1 << 11), t)})"


def gather(d):
    shape = d.shape()
    axis = axis_of(d, len(shape))
    sizes = list(shape)
    sizes[axis] = min(d.size(), max(1, (1 << 20) * shape[axis] // math.prod(shape)))
    return f"(gather {tensor(shape, d.dtype(REAL))} {tensor(sizes, 'i64')} :axis {axis})"


def take_along_axis(d):
    return gather(d).replace("(gather", "(take-along-axis")


def index_select(d):
    shape = d.shape(1, 1 << 16)
    return f"(index-select {tensor(shape, d.dtype(REAL))} {tensor([d.size(100)], 'i64')} :axis {axis_of(d, len(shape))})"


def scatter(name):
    def make(d):
        shape, t = d.shape(1, 1 << 18), d.dtype(REAL)
        axis = axis_of(d, len(shape))
        sizes = list(shape)
        sizes[axis] = d.size(100)
        way = d.choice(["", " :reduction :add"]) if name == "scatter" else ""
        return f"({name} {tensor(shape, t)} {tensor(sizes, 'i64')} {tensor(sizes, t)} :axis {axis}{way})"
    return make


def triangle(name):
    return lambda d: f"({name} {tensor(d.shape(2), d.dtype(REAL))}{d.choice(['', '', ' :diagonal 1', ' :diagonal -1'])})"


def matmul(d):
    (m, k, n), t = d.sizes(3, 1 << 22), d.dtype(["f32", "f64", "bf16", "i32"])
    lead = d.choice([[], [], [d.size(40)], [d.size(20), d.size(20)]])
    while math.prod(lead) * m * k * n > 1 << 24:
        m, k, n = [max(LEAST, v // 2) if v > LEAST else v for v in (m, k, n)]
        if lead and max(m, k, n) <= LEAST:
            break
    shared = d.chance(0.3)
    return f"(matmul {tensor(lead + [m, k], t)} {tensor(([] if shared else lead) + [k, n], t)})"


def linear(d):
    (k, n), t = d.sizes(2, 1 << 18), d.dtype()
    lead = d.choice([[], [d.size(60)], [d.size(60)], [d.size(20), d.size(20)]])
    return f"(linear {tensor(lead + [k], t)} {tensor([n, k], t)}{d.choice(['', ' ' + tensor([n], t)])})"


def triangular_solve(d):
    n, t, lead = d.size(60), d.dtype(["f32", "f64"]), d.choice([[], [d.size(20)]])
    return f"(triangular-solve {tensor(lead + [n, n], t)} {tensor(lead + [n, d.size(60)], t)}{d.choice(['', ' :upper t'])})"


def cholesky(d):
    n = d.size(60)
    return f"(cholesky {tensor(d.choice([[], [d.size(20)]]) + [n, n], d.dtype(['f32', 'f64']))})"


EQUATIONS = ["ij,jk->ik", "bij,bjk->bik", "bhqd,bhkd->bhqk", "ij->ji", "ij->i", "i,j->ij", "ij,ij->", "bqhd,bkhd->bhqk", "bhqk,bkhd->bqhd", "ii->i", "ij,kj->ik"]


def einsum(d):
    equation, t = d.choice(EQUATIONS), d.dtype()
    letters = sorted(set(equation) - set(",->"))
    sizes = dict(zip(letters, d.sizes(len(letters), 1 << 21)))
    terms = equation.split("->")[0].split(",")
    return f'(einsum "{equation}" {" ".join(tensor([sizes[c] for c in term], t) for term in terms)})'


def conv(name, spatial):
    def make(d):
        t, kernel = d.dtype(["f32", "f64", "bf16"]), d.choice([1, 3, 3, 5] if spatial < 3 else [1, 3])
        most = {1: 1000, 2: 70, 3: 24}[spatial]
        sizes = [max(d.size(most), kernel) for _ in range(spatial)]
        n, c, f = (d.choice([1, 2, 4, d.size(20)]), d.size(40), d.size(40))
        words = d.choice(["", f" :padding {kernel // 2}", " :stride 2", f" :stride 2 :padding {kernel // 2}"])
        bias = d.choice(["", " " + tensor([f], t)])
        return f"({name} {tensor([n, c, *sizes], t)} {tensor([f, c] + [kernel] * spatial, t)}{bias}{words})"
    return make


def transpose(d):
    t, kernel = d.dtype(["f32", "f64"]), d.choice([2, 3, 4])
    n, c, f = d.choice([1, 2, 4]), d.size(40), d.size(40)
    words = {2: " :stride 2", 3: d.choice(["", " :stride 2 :padding 1"]), 4: " :stride 2 :padding 1"}[kernel]
    return f"(conv-transpose2d {tensor([n, c, d.size(40), d.size(40)], t)} {tensor([c, f, kernel, kernel], t)}{d.choice(['', ' ' + tensor([f], t)])}{words})"


def pool(name):
    def make(d):
        shape = [d.choice([1, 2, 4, d.size(20)]), d.size(70)] + [max(4, d.size(90)) for _ in range(d.choice([1, 2, 2]))]
        return f"({name} {tensor(shape, d.dtype())}{d.choice(['', ' :kernel 3', ' :kernel 3 :stride 2', ' :kernel 3 :stride 2 :padding 1', ' :kernel 2 :stride 2'])})"
    return make


def adaptive(d):
    shape = [d.choice([1, 2, 4]), d.size(200), d.size(60), d.size(60)]
    return f"(adaptive-avg-pool {tensor(shape, d.dtype())} {d.choice([1, 1, 1, 7])})"


def interpolate(d):
    shape = [d.choice([1, 2, 4]), d.size(60), d.size(60), d.size(60)]
    words = d.choice([" :scale-factor 2", " :scale-factor 2 :mode :bilinear", f" :size {lisp([d.size(60), d.size(60)])}", f" :size {lisp([d.size(60), d.size(60)])} :mode :bilinear"])
    return f"(interpolate {tensor(shape, d.dtype())}{words})"


def unfold(d):
    return f"(unfold {tensor([d.choice([1, 2, 4]), d.size(60), max(4, d.size(60)), max(4, d.size(60))], d.dtype(REAL))}{d.choice(['', ' :kernel 3', ' :kernel 3 :padding 1', ' :stride 2'])})"


def refold(d):
    h, w, c = max(4, d.size(60)), max(4, d.size(60)), d.size(40)
    kernel, stride = d.choice([(2, 1), (2, 2), (3, 1)])
    places = ((h - kernel) // stride + 1) * ((w - kernel) // stride + 1)
    return f"(fold {tensor([d.choice([1, 2, 4]), c * kernel * kernel, places], d.dtype(['f32', 'f64']))} {lisp([h, w])} :kernel {kernel} :stride {stride})"


def loss(name):
    def make(d):
        shape, t = d.shape(), d.dtype()
        return f"({name} {tensor(shape, t)} {tensor(shape, t)}{d.choice(['', '', ' :reduction :sum', ' :reduction :none'])})"
    return make


def classes(name):
    def make(d):
        (n, c), t, rest = d.sizes(2), d.dtype(), d.choice([[], [], [d.size(20)]])
        n = max(1, min(n, (1 << 20) // c // math.prod(rest)))
        return f"({name} {tensor([n, c, *rest], t)} {tensor([n, *rest], 'i64')})"
    return make


def recurrent(name, gates):
    def make(d):
        t, n, b, k, h = d.dtype(["f32", "f64"]), d.size(30), d.size(30), d.size(100), d.size(100)
        cell = f" {tensor([b, h], t)}" * (2 if name == "lstm" else 1)
        biases = f" {tensor([gates * h], t)}" * (1 if name == "lstm" else 2)
        return f"({name} {tensor([n, b, k], t)}{cell} {tensor([gates * h, k], t)} {tensor([gates * h, h], t)}{biases})"
    return make


def attention(d):
    t, lead = d.dtype(), d.choice([[], [d.size(20)], [d.integer(1, 4), d.size(20)]])
    m, n, k, e = d.size(150), d.size(150), d.size(100), d.size(100)
    if d.chance(0.5):
        n, e = m, k
    mask = d.choice(["", "", " " + tensor([m, n], "bool")])
    return f"(attention {tensor(lead + [m, k], t)} {tensor(lead + [n, k], t)} {tensor(lead + [n, e], t)}{mask}{' :causal t' if d.chance(0.3) else ''})"


def rope(d):
    shape = d.shape(2)
    shape[-1] += shape[-1] % 2
    return f"(rope {tensor(shape, d.dtype())}{d.choice(['', '', ' :interleaved t', ' :offset 5'])})"


def embedding(d):
    (v, e), shape = d.sizes(2, 1 << 18), d.shape(1, 1 << 9) if d.chance(0.5) else [d.size(100)]
    return f"(embedding {tensor(shape[:2], 'i64')} {tensor([v, e], d.dtype())})"


def squeeze(d):
    shape = d.shape()[:3]
    k = d.integer(0, len(shape))
    return f"(square (squeeze {tensor(shape[:k] + [1] + shape[k:], d.dtype())} :axis {k}))"


def unsqueeze(d):
    shape = d.shape()
    return f"(unsqueeze {tensor(shape, d.dtype())} {d.integer(0, len(shape))})"


def concat(d):
    shape, t = d.shape(1, 1 << 18), d.dtype(REAL)
    axis = axis_of(d, len(shape))
    parts = []
    for _ in range(d.integer(2, 3)):
        part = list(shape)
        part[axis] = d.size(100)
        parts.append(tensor(part, t))
    return f"(concat {' '.join(parts)} :axis {axis})"


def stack(d):
    shape, t = d.shape(1, 1 << 19), d.dtype(REAL)
    return f"(stack {' '.join([tensor(shape, t)] * d.integer(2, 3))} :axis {d.integer(0, len(shape))})"


def flip(d):
    shape = d.shape()
    return f"(flip {tensor(shape, d.dtype(REAL))} :axis {axis_of(d, len(shape))})"


def roll(d):
    shape = d.shape()
    axis = axis_of(d, len(shape))
    return f"(roll {tensor(shape, d.dtype(REAL))} {d.size(shape[axis] + LEAST)} :axis {axis})"


def pad(d):
    shape = d.shape()
    pads = [(d.integer(0, 2), d.integer(0, 2)) if d.chance(0.5) else (0, 0) for _ in shape]
    return f"(pad {tensor(shape, d.dtype(REAL))} {lisp(f'({a} {b})' for a, b in pads)})"


def tile(d):
    shape = d.shape(1, 1 << 18)
    return f"(tile {tensor(shape, d.dtype(REAL))} {d.choice([2, lisp([2, 3])])})"


def repeat(d):
    shape = d.shape(1, 1 << 18)
    return f"(repeat {tensor(shape, d.dtype(REAL))} {d.integer(2, 4)} :axis {axis_of(d, len(shape))})"


def diagonal(d):
    return f"(diagonal {tensor(d.shape(2), d.dtype(REAL))}{d.choice(['', ' :offset 1'])})"


def random_like(name, count):
    def make(d):
        shape, t = d.shape(1, 1 << 14), d.dtype(["f32", "f64"])
        return f"({name}{(' ' + tensor(shape, t)) * count})"
    return make


def outer(d):
    (m, n), t = d.sizes(2), d.dtype(["f32", "f64", "i32"])
    return f"(outer {tensor([m], t)} {tensor([n], t)})"


def dot(d):
    shape, t = d.shape(), d.dtype()
    return f"(dot {tensor(shape, t)} {tensor(shape, t)})"


def philox(d):
    return f"(philox {tensor([4, d.size()], 'u32')} {tensor([2], 'u32')})"


def one_hot(d):
    return f"(one-hot {tensor(d.shape(1, 1 << 12), 'i64')} {d.size(100)})"


def dropout(d):
    return f"(dropout {tensor(d.shape(1, 1 << 18), d.dtype())})"


CALLS = {name: unary(name) for name in
         """acos acosh asin asinh atan atanh cos cosh elu erf erfc exp expm1 gelu gelu-tanh hard-sigmoid hard-swish isfinite isinf isnan
            leaky-relu lgamma log log-sigmoid log10 log1p mish recip rsqrt selu sigmoid silu sinh softplus tan tanh""".split()}
CALLS |= {name: unary(name, REAL) for name in "abs ceil floor neg relu round sign square trunc".split()}
CALLS |= {name: binary(name) for name in "atan2 hypot logaddexp".split()}
CALLS |= {name: binary(name, REAL) for name in "fmod ge gt le ne pow remainder sub".split()}
CALLS |= {name: binary(name, ["i64", "i32"]) for name in "shl shr".split()}
CALLS |= {name: fold(name) for name in "mean var std logsumexp norm".split()}
CALLS |= {name: fold(name, REAL) for name in "sum prod amax amin all any count-nonzero".split()}
CALLS |= {name: fold(name, REAL, True) for name in "argmax argmin".split()}
CALLS |= {name: along(name) for name in "softmax log-softmax".split()}
CALLS |= {name: along(name, REAL, 1 << 14, words=("", " :descending t"), most=200) for name in "sort argsort".split()}
CALLS |= {name: along(name, REAL, 1 << 18) for name in "cumprod cummax".split()}
CALLS |= {"cumsum": along("cumsum", REAL, 1 << 18, words=("", " :reverse t", " :exclusive t")), "glu": halves, "lerp": lerp, "clip": clip}
CALLS |= {name: norm_over(name) for name in "layer-norm rms-norm".split()}
CALLS |= {"batch-norm": batch_norm, "group-norm": group_norm, "topk": topk, "searchsorted": searchsorted, "gather": gather,
          "take-along-axis": take_along_axis, "index-select": index_select, "scatter": scatter("scatter"), "scatter-add": scatter("scatter-add"),
          "tril": triangle("tril"), "triu": triangle("triu"), "matmul": matmul, "linear": linear, "triangular-solve": triangular_solve,
          "cholesky": cholesky, "einsum": einsum, "conv1d": conv("conv1d", 1), "conv2d": conv("conv2d", 2), "conv3d": conv("conv3d", 3),
          "conv-transpose2d": transpose, "max-pool": pool("max-pool"), "avg-pool": pool("avg-pool"), "adaptive-avg-pool": adaptive,
          "interpolate": interpolate, "unfold": unfold, "fold": refold, "mse": loss("mse"), "huber": loss("huber"), "bce": loss("bce"),
          "nll": classes("nll"), "cross-entropy": classes("cross-entropy"), "lstm": recurrent("lstm", 4), "gru": recurrent("gru", 3),
          "attention": attention, "rope": rope, "embedding": embedding, "squeeze": squeeze, "unsqueeze": unsqueeze, "concat": concat,
          "stack": stack, "flip": flip, "roll": roll, "pad": pad, "tile": tile, "repeat": repeat, "diagonal": diagonal,
          "bernoulli": random_like("bernoulli", 1), "gamma": random_like("gamma", 1), "beta": random_like("beta", 2),
          "categorical": random_like("categorical", 1), "outer": outer, "dot": dot, "philox": philox, "one-hot": one_hot, "dropout": dropout}
