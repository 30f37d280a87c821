"""Composites that work element by element, and the documented ops among them."""
import mpmath
import numpy as np
import scipy.special

from cases import FLOATS, INTS, NUMPY, Case, wide

mpmath.mp.dps = 40


def long_double(value):
    """A number of mpmath as the sum of two floats."""
    high = float(value)
    return np.longdouble(high) + np.longdouble(float(value - mpmath.mpf(high))) if np.isfinite(high) else np.longdouble(mpmath.nstr(value, 30))


def exactly(name):
    """A function of mpmath over arrays of long doubles; used where NumPy has no long double version."""
    function = {"erf": mpmath.erf, "erfc": mpmath.erfc, "lgamma": lambda x: mpmath.loggamma(x).real if x > 0 or x != mpmath.floor(x) else mpmath.inf,
                "gelu": lambda x: x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2}[name]

    def one(x):
        x = float(x)
        if np.isnan(x):
            return np.longdouble(np.nan)
        if np.isinf(x):
            return np.longdouble({"erf": np.sign(x), "erfc": 1 - np.sign(x), "lgamma": np.inf, "gelu": np.inf if x > 0 else np.nan}[name])
        if x == 0 and name in ("erf", "gelu"):
            return np.longdouble(x)
        if abs(x) > 1e17 and name == "lgamma" and x < 0:
            return np.longdouble(np.inf)
        if abs(x) > 1e5 and name in ("erf", "erfc", "gelu"):
            return np.longdouble({"erf": np.sign(x), "erfc": 1 - np.sign(x), "gelu": x if x > 0 else -0.0}[name])
        value = function(mpmath.mpf(x))
        return np.longdouble(np.inf) if value == mpmath.inf else long_double(value)

    return lambda x: np.array([one(v) for v in np.ravel(x)], np.longdouble).reshape(np.shape(x))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def scipy_or_exact(narrow, name):
    return lambda x: exactly(name)(x) if x.dtype == np.longdouble else narrow(x)


def gelu(x):
    return np.where(x == 0, x, x * scipy.special.ndtr(x))


def mish(x):
    e = np.exp(np.minimum(x, 50))
    n = e * (e + 2)
    return np.where(x > 50, x, x * (n / (n + 2)))


def sqrt_2_over_pi(x):
    return np.sqrt(2 / (4 * np.arctan(x.dtype.type(1))))


def gelu_tanh(x):
    return x * sigmoid(2 * sqrt_2_over_pi(x) * (x + x.dtype.type("0.044715") * x ** 3))


def selu(x):
    alpha, scale = x.dtype.type("1.6732632423543772848170429916717"), x.dtype.type("1.0507009873554804934193349852946")
    return np.where(x > 0, scale * x, scale * alpha * np.expm1(x))


# Name → the function in higher precision, of a float array.
UNARY = {
    "exp2": np.exp2, "log2": np.log2, "sin": np.sin,
    "rsqrt": lambda x: 1 / np.sqrt(x), "exp": np.exp, "expm1": np.expm1, "log": np.log, "log10": np.log10, "log1p": np.log1p,
    "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "erf": scipy_or_exact(scipy.special.erf, "erf"), "erfc": scipy_or_exact(scipy.special.erfc, "erfc"),
    "lgamma": scipy_or_exact(exactly("lgamma"), "lgamma"),
    "selu": selu, "gelu": scipy_or_exact(exactly("gelu"), "gelu"), "gelu-tanh": gelu_tanh,
    "sigmoid": sigmoid, "silu": lambda x: x * sigmoid(x), "mish": mish, "log-sigmoid": lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))),
    "hard-swish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
}
# What errors are measured in ulps of, where it is not the result.
SCALES = {
    "lgamma": lambda x, y: np.maximum(np.maximum(np.abs(y), np.where(x < 0, UNARY["lgamma"](np.abs(x)), 1)), 1), "hard-swish": lambda x, y: x,
    "gelu-tanh": lambda x, y: np.where(np.isfinite(x), x, 1),
    "cos": lambda x, y: np.where(np.abs(x) > HALF_OF_MAX[x.dtype.type](x), 1, y),
    "tan": lambda x, y: np.where(np.abs(x) > HALF_OF_MAX[x.dtype.type](x), np.maximum(1, y * y), y),
}
HALF_OF_MAX = {np.float64: lambda x: 1.7e38, np.longdouble: lambda x: 8.98e307}
SPREAD = {"asin": 0.5, "acos": 0.5, "atanh": 0.5, "acosh": 2, "lgamma": 4, "erfc": 3, "erf": 1, "exp": 10, "sinh": 5, "cosh": 5, "gelu": 4, "gelu-tanh": 3,
          "sigmoid": 10, "silu": 8, "mish": 8, "log-sigmoid": 8, "tanh": 1.5, "expm1": 2}


def unary(name):
    def make(d):
        t = d.choice(["i32", "u8"]) if d.chance(0.05) and name not in ("sqrt", "exp2", "log2", "sin") else d.float()
        if name in ("lgamma", "gelu", "erf", "erfc") and t == "f64" and d.chance(0.5):
            t = "f32"
        out = t if t in FLOATS else "f32"
        x = d.numbers(t, d.shape(), size=d.choice([1, SPREAD.get(name, 3)]))
        if t not in FLOATS:
            x = np.clip(x, 0, 60).astype(x.dtype)
        hi = wide(x.astype(NUMPY[out]))
        y = UNARY[name](hi)
        scale = SCALES[name](hi, y) if name in SCALES else None
        return Case(f"({name} x)", out, {"x": (t, x)}, y, out, scale, broadcasts=True)
    return make


def exact_unary(name, function, types):
    """A composite whose result is exact: compared bit for bit with NumPy on the dtype itself."""
    def make(d):
        t = d.choice(types)
        x = d.numbers(t, d.shape())
        y = function(x)
        return Case(f"({name} x)", t, {"x": (t, x)}, y, "bool" if y.dtype == bool else t, broadcasts=True)
    return make


def rounded(function):
    return lambda x: function(wide(x)).astype(x.dtype) if x.dtype.kind not in "iu" else x


def correctly_rounded(function):
    """In f64 itself, else in f64 and rounded: more than twice the digits, so that rounding twice does no harm."""
    return lambda x: function(x) if x.dtype == np.float64 else function(x.astype(np.float64)).astype(x.dtype)


def whole(function):
    """An integer function that wraps."""
    def apply(*arrays):
        with np.errstate(all="ignore"):
            return function(*arrays)
    return apply


def sign(x):
    return np.sign(x) if x.dtype.kind in "iu" else np.where(np.isnan(wide(x)), np.nan, (wide(x) > 0).astype(float) - (wide(x) < 0)).astype(x.dtype)


def larger(x, y):
    if x.dtype.kind in "iub":
        return np.maximum(x, y)
    out = np.where(x < y, y, x)
    out = np.where((x == y) & np.signbit(wide(x)), y, out)
    return np.where(np.isnan(wide(x)), x, np.where(np.isnan(wide(y)), y, out)).astype(x.dtype)


def smaller(x, y):
    return np.minimum(x, y) if x.dtype.kind in "iub" else (-larger(-x, -y)).astype(x.dtype)


def binary(name, function, types, out=None, fix=None, scale=None, text=None):
    """A composite of two inputs that broadcast; floats are computed in higher precision."""
    def make(d):
        t = d.choice(types)
        shape_x, shape_y = d.shapes(2)
        x, y = d.numbers(t, shape_x), d.numbers(t, shape_y)
        if t in FLOATS and d.chance(0.5):
            x, y = d.numbers(t, shape_x, False, 3), d.numbers(t, shape_y, False, 3)
        if fix:
            x, y = fix(d, x, y)
        a, b = wide(x), wide(y)
        if t in FLOATS:
            a, b = np.broadcast_arrays(a, b)
        z = function(a, b)
        return Case(text or f"({name} x y)", t, {"x": (t, x), "y": (t, y)}, z, out or t, scale(a, b, z) if scale and t in FLOATS else None, broadcasts=True)
    return make


def exact_binary(name, function, types, out=None, fix=None):
    def make(d):
        t = d.choice(types)
        shape_x, shape_y = d.shapes(2)
        x, y = d.numbers(t, shape_x), d.numbers(t, shape_y)
        if fix:
            x, y = fix(d, x, y)
        return Case(f"({name} x y)", t, {"x": (t, x), "y": (t, y)}, np.asarray(function(x, y)), out or t, broadcasts=True)
    return make


def integer_or(function, on_floats):
    """Integers by Python's rules, x / 0 leaving 0; floats by NumPy in the dtype or wider, where they are exact."""
    def apply(x, y):
        if x.dtype.kind in "iu":
            x, y = np.broadcast_arrays(x, y)
            info = np.iinfo(x.dtype)
            flat = [(function(int(a), int(b)) if b else 0) for a, b in zip(x.ravel(), y.ravel())]
            flat = [(v - info.min) % (int(info.max) - int(info.min) + 1) + info.min for v in flat]
            return np.array(flat, x.dtype).reshape(x.shape)
        return on_floats(x, y)
    return apply


def trunc_remainder(a, b):
    r = abs(a) % abs(b)
    return r if a >= 0 else -r


def float_fmod(x, y):
    return np.fmod(x, y) if x.dtype == np.float64 else np.fmod(x.astype(np.float64), y.astype(np.float64)).astype(x.dtype)


def float_remainder(x, y):
    r = np.fmod(wide(x), wide(y)) if x.dtype != np.float64 else np.fmod(x, y)
    other = np.broadcast_to(y.astype(r.dtype), r.shape)
    return np.where((r != 0) & (np.signbit(r) != np.signbit(other)), r + other, r).astype(x.dtype)


def float_power(x, y):
    """np.power of floats. For a single exponent of 0.5 it takes the square root, which is NaN of -inf: no exponent is single here."""
    x, y = np.broadcast_arrays(x, y)
    return np.power(np.append(x.ravel(), x.dtype.type(1)), np.append(y.ravel(), y.dtype.type(3)))[:-1].reshape(x.shape)


def power(x, y):
    """Of integers by Python; of floats in higher precision, where 80 bits are enough for f64: |y·log2 x| < 2¹¹."""
    if x.dtype.kind not in "iu":
        return float_power(x, y)
    x, y = np.broadcast_arrays(x, y)
    info = np.iinfo(x.dtype)
    size = int(info.max) - int(info.min) + 1
    flat = []
    for a, b in zip(x.ravel(), y.ravel()):
        a, b = int(a), int(b)
        value = pow(a, b, size) if b >= 0 else (1 if a == 1 else (1 if b % 2 == 0 else -1) if a == -1 else 0)
        flat.append((value - info.min) % size + info.min)
    return np.array(flat, x.dtype).reshape(x.shape)


def power_case(d):
    """f64 through mpmath: a long double power has an error of its own."""
    t = d.choice(["f16", "bf16", "f32", "f32", "f64", "f64", "i32", "i64", "u8", "i8"])
    shape_x, shape_y = d.shapes(2)
    x, y = d.numbers(t, shape_x), d.numbers(t, shape_y)
    if t in FLOATS and d.chance(0.6):
        x = np.abs(d.numbers(t, shape_x, False, 3)).astype(NUMPY[t])
        y = d.numbers(t, shape_y, False, d.choice([1, 20, 200])).astype(NUMPY[t])
    if t in FLOATS and d.chance(0.3):
        y = np.rint(wide(y)).astype(NUMPY[t])
    if t != "f64":
        return Case("(pow x y)", t, {"x": (t, x), "y": (t, y)}, power(wide(x), wide(y)), t, broadcasts=True)
    a, b = np.broadcast_arrays(x, y)
    z = float_power(a, b).astype(np.longdouble)
    flat = z.ravel().copy()
    for k, (u, v) in enumerate(zip(a.ravel(), b.ravel())):
        if np.isfinite(u) and np.isfinite(v) and u != 0 and v != 0 and (u > 0 or v == np.rint(v)) and abs(v * np.log2(abs(u))) < 1100:
            flat[k] = long_double(mpmath.power(mpmath.mpf(float(u)), mpmath.mpf(float(v))).real)
    return Case("(pow x y)", t, {"x": (t, x), "y": (t, y)}, flat.reshape(z.shape), t, broadcasts=True)


def shift_counts(d, x, y):
    return x, np.where(d.rng.random(y.shape) < 0.8, d.rng.integers(0, 66, y.shape), y.astype(np.int64)).astype(y.dtype)


def shifted(left):
    def apply(x, y):
        x, y = np.broadcast_arrays(x, y)
        info = np.iinfo(x.dtype)
        size = int(info.max) - int(info.min) + 1
        flat = []
        for a, n in zip(x.ravel(), y.ravel()):
            a, n = int(a), int(n)
            inside = 0 <= n < info.bits
            value = (a << n if inside else 0) if left else (a >> n if inside else (-1 if a < 0 else 0))
            flat.append((value - info.min) % size + info.min)
        return np.array(flat, x.dtype).reshape(x.shape)
    return apply


def where_case(d):
    t, (sc, sx, sy) = d.choice(["bool", *INTS, *FLOATS]), d.shapes(3)
    c, x, y = d.numbers("bool", sc), d.numbers(t, sx), d.numbers(t, sy)
    return Case("(where c x y)", t, {"c": ("bool", c), "x": (t, x), "y": (t, y)}, np.where(c, x, y).astype(NUMPY[t]), t)


def clip_case(d):
    t, (sx, sl, sh) = d.choice(INTS + FLOATS), d.shapes(3)
    x, low, high = d.numbers(t, sx), d.numbers(t, sl), d.numbers(t, sh)
    kind = d.integer(0, 2)
    y = x if kind == 2 else larger(*np.broadcast_arrays(x, low))
    y = y if kind == 1 else smaller(*np.broadcast_arrays(y, high))
    inputs = {"x": (t, x), **({} if kind == 2 else {"low": (t, low)}), **({} if kind == 1 else {"high": (t, high)})}
    return Case(["(clip x low high)", "(clip x low)", "(clip x nil high)"][kind], t, inputs, y, t)


def lerp_case(d):
    t, (sa, sb, sw) = d.float(), d.shapes(3)
    a, b, w = d.numbers(t, sa, False, 3), d.numbers(t, sb, False, 3), d.numbers(t, sw, False)
    w = np.where(d.rng.random(sw) < 0.3, d.choice([0.0, 1.0, 0.5]), w).astype(NUMPY[t])
    hi = np.broadcast_arrays(wide(a), wide(b), wide(w))
    distance = hi[2] * (hi[1] - hi[0])
    scale = np.maximum(np.maximum(np.abs(hi[0]), np.abs(hi[1])), np.maximum(np.abs(distance), np.abs(hi[1] - hi[0])))
    return Case("(lerp a b w)", t, {"a": (t, a), "b": (t, b), "w": (t, w)}, hi[0] + distance, t, scale)


def logaddexp(x, y):
    larger_one = np.maximum(x, y)
    return np.where(x == y, larger_one + np.log(x.dtype.type(2)), larger_one + np.log1p(np.exp(-np.abs(x - y))))


def logaddexp_scale(x, y, z):
    return np.maximum(np.abs(np.nan_to_num(np.maximum(x, y), posinf=1, neginf=1)), np.nan_to_num(np.log1p(np.exp(-np.abs(x - y)))))


def atan2_case(d):
    t = d.float()
    shape_x, shape_y = d.shapes(2)
    x, y = d.numbers(t, shape_x), d.numbers(t, shape_y)
    hi = np.broadcast_arrays(wide(y), wide(x))
    return Case("(atan2 y x)", t, {"y": (t, y), "x": (t, x)}, np.arctan2(*hi), t, broadcasts=True)


def parametric(name, draw_attributes, function, scale=None):
    """An activation with a number as attribute."""
    def make(d):
        t = d.float()
        x = d.numbers(t, d.shape(), size=d.choice([1, 4]))
        text, value = draw_attributes(d)
        hi = wide(x)
        value = [hi.dtype.type(v) for v in value]
        return Case(f"({name} x{text})", t, {"x": (t, x)}, function(hi, *value), t, scale(hi, *value) if scale else None, broadcasts=True)
    return make


def attribute(name, values):
    """An attribute that is left out, with its default, or one of the values, all of them exact in every dtype."""
    default, *others = values

    def draw(d):
        if d.chance(0.3):
            return "", [default]
        value = d.choice(others)
        return f" :{name} {value}", [value]
    return draw


def glu_case(d):
    t = d.float()
    shape = list(d.choice([(2,), (6,), (3, 4), (4, 3), (2, 0, 2), (1, 2, 6)]))
    axis = d.choice([k for k, s in enumerate(shape) if s % 2 == 0])
    x = d.numbers(t, shape, d.chance(0.5), 3)
    a, b = np.split(x, 2, axis)
    # Infinity times a sigmoid that is 0 in the dtype alone is another matter than in higher precision.
    a[np.isinf(wide(a)) & (wide(b) < -8)] = 1
    a, b = wide(a), wide(b)
    text = "" if axis == len(shape) - 1 and d.chance(0.5) else f" :axis {axis - len(shape) if d.chance(0.5) else axis}"
    return Case(f"(glu x{text})", t, {"x": (t, x)}, a * sigmoid(b), t)


REAL = INTS + FLOATS
MAKERS = {
    **{name: unary(name) for name in UNARY},
    "neg": exact_unary("neg", whole(np.negative), REAL), "abs": exact_unary("abs", whole(np.abs), REAL), "square": exact_unary("square", whole(np.square), INTS + ["f32", "f64"]),
    "sqrt": exact_unary("sqrt", correctly_rounded(np.sqrt), FLOATS), "recip": exact_unary("recip", correctly_rounded(lambda x: 1 / x), FLOATS),
    "sign": exact_unary("sign", sign, REAL), "relu": exact_unary("relu", lambda x: larger(x, np.zeros_like(x)), REAL),
    "floor": exact_unary("floor", rounded(np.floor), REAL), "ceil": exact_unary("ceil", rounded(np.ceil), REAL), "round": exact_unary("round", rounded(np.rint), REAL),
    "trunc": exact_unary("trunc", rounded(np.trunc), REAL),
    "isnan": exact_unary("isnan", lambda x: np.isnan(wide(x)), FLOATS), "isinf": exact_unary("isinf", lambda x: np.isinf(wide(x)), FLOATS),
    "isfinite": exact_unary("isfinite", lambda x: np.isfinite(wide(x)), FLOATS),
    "logical-not": exact_unary("logical-not", np.invert, ["bool", *INTS]),
    "sub": exact_binary("sub", whole(np.subtract), INTS + ["f32", "f64"]), "min": exact_binary("min", lambda x, y: smaller(*np.broadcast_arrays(x, y)), REAL),
    "max": exact_binary("max", lambda x, y: larger(*np.broadcast_arrays(x, y)), REAL),
    "ne": exact_binary("ne", np.not_equal, ["bool", *REAL], "bool"), "le": exact_binary("le", np.less_equal, ["bool", *REAL], "bool"),
    "gt": exact_binary("gt", np.greater, ["bool", *REAL], "bool"), "ge": exact_binary("ge", np.greater_equal, ["bool", *REAL], "bool"),
    "logical-or": exact_binary("logical-or", np.bitwise_or, ["bool", *INTS]),
    "shl": exact_binary("shl", shifted(True), INTS, fix=shift_counts), "shr": exact_binary("shr", shifted(False), INTS, fix=shift_counts),
    "fmod": exact_binary("fmod", integer_or(trunc_remainder, float_fmod), REAL),
    "remainder": exact_binary("remainder", integer_or(lambda a, b: a % b, float_remainder), REAL),
    "where": where_case, "clip": clip_case, "lerp": lerp_case, "pow": power_case, "atan2": atan2_case, "glu": glu_case,
    "hypot": binary("hypot", np.hypot, FLOATS), "logaddexp": binary("logaddexp", logaddexp, FLOATS, scale=logaddexp_scale),
    "leaky-relu": parametric("leaky-relu", attribute("negative-slope", ["0.01", "0.25", "0", "1.5"]), lambda x, a: np.where(x < 0, x * a, x)),
    "elu": parametric("elu", attribute("alpha", ["1", "0.5", "2"]), lambda x, a: np.where(x > 0, x, a * np.expm1(x))),
    "softplus": parametric("softplus", attribute("beta", ["1", "0.5", "2"]), lambda x, b: softplus(b * x) / b),
    "hard-sigmoid": parametric("hard-sigmoid", lambda d: d.choice([("", ["0.16666666666666666667", "0.5"]), (" :alpha 0.25 :beta 0.5", ["0.25", "0.5"]), (" :alpha 1 :beta -0.5", ["1", "-0.5"])]),
                               lambda x, a, b: np.clip(a * x + b, 0, 1), lambda x, a, b: np.maximum(np.maximum(np.abs(np.nan_to_num(a * x)), np.abs(b)), 0)),
}
