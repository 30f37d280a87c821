"""Quantised weights: numbers, scales and bytes bit for bit, as ggml's reference functions compute them, and products by exact sums."""
import numpy as np

from cases import Case, NUMPY, wide
from cases_linear import leading

FLOAT = np.float32


def in_blocks(x, size=32):
    return x.reshape(*x.shape[:-1], x.shape[-1] // size, size)


def as_rows(blocks):
    return blocks.reshape(*blocks.shape[:-2], blocks.shape[-2] * blocks.shape[-1])


def weights(d, t, shape):
    """Finite numbers, some blocks of them 0."""
    x = d.numbers(t, shape, False, d.choice([0.02, 1, 50]))
    return np.where(d.rng.random((*shape[:-1], 1)) < 0.1, 0, x).astype(NUMPY[t])


def divided(x, scale):
    return np.divide(x, scale, out=np.zeros_like(x), where=scale != 0)


def int8(x, axis):
    magnitudes = np.abs(x.astype(FLOAT))
    others = None if axis is None else tuple(k for k in range(x.ndim) if k != axis % x.ndim)
    scale = np.max(magnitudes, axis=others, keepdims=True, initial=0) / FLOAT(127)
    return np.clip(np.rint(divided(x.astype(FLOAT), np.broadcast_to(scale, x.shape))), -127, 127).astype(np.int8), scale


def away_from_zero(x):
    whole = np.trunc(x)
    return whole + np.where(np.abs(x - whole) >= 0.5, np.sign(x), 0)


def q8_0(x):
    blocks = in_blocks(x.astype(FLOAT))
    scale = np.max(np.abs(blocks), -1, keepdims=True, initial=0) / FLOAT(127)
    return away_from_zero(blocks * divided(np.ones_like(scale), scale)).astype(np.int8).reshape(x.shape), scale[..., 0].astype(np.float16)


def q4_0(x):
    blocks = in_blocks(x.astype(FLOAT))
    scale = np.take_along_axis(blocks, np.argmax(np.abs(blocks), -1)[..., None], -1) / FLOAT(-8)
    numbers = np.minimum(15, (blocks * divided(np.ones_like(scale), scale) + FLOAT(8.5)).astype(np.int32)).astype(np.uint8)
    return as_rows(numbers[..., :16] | numbers[..., 16:] << 4), scale[..., 0].astype(np.float16)


def numbers_of_q4_0(q):
    """Numbers from -8 to 7 in the order of the weights."""
    halves = in_blocks(q, 16)
    return as_rows(np.concatenate([halves & 15, halves >> 4], -1).astype(np.int64) - 8)


def scaled(numbers, scales):
    return numbers.astype(np.float64) * np.repeat(scales.astype(np.float64), 32, -1)


def some_q8_0(d, shape):
    return d.rng.integers(-127, 128, shape).astype(np.int8), some_scales(d, (*shape[:-1], shape[-1] // 32))


def some_q4_0(d, shape):
    return d.rng.integers(0, 256, (*shape[:-1], shape[-1] // 2)).astype(np.uint8), some_scales(d, (*shape[:-1], shape[-1] // 32))


def some_scales(d, shape):
    return (d.rng.normal(0, 1, shape) * 10.0 ** d.rng.integers(-3, 2, shape)).astype(np.float16)


def block_shape(d):
    return (*d.choice([(), (3,), (2, 1), (0,)]), 32 * d.choice([0, 1, 2, 3]))


def quantize_int8_case(d):
    t, shape = d.float(), d.choice([(1,), (7,), (3, 5), (2, 1, 4), (0, 3)])
    axis = d.choice([None, 0, -1])
    x = weights(d, t, shape)
    attribute = "" if axis is None else f" :axis {axis}"
    return Case(f"(quantize-int8 x{attribute})", t, {"x": (t, x)}, list(int8(x, axis)), ["i8", "f32"])


def quantize_case(name, function, dtype):
    def make(d):
        t = d.float()
        x = weights(d, t, block_shape(d))
        return Case(f"({name} x)", t, {"x": (t, x)}, list(function(x)), [dtype, "f16"])
    return make


def dequantize_int8_case(d):
    shape = d.choice([(7,), (3, 5), (2, 1, 4), (0, 3)])
    q, scale = d.rng.integers(-127, 128, shape).astype(np.int8), d.numbers("f32", (*shape[:-1], 1), False)
    t = d.choice(["f32", "f32", "bf16"])
    return Case("(dequantize-int8 q s)" if t == "f32" else "(dequantize-int8 q s :dtype :bf16)", t,
                {"q": ("i8", q), "s": ("f32", scale)}, q * scale.astype(np.float64), t)


def dequantize_case(name, some, numbers, dtype):
    def make(d):
        q, scale = some(d, block_shape(d))
        t = d.choice(["f32", "f64"])
        return Case(f"({name} q d)" if t == "f32" else f"({name} q d :dtype :f64)", t, {"q": (dtype, q), "d": ("f16", scale)},
                    scaled(numbers(q), scale).astype(NUMPY[t]), t)
    return make


def product(d, name, t, k, n, weight, inputs):
    """`weight` is what the integers and scales stand for, and what its magnitudes are counted as."""
    (lead, _), (w, magnitudes) = leading(d), weight
    x, b = d.numbers(t, (*lead, k), False), d.numbers(t, (n,), False)
    with_bias = d.chance(0.5)
    y = np.matmul(wide(x), w.T) + (wide(b) if with_bias else 0)
    scale = (k + 4) * (np.matmul(np.abs(wide(x)), magnitudes.T) + (np.abs(wide(b)) if with_bias else 0))
    call = f"({name} x q s{' b' if with_bias else ''})"
    return Case(call, t, {"x": (t, x), **inputs, **({"b": (t, b)} if with_bias else {})}, y, t, scale)


def linear_int8_case(d):
    t, k, n = d.float(), d.choice([0, 1, 3, 17, 40]), d.choice([1, 2, 5])
    q = d.rng.integers(-127, 128, (n, k)).astype(np.int8)
    s = d.numbers("f32", (d.choice([1, n]), 1), False)
    w = q * s.astype(np.float64)
    return product(d, "linear-int8", t, k, n, (w, np.abs(w)), {"q": ("i8", q), "s": ("f32", s)})


def linear_case(name, some, numbers, dtype, offset):
    def make(d):
        t, k, n = d.float(), 32 * d.choice([0, 1, 2, 5]), d.choice([1, 2, 5])
        q, s = some(d, (n, k))
        whole = numbers(q)
        return product(d, name, t, k, n, (scaled(whole, s), scaled(np.abs(whole) + offset, np.abs(s))), {"q": (dtype, q), "s": ("f16", s)})
    return make


def packed(q, scale, size):
    blocks = [scale[..., None].view(np.uint8), q.view(np.uint8).reshape(*scale.shape, size)]
    return np.concatenate(blocks, -1)


def pack_case(name, some, size, dtype):
    def make(d):
        q, scale = some(d, block_shape(d))
        return Case(f"({name} q d)", "u8", {"q": (dtype, q), "d": ("f16", scale)}, packed(q, scale, size))
    return make


def unpack_case(name, some, size, dtype):
    def make(d):
        q, scale = some(d, block_shape(d))
        return Case(f"({name} x)", "u8", {"x": ("u8", packed(q, scale, size))}, [q, scale], [dtype, "f16"])
    return make


def same(q):
    return q


MAKERS = {"quantize-int8": quantize_int8_case, "dequantize-int8": dequantize_int8_case, "linear-int8": linear_int8_case,
          "quantize-q8-0": quantize_case("quantize-q8-0", q8_0, "i8"), "dequantize-q8-0": dequantize_case("dequantize-q8-0", some_q8_0, same, "i8"),
          "linear-q8-0": linear_case("linear-q8-0", some_q8_0, same, "i8", 0),
          "quantize-q4-0": quantize_case("quantize-q4-0", q4_0, "u8"), "dequantize-q4-0": dequantize_case("dequantize-q4-0", some_q4_0, numbers_of_q4_0, "u8"),
          "linear-q4-0": linear_case("linear-q4-0", some_q4_0, numbers_of_q4_0, "u8", 16),
          "pack-q8-0": pack_case("pack-q8-0", some_q8_0, 32, "i8"), "unpack-q8-0": unpack_case("unpack-q8-0", some_q8_0, 32, "i8"),
          "pack-q4-0": pack_case("pack-q4-0", some_q4_0, 16, "u8"), "unpack-q4-0": unpack_case("unpack-q4-0", some_q4_0, 16, "u8")}
