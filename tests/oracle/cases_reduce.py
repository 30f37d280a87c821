"""Folds over axes, scans, and order."""
import numpy as np
import scipy.special

from cases import FLOATS, INTS, NUMPY, Case, wide

REAL = INTS + FLOATS


def axes_of(d, rank, least=0):
    """An :axis to write, and the axes it means."""
    if d.chance(0.25) or rank == 0:
        return "", tuple(range(rank))
    if d.chance(0.5):
        axis = d.integer(0, rank - 1)
        return f" :axis {axis - rank if d.chance(0.5) else axis}", (axis,)
    axes = [int(k) for k in d.rng.permutation(rank)[: d.integer(1, rank)]]
    return f" :axis '({' '.join(str(k - rank if d.chance(0.5) else k) for k in axes)})", tuple(sorted(axes))


def keep_of(d):
    keep = d.chance(0.4)
    return (" :keepdims t" if keep else ""), keep


def one_axis(d, rank, default):
    """One axis to write, left out where it is the default and chance says so."""
    axis = d.integer(0, rank - 1)
    if axis == default % rank and d.chance(0.5):
        return "", axis
    return f" :axis {axis - rank if d.chance(0.5) else axis}", axis


def summands(d, t, shape, edges=True):
    if t in INTS:
        return d.numbers(t, shape)
    if t in ("c64", "c128"):
        return d.numbers(t, shape)
    x = d.numbers(t, shape, False, d.choice([1, 30]))
    return np.where(d.rng.random(shape) < 0.01, d.choice([np.inf, -np.inf, np.nan, 0.0]) if edges else 0.0, x).astype(NUMPY[t])


def count(shape, axes):
    return int(np.prod([shape[k] for k in axes], dtype=np.int64)) if axes else 1


def total(x, **more):
    return np.sum(x, dtype=x.dtype, **more)


def fold_case(name, types, function, scale=None, out=None, draw=summands, extra=lambda d: ("", {})):
    def make(d):
        t, shape = d.choice(types), d.shape()
        x = draw(d, t, shape)
        (a, axes), (k, keep), (e, more) = axes_of(d, len(shape)), keep_of(d), extra(d)
        hi = wide(x) if t in FLOATS else x.astype(np.clongdouble) if t[0] == "c" else x
        y = np.asarray(function(hi, axis=axes, keepdims=keep, **more))
        s = scale(hi, y, axes, keep, count(shape, axes), t) if scale and t not in INTS else None
        return Case(f"({name} x{a}{k}{e})", t, {"x": (t, x)}, y, out or t, s)
    return make


def finite(x):
    """Magnitudes, infinities and NaN as 1: they decide no error."""
    a = np.abs(x)
    return np.where(np.isfinite(a), a, 1)


def of_terms(x, y, axes, keep, n, t):
    return max(n, 1) * np.sum(finite(x), axis=axes, keepdims=keep)


def of_magnitudes(x, y, axes, keep, n, t):
    return np.sum(finite(x), axis=axes, keepdims=keep)


def of_result(x, y, axes, keep, n, t):
    return max(n, 1) * finite(y)


EPS = {"f16": 2.0 ** -23, "bf16": 2.0 ** -23, "f32": 2.0 ** -23, "f64": 2.0 ** -52}


def of_variance(x, y, axes, keep, n, t):
    slip = EPS[t] * np.max(finite(x), axis=axes, keepdims=keep, initial=0) * max(n, 1)
    return max(n, 1) * (finite(y) + slip * slip)


def of_deviation(x, y, axes, keep, n, t):
    slip = EPS[t] * np.max(finite(x), axis=axes, keepdims=keep, initial=0) * max(n, 1)
    return max(n, 1) * (finite(y) + slip)


def largest(x, axis, keepdims):
    """The fold of the op max: NaN wins, +0 is above -0."""
    moved = np.moveaxis(x, axis, list(range(len(axis)))) if axis else x[None]
    moved = moved.reshape(int(np.prod(moved.shape[: len(axis) or 1])), *moved.shape[len(axis) or 1:])
    first = np.iinfo(x.dtype).min if x.dtype.kind in "iu" else -np.inf
    out = np.full(moved.shape[1:], first).astype(x.dtype)
    for row in moved:
        if x.dtype.kind in "iu":
            out = np.maximum(out, row)
        else:
            out = np.where(np.isnan(out), out, np.where(np.isnan(row) | (row > out) | ((row == out) & ~np.signbit(row)), row, out))
    return np.expand_dims(out, axis) if keepdims and axis else out


def extreme_case(name, top):
    def make(d):
        t, shape = d.choice(REAL), d.shape()
        x = d.numbers(t, shape)
        (a, axes), (k, keep) = axes_of(d, len(shape)), keep_of(d)
        if t in FLOATS:
            y = largest(wide(x) if top else -wide(x), axes, keep)
            y = (y if top else -y).astype(NUMPY[t])
        else:
            y = largest(x, axes, keep) if top else np.invert(largest(np.invert(x), axes, keep))
        return Case(f"({name} x{a}{k})", t, {"x": (t, x)}, y, t)
    return make


def place_case(name, function):
    def make(d):
        t = d.choice(REAL)
        shape = d.choice([(1,), (7,), (3, 5), (2, 1, 4), (2, 3, 2), (40,)])
        x = d.numbers(t, shape)
        if d.chance(0.2):
            return Case(f"({name} x :axis nil)", t, {"x": (t, x)}, np.asarray(function(wide(x))).astype(np.int64), "i64")
        (a, axis), (k, keep) = one_axis(d, len(shape), -1), keep_of(d)
        return Case(f"({name} x{a}{k})", t, {"x": (t, x)}, np.asarray(function(wide(x), axis=axis, keepdims=keep)).astype(np.int64), "i64")
    return make


def truth_case(name, function, out="bool"):
    def make(d):
        t, shape = d.choice(["bool", *REAL]), d.shape()
        x = np.where(d.rng.random(shape) < 0.6, d.choice([0, 1]), d.numbers(t, shape).astype(NUMPY[t])).astype(NUMPY[t])
        (a, axes), (k, keep) = axes_of(d, len(shape)), keep_of(d)
        return Case(f"({name} x{a}{k})", t, {"x": (t, x)}, np.asarray(function(x != 0, axis=axes, keepdims=keep)).astype(NUMPY[out]), out)
    return make


def factors(d, t, shape):
    if t in INTS:
        return d.numbers(t, shape)
    x = np.exp(d.rng.normal(0, 0.3 if t in ("f16",) else 0.6, shape)) * np.where(d.rng.random(shape) < 0.5, -1, 1)
    return np.where(d.rng.random(shape) < 0.01, 0.0, x).astype(NUMPY[t])


def product(x, **more):
    return np.prod(x, dtype=x.dtype, **more)


def logsumexp_case(d):
    t, shape = d.float(), d.shape()
    x = d.numbers(t, shape, False, d.choice([1, 10]))
    x = np.where(d.rng.random(shape) < 0.03, d.choice([-np.inf, -np.inf, np.inf, np.nan]), x).astype(NUMPY[t])
    (a, axes), (k, keep) = axes_of(d, len(shape)), keep_of(d)
    hi = wide(x)
    if hi.size == 0 and len(shape):
        y = np.log(np.sum(np.exp(hi), axis=axes, keepdims=keep))
    else:
        top = np.max(hi, axis=axes, keepdims=True)
        top = np.where(np.isfinite(top), top, 0)
        y = np.log(np.sum(np.exp(hi - top), axis=axes, keepdims=True)) + top
        y = y if keep else np.squeeze(y, axes)
    scale = max(count(shape, axes), 1) + np.max(finite(hi), axis=axes, keepdims=keep, initial=0)
    return Case(f"(logsumexp x{a}{k})", t, {"x": (t, x)}, np.asarray(y), t, scale)


def norm_case(d):
    t, shape = d.float(), d.shape()
    x = d.numbers(t, shape, False, 2)
    (a, axes), (k, keep) = axes_of(d, len(shape)), keep_of(d)
    text, p = d.choice([("", 2), (" :ord 2", 2), (" :ord 1", 1), (" :ord 3", 3), (" :ord +inf", np.inf), (" :ord 0", 0), (" :ord 0.5", 0.5)])
    hi = np.abs(wide(x))
    if p == np.inf:
        y = np.max(hi, axis=axes, keepdims=keep, initial=-np.inf)
    elif p == 0:
        y = np.sum(hi != 0, axis=axes, keepdims=keep)
    else:
        y = np.power(np.sum(np.power(hi, hi.dtype.type(p)), axis=axes, keepdims=keep), 1 / hi.dtype.type(p))
    y = np.asarray(y).astype(hi.dtype)
    return Case(f"(norm x{a}{k}{text})", t, {"x": (t, x)}, y, t, max(count(shape, axes), 1) * finite(y))


def scan_case(name, function, types, draw, scale, attributes=False):
    def make(d):
        t = d.choice(types)
        shape = d.shape(1)
        x = draw(d, t, shape)
        a, axis = one_axis(d, len(shape), 0)
        hi = wide(x)
        text, exclusive, reverse = "", attributes and d.chance(0.3), attributes and d.chance(0.3)
        moved = np.flip(hi, axis) if reverse else hi
        y = function(moved, axis=axis, dtype=moved.dtype)
        s = scale(moved, y, axis) if t in FLOATS else None
        if exclusive:
            size = shape[axis]
            zero = np.zeros_like(np.take(y, [0] * min(1, size), axis=axis))
            y = np.concatenate([zero, np.take(y, range(0, max(size - 1, 0)), axis=axis)], axis=axis)
        if reverse:
            y, s = np.flip(y, axis), None if s is None else np.flip(s, axis)
        text = (" :exclusive t" if exclusive else "") + (" :reverse t" if reverse else "")
        return Case(f"({name} x{a}{text})", t, {"x": (t, x)}, y, t, s)
    return make


def cumsum_scale(x, y, axis):
    n = np.arange(1, x.shape[axis] + 1).reshape([-1 if k == axis else 1 for k in range(x.ndim)])
    return n * np.cumsum(finite(x), axis=axis)


def cumprod_scale(x, y, axis):
    n = np.arange(1, x.shape[axis] + 1).reshape([-1 if k == axis else 1 for k in range(x.ndim)])
    return n * finite(y)


def cummax_case(d):
    t, shape = d.choice(REAL), d.shape(1)
    x = d.numbers(t, shape)
    a, axis = one_axis(d, len(shape), 0)
    moved = np.moveaxis(x, axis, 0)
    best, place = np.zeros_like(moved), np.zeros(moved.shape, np.int64)
    for i in range(moved.shape[0]):
        wins = np.ones(moved.shape[1:], bool) if i == 0 else (moved[i] >= best[i - 1]) | np.isnan(wide(moved[i]))
        best[i] = np.where(wins, moved[i], best[i - 1]) if i else moved[i]
        place[i] = np.where(wins, i, place[i - 1]) if i else 0
    return Case(f"(cummax x{a})", t, {"x": (t, x)}, [np.moveaxis(best, 0, axis), np.moveaxis(place, 0, axis)], [t, "i64"])


def sorted_positions(x, axis, descending):
    """Stable, NaN last either way."""
    key = wide(x)
    nan = np.isnan(key) if key.dtype.kind == "f" else np.zeros(key.shape, bool)
    if descending:
        n = key.shape[axis]
        back = np.flip(key, axis)
        order = np.argsort(np.where(np.flip(nan, axis), -np.inf, back) if key.dtype.kind == "f" else back, axis=axis, kind="stable")
        # Of equal elements, reversed twice, the first stays first.
        order = np.flip(n - 1 - order, axis)
        if key.dtype.kind == "f":
            ranked = np.take_along_axis(nan, order, axis)
            order = np.take_along_axis(order, np.argsort(ranked, axis=axis, kind="stable"), axis)
            inf_too = np.take_along_axis(np.where(nan, 1, 0), order, axis)
            assert np.all(np.diff(inf_too, axis=axis) >= 0)
        return order
    return np.argsort(key, axis=axis, kind="stable")


def order_case(name):
    def make(d):
        t = d.choice(REAL)
        shape = d.choice([(0,), (1,), (7,), (3, 5), (2, 1, 4), (0, 3), (2, 3, 2), (13,)])
        x = d.numbers(t, shape)
        a, axis = one_axis(d, len(shape), -1)
        descending = d.chance(0.4)
        text = a + (" :descending t" if descending else "")
        order = sorted_positions(x, axis, descending)
        if name == "argsort":
            return Case(f"(argsort x{text})", t, {"x": (t, x)}, order.astype(np.int64), "i64")
        return Case(f"(sort x{text})", t, {"x": (t, x)}, np.take_along_axis(x, order, axis), t)
    return make


def topk_case(d):
    t = d.choice(REAL)
    shape = d.choice([(1,), (7,), (3, 5), (2, 1, 4), (2, 3, 2), (13,)])
    x = d.numbers(t, shape)
    a, axis = one_axis(d, len(shape), -1)
    k, largest_ones = d.integer(0, shape[axis]), d.chance(0.6)
    order = np.take(sorted_positions(x, axis, largest_ones), range(k), axis=axis)
    text = a + ("" if largest_ones else " :largest nil")
    return Case(f"(topk x {k}{text})", t, {"x": (t, x)}, [np.take_along_axis(x, order, axis), order.astype(np.int64)], [t, "i64"])


def searchsorted_case(d):
    t, right = d.choice(REAL), d.chance(0.5)
    text = " :right t" if right else ""
    side = "right" if right else "left"
    # Sorted as f64: NumPy leaves the NaNs of bf16 where they are.
    in_order = lambda x: np.sort(wide(x), -1).astype(x.dtype)
    if d.chance(0.6):
        row, values = in_order(d.numbers(t, d.choice([(0,), (1,), (9,), (20,)]))), d.numbers(t, d.shape())
        return Case(f"(searchsorted row v{text})", t, {"row": (t, row), "v": (t, values)}, np.asarray(np.searchsorted(wide(row), wide(values), side)).astype(np.int64), "i64")
    rows, values = in_order(d.numbers(t, (3, 7))), d.numbers(t, (3, d.integer(0, 4)))
    found = np.stack([np.searchsorted(wide(r), wide(v), side) for r, v in zip(rows, values)])
    return Case(f"(searchsorted row v{text})", t, {"row": (t, rows), "v": (t, values)}, found.astype(np.int64), "i64")


def correction(d):
    n = d.choice([None, 0, 1])
    return ("", {}) if n is None else (f" :correction {n}", {"ddof": n})


def safe_var(x, axis, keepdims, ddof=0):
    centred = x - np.mean(x, axis=axis, keepdims=True)
    n = count(x.shape, axis)
    with np.errstate(all="ignore"):
        return np.sum(centred * centred, axis=axis, keepdims=keepdims) / x.dtype.type(max(n - ddof, 0))


def plain(d, t, shape):
    return (d.numbers(t, shape, False, d.choice([1, 5])).astype(np.float64) + d.choice([0, 0, 10])).astype(NUMPY[t])


MAKERS = {
    "sum": fold_case("sum", INTS + FLOATS + ["c64"], total, of_terms), "prod": fold_case("prod", REAL, product, of_result, draw=factors),
    "mean": fold_case("mean", FLOATS + ["c64"], lambda x, axis, keepdims: np.sum(x, axis=axis, keepdims=keepdims) / x.real.dtype.type(count(x.shape, axis)), of_magnitudes),
    "var": fold_case("var", FLOATS, safe_var, of_variance, draw=plain, extra=correction),
    "std": fold_case("std", FLOATS, lambda x, **m: np.sqrt(safe_var(x, **m)), of_deviation, draw=plain, extra=correction),
    "amax": extreme_case("amax", True), "amin": extreme_case("amin", False), "argmax": place_case("argmax", np.argmax), "argmin": place_case("argmin", np.argmin),
    "all": truth_case("all", np.all), "any": truth_case("any", np.any), "count-nonzero": truth_case("count-nonzero", np.count_nonzero, "i64"),
    "logsumexp": logsumexp_case, "norm": norm_case,
    "cumsum": scan_case("cumsum", np.cumsum, REAL, lambda d, t, s: summands(d, t, s, False), cumsum_scale, True),
    "cumprod": scan_case("cumprod", np.cumprod, REAL, factors, cumprod_scale), "cummax": cummax_case,
    "sort": order_case("sort"), "argsort": order_case("argsort"), "topk": topk_case, "searchsorted": searchsorted_case,
}
