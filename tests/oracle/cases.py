"""What generated cases are made of: dtypes, shapes and values to draw, and the case itself."""
import ml_dtypes
import numpy as np

INTS = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"]
FLOATS = ["f16", "bf16", "f32", "f64"]
NUMPY = {"bool": np.bool_, "i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64, "u8": np.uint8, "u16": np.uint16, "u32": np.uint32,
         "u64": np.uint64, "f16": np.float16, "bf16": ml_dtypes.bfloat16, "f32": np.float32, "f64": np.float64, "c64": np.complex64,
         "c128": np.complex128}
CARRIER = {"bf16": ("u16", np.uint16)}  # what npz files hold instead
SHAPES = [(), (0,), (1,), (7,), (3, 5), (2, 1, 4), (0, 3), (1, 1), (13,), (2, 3, 2), (40,), (300,)]


def wide(x):
    """The array in a type in which it is computed here: f64 for narrower floats, long double for f64."""
    x = np.asarray(x)
    if x.dtype.kind in "iub":
        return x
    return x.astype(np.longdouble) if x.dtype in (np.float64, np.longdouble) else x.astype(np.float64)


def einsum(equation, *values):
    """np.einsum, but for results without elements: NumPy 2.4 writes to those, beyond their end."""
    left, arrow, right = equation.partition("->")
    sizes, leading = {}, ()
    for term, value in zip(left.split(","), values):
        head, dots, tail = term.strip().partition("...")
        shape = np.shape(value)
        rest = len(shape) - len(tail)
        if dots:
            leading = np.broadcast_shapes(leading, shape[len(head):rest])
        for letter, size in zip(head + tail, shape[:len(head)] + shape[rest:]):
            sizes[letter] = size if sizes.get(letter, 1) == 1 else sizes[letter]
    if not arrow:
        letters = left.replace(",", "").replace(".", "").replace(" ", "")
        right = ("..." if "..." in left else "") + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    head, dots, tail = right.strip().partition("...")
    shape = tuple(sizes[c] for c in head) + (leading if dots else ()) + tuple(sizes[c] for c in tail)
    if 0 in shape:
        return np.zeros(shape, np.result_type(*values))
    return np.einsum(equation, *values)


class Case:
    """A call: `text` over `inputs` ({name: (dtype, array)}), and the results it must have. dtype is what the table counts it under;
    `scale` is what errors are measured in ulps of, if not the result; `ulps` replaces what the composite states. A `check` of the first
    result, which returns what is wrong, takes the place of a comparison."""

    def __init__(self, text, dtype, inputs, expected, out=None, scale=None, ulps=None, broadcasts=False):
        self.text, self.dtype, self.inputs, self.ulps, self.broadcasts = text, dtype, inputs, ulps, broadcasts
        self.expected = expected if isinstance(expected, list) else [expected]
        out = out or dtype
        self.out = out if isinstance(out, list) else [out] * len(self.expected)
        self.scale = scale
        self.name = ""
        self.check = None

    def outputs(self):
        return list(zip(self.out, self.expected))

    def scale_of(self, j):
        return self.scale[j] if isinstance(self.scale, list) else self.scale


class Draw:
    def __init__(self, rng):
        self.rng = rng

    def choice(self, items):
        return items[self.rng.integers(len(items))]

    def chance(self, p):
        return self.rng.random() < p

    def integer(self, low, high):
        """Of low … high, both included."""
        return int(self.rng.integers(low, high + 1))

    def shape(self, at_least=0):
        return self.choice([s for s in SHAPES if len(s) >= at_least])

    def shapes(self, count):
        """Shapes that broadcast together, and the common one."""
        full = self.shape()
        some = []
        for _ in range(count):
            mine = tuple(1 if self.chance(0.25) else s for s in full)
            some.append(mine[self.integer(0, len(mine)):] if self.chance(0.25) else mine)
        return some

    def float(self):
        return self.choice(["f16", "bf16", "f32", "f32", "f32", "f64", "f64"])

    def numbers(self, dtype, shape, edges=True, size=1.0):
        """Ordinary values; with edges also special ones, and floats of any bits."""
        rng, kind = self.rng, NUMPY[dtype]
        if dtype == "bool":
            return rng.integers(0, 2, shape).astype(bool)
        if dtype in INTS:
            info = np.iinfo(kind)
            values = rng.integers(-9 if info.min else 0, 10, shape).astype(kind)
            special = [info.min, info.max, 0, 1, info.max - 1, info.min + 1] + ([-1] if info.min else [])
            return np.where(rng.random(shape) < 0.25, np.array(special, kind)[rng.integers(0, len(special), shape)], values) if edges else values
        if dtype in ("c64", "c128"):
            return (rng.normal(0, size, shape) + 1j * rng.normal(0, size, shape)).astype(kind)
        plain = (rng.normal(0, size, shape)).astype(kind)
        if not edges:
            return plain
        info = ml_dtypes.finfo(kind)
        bits = {"f16": np.uint16, "bf16": np.uint16, "f32": np.uint32, "f64": np.uint64}[dtype]
        any_bits = rng.integers(0, np.iinfo(bits).max, shape, dtype=bits, endpoint=True)
        any_bits = np.asarray(any_bits, bits).view(kind).reshape(shape)
        spread = (rng.normal(0, size, shape) * 10.0 ** rng.integers(-3, 4, shape)).astype(kind)
        special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, float(info.smallest_subnormal), -float(info.smallest_subnormal),
                            float(info.max), float(info.min), float(info.tiny), 0.5, -0.5, 2.0, 1 + float(info.eps), 1 - float(info.eps) / 2, 3.0, 1.5, 2.5],
                           np.float64).astype(kind)
        pick = rng.random(shape)
        out = np.where(pick < 0.3, plain, np.where(pick < 0.65, spread, np.where(pick < 0.8, any_bits, special[rng.integers(0, len(special), shape)])))
        return out.astype(kind)
