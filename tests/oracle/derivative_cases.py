"""Composites as functions of JAX, for derivatives.py: of each name a maker of cases. A case is what caten calls, the same in JAX, and the inputs that are
differentiated. What is drawn stays away from places without a derivative."""
import numpy as np

import jax
import jax.numpy as jnp
from jax import nn
from jax.scipy import linalg, special


class Draw:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def size(self, low=1, high=6):
        return int(self.rng.integers(low, high + 1))

    def shape(self, rank=None):
        return tuple(self.size() for _ in range(self.size(0, 3) if rank is None else rank))

    def numbers(self, shape, low=-2.0, high=2.0):
        return self.rng.uniform(low, high, shape)

    def integers(self, high, shape):
        return np.asarray(self.rng.integers(0, high, shape), np.int64)

    def choice(self, values):
        return values[self.size(0, len(values) - 1)]


def nested(values):
    """An array as a list of Lisp, behind a quote."""
    return f"({' '.join(map(nested, values))})" if np.ndim(values) else str(values)


def literal(array, dtype="i64"):
    """A tensor of Lisp."""
    return f"(tensor '{nested(np.asarray(array).tolist())} :dtype :{dtype})"


def lam(names, form):
    return f"(lambda ({names}) {form})"


# ---- what most composites are ----
def plain(function, low=-2.0, high=2.0):
    """Of one tensor, element by element."""
    return lambda d, name: (f"'{name}", function, [d.numbers(d.shape(), low, high)])


def pair(function, low=-2.0, high=2.0):
    def make(d, name):
        shape = d.shape()
        return f"'{name}", function, [d.numbers(shape, low, high), d.numbers(shape, low, high)]
    return make


def with_setting(setting, function, low=-2.0, high=2.0):
    """Of one tensor, with a setting of the composite that is not its default."""
    return lambda d, name: (lam("x", f"({name} x {setting})"), function, [d.numbers(d.shape(), low, high)])


def rows(function):
    """Along the last axis."""
    return lambda d, name: (f"'{name}", function, [d.numbers(d.shape(d.size(1, 3)))])


def along(function, low=-2.0, high=2.0, settings=""):
    """Along an axis that is drawn; function(x, axis)."""
    def make(d, name):
        x = d.numbers(d.shape(d.size(1, 3)), low, high)
        axis = d.size(0, x.ndim - 1)
        return lam("x", f"({name} x :axis {axis}{settings})"), lambda x: function(x, axis), [x]
    return make


def broadcast(function):
    def make(d, name):
        shape = d.shape(3)
        return f"'{name}", function, [d.numbers(shape), d.numbers((1,) + shape[1:])]
    return make


# ---- arithmetic ----
def clip(d, name):
    shape = d.shape()
    return "'clip", jnp.clip, [d.numbers(shape), d.numbers(shape, -1.5, -0.5), d.numbers(shape, 0.5, 1.5)]


def lerp(d, name):
    shape = d.shape()
    return "'lerp", lambda a, b, w: a + w * (b - a), [d.numbers(shape) for _ in range(3)]


def power(d, name):
    shape = d.shape()
    return "'pow", jnp.power, [d.numbers(shape, 0.3, 2), d.numbers(shape)]


def selected(d, name):
    call = "(lambda (x) (where (> x 0) (log x) (* x x)))"
    return call, lambda x: jnp.where(x > 0, jnp.log(jnp.where(x > 0, x, 1.0)), x * x), [d.numbers(d.shape())]


# ---- products ----
def matmul(d, name):
    m, k, n, lead = d.size(), d.size(), d.size(), d.shape(d.size(0, 1))
    return "'matmul", jnp.matmul, [d.numbers(lead + (m, k)), d.numbers(lead + (k, n))]


def dot(d, name):
    shape = d.shape(d.size(1, 3))
    return "'dot", lambda a, b: jnp.sum(a * b, -1), [d.numbers(shape), d.numbers(shape)]


def outer(d, name):
    return "'outer", jnp.outer, [d.numbers(d.shape(1)), d.numbers(d.shape(1))]


def linear(d, name):
    k, n = d.size(), d.size()
    return "'linear", lambda x, w, b: x @ w.T + b, [d.numbers((*d.shape(d.size(1, 2)), k)), d.numbers((n, k)), d.numbers((n,))]


def einsum(d, name):
    equation, shapes = d.choice([("ij,jk->ik", "ij jk"), ("bij,bkj->bik", "bij bkj"), ("i,j,ij->", "i j ij"), ("bii->bi", "bii"), ("ijk->kj", "ijk"),
                                 ("abc,cd,db->ad", "abc cd db")])
    sizes = {letter: d.size(1, 4) for letter in "abcdijk"}
    names = " ".join("xyz"[: len(shapes.split())])
    return lam(names, f'(einsum "{equation}" {names})'), lambda *xs: jnp.einsum(equation, *xs), [d.numbers([sizes[c] for c in s]) for s in shapes.split()]


def cholesky(d, name):
    n = d.size(1, 5)
    call = lam("x", f"(cholesky (+ (matmul x (permute x 1 0)) (eye {n} :dtype :f64)))")
    return call, lambda x: jnp.linalg.cholesky(x @ x.T + jnp.eye(n)), [d.numbers((n, n))]


def triangular_solve(d, name):
    n, upper, unit = d.size(1, 5), d.choice([True, False]), d.choice([True, False])
    settings = (" :upper t" if upper else "") + (" :unitriangular t" if unit else "")
    return (lam("a b", f"(triangular-solve a b{settings})"), lambda a, b: linalg.solve_triangular(a, b, lower=not upper, unit_diagonal=unit),
            [d.numbers((n, n), -0.5, 0.5) + 2 * np.eye(n), d.numbers((n, d.size(1, 3)))])


# ---- reductions ----
def reduced(function, low=-2.0, high=2.0):
    """Over all axes, or over one; function(x, axis, keepdims)."""
    def make(d, name):
        x = d.numbers(d.shape(d.size(1, 3)), low, high)
        if d.choice([True, False]):
            return f"'{name}", lambda x: function(x, None, False), [x]
        axis = d.size(0, x.ndim - 1)
        return lam("x", f"({name} x :axis {axis} :keepdims t)"), lambda x: function(x, axis, True), [x]
    return make


def spread(function):
    """Variance and deviation: of more than one element."""
    def make(d, name):
        x = d.numbers((d.size(), d.size(2, 6)))
        correction = d.size(0, 1)
        return lam("x", f"({name} x :axis 1 :correction {correction})"), lambda x: function(x, 1, ddof=correction), [x]
    return make


def norm(d, name):
    order, (text, ord) = 0, d.choice([("1", 1), ("2", 2), ("3", 3)])
    return lam("x", f"(norm x :ord {text} :axis 1)"), lambda x: jnp.sum(jnp.abs(x) ** ord, 1) ** (1 / ord), [d.numbers((d.size(), d.size()))]


def topk(d, name):
    n = d.size(2, 6)
    k, largest = d.size(1, n), d.choice([True, False])
    def function(x):
        s = jnp.sort(x, -1)
        return s[..., ::-1][..., :k] if largest else s[..., :k]
    return lam("x", f"(values (topk x {k}{'' if largest else ' :largest nil'}))"), function, [d.numbers((d.size(), n))]


def cumsum(d, name):
    exclusive, reverse = d.choice([True, False]), d.choice([True, False])
    def function(x):
        x = x[::-1] if reverse else x
        y = jnp.cumsum(x, 0) - (x if exclusive else 0)
        return y[::-1] if reverse else y
    return lam("x", f"(cumsum x{' :exclusive t' if exclusive else ''}{' :reverse t' if reverse else ''})"), function, [d.numbers(d.shape(d.size(1, 3)))]


# ---- rows of a network ----
def masked_softmax(d, name):
    shape = d.shape(2)
    visible = d.rng.random(shape) < 0.7
    visible[..., 0] = True
    mask = literal(visible.astype(int))
    return (lam("x", f"(masked-softmax x (cast {mask} :bool))"), lambda x: nn.softmax(jnp.where(visible, x, -jnp.inf), axis=-1), [d.numbers(shape)])


def normalised(x, axes, eps=1e-5):
    centred = x - x.mean(axes, keepdims=True)
    return centred / jnp.sqrt((centred**2).mean(axes, keepdims=True) + eps)


def layer_norm(d, name):
    shape = d.shape(d.size(1, 3))
    return "'layer-norm", lambda x, w, b: normalised(x, -1) * w + b, [d.numbers(shape), d.numbers(shape[-1:]), d.numbers(shape[-1:])]


def rms_norm(d, name):
    shape = d.shape(d.size(1, 3))
    return "'rms-norm", lambda x, w: x / jnp.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * w, [d.numbers(shape), d.numbers(shape[-1:])]


def per_channel(v, x):
    return v.reshape((1, -1) + (1,) * (x.ndim - 2))


def batch_norm(d, name):
    n, c, rest = d.size(2, 4), d.size(1, 4), d.shape(d.size(0, 2))
    x, w, b = d.numbers((n, c, *rest)), d.numbers((c,)), d.numbers((c,))
    if d.choice([True, False]):
        call = lam("x w b", "(values (batch-norm x nil nil w b :training t))")
        return call, lambda x, w, b: normalised(x, (0, *range(2, x.ndim))) * per_channel(w, x) + per_channel(b, x), [x, w, b]
    def function(x, m, v, w, b):
        return (x - per_channel(m, x)) / jnp.sqrt(per_channel(v, x) + 1e-5) * per_channel(w, x) + per_channel(b, x)
    return "'batch-norm", function, [x, d.numbers((c,)), d.numbers((c,), 0.5, 2), w, b]


def group_norm(d, name):
    n, groups, each, rest = d.size(1, 3), d.size(1, 3), d.size(1, 3), d.shape(d.size(1, 2))
    c = groups * each
    def function(x, w, b):
        y = normalised(x.reshape(n, groups, -1), 2).reshape(x.shape)
        return y * per_channel(w, x) + per_channel(b, x)
    return lam("x w b", f"(group-norm x {groups} w b)"), function, [d.numbers((n, c, *rest)), d.numbers((c,)), d.numbers((c,))]


def glu(d, name):
    def function(x):
        a, b = jnp.split(x, 2, -1)
        return a * nn.sigmoid(b)
    return "'glu", function, [d.numbers((d.size(), 2 * d.size(1, 3)))]


def embedding(d, name):
    v, places = d.size(), d.shape()
    i = d.integers(v, places)
    return lam("w", f"(embedding {literal(i)} w)"), lambda w: w[i], [d.numbers((v, d.size()))]


def attention(d, name):
    h, s, t, e = d.size(1, 3), d.size(), d.size(), d.size()
    causal = d.choice([True, False])
    mask = d.choice([None, d.numbers((s, t))])
    def function(q, k, v, *given):
        scores = q @ jnp.swapaxes(k, -1, -2) / np.sqrt(e)
        scores = scores + given[0] if given else scores
        return nn.softmax(jnp.where(np.tri(s, t, dtype=bool), scores, -jnp.inf) if causal else scores, axis=-1) @ v
    more, word = ([], "") if mask is None else ([mask], " mask")
    call = lam(f"q k v{word}", f"(attention q k v{word}{' :causal t' if causal else ''})")
    return call, function, [d.numbers((h, s, e)), d.numbers((h, t, e)), d.numbers((h, t, e)), *more]


def rope(d, name):
    n, k, interleaved, offset = d.size(1, 4), 2 * d.size(1, 3), d.choice([True, False]), d.choice([0, 5])
    angle = (offset + np.arange(n))[:, None] * 10000.0 ** (-2 * np.arange(k // 2) / k)
    c, s = np.cos(angle), np.sin(angle)
    def function(x):
        a, b = (x[..., 0::2], x[..., 1::2]) if interleaved else (x[..., : k // 2], x[..., k // 2 :])
        one, two = a * c - b * s, a * s + b * c
        return jnp.stack([one, two], -1).reshape(x.shape) if interleaved else jnp.concatenate([one, two], -1)
    return lam("x", f"(rope x :offset {offset}{' :interleaved t' if interleaved else ''})"), function, [d.numbers((2, n, k))]


def joined(*names):
    """The results of a call as one vector."""
    return f"(concat {' '.join(f'(reshape {name} -1)' for name in names)})"


def lstm(d, name):
    n, b, k, h = d.size(1, 3), d.size(1, 2), d.size(1, 3), d.size(1, 3)
    def function(x, state, cell, u, w, z):
        ys = []
        for step in x:
            i, f, new, o = jnp.split(step @ u.T + state @ w.T + z, 4, -1)
            cell = nn.sigmoid(f) * cell + nn.sigmoid(i) * jnp.tanh(new)
            state = nn.sigmoid(o) * jnp.tanh(cell)
            ys.append(state)
        return jnp.concatenate([v.reshape(-1) for v in (jnp.stack(ys), state, cell)])
    call = lam("x h c u w z", f"(multiple-value-bind (y hn cn) (lstm x h c u w z) {joined('y', 'hn', 'cn')})")
    return call, function, [d.numbers(s, -1, 1) for s in ((n, b, k), (b, h), (b, h), (4 * h, k), (4 * h, h), (4 * h,))]


def gru(d, name):
    n, b, k, h = d.size(1, 3), d.size(1, 2), d.size(1, 3), d.size(1, 3)
    def function(x, state, u, w, p, q):
        ys = []
        for step in x:
            a, c = jnp.split(step @ u.T + p, 3, -1), jnp.split(state @ w.T + q, 3, -1)
            r, z = nn.sigmoid(a[0] + c[0]), nn.sigmoid(a[1] + c[1])
            state = (1 - z) * jnp.tanh(a[2] + r * c[2]) + z * state
            ys.append(state)
        return jnp.concatenate([jnp.stack(ys).reshape(-1), state.reshape(-1)])
    call = lam("x h u w p q", f"(multiple-value-bind (y hn) (gru x h u w p q) {joined('y', 'hn')})")
    return call, function, [d.numbers(s, -1, 1) for s in ((n, b, k), (b, h), (3 * h, k), (3 * h, h), (3 * h,), (3 * h,))]


# ---- windows ----
def windows(x, kernel, stride, padding, dilation=1, value=0.0):
    """[N C S…] → [K… N C O…]: what stands at each place of a window."""
    spatial = x.ndim - 2
    sizes = [(s + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1 for s in x.shape[2:]]
    x = jnp.pad(x, [(0, 0)] * 2 + [(padding, padding)] * spatial, constant_values=value)
    parts = [x[(slice(None),) * 2 + tuple(slice(k * dilation, k * dilation + (o - 1) * stride + 1, stride) for k, o in zip(at, sizes))]
             for at in np.ndindex(*(kernel,) * spatial)]
    return jnp.stack(parts)


def correlated(x, w, stride, padding, dilation, groups):
    """Not XLA's own convolution: derivatives of strided ones with a rest make its compiler abort."""
    n, f, kernel = x.shape[0], w.shape[0], w.shape[2]
    parts = windows(x, kernel, stride, padding, dilation)
    parts = parts.reshape(parts.shape[0], n, groups, -1, *parts.shape[3:])
    return jnp.einsum("pngc...,gfcp->ngf...", parts, w.reshape(groups, f // groups, w.shape[1], -1)).reshape(n, f, *parts.shape[4:])


def window_settings(d, high_padding=1):
    return d.size(1, 3), d.size(1, 2), d.size(0, high_padding), d.size(1, 2)


def convolution(spatial):
    def make(d, name):
        kernel, stride, padding, dilation = window_settings(d)
        n, groups, c, f = d.size(1, 2), d.size(1, 2), d.size(1, 2), d.size(1, 2)
        x = d.numbers((n, groups * c, *(d.size(5, 7) for _ in range(spatial))))
        call = lam("x w b", f"({name} x w b :stride {stride} :padding {padding} :dilation {dilation} :groups {groups})")
        def function(x, w, b):
            return correlated(x, w, stride, padding, dilation, groups) + per_channel(b, x)
        return call, function, [x, d.numbers((groups * f, c, *(kernel,) * spatial)), d.numbers((groups * f,))]
    return make


def transposed_convolution(d, name):
    kernel, stride, padding, dilation = window_settings(d, 0)
    n, c, f, h, w = d.size(1, 2), d.size(1, 2), d.size(1, 2), d.size(1, 4), d.size(1, 4)
    out = [(s - 1) * stride + dilation * (kernel - 1) + 1 - 2 * padding for s in (h, w)]
    def function(x, k):
        return jax.vjp(lambda y: correlated(y, k, stride, padding, dilation, 1), jnp.zeros((n, f, *out)))[1](x)[0]
    call = lam("x w", f"(conv-transpose2d x w nil :stride {stride} :padding {padding} :dilation {dilation})")
    return call, function, [d.numbers((n, c, h, w)), d.numbers((c, f, kernel, kernel))]


def max_pool(d, name):
    kernel, stride, padding = d.size(2, 3), d.size(1, 3), d.size(0, 1)
    return (lam("x", f"(max-pool x :kernel {kernel} :stride {stride} :padding {padding})"),
            lambda x: windows(x, kernel, stride, padding, value=-jnp.inf).max(0), [d.numbers((2, 2, d.size(3, 6), d.size(3, 6)))])


def avg_pool(d, name):
    kernel, stride, padding, include = d.size(2, 3), d.size(1, 3), d.size(0, 1), d.choice([True, False])
    def function(x):
        total = windows(x, kernel, stride, padding).sum(0)
        return total / (kernel**2 if include else windows(jnp.ones(x.shape), kernel, stride, padding).sum(0))
    call = lam("x", f"(avg-pool x :kernel {kernel} :stride {stride} :padding {padding}{'' if include else ' :count-include-pad nil'})")
    return call, function, [d.numbers((2, 2, d.size(3, 6), d.size(3, 6)))]


def adaptive_avg_pool(d, name):
    sizes, out = (d.size(1, 6), d.size(1, 6)), (d.size(1, 4), d.size(1, 4))
    def means(s, o):
        m = np.zeros((o, s))
        for i in range(o):
            part = slice(i * s // o, -(-(i + 1) * s // o))
            m[i, part] = 1 / (part.stop - part.start)
        return m
    rows, columns = (means(s, o) for s, o in zip(sizes, out))
    return lam("x", f"(adaptive-avg-pool x '{nested(out)})"), lambda x: jnp.einsum("nchw,ih,jw->ncij", x, rows, columns), [d.numbers((2, 2, *sizes))]


def interpolate(d, name):
    sizes, out = (d.size(1, 5), d.size(1, 5)), (d.size(1, 7), d.size(1, 7))
    mode, corners = d.choice(["nearest", "bilinear"]), d.choice([True, False])
    def weights(s, o):
        m, i = np.zeros((o, s)), np.arange(o)
        if mode == "nearest":
            m[i, np.minimum(i * s // o, s - 1)] = 1
            return m
        source = i * ((s - 1) / (o - 1) if o > 1 else 0.0) if corners else np.maximum((i + 0.5) * s / o - 0.5, 0)
        low = np.minimum(np.floor(source).astype(int), s - 1)
        np.add.at(m, (i, low), 1 - (source - low))
        np.add.at(m, (i, np.minimum(low + 1, s - 1)), source - low)
        return m
    rows, columns = (weights(s, o) for s, o in zip(sizes, out))
    settings = f":size '{nested(out)} :mode :{mode}" + (" :align-corners t" if corners and mode != "nearest" else "")
    return lam("x", f"(interpolate x {settings})"), lambda x: jnp.einsum("nchw,ih,jw->ncij", x, rows, columns), [d.numbers((2, 2, *sizes))]


def unfolded(x, kernel, stride, padding):
    y = windows(x, kernel, stride, padding)
    return jnp.moveaxis(y, 0, 2).reshape(x.shape[0], x.shape[1] * kernel**2, -1)


def unfold(d, name):
    kernel, stride, padding, _ = window_settings(d)
    return (lam("x", f"(unfold x :kernel {kernel} :stride {stride} :padding {padding})"), lambda x: unfolded(x, kernel, stride, padding),
            [d.numbers((2, 2, d.size(3, 6), d.size(3, 6)))])


def fold(d, name):
    kernel, stride, padding, _ = window_settings(d)
    image = (2, 2, d.size(3, 6), d.size(3, 6))
    back = jax.vjp(lambda x: unfolded(x, kernel, stride, padding), jnp.zeros(image))
    return (lam("x", f"(fold x '{nested(image[2:])} :kernel {kernel} :stride {stride} :padding {padding})"), lambda x: back[1](x)[0],
            [d.numbers(back[0].shape)])


# ---- elements that are chosen ----
def taken(d, name):
    n = d.size()
    index = d.integers(n, d.size())
    call = lam("x", f"(* 1.0 (take x 0 {literal(index)}))")
    return call, lambda x: x[index], [d.numbers((n, d.size()))]


def gather(d, name):
    m, n, k = d.size(), d.size(), d.size()
    index = d.integers(n, (m, k))
    axis = "" if name == "take-along-axis" else " :axis 1"
    return lam("x", f"({name} x {literal(index)}{axis})"), lambda x: jnp.take_along_axis(x, index, 1), [d.numbers((m, n))]


def index_select(d, name):
    n = d.size()
    index = d.integers(n, (2, d.size(1, 3)))
    return lam("x", f"(index-select x {literal(index)} :axis 1)"), lambda x: jnp.take(x, index, axis=1), [d.numbers((d.size(), n))]


def scatter(d, name):
    m, n = d.size(), d.size(2, 6)
    k = d.size(1, n)
    index = np.stack([d.rng.permutation(n)[:k] for _ in range(m)]) if name == "scatter" else d.integers(n, (m, k))
    at = (np.arange(m)[:, None], index)
    function = (lambda x, u: x.at[at].set(u)) if name == "scatter" else (lambda x, u: x.at[at].add(u))
    return lam("x u", f"({name} x {literal(index)} u :axis 1)"), function, [d.numbers((m, n)), d.numbers((m, k))]


def pick(d, name):
    m, n = d.size(), d.size()
    index = d.integers(n, m)
    return lam("x", f"(pick x {literal(index)})"), lambda x: x[np.arange(m), index], [d.numbers((m, n))]


def triangle(function):
    def make(d, name):
        k = d.size(-2, 2)
        return lam("x", f"({name} x :diagonal {k})"), lambda x: function(x, k), [d.numbers((2, d.size(), d.size()))]
    return make


def diagonal(d, name):
    k = d.size(-1, 1)
    return lam("x", f"(diagonal x :offset {k})"), lambda x: jnp.diagonal(x, k), [d.numbers((d.size(2, 6), d.size(2, 6)))]


def kept_logits(d, name):
    n, rows = d.size(2, 6), d.size(1, 3)
    x = d.rng.permutation(rows * n).reshape(rows, n) * 0.3  # far enough from each other to be compared in f32
    k = d.size(1, n) if name == "top-k-logits" else d.choice([0.3, 0.7])
    order = np.argsort(-x, -1)
    if name == "top-k-logits":
        count = np.full(rows, k)
    else:
        p = np.exp(np.take_along_axis(x, order, -1))
        count = 1 + np.sum(np.cumsum(p / p.sum(-1, keepdims=True), -1) < k, -1)
    kept = np.argsort(order, -1) < count[:, None]
    return lam("x", f"(where (isfinite ({name} x {k})) ({name} x {k}) 0)"), lambda x: jnp.where(kept, x, 0.0), [x]


# ---- shapes ----
def moved(text, function, rank=2):
    """A call of one tensor with settings."""
    return lambda d, name: (lam("x", f"({name} x {text})"), function, [d.numbers(tuple(d.size(2, 5) for _ in range(rank)))])


def several(function):
    """Of two tensors of a shape; function(list, axis)."""
    def make(d, name):
        shape = d.shape(2)
        axis = d.size(0, 1)
        return lam("x y", f"({name} x y :axis {axis})"), lambda x, y: function([x, y], axis), [d.numbers(shape), d.numbers(shape)]
    return make


def split(d, name):
    return (lam("x", f"(multiple-value-bind (a b) (split x 2 :axis 1) {joined('b', 'a')})"), lambda x: jnp.concatenate([x[:, 2:].reshape(-1), x[:, :2].reshape(-1)]),
            [d.numbers((d.size(), d.size(3, 4)))])


def meshgrid(d, name):
    def function(x, y):
        a, b = jnp.meshgrid(x, y, indexing="ij")
        return a * b + a
    return lam("x y", "(multiple-value-bind (a b) (meshgrid (list x y)) (+ (* a b) a))"), function, [d.numbers(d.shape(1)), d.numbers(d.shape(1))]


def squeeze(d, name):
    return "'squeeze", jnp.squeeze, [d.numbers((d.size(2, 4), 1, d.size(2, 4)))]


def padding(d, name):
    mode = d.choice(["constant", "edge", "reflect"])
    return (lam("x", f"(pad x '((1 2) (0 1)) :mode :{mode})"), lambda x: jnp.pad(x, ((1, 2), (0, 1)), mode), [d.numbers((d.size(3, 5), d.size(3, 5)))])


# ---- losses ----
def reduction(d):
    word = d.choice(["mean", "sum", "none"])
    return word, {"mean": jnp.mean, "sum": jnp.sum, "none": lambda x: x}[word]


def loss(function, settings="", low=-2.0, high=2.0):
    def make(d, name):
        shape = d.shape(d.size(1, 3))
        word, reduce = reduction(d)
        call = lam("x y", f"({name} x y :reduction :{word}{settings})")
        return call, lambda x, y: reduce(function(x, y)), [d.numbers(shape, low, high), d.numbers(shape, low, high)]
    return make


def huber(x, y):
    q = jnp.abs(x - y)
    return jnp.where(q <= 0.5, q * q / 2, 0.5 * (q - 0.25))


def classes(d, name):
    n, c = d.size(2, 5), d.size(2, 5)
    target, smooth = d.integers(c, n), d.choice([0, 0.25]) if name == "cross-entropy" else 0
    target[0] = -100  # it does not count
    counted = (target >= 0).astype(float)
    hot = np.eye(c)[np.maximum(target, 0)] * counted[:, None]
    word = d.choice(["mean", "sum", "none"])
    def function(x, w):
        logs = nn.log_softmax(x, -1) if name == "cross-entropy" else x
        each = -jnp.sum(logs * (hot * (1 - smooth) + smooth / c * counted[:, None]) * w, -1)
        return each if word == "none" else each.sum() / ((hot * w).sum() if word == "mean" else 1)
    smoothing = f" :label-smoothing {smooth}" if smooth else ""
    call = lam("x w", f"({name} x {literal(target)} w :reduction :{word}{smoothing})")
    return call, function, [d.numbers((n, c)), d.numbers((c,), 0.5, 2)]


# ---- weights in few bits: products with constants ----
def few_bits(d, name):
    n, k = d.size(1, 4), 32 * d.size(1, 2)
    q = d.rng.integers(-7, 8, (n, k))
    if name == "linear-int8":
        scale, weight = np.full((n, 1), 0.25), q * 0.25
        numbers = f"{literal(q, 'i8')} {literal(scale, 'f32')}"
    else:
        scale = d.rng.integers(1, 5, (n, k // 32)) / 8
        weight = q * np.repeat(scale, 32, 1)
        if name == "linear-q4-0":  # the first half of a block in the low bits
            halves = (q + 8).reshape(n, k // 32, 2, 16)
            q = (halves[:, :, 0] + 16 * halves[:, :, 1]).reshape(n, k // 2)
        numbers = f"{literal(q, 'u8' if name == 'linear-q4-0' else 'i8')} {literal(scale, 'f16')}"
    return lam("x b", f"({name} x {numbers} b)"), lambda x, b: x @ weight.T + b, [d.numbers((d.size(1, 3), k)), d.numbers((n,))]


# ---- loops, which are no composite ----
def scanned(d, name):
    n, size = d.size(1, 4), d.size()
    def function(x, w):
        for _ in range(n):
            x = jnp.sin(x * w)
        return x
    return f"(lambda (x w) (scan {n} ((h x)) (i) (next (sin (* h w)))))", function, [d.numbers((size,)), d.numbers((size,))]


CASES = {
    # ops, and what is no composite
    "log2": plain(jnp.log2, 0.1, 3), "exp2": plain(jnp.exp2), "sin": plain(jnp.sin), "sqrt": plain(jnp.sqrt, 0.1, 3), "/": pair(jnp.divide, 0.3, 2),
    "max": pair(jnp.maximum), "min": pair(jnp.minimum), "mod": pair(jnp.mod, 0.3, 2), "+": broadcast(jnp.add), "*": broadcast(jnp.multiply),
    "take": taken, "scan": scanned, "where": selected,
    # element by element
    "exp": plain(jnp.exp), "expm1": plain(jnp.expm1), "log": plain(jnp.log, 0.1, 3), "log10": plain(jnp.log10, 0.1, 3), "log1p": plain(jnp.log1p, -0.5, 2),
    "logaddexp": pair(jnp.logaddexp), "cos": plain(jnp.cos), "tan": plain(jnp.tan, -1, 1), "sinh": plain(jnp.sinh), "cosh": plain(jnp.cosh),
    "tanh": plain(jnp.tanh), "asin": plain(jnp.arcsin, -0.9, 0.9), "acos": plain(jnp.arccos, -0.9, 0.9), "atan": plain(jnp.arctan),
    "atan2": pair(jnp.arctan2), "asinh": plain(jnp.arcsinh), "acosh": plain(jnp.arccosh, 1.1, 3), "atanh": plain(jnp.arctanh, -0.9, 0.9),
    "hypot": pair(jnp.hypot), "pow": power, "erf": plain(special.erf), "erfc": plain(special.erfc), "lgamma": plain(special.gammaln, 0.5, 6),
    "neg": plain(jnp.negative), "sub": pair(jnp.subtract), "abs": plain(jnp.abs), "sign": plain(jnp.sign), "square": plain(jnp.square),
    "recip": plain(jnp.reciprocal, 0.3, 2), "rsqrt": plain(lambda x: 1 / jnp.sqrt(x), 0.3, 2), "clip": clip, "lerp": lerp,
    "fmod": pair(jnp.fmod, 0.3, 2), "remainder": pair(jnp.remainder, 0.3, 2), "trunc": plain(jnp.trunc), "floor": plain(jnp.floor),
    "ceil": plain(jnp.ceil), "round": plain(jnp.round),
    "relu": plain(nn.relu), "leaky-relu": plain(nn.leaky_relu), "elu": with_setting(":alpha 1.5", lambda x: nn.elu(x, 1.5)), "selu": plain(nn.selu),
    "gelu": plain(lambda x: nn.gelu(x, approximate=False)), "gelu-tanh": plain(lambda x: nn.gelu(x, approximate=True)), "sigmoid": plain(nn.sigmoid),
    "silu": plain(nn.silu), "mish": plain(nn.mish), "softplus": with_setting(":beta 2", lambda x: nn.softplus(2 * x) / 2),
    "log-sigmoid": plain(nn.log_sigmoid), "hard-sigmoid": plain(lambda x: jnp.clip(x / 6 + 0.5, 0, 1), -4, 4),
    "hard-swish": plain(lambda x: x * jnp.clip(x / 6 + 0.5, 0, 1), -4, 4), "glu": glu,
    # products
    "matmul": matmul, "dot": dot, "outer": outer, "linear": linear, "einsum": einsum, "cholesky": cholesky, "triangular-solve": triangular_solve,
    "linear-int8": few_bits, "linear-q8-0": few_bits, "linear-q4-0": few_bits,
    # rows and reductions
    "sum": reduced(lambda x, a, k: jnp.sum(x, a, keepdims=k)), "mean": reduced(lambda x, a, k: jnp.mean(x, a, keepdims=k)),
    "prod": reduced(lambda x, a, k: jnp.prod(x, a, keepdims=k)), "amax": reduced(lambda x, a, k: jnp.max(x, a, keepdims=k)),
    "amin": reduced(lambda x, a, k: jnp.min(x, a, keepdims=k)), "logsumexp": reduced(lambda x, a, k: special.logsumexp(x, a, keepdims=k)),
    "var": spread(jnp.var), "std": spread(jnp.std), "norm": norm, "softmax": along(lambda x, a: nn.softmax(x, a)),
    "log-softmax": along(lambda x, a: nn.log_softmax(x, a)), "masked-softmax": masked_softmax, "cumsum": cumsum,
    "cumprod": along(lambda x, a: jnp.cumprod(x, a)), "cummax": rows(lambda x: jax.lax.cummax(x, 0)), "sort": along(lambda x, a: jnp.sort(x, a)),
    "topk": topk,
    # layers
    "layer-norm": layer_norm, "rms-norm": rms_norm, "batch-norm": batch_norm, "group-norm": group_norm, "embedding": embedding, "attention": attention,
    "rope": rope, "lstm": lstm, "gru": gru, "conv1d": convolution(1), "conv2d": convolution(2), "conv3d": convolution(3),
    "conv-transpose2d": transposed_convolution, "max-pool": max_pool, "avg-pool": avg_pool, "adaptive-avg-pool": adaptive_avg_pool,
    "interpolate": interpolate, "unfold": unfold, "fold": fold,
    # losses
    "mse": loss(lambda x, y: (x - y) ** 2), "huber": loss(huber, " :delta 0.5"),
    "bce": loss(lambda x, y: -(y * jnp.log(x) + (1 - y) * jnp.log1p(-x)), "", 0.1, 0.9), "nll": classes, "cross-entropy": classes,
    # chosen elements, and shapes
    "gather": gather, "take-along-axis": gather, "index-select": index_select, "scatter": scatter, "scatter-add": scatter, "pick": pick,
    "tril": triangle(jnp.tril), "triu": triangle(jnp.triu), "diagonal": diagonal, "top-k-logits": kept_logits, "top-p-logits": kept_logits,
    "split": split, "meshgrid": meshgrid, "squeeze": squeeze, "unsqueeze": moved("1", lambda x: x[:, None]), "concat": several(jnp.concatenate), "stack": several(jnp.stack),
    "flip": moved(":axis 1", lambda x: x[:, ::-1]), "roll": moved("2 :axis 0", lambda x: jnp.roll(x, 2, 0)), "pad": padding,
    "tile": moved("'(2 3)", lambda x: jnp.tile(x, (2, 3))), "repeat": moved("2 :axis 1", lambda x: jnp.repeat(x, 2, 1)),
}

# Composites without a comparison, and why.
LEFT_OUT = {
    "integers or bools": "argmax argmin all any count-nonzero ne le gt ge shl shr isnan isinf isfinite argsort searchsorted one-hot philox"
                         " logical-not logical-or",
    "draws": "dropout bernoulli categorical gamma beta sample rand randint randn exponential permutation",
    "made of no tensor": "arange eye full linspace ones zeros",
    "numbers in few bits, which are rounded": "quantize-int8 quantize-q8-0 quantize-q4-0 dequantize-int8 dequantize-q8-0 dequantize-q4-0 pack-q8-0"
                                              " unpack-q8-0 pack-q4-0 unpack-q4-0",
}
