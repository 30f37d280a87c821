"""Layers of networks, in NumPy."""
import itertools

import numpy as np

from cases import Case, NUMPY, einsum, wide
from cases_elementwise import sigmoid
from cases_reduce import finite, one_axis
from cases_reduce import largest as fold_max
from cases_shape import image_windows, lisp, window_attributes, written


def largest(x):
    return np.max(np.abs(x), initial=0)


def softmax_case(name):
    def make(d):
        t = d.float()
        shape = d.choice([(1,), (7,), (3, 5), (2, 1, 4), (0, 3), (2, 3, 2), (40,)])
        x = d.numbers(t, shape, False, d.choice([1, 10]))
        x = np.where(d.rng.random(shape) < 0.03, -np.inf, x).astype(NUMPY[t])
        a, axis = one_axis(d, len(shape), -1)
        hi = wide(x)
        top = np.max(hi, axis=axis, keepdims=True) if hi.size else hi[..., :1] if axis == len(shape) - 1 else np.zeros_like(hi)
        shifted = hi - np.where(np.isfinite(top), top, 0)
        e = np.exp(shifted)
        n = shape[axis]
        if name == "softmax":
            y = e / np.sum(e, axis=axis, keepdims=True)
            return Case(f"(softmax x{a})", t, {"x": (t, x)}, y, t, np.maximum(finite(y) * (n + finite(shifted)), 2.0 ** -100 if t != "f16" else 2.0 ** -24))
        y = shifted - np.log(np.sum(e, axis=axis, keepdims=True))
        return Case(f"(log-softmax x{a})", t, {"x": (t, x)}, y, t, n + finite(shifted))
    return make


def masked_softmax_case(d):
    t = d.float()
    shape = d.choice([(1,), (7,), (3, 5), (2, 1, 4), (0, 3), (2, 3, 2), (40,)])
    x = d.numbers(t, shape, False, d.choice([1, 10]))
    visible = d.numbers("bool", tuple(1 if d.chance(0.3) else s for s in shape))
    seen = np.broadcast_to(visible, shape)
    hi = np.where(seen, wide(x), -np.inf)
    top = np.max(hi, axis=-1, keepdims=True)
    shifted = np.where(seen, hi - np.where(np.isfinite(top), top, 0), 0)
    e = np.where(seen, np.exp(shifted), 0)
    total = np.sum(e, axis=-1, keepdims=True)
    y = np.where(seen, e / np.where(total > 0, total, 1), 0)
    return Case("(masked-softmax x m)", t, {"x": (t, x), "m": ("bool", visible)}, y, t, np.maximum(y * (shape[-1] + np.abs(shifted)), 2.0 ** -100 if t != "f16" else 2.0 ** -24))


def maybe(d, name, value, inputs, t):
    """An optional input, with its name in the call."""
    if value is None:
        return ""
    inputs[name] = (t, value)
    return f" {name}"


def layer_case(name):
    def make(d):
        t, shape = d.float(), d.choice([(7,), (3, 5), (2, 1, 4), (2, 3, 2), (0, 3), (1, 1)])
        axis = d.integer(0, len(shape) - 1)
        sizes, axes = shape[axis:], tuple(range(axis, len(shape)))
        x = d.numbers(t, shape, False, d.choice([1, 5]))
        inputs = {"x": (t, x)}
        w = d.numbers(t, sizes, False) if d.chance(0.6) else None
        b = d.numbers(t, sizes, False) if d.chance(0.6) and name == "layer-norm" and w is not None else None
        eps, text = d.choice([(1e-5, ""), (0.25, " :eps 0.25")])
        words = maybe(d, "w", w, inputs, t) + maybe(d, "b", b, inputs, t)
        hi = wide(x)
        weight, bias = 1 if w is None else wide(w), 0 if b is None else wide(b)
        n = int(np.prod(sizes))
        if name == "layer-norm":
            centred = hi - np.mean(hi, axis=axes, keepdims=True)
            root = np.sqrt(np.mean(centred * centred, axis=axes, keepdims=True) + hi.dtype.type(eps))
            y, scale = centred / root * weight + bias, max(n, 1) * (np.max(np.abs(hi), axis=axes, keepdims=True, initial=0) / root * np.abs(weight) + np.abs(bias))
            spread = 1 + np.max(np.abs(hi), axis=axes, keepdims=True, initial=0) / root
            scale = scale * np.where(n == 1, 1, spread)
        else:
            root = np.sqrt(np.mean(hi * hi, axis=axes, keepdims=True) + hi.dtype.type(eps))
            y, scale = hi / root * weight, None
            scale = max(n, 1) * np.abs(y)
        place = "" if axis == len(shape) - 1 and d.chance(0.5) else f" :axis {axis - len(shape) if d.chance(0.5) else axis}"
        return Case(f"({name} x{words}{place}{text})", t, inputs, y, t, scale)
    return make


def batch_case(d):
    t, shape = d.float(), d.choice([(3, 2), (2, 3, 4), (2, 2, 1, 3), (1, 3, 2)])
    c, axes = shape[1], (0, *range(2, len(shape)))
    x = d.numbers(t, shape, False, 2)
    hi, inputs = wide(x), {"x": (t, x)}
    per = (1, c) + (1,) * (len(shape) - 2)
    training = d.chance(0.4)
    words = ""
    if training and d.chance(0.5):
        mean = variance = weight = bias = None
    else:
        mean, variance = d.numbers(t, (c,), False), np.abs(d.numbers(t, (c,), False)) + NUMPY[t](0.25)
        variance = variance.astype(NUMPY[t])
        weight = d.numbers(t, (c,), False) if d.chance(0.6) else None
        bias = d.numbers(t, (c,), False) if weight is not None and d.chance(0.6) else None
        words = maybe(d, "m", mean, inputs, t) + maybe(d, "v", variance, inputs, t) + maybe(d, "w", weight, inputs, t) + maybe(d, "b", bias, inputs, t)
        words += " :training t" if training else ""
    m = np.mean(hi, axis=axes, keepdims=True) if training else wide(mean).reshape(per)
    v = np.mean((hi - m) ** 2, axis=axes, keepdims=True) if training else wide(variance).reshape(per)
    w = 1 if weight is None else wide(weight).reshape(per)
    b = 0 if bias is None else wide(bias).reshape(per)
    root = np.sqrt(v + hi.dtype.type(1e-5))
    n = x.size // c if training else 1
    top = np.max(np.abs(hi), axis=axes, keepdims=True)
    scale = n * ((top + np.abs(m)) / root * np.abs(w) + np.abs(b)) * (1 + top / root if training else 1)
    return Case(f"(batch-norm x{words})", t, inputs, (hi - m) / root * w + b, t, scale)


def group_case(d):
    t, g, per, rest = d.float(), d.integer(1, 3), d.integer(1, 3), d.choice([(), (3,), (2, 2)])
    c = g * per
    x = d.numbers(t, (2, c, *rest), False, 2)
    hi, inputs = wide(x), {"x": (t, x)}
    weight = d.numbers(t, (c,), False) if d.chance(0.6) else None
    bias = d.numbers(t, (c,), False) if weight is not None and d.chance(0.6) else None
    words = maybe(d, "w", weight, inputs, t) + maybe(d, "b", bias, inputs, t)
    rows = hi.reshape(2, g, -1)
    centred = rows - np.mean(rows, -1, keepdims=True)
    root = np.sqrt(np.mean(centred * centred, -1, keepdims=True) + hi.dtype.type(1e-5))
    shape = (1, c) + (1,) * len(rest)
    w, b = 1 if weight is None else wide(weight).reshape(shape), 0 if bias is None else wide(bias).reshape(shape)
    n = rows.shape[-1]
    ratio = np.broadcast_to(np.max(np.abs(rows), -1, keepdims=True) / root, rows.shape).reshape(x.shape)
    return Case(f"(group-norm x {g}{words})", t, inputs, (centred / root).reshape(x.shape) * w + b, t, n * (ratio * np.abs(w) + np.abs(b)) * (1 + ratio))


def convolve(x, w, stride, dilation, groups):
    """[N C S…] already padded, [F C/groups K…]."""
    spatial = w.ndim - 2
    v = image_windows(x, w.shape[2:], stride, dilation)
    n, c, f = x.shape[0], x.shape[1], w.shape[0]
    v = v.reshape(n, groups, c // groups, *v.shape[2:])
    k = w.reshape(groups, f // groups, *w.shape[1:])
    places, taps = "uvw"[:spatial], "xyz"[:spatial]
    y = einsum(f"ngc{places}{taps},gfc{taps}->ngf{places}", v, k)
    return y.reshape(n, f, *y.shape[3:])


def conv_case(name, spatial):
    def make(d):
        t = d.choice(["f32", "f32", "f64", "f16", "bf16", "i32"])
        sizes = [d.integer(1, 6 if spatial < 3 else 4) for _ in range(spatial)]
        kernel, stride, padding, dilation = window_attributes(d, sizes)
        groups, per, depth = d.choice([1, 1, 2, 3]), d.integer(1, 2), d.integer(1, 2)
        x = d.numbers(t, (d.integer(0, 2) if d.chance(0.1) else d.integer(1, 2), groups * depth, *sizes), False)
        w = d.numbers(t, (groups * per, depth, *kernel), False)
        inputs = {"x": (t, x), "w": (t, w)}
        b = d.numbers(t, (groups * per,), False) if d.chance(0.5) else None
        words = maybe(d, "b", b, inputs, t)
        pads = [(p, p) for p in padding]
        text = written("padding", padding, 0)
        if d.chance(0.15) and all(s == 1 for s in stride):
            pads = [(dl * (k - 1) // 2, dl * (k - 1) - dl * (k - 1) // 2) for k, dl in zip(kernel, dilation)]
            text = " :padding :same"
        elif d.chance(0.15):
            pads = [(p, p + 1) for p in padding]
            text = " :padding '(" + " ".join(f"({a} {c})" for a, c in pads) + ")"
        grown = np.pad(wide(x), [(0, 0), (0, 0), *pads])
        y, load = convolve(grown, wide(w), stride, dilation, groups), convolve(np.abs(grown), np.abs(wide(w)), stride, dilation, groups)
        if b is not None:
            y, load = y + wide(b).reshape(-1, *[1] * spatial), load + np.abs(wide(b)).reshape(-1, *[1] * spatial)
        terms = depth * int(np.prod(kernel)) + 1
        text += written("stride", stride, 1) + written("dilation", dilation, 1) + ("" if groups == 1 else f" :groups {groups}")
        return Case(f"({name} x w{words}{text})", t, inputs, y.astype(NUMPY[t]) if t == "i32" else y, t, terms * load.astype(np.longdouble))
    return make


def transpose_case(d):
    t = d.choice(["f32", "f32", "f64", "f16", "i32"])
    while True:
        sizes, kernel = [d.integer(1, 4) for _ in "hw"], [d.integer(1, 3) for _ in "hw"]
        stride, padding, dilation = [d.integer(1, 3) for _ in "hw"], [d.integer(0, 1) for _ in "hw"], [d.integer(1, 2) for _ in "hw"]
        extra = [d.integer(0, max(s, g) - 1) for s, g in zip(stride, dilation)]
        out = [(n - 1) * s - 2 * p + g * (k - 1) + e + 1 for n, s, p, g, k, e in zip(sizes, stride, padding, dilation, kernel, extra)]
        if min(out) >= 1:
            break
    groups, per, depth = d.choice([1, 1, 2]), d.integer(1, 2), d.integer(1, 2)
    x, w = d.numbers(t, (d.integer(1, 2), groups * depth, *sizes), False), d.numbers(t, (groups * depth, per, *kernel), False)
    inputs = {"x": (t, x), "w": (t, w)}
    b = d.numbers(t, (groups * per,), False) if d.chance(0.4) else None
    words = maybe(d, "b", b, inputs, t) or " nil"

    def spread(x, w):
        n, f = x.shape[0], groups * per
        full = np.zeros((n, f, *[(z - 1) * s + g * (k - 1) + 1 + 9 for z, s, g, k in zip(sizes, stride, dilation, kernel)]), x.dtype)
        for g, c, o, i, j, u, v in itertools.product(range(groups), range(depth), range(per), *map(range, sizes), *map(range, kernel)):
            full[:, g * per + o, i * stride[0] + u * dilation[0], j * stride[1] + v * dilation[1]] += x[:, g * depth + c, i, j] * w[g * depth + c, o, u, v]
        return full[:, :, padding[0]:padding[0] + out[0], padding[1]:padding[1] + out[1]]

    y, load = spread(wide(x), wide(w)), spread(np.abs(wide(x)), np.abs(wide(w)))
    if b is not None:
        y, load = y + wide(b).reshape(-1, 1, 1), load + np.abs(wide(b)).reshape(-1, 1, 1)
    text = written("stride", stride, 1) + written("padding", padding, 0) + written("output-padding", extra, 0) + written("dilation", dilation, 1) + ("" if groups == 1 else f" :groups {groups}")
    return Case(f"(conv-transpose2d x w{words}{text})", t, inputs, y.astype(NUMPY[t]) if t == "i32" else y, t, (depth * int(np.prod(kernel)) + 1) * load.astype(np.longdouble))


def pool_case(name):
    def make(d):
        t, spatial = d.float(), d.choice([1, 2, 2, 3])
        while True:
            sizes = [d.integer(1, 6) for _ in range(spatial)]
            kernel, stride, padding, dilation = window_attributes(d, sizes)
            padding = [min(p, k // 2) for p, k in zip(padding, kernel)]
            dilation = dilation if name == "max-pool" else [1] * spatial
            if all(s + 2 * p >= g * (k - 1) + 1 for s, p, k, g in zip(sizes, padding, kernel, dilation)):
                break
        x = d.numbers(t, (d.integer(1, 2), d.integer(1, 2), *sizes), name == "max-pool" and d.chance(0.3))
        ceil_mode, include = d.chance(0.3), d.chance(0.6)
        text = written("kernel", kernel, 2) + ("" if stride == kernel and d.chance(0.5) else f" :stride {lisp(stride)}") + written("padding", padding, 0) + written("dilation", dilation, 1)
        text += " :ceil-mode t" if ceil_mode else ""
        hi = wide(x)
        out = []
        for s, k, st, p, g in zip(sizes, kernel, stride, padding, dilation):
            rest = s + 2 * p - g * (k - 1) - 1
            n = (-(-rest // st) if ceil_mode else rest // st) + 1
            if ceil_mode and (n - 1) * st >= s + p:
                n -= 1
            out.append(n)
        y, load = np.zeros((*x.shape[:2], *out), hi.dtype), np.zeros((*x.shape[:2], *out), hi.dtype)
        for at in itertools.product(*map(range, out)):
            cells, inside = [], 1
            spans = []
            for i, s, k, st, p, g in zip(at, sizes, kernel, stride, padding, dilation):
                start = i * st - p
                spans.append([j for j in range(start, start + g * (k - 1) + 1, g) if 0 <= j < s])
                inside *= min(start + k, s + p) - start
            part = hi[(slice(None), slice(None), *np.ix_(*spans))]
            axes = tuple(range(2, 2 + spatial))
            if name == "max-pool":
                y[(slice(None), slice(None), *at)] = fold_max(part, axes, False)
            else:
                total, number = np.sum(part, axis=axes), int(np.prod([len(s) for s in spans]))
                y[(slice(None), slice(None), *at)] = total / hi.dtype.type(inside if include else number)
                load[(slice(None), slice(None), *at)] = np.sum(np.abs(part), axis=axes)
        if name == "max-pool":
            return Case(f"(max-pool x{text})", t, {"x": (t, x)}, y.astype(NUMPY[t]), t)
        return Case(f"(avg-pool x{text}{'' if include else ' :count-include-pad nil'})", t, {"x": (t, x)}, y, t, load)
    return make


def adaptive_case(d):
    t, sizes = d.float(), [d.integer(1, 7) for _ in range(d.choice([1, 2, 2, 3]))]
    out = [d.integer(1, 5) for _ in sizes]
    x = d.numbers(t, (d.integer(1, 2), d.integer(1, 2), *sizes), False)
    hi = wide(x)
    y, load = np.zeros((*x.shape[:2], *out), hi.dtype), np.zeros((*x.shape[:2], *out), hi.dtype)
    for at in itertools.product(*map(range, out)):
        part = hi[(slice(None), slice(None), *(slice(i * s // o, -(-(i + 1) * s // o)) for i, s, o in zip(at, sizes, out)))]
        axes = tuple(range(2, hi.ndim))
        y[(slice(None), slice(None), *at)] = np.mean(part, axis=axes)
        load[(slice(None), slice(None), *at)] = np.max(np.abs(part), axis=axes) * part[0, 0].size
    return Case(f"(adaptive-avg-pool x {lisp(out) if len(set(out)) > 1 else out[0]})", t, {"x": (t, x)}, y, t, load)


def embedding_case(d):
    t, v, e = d.float(), d.integer(1, 6), d.integer(0, 5)
    w, i = d.numbers(t, (v, e)), np.asarray(d.rng.integers(0, v, d.shape()), np.int64)
    return Case("(embedding i w)", t, {"i": ("i64", i), "w": (t, w)}, w[i])


def attention_case(d):
    t, m, n, k, e = d.float(), d.integer(1, 5), d.integer(1, 6), d.integer(1, 6), d.integer(1, 4)
    lead = d.choice([(), (2,), (2, 3), (1, 4)])
    group = d.choice([1, 1, 2]) if len(lead) else 1
    shared = group > 1
    own = (*lead[:-1], lead[-1] * group) if lead else ()
    if shared and lead[-1] == 1:
        shared = False
    q, key, v = d.numbers(t, (*own, m, k), False), d.numbers(t, (*lead, n, k), False), d.numbers(t, (*lead, n, e), False)
    inputs = {"q": (t, q), "k": (t, key), "v": (t, v)}
    kind, causal = d.choice(["none", "none", "bool", "heads", "float"]), d.chance(0.3)
    scale = d.choice([None, 0.5])
    hk = np.repeat(wide(key), group, -3) if lead else wide(key)
    hv = np.repeat(wide(v), group, -3) if lead else wide(v)
    scores = np.matmul(wide(q), np.swapaxes(hk, -1, -2)) * (1 / np.sqrt(hk.dtype.type(k)) if scale is None else hk.dtype.type(scale))
    load = np.matmul(np.abs(wide(q)), np.swapaxes(np.abs(hk), -1, -2))
    visible, words = np.ones(scores.shape, bool), ""
    if kind in ("bool", "heads"):
        mask = d.rng.random((m, n) if kind == "bool" else scores.shape) < 0.7
        inputs["mask"], words = ("bool", mask), " mask"
        visible = visible & mask
    if kind == "float":
        mask = d.numbers(t, (m, n), False)
        inputs["mask"], words = (t, mask), " mask"
        scores = scores + wide(mask)
        load = load + np.abs(wide(mask))
    if causal:
        visible = visible & (np.arange(n)[None, :] <= np.arange(m)[:, None])
    top = np.max(np.where(visible, scores, -np.inf), -1, keepdims=True)
    p = np.where(visible, np.exp(scores - np.where(np.isfinite(top), top, 0)), 0)
    total = np.sum(p, -1, keepdims=True)
    p = np.divide(p, total, out=np.zeros_like(p), where=total != 0)
    y = np.matmul(p, hv)
    error = (n + k * np.max(load, -1, keepdims=True) * 2 + 2) * np.max(np.abs(hv), axis=-2, keepdims=True)
    return Case(f"(attention q k v{words}{' :causal t' if causal else ''}{'' if scale is None else f' :scale {scale}'})", t, inputs, y, t, error)


def rope_case(d):
    t, lead, n, k = d.float(), d.choice([(), (2,), (2, 3)]), d.integer(0, 6), 2 * d.integer(1, 5)
    x = d.numbers(t, (*lead, n, k), False)
    inputs = {"x": (t, x)}
    interleaved, base, offset = d.chance(0.4), d.choice([10000, 500000, 100]), d.choice([0, 5, 3000])
    text, place = "", offset + np.arange(n)
    if d.chance(0.3):
        place = d.rng.integers(0, 4000, (n,))
        inputs["p"], text = ("i64", place), " p"
    elif offset:
        text = f" :offset {offset}"
    text += (f" :base {base}" if base != 10000 else "") + (" :interleaved t" if interleaved else "")
    hi = wide(x).astype(np.longdouble)
    angle = place[:, None].astype(np.longdouble) * np.power(np.longdouble(base), -2 * np.arange(k // 2, dtype=np.longdouble) / k)
    c, s = np.cos(angle), np.sin(angle)
    a, b = (hi[..., 0::2], hi[..., 1::2]) if interleaved else (hi[..., : k // 2], hi[..., k // 2:])
    one, two, size = a * c - b * s, a * s + b * c, np.maximum(np.abs(a), np.abs(b))
    y = np.stack([one, two], -1).reshape(x.shape) if interleaved else np.concatenate([one, two], -1)
    scale = np.stack([size, size], -1).reshape(x.shape) if interleaved else np.concatenate([size, size], -1)
    # In f64 the angle itself has an error of its own size.
    return Case(f"(rope x{text})", t, inputs, y, t, scale * (np.max(np.abs(angle), initial=1) + 1 if t == "f64" else 1))


def lstm_case(d):
    t, n, b, k, h = d.choice(["f32", "f64"]), d.integer(0, 4), d.integer(1, 2), d.integer(1, 3), d.integer(1, 3)
    shapes = {"x": (n, b, k), "h": (b, h), "c": (b, h), "u": (4 * h, k), "w": (4 * h, h), "z": (4 * h,)}
    inputs = {name: (t, d.numbers(t, s, False, 0.7)) for name, s in shapes.items()}
    x, state, cell, u, w, z = (wide(v) for _, v in inputs.values())
    ys, top = [], 1
    for step in x:
        g = step @ u.T + state @ w.T + z
        top = max(top, largest(np.abs(step) @ np.abs(u.T) + np.abs(state) @ np.abs(w.T) + np.abs(z)))
        i, f, new, o = np.split(g, 4, -1)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(new)
        state = sigmoid(o) * np.tanh(cell)
        top = max(top, largest(cell))
        ys.append(state)
    y = np.stack(ys) if ys else np.zeros((0, b, h), x.dtype)
    scale = max(n, 1) * (k + h) * top
    return Case("(lstm x h c u w z)", t, inputs, [y, state, cell], t, [scale, scale, max(scale, largest(cell))])


def gru_case(d):
    t, n, b, k, h = d.choice(["f32", "f64"]), d.integer(0, 4), d.integer(1, 2), d.integer(1, 3), d.integer(1, 3)
    shapes = {"x": (n, b, k), "h": (b, h), "u": (3 * h, k), "w": (3 * h, h), "p": (3 * h,), "q": (3 * h,)}
    inputs = {name: (t, d.numbers(t, s, False, 0.7)) for name, s in shapes.items()}
    x, state, u, w, p, q = (wide(v) for _, v in inputs.values())
    ys, top = [], max(1, largest(wide(inputs["h"][1])))
    for step in x:
        a, c = np.split(step @ u.T + p, 3, -1), np.split(state @ w.T + q, 3, -1)
        top = max(top, largest(np.abs(step) @ np.abs(u.T) + np.abs(p)) + largest(np.abs(state) @ np.abs(w.T) + np.abs(q)))
        r, z = sigmoid(a[0] + c[0]), sigmoid(a[1] + c[1])
        state = (1 - z) * np.tanh(a[2] + r * c[2]) + z * state
        ys.append(state)
    y = np.stack(ys) if ys else np.zeros((0, b, h), x.dtype)
    return Case("(gru x h u w p q)", t, inputs, [y, state], t, max(n, 1) * (k + h) * top)


def interpolate_case(d):
    t, sizes = d.float(), [d.integer(1, 6) for _ in range(d.choice([1, 2, 2, 3]))]
    x = d.numbers(t, (d.integer(1, 2), d.integer(1, 2), *sizes), False)
    mode, corners = d.choice(["nearest", "bilinear", "linear"]), d.chance(0.4)
    if d.chance(0.5):
        out = [d.integer(1, 9) for _ in sizes]
        ratios, text = [np.float64(s) / o for s, o in zip(sizes, out)], f" :size {lisp(out)}"
    else:
        factor = d.choice([2, 0.5, 1.5, 3]) if min(sizes) > 1 else d.choice([2, 3, 1.5])
        out = [int(np.floor(s * factor)) for s in sizes]
        ratios, text = [1 / np.float64(factor) for _ in sizes], f" :scale-factor {factor}"
    y = wide(x)
    for axis, (s, o, r) in enumerate(zip(sizes, out, ratios), 2):
        i = np.arange(o, dtype=np.float64)
        if mode == "nearest":
            y = np.take(y, np.minimum(np.floor(i * r).astype(int), s - 1), axis=axis)
            continue
        source = i * ((s - 1) / (o - 1) if o > 1 else 0.0) if corners else np.maximum((i + 0.5) * r - 0.5, 0)
        low = np.minimum(np.floor(source).astype(int), s - 1)
        part = (source - low).reshape([-1 if k == axis else 1 for k in range(y.ndim)]).astype(y.dtype)
        y = np.take(y, low, axis=axis) * (1 - part) + np.take(y, np.minimum(low + 1, s - 1), axis=axis) * part
    text += f" :mode :{mode}" if mode != "nearest" or d.chance(0.5) else ""
    text += " :align-corners t" if corners and mode != "nearest" else ""
    exact = mode == "nearest"
    return Case(f"(interpolate x{text})", t, {"x": (t, x)}, y.astype(NUMPY[t]) if exact else y, t, None if exact else largest(wide(x)), 0 if exact else None)


def reduction(d, losses, scale, weights=None):
    """:reduction to write, the loss, and its scale."""
    way = d.choice(["", "mean", "sum", "none"])
    text = f" :reduction :{way}" if way else ""
    n = max(losses.size, 1)
    if way == "none":
        return text, losses, scale
    total, load = np.sum(losses), n * np.sum(scale)
    if way == "sum":
        return text, total, load
    by = losses.dtype.type(losses.size) if weights is None else np.sum(weights)
    with np.errstate(all="ignore"):
        return text, total / by, load / max(float(by), 1e-30) if by else load


def simple_loss(name, function, draw, extra=lambda d: ("", {})):
    def make(d):
        t, shape = d.float(), d.shape()
        x, y = draw(d, t, shape)
        e, more = extra(d)
        losses, scale = function(wide(x), wide(y), **more)
        r, value, s = reduction(d, losses, scale)
        return Case(f"({name} x y{e}{r})", t, {"x": (t, x), "y": (t, y)}, np.asarray(value, losses.dtype), t, s)
    return make


def two(d, t, shape):
    return d.numbers(t, shape, False), d.numbers(t, shape, False)


def probabilities(d, t, shape):
    x, y = d.rng.uniform(0.01, 0.99, shape), d.rng.uniform(0, 1, shape)
    x = np.where(d.rng.random(shape) < 0.05, d.choice([0.0, 1.0]), x)
    return x.astype(NUMPY[t]), np.clip(np.where(d.rng.random(shape) < 0.5, np.rint(y), y), 0, 1).astype(NUMPY[t])


def mse(x, y):
    return (x - y) ** 2, np.maximum((x - y) ** 2, 0)


def huber(x, y, delta=1.0):
    q = np.abs(x - y)
    delta = x.dtype.type(delta)
    value = np.where(q <= delta, q * q / 2, delta * (q - delta / 2))
    return value, np.where(q <= delta, value, delta * q)


def bce(x, y):
    a, b = np.maximum(np.log(x), -100), np.maximum(np.log1p(-x), -100)
    value = -(y * a + (1 - y) * b)
    return value, np.abs(y * a) + np.abs((1 - y) * b)


def class_case(name):
    def make(d):
        t, c, rest = d.float(), d.integer(1, 5), d.choice([None, (), (3,), (2, 2), (0,)])
        shape = (c,) if rest is None else (d.integer(1, 4), c, *rest)
        axis = 0 if rest is None else 1
        x = d.numbers(t, shape, False, 2)
        places = shape[1:] if rest is None else (shape[0], *rest)
        if rest is None:
            places = ()
        y = np.asarray(d.rng.integers(0, c, places), np.int64)
        ignore = d.choice([None, 0])
        y = np.where(d.rng.random(places) < 0.2, -100 if ignore is None else ignore, y).astype(np.int64)
        inputs = {"x": (t, x), "y": ("i64", y)}
        w = np.abs(d.numbers(t, (c,), False)) + NUMPY[t](0.125) if d.chance(0.5) else None
        w = None if w is None else w.astype(NUMPY[t])
        words = maybe(d, "w", w, inputs, t)
        hi = wide(x)
        logs, spread = hi, np.abs(hi)
        smooth = 0.0
        if name == "cross-entropy":
            top = np.max(hi, axis=axis, keepdims=True)
            logs = hi - top - np.log(np.sum(np.exp(hi - top), axis=axis, keepdims=True))
            spread = c + np.max(np.abs(hi - top), axis=axis, keepdims=True) + 0 * hi
            smooth = d.choice([0.0, 0.0, 0.25])
        skip = -100 if ignore is None else ignore
        counted = y != skip
        chosen = np.where(counted, y, 0)
        weight = np.ones(c, hi.dtype) if w is None else wide(w)
        each = np.where(counted, weight[chosen], 0)
        at = np.expand_dims(chosen, axis)
        pick = np.squeeze(np.take_along_axis(logs, at, axis), axis)
        load = np.squeeze(np.take_along_axis(spread, at, axis), axis) * each
        losses = np.where(counted, -pick * each, 0)
        if smooth:
            per = weight.reshape([-1 if k == axis else 1 for k in range(hi.ndim)])
            flat = -np.sum(logs * per, axis=axis) * hi.dtype.type(smooth) / c
            losses = np.where(counted, losses * hi.dtype.type(1 - smooth) + flat, 0)
            load = load + np.sum(spread * per, axis=axis)
        r, value, s = reduction(d, np.asarray(losses, hi.dtype), np.asarray(load), each)
        text = (f" :ignore-index {ignore}" if ignore is not None else "") + (f" :label-smoothing {smooth}" if smooth else "")
        return Case(f"({name} x y{words}{text}{r})", t, inputs, np.asarray(value, hi.dtype), t, np.maximum(s, 1e-6))
    return make


MAKERS = {
    "softmax": softmax_case("softmax"), "masked-softmax": masked_softmax_case,
    "log-softmax": softmax_case("log-softmax"), "layer-norm": layer_case("layer-norm"), "rms-norm": layer_case("rms-norm"),
    "batch-norm": batch_case, "group-norm": group_case, "conv1d": conv_case("conv1d", 1), "conv2d": conv_case("conv2d", 2), "conv3d": conv_case("conv3d", 3),
    "conv-transpose2d": transpose_case, "max-pool": pool_case("max-pool"), "avg-pool": pool_case("avg-pool"), "adaptive-avg-pool": adaptive_case,
    "embedding": embedding_case, "attention": attention_case, "rope": rope_case, "lstm": lstm_case, "gru": gru_case, "interpolate": interpolate_case,
    "mse": simple_loss("mse", mse, two), "huber": simple_loss("huber", huber, two, lambda d: d.choice([("", {}), (" :delta 0.5", {"delta": 0.5})])),
    "bce": simple_loss("bce", bce, probabilities), "nll": class_case("nll"), "cross-entropy": class_case("cross-entropy"),
}
