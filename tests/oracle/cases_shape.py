"""Shapes, indexing, windows, and makers. Nearly all must be equal bit for bit."""
import numpy as np

from cases import FLOATS, INTS, NUMPY, Case, wide
from cases_reduce import finite, one_axis

ANY = ["bool", *INTS, *FLOATS, "c64"]


def lisp(items):
    return "'(" + " ".join(lisp(i)[1:] if isinstance(i, (list, tuple)) else str(i) for i in items) + ")"


def squeeze_case(d):
    t, shape = d.choice(ANY), d.choice([(), (1,), (1, 3), (2, 1, 1), (1, 0, 1), (3, 2), (1, 1)])
    x = d.numbers(t, shape)
    ones = [k for k, s in enumerate(shape) if s == 1]
    if not ones or d.chance(0.3):
        return Case("(squeeze x)", t, {"x": (t, x)}, np.squeeze(x))
    if d.chance(0.5):
        k = d.choice(ones)
        return Case(f"(squeeze x :axis {k - len(shape) if d.chance(0.5) else k})", t, {"x": (t, x)}, np.squeeze(x, k))
    return Case(f"(squeeze x :axis {lisp(ones)})", t, {"x": (t, x)}, np.squeeze(x, tuple(ones)))


def unsqueeze_case(d):
    t, shape = d.choice(ANY), d.shape()
    x = d.numbers(t, shape)
    if d.chance(0.7):
        k = d.integer(-len(shape) - 1, len(shape))
        return Case(f"(unsqueeze x {k})", t, {"x": (t, x)}, np.expand_dims(x, k))
    return Case("(unsqueeze x '(0 -1))", t, {"x": (t, x)}, np.expand_dims(x, (0, -1)))


def concat_case(d):
    t, shape = d.choice(ANY), d.shape(1)
    a, axis = one_axis(d, len(shape), 0)
    parts = [d.numbers(t, tuple(d.integer(0, 4) if k == axis else s for k, s in enumerate(shape))) for _ in range(d.integer(1, 4))]
    names = "abcd"[: len(parts)]
    return Case(f"(concat {' '.join(names)}{a})", t, {n: (t, p) for n, p in zip(names, parts)}, np.concatenate(parts, axis))


def stack_case(d):
    t, shape = d.choice(ANY), d.shape()
    axis = d.integer(-len(shape) - 1, len(shape))
    parts = [d.numbers(t, shape) for _ in range(d.integer(1, 4))]
    names = "abcd"[: len(parts)]
    return Case(f"(stack {' '.join(names)}{'' if axis == 0 and d.chance(0.5) else f' :axis {axis}'})", t, {n: (t, p) for n, p in zip(names, parts)}, np.stack(parts, axis))


def split_case(d):
    t, shape = d.choice(ANY), d.choice([(7,), (3, 5), (2, 1, 4), (1,), (13,)])
    x = d.numbers(t, shape)
    a, axis = one_axis(d, len(shape), 0)
    n = shape[axis]
    if d.chance(0.5):
        size = d.integer(1, n + 1)
        parts, text = np.split(x, range(size, n, size), axis), str(size)
    else:
        cut = d.integer(0, n)
        parts, text = np.split(x, [cut], axis), lisp([cut, n - cut])
    return Case(f"(split x {text}{a})", t, {"x": (t, x)}, parts)


def flip_case(d):
    t, shape = d.choice(ANY), d.shape()
    x = d.numbers(t, shape)
    if not shape or d.chance(0.3):
        return Case("(flip x)", t, {"x": (t, x)}, np.flip(x))
    axes = [int(k) for k in d.rng.permutation(len(shape))[: d.integer(1, len(shape))]]
    return Case(f"(flip x :axis {lisp(axes) if len(axes) > 1 else axes[0]})", t, {"x": (t, x)}, np.flip(x, axes))


def roll_case(d):
    t, shape = d.choice(ANY), d.shape(1)
    x = d.numbers(t, shape)
    shift = d.integer(-9, 9)
    if d.chance(0.3):
        return Case(f"(roll x {shift})", t, {"x": (t, x)}, np.roll(x, shift))
    if d.chance(0.5) and len(shape) > 1:
        shifts = [d.integer(-4, 4), d.integer(-4, 4)]
        return Case(f"(roll x {lisp(shifts)} :axis '(0 1))", t, {"x": (t, x)}, np.roll(x, shifts, (0, 1)))
    k = d.integer(-len(shape), len(shape) - 1)
    return Case(f"(roll x {shift} :axis {k})", t, {"x": (t, x)}, np.roll(x, shift, k))


def pad_case(d):
    t, shape = d.choice(ANY), d.shape()
    x = d.numbers(t, shape)
    mode = d.choice(["constant", "constant", "edge", "reflect", "wrap"])
    if mode == "constant":
        pads = [(d.integer(0, 3), d.integer(0, 3)) for _ in shape]
        cut = [(-d.integer(0, s // 2), -d.integer(0, s - s // 2)) if d.chance(0.2) else None for s in shape]
        value = d.integer(0, 5)
        y = x
        for k, c in enumerate(cut):
            if c:
                pads[k] = c
        y = x[tuple(slice(max(-b, 0), s - max(-a, 0)) for (b, a), s in zip(pads, shape))]
        y = np.pad(y, [(max(b, 0), max(a, 0)) for b, a in pads], constant_values=np.asarray(value).astype(NUMPY[t])) if shape else x
        text = f" :value {value}" if t != "bool" else ""
        if t == "bool":
            y = np.pad(x[tuple(slice(max(-b, 0), s - max(-a, 0)) for (b, a), s in zip(pads, shape))], [(max(b, 0), max(a, 0)) for b, a in pads]) if shape else x
            text = " :value nil"
        return Case(f"(pad x {lisp(pads)}{text})", t, {"x": (t, x)}, y.astype(NUMPY[t]))
    pads = [(d.integer(0, 5), d.integer(0, 5)) if s else (0, 0) for s in shape]
    return Case(f"(pad x {lisp(pads)} :mode {d.choice([':', 'quote'])}{mode})".replace("quote", "'"), t, {"x": (t, x)}, np.pad(x, pads, mode) if shape else x)


def tile_case(d):
    t, shape = d.choice(ANY), d.shape()
    x = d.numbers(t, shape)
    reps = [d.integer(0, 3) for _ in range(d.integer(1, 3))]
    return Case(f"(tile x {lisp(reps) if len(reps) > 1 or d.chance(0.5) else reps[0]})", t, {"x": (t, x)}, np.tile(x, reps))


def repeat_case(d):
    t, shape = d.choice(ANY), d.shape(1)
    x, n = d.numbers(t, shape), d.integer(0, 3)
    if d.chance(0.3):
        return Case(f"(repeat x {n})", t, {"x": (t, x)}, np.repeat(x, n))
    k = d.integer(-len(shape), len(shape) - 1)
    return Case(f"(repeat x {n} :axis {k})", t, {"x": (t, x)}, np.repeat(x, n, k))


SOURCES = [(1,), (7,), (3, 5), (2, 1, 4), (2, 3, 2)]


def gather_case(d):
    t, shape = d.choice(ANY), d.choice(SOURCES)
    x = d.numbers(t, shape)
    a, axis = one_axis(d, len(shape), 0)
    sizes = tuple(d.integer(0, 5) if k == axis else d.integer(1, s) for k, s in enumerate(shape))
    i = d.rng.integers(0, shape[axis], sizes)
    grid = list(np.indices(sizes)) if sizes else []
    grid[axis] = i
    return Case(f"(gather x i{a})", t, {"x": (t, x), "i": ("i64", i)}, x[tuple(grid)])


def pick_case(d):
    t, shape = d.choice(ANY), d.choice(SOURCES)
    x = d.numbers(t, shape)
    a, axis = one_axis(d, len(shape), -1)
    k = axis % len(shape)
    i = d.rng.integers(0, shape[k], shape[:k] + shape[k + 1:])
    return Case(f"(pick x i{a})", t, {"x": (t, x), "i": ("i64", i)}, np.squeeze(np.take_along_axis(x, np.expand_dims(i, k), k), k))


def take_along_axis_case(d):
    t, shape = d.choice(ANY), d.choice(SOURCES)
    x = d.numbers(t, shape)
    a, axis = one_axis(d, len(shape), -1)
    sizes = tuple(d.integer(0, 5) if k == axis else (1 if d.chance(0.3) else s) for k, s in enumerate(shape))
    i = d.rng.integers(-shape[axis], shape[axis], sizes)
    return Case(f"(take-along-axis x i{a})", t, {"x": (t, x), "i": ("i64", i)}, np.take_along_axis(x, i, axis))


def index_select_case(d):
    t, shape = d.choice(ANY), d.choice(SOURCES)
    x = d.numbers(t, shape)
    a, axis = one_axis(d, len(shape), 0)
    i = d.rng.integers(-shape[axis], shape[axis], d.choice([(), (0,), (4,), (2, 3)]))
    i = np.asarray(i, np.int64)
    return Case(f"(index-select x i{a})", t, {"x": (t, x), "i": ("i64", i)}, np.take(x, i, axis=axis))


def scatter_case(name):
    def make(d):
        mode = "add" if name == "scatter-add" else d.choice(["none", "none", "add", "mul", "max"])
        t = d.choice([t for t in INTS + FLOATS if mode != "mul" or t in INTS + ["f32", "f64"]])
        shape = d.choice(SOURCES)
        a, axis = one_axis(d, len(shape), 0)
        sizes = tuple(d.integer(0, 6) if k == axis else d.integer(1, s) for k, s in enumerate(shape))
        plain = mode == "none"
        x, u = d.numbers(t, shape, plain), d.numbers(t, sizes, plain)
        i = d.rng.integers(0, shape[axis] + (1 if d.chance(0.3) else 0), sizes)
        out, load, number = wide(x).copy(), finite(wide(x)).astype(np.longdouble), np.ones(shape)
        for at in np.ndindex(*sizes):
            to = tuple(int(i[at]) if k == axis else at[k] for k in range(len(shape)))
            if to[axis] >= shape[axis]:
                continue
            v = wide(u)[at]
            out[to] = v if plain else out[to] + v if mode == "add" else out[to] * v if mode == "mul" else max(out[to], v)
            load[to] = load[to] * max(abs(v), 1) if mode == "mul" else load[to] + abs(v)
            number[to] += 1
        text = f"(scatter-add x i u{a})" if name == "scatter-add" else f"(scatter x i u{a}{'' if plain and d.chance(0.5) else f' :reduction :{mode}'})"
        exact = plain or mode == "max" or t in INTS
        # Updates of f16 and bf16 are rounded one by one.
        return Case(text, t, {"x": (t, x), "i": ("i64", i), "u": (t, u)}, out.astype(NUMPY[t]) if exact else out, t, None if exact else number * load, 0 if exact else None)
    return make


def one_hot_case(d):
    n, shape = d.integer(0, 5), d.shape()
    i = d.rng.integers(-2, 7, shape)
    i = np.asarray(i, np.int64)
    t = d.choice(["f32", "f32", "i64", "bool", "u8", "f16"])
    text = "" if t == "f32" and d.chance(0.5) else f" :dtype :{t}"
    return Case(f"(one-hot i {n}{text})", t, {"i": ("i64", i)}, (i[..., None] == np.arange(n)).astype(NUMPY[t]))


def triangle_case(name, function):
    def make(d):
        t, shape = d.choice(ANY), d.choice([(3, 5), (2, 1, 4), (0, 3), (1, 1), (2, 3, 2), (4, 4)])
        x, k = d.numbers(t, shape), d.integer(-4, 4)
        text = "" if k == 0 else f" :diagonal {k}"
        return Case(f"({name} x{text})", t, {"x": (t, x)}, function(x, k))
    return make


def diagonal_case(d):
    t, shape = d.choice(ANY), d.choice([(3, 5), (2, 1, 4), (0, 3), (1, 1), (2, 3, 2), (4, 4)])
    x, k = d.numbers(t, shape), d.integer(-3, 3)
    a, b = [int(v) for v in d.rng.permutation(len(shape))[:2]]
    text = "" if (a, b) == (0, 1) else f" :axis1 {a} :axis2 {b - len(shape)}"
    return Case(f"(diagonal x{'' if k == 0 else f' :offset {k}'}{text})", t, {"x": (t, x)}, np.diagonal(x, k, a, b))


def arange_case(d):
    t = d.choice(["i64", "i32", "f32", "f64", "u8"])
    start, end, step = d.integer(-9, 9), d.integer(-9, 20), d.choice([1, 2, 3, -1, -2])
    if t == "u8":
        start, end, step = abs(start), abs(end), abs(step)
    if t in FLOATS and d.chance(0.5):
        values = start + np.float64("0.25") * step * np.arange(max(0, int(np.ceil((end - start) / (0.25 * step)))))
        return Case(f"(arange {end} :start {start} :step {0.25 * step} :dtype :{t})", t, {}, values)
    return Case(f"(arange {end} :start {start} :step {step} :dtype :{t})", t, {}, np.arange(start, end, step).astype(NUMPY[t]))


def linspace_case(d):
    t, n, end = d.choice(["f32", "f64"]), d.integer(0, 9), d.chance(0.7)
    start, stop = float(np.round(d.rng.normal(0, 5), 3)), float(np.round(d.rng.normal(0, 5), 3))
    y = np.linspace(np.longdouble(start), np.longdouble(stop), n, endpoint=end, dtype=np.longdouble)
    return Case(f"(linspace {start!r} {stop!r} {n}{'' if end else ' :endpoint nil'} :dtype :{t})", t, {}, y, t, max(abs(start), abs(stop)))


def eye_case(d):
    n, m, k, t = d.integer(0, 5), d.integer(0, 5), d.integer(-3, 3), d.choice(["f32", "bool", "i32"])
    if d.chance(0.4):
        return Case(f"(eye {n})", "f32", {}, np.eye(n, dtype=np.float32))
    return Case(f"(eye {n} :columns {m} :diagonal {k} :dtype :{t})", t, {}, np.eye(n, m, k).astype(NUMPY[t]))


def filled_case(name, value):
    def make(d):
        t, shape = d.choice(["f32", "f64", "i32", "u8", "f16"]), d.shape()
        v = d.integer(0, 100) if value is None else value
        return Case(f"({name}{f' {v}' if value is None else ''} {' '.join(map(str, shape))} :dtype :{t})", t, {}, np.full(shape, v, NUMPY[t]))
    return make


def meshgrid_case(d):
    t = d.choice(["f32", "i64"])
    xs = [d.numbers(t, (d.integer(0, 4),)) for _ in range(d.integer(1, 3))]
    indexing = d.choice(["ij", "xy"])
    return Case(f"(meshgrid (list {' '.join('abc'[:len(xs)])}) :indexing :{indexing})", t, {n: (t, x) for n, x in zip("abc", xs)}, [np.array(g) for g in np.meshgrid(*xs, indexing=indexing)])


def window_attributes(d, spatial):
    """Kernel, stride, padding and dilation that fit the sizes, one for each axis, and how they are written."""
    while True:
        kernel = [d.integer(1, 3) for _ in spatial]
        stride = [d.integer(1, 3) for _ in spatial]
        padding = [d.integer(0, 2) for _ in spatial]
        dilation = [d.integer(1, 2) for _ in spatial]
        if d.chance(0.4):
            kernel, stride, padding, dilation = ([v[0]] * len(spatial) for v in (kernel, stride, padding, dilation))
        if all(s + 2 * p >= dl * (k - 1) + 1 for s, p, k, dl in zip(spatial, padding, kernel, dilation)):
            return kernel, stride, padding, dilation


def written(name, values, default=None):
    if all(v == default for v in values):
        return ""
    return f" :{name} {values[0]}" if len(set(values)) == 1 else f" :{name} {lisp(values)}"


def image_windows(x, kernel, stride, dilation):
    """[N C S…] → [N C O… K…]."""
    spatial = len(kernel)
    y = np.lib.stride_tricks.sliding_window_view(x, [d * (k - 1) + 1 for k, d in zip(kernel, dilation)], axis=tuple(range(x.ndim - spatial, x.ndim)))
    steps = [slice(None)] * (x.ndim - spatial) + [slice(None, None, s) for s in stride] + [slice(None, None, d) for d in dilation]
    return y[tuple(steps)]


def padded(x, padding, value=0):
    return np.pad(x, [(0, 0)] * (x.ndim - len(padding)) + [(p, p) for p in padding], constant_values=value)


def unfold_case(d):
    t = d.choice(["f32", "f64", "i32", "bool", "bf16"])
    x = d.numbers(t, (d.integer(1, 2), d.integer(1, 3), d.integer(1, 6), d.integer(1, 6)))
    k, s, p, dl = window_attributes(d, x.shape[2:])
    w = image_windows(padded(x, p), k, s, dl)
    y = w.transpose(0, 1, 4, 5, 2, 3).reshape(x.shape[0], x.shape[1] * k[0] * k[1], -1)
    return Case(f"(unfold x{written('kernel', k)}{written('stride', s, 1)}{written('padding', p, 0)}{written('dilation', dl, 1)})", t, {"x": (t, x)}, y)


def fold_case(d):
    t = d.choice(["f32", "f64", "i32"])
    size, n, c = [d.integer(1, 6), d.integer(1, 6)], d.integer(1, 2), d.integer(1, 2)
    k, s, p, dl = window_attributes(d, size)
    out = [(z + 2 * q - dd * (kk - 1) - 1) // ss + 1 for z, q, dd, kk, ss in zip(size, p, dl, k, s)]
    x = d.numbers(t, (n, c * k[0] * k[1], out[0] * out[1]), False)
    whole = np.zeros((n, c, size[0] + 2 * p[0], size[1] + 2 * p[1]), wide(x).dtype)
    load, number = np.zeros(whole.shape, np.longdouble), np.ones(whole.shape)
    columns = wide(x).reshape(n, c, k[0], k[1], out[0], out[1])
    for i in range(k[0]):
        for j in range(k[1]):
            at = (slice(None), slice(None), slice(i * dl[0], i * dl[0] + (out[0] - 1) * s[0] + 1, s[0]), slice(j * dl[1], j * dl[1] + (out[1] - 1) * s[1] + 1, s[1]))
            whole[at] += columns[:, :, i, j]
            load[at] += np.abs(columns[:, :, i, j])
            number[at] += 1
    cut = (slice(None), slice(None), slice(p[0], p[0] + size[0]), slice(p[1], p[1] + size[1]))
    y = whole[cut].astype(NUMPY[t]) if t == "i32" else whole[cut]
    return Case(f"(fold x {lisp(size)}{written('kernel', k)}{written('stride', s, 1)}{written('padding', p, 0)}{written('dilation', dl, 1)})", t, {"x": (t, x)}, y, t, (number * load)[cut])


MAKERS = {
    "squeeze": squeeze_case, "unsqueeze": unsqueeze_case, "concat": concat_case, "stack": stack_case, "split": split_case, "flip": flip_case, "roll": roll_case,
    "pad": pad_case, "tile": tile_case, "repeat": repeat_case, "gather": gather_case, "pick": pick_case, "take-along-axis": take_along_axis_case, "index-select": index_select_case,
    "scatter": scatter_case("scatter"), "scatter-add": scatter_case("scatter-add"), "one-hot": one_hot_case, "tril": triangle_case("tril", np.tril),
    "triu": triangle_case("triu", np.triu), "diagonal": diagonal_case, "arange": arange_case, "linspace": linspace_case, "eye": eye_case,
    "zeros": filled_case("zeros", 0), "ones": filled_case("ones", 1), "full": filled_case("full", None), "meshgrid": meshgrid_case,
    "unfold": unfold_case, "fold": fold_case,
}
