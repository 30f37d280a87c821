"""Every op against NumPy, on the reference evaluator and on the compiled runtime.

  tests/oracle/run [--cases N] [--seed S] [--report FILE.md]

Draws applications of ops over dtypes, shapes (0-d, empty, 1, odd; constant and symbolic sizes) and edge values, puts many
into one IR program, runs it with `caten run`, and compares each output with what NumPy computes here, independently.
Floats may differ by the ulps that the op's row states, sums by n roundings; everything else must be equal bit for bit.
Prints the seed, a table, and as last line `N passed, N failed`.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import ml_dtypes
import numpy as np

TREE = pathlib.Path(__file__).resolve().parents[2]
CATEN = TREE / "build" / os.environ.get("CATEN_PRESET", "release") / "bin" / "caten"
np.seterr(all="ignore")

INTS = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"]
FLOATS = ["f16", "bf16", "f32", "f64"]
COMPLEX = ["c64", "c128"]
NUMPY = {"bool": np.bool_, "i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64, "u8": np.uint8, "u16": np.uint16, "u32": np.uint32,
         "u64": np.uint64, "f16": np.float16, "bf16": ml_dtypes.bfloat16, "f32": np.float32, "f64": np.float64, "c64": np.complex64,
         "c128": np.complex128, "f8e4m3": ml_dtypes.float8_e4m3fn, "f8e5m2": ml_dtypes.float8_e5m2}
CARRIER = {"bf16": ("u16", np.uint16), "f8e4m3": ("u8", np.uint8), "f8e5m2": ("u8", np.uint8)}  # what npz files hold instead
SHAPES = [(), (0,), (1,), (7,), (3, 5), (2, 1, 4), (0, 3), (1, 1), (13,), (2, 3, 2)]


class Draw:
    def __init__(self, rng):
        self.rng = rng

    def choice(self, items):
        return items[self.rng.integers(len(items))]

    def array(self, dtype, shape):
        """Ordinary values, with edge values strewn in."""
        rng, kind = self.rng, NUMPY[dtype]
        if dtype == "bool":
            return rng.integers(0, 2, shape).astype(bool)
        if dtype in INTS:
            info = np.iinfo(kind)
            values = rng.integers(-9 if info.min else 0, 10, shape).astype(kind)
            edges = [info.min, info.max, 0, 1, info.max - 1, info.min + 1] + ([-1] if info.min else [])
            return np.where(rng.random(shape) < 0.3, np.array(edges, kind)[rng.integers(0, len(edges), shape)], values)
        if dtype in COMPLEX:
            part = np.float32 if dtype == "c64" else np.float64
            return (rng.integers(-8, 9, shape) + 1j * rng.integers(-8, 9, shape)).astype(kind) * part(0.25)
        values = (rng.normal(0, 1, shape) * 10.0 ** rng.integers(-2, 3, shape)).astype(kind)
        info = ml_dtypes.finfo(kind)
        edges = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, float(info.smallest_subnormal), -float(info.smallest_subnormal), float(info.max),
                          float(info.min), float(info.tiny), 0.5, 2.0], np.float64).astype(kind)
        return np.where(rng.random(shape) < 0.3, edges[rng.integers(0, len(edges), shape)], values).astype(kind)

    def shape(self, at_least=0):
        return self.choice([s for s in SHAPES if len(s) >= at_least])


# ---- what each op means, in NumPy ----

def wide(x):
    """The float array in a type that holds it, and more."""
    return x.astype(np.longdouble) if x.dtype == np.float64 else x.astype(np.float64)


def integer(op, x, y):
    """Python integers element by element, wrapped: no rule of NumPy's is used."""
    info = np.iinfo(x.dtype)

    def wrap(v):
        return (v - info.min) % (int(info.max) - int(info.min) + 1) + info.min

    out = [wrap(op(int(a), int(b))) for a, b in zip(x.ravel(), y.ravel())]
    return np.array(out, dtype=x.dtype).reshape(x.shape)


def floored_remainder(x, y):
    r = np.fmod(wide(x), wide(y)) if x.dtype != np.float64 else np.fmod(x, y)
    other = (y.astype(r.dtype))
    return np.where((r != 0) & (np.signbit(r) != np.signbit(other)), r + other, r).astype(x.dtype)


def larger(x, y):
    out = np.where(x < y, y, x)
    out = np.where((x == y) & np.signbit(x), y, out)
    return np.where(np.isnan(x), x, np.where(np.isnan(y), y, out)).astype(x.dtype)


def cast(x, to):
    kind = NUMPY[to]
    if to == "bool":
        return x != 0
    if x.dtype == bool:
        x = x.astype(np.uint8)
    if to in INTS and x.dtype.kind not in "iu":
        info, flat = np.iinfo(kind), []
        for v in wide(x).ravel():
            flat.append(0 if np.isnan(v) else info.min if v <= info.min else info.max if v >= info.max else int(v))
        return np.array(flat, dtype=kind).reshape(x.shape)
    if to in INTS:
        return x.astype(kind)
    if to.startswith("f8"):
        largest = 448.0 if to == "f8e4m3" else 57344.0
        return np.clip(x.astype(np.float64), -largest, largest).astype(kind)
    if x.dtype.kind in "iu" and to in ("f16", "bf16"):
        return round_integers(x, kind)
    if to in ("f16", "bf16") and x.dtype == np.float64:
        return round_integers(x, kind)
    return x.astype(kind)


def round_integers(x, kind):
    """To a 2-byte float with one rounding: f64 → f32 is made odd in its last bit first (Boldo and Melquiond, 2008)."""
    flat = []
    for v in x.ravel():
        exact = int(v) if x.dtype.kind in "iu" else float(v)
        near = np.float32(exact)
        if np.isfinite(near) and near != exact:
            toward = np.nextafter(near, np.float32(np.inf if exact > float(near) else -np.inf))
            pair = [near, toward]
            near = next(p for p in pair if p.view(np.uint32) & 1)
        flat.append(near)
    return np.array(flat, dtype=np.float32).astype(kind).reshape(x.shape)


# ---- cases ----

class Case:
    def __init__(self, op, dtype, inputs, text, expected, ulps=0, out=None):
        self.op, self.dtype, self.inputs, self.text = op, dtype, inputs, text
        self.expected, self.ulps, self.out = expected, ulps, out or dtype


def binary_case(d, op):
    sets = {"add": INTS + FLOATS + COMPLEX, "mul": INTS + FLOATS + COMPLEX, "div": INTS + FLOATS + COMPLEX, "mod": INTS + FLOATS, "max": INTS + FLOATS,
            "lt": ["bool"] + INTS + FLOATS, "eq": ["bool"] + INTS + FLOATS + COMPLEX, "and": ["bool"] + INTS, "xor": ["bool"] + INTS}
    t, shape = d.choice(sets[op]), d.shape()
    x, y = d.array(t, shape), d.array(t, shape)
    whole = {"add": lambda a, b: a + b, "mul": lambda a, b: a * b, "div": lambda a, b: a // b if b else 0, "mod": lambda a, b: a % b if b else 0,
             "max": max, "and": lambda a, b: a & b, "xor": lambda a, b: a ^ b}
    ulps = 0
    if op in ("lt", "eq"):
        expected = x < y if op == "lt" else x == y
    elif t == "bool":
        expected = x & y if op == "and" else x ^ y
    elif t in INTS:
        expected = integer(whole[op], x, y)
    elif op == "mod":
        expected = floored_remainder(x, y)
    elif op == "max":
        expected = larger(x, y)
    elif t in COMPLEX:
        y = np.where(y == 0, np.ones_like(y), y)
        expected, ulps = {"add": x + y, "mul": x * y, "div": x / y}[op].astype(NUMPY[t]), 8
    else:
        a, b = (x, y) if t == "f64" else (x.astype(np.float64), y.astype(np.float64))
        expected = {"add": a + b, "mul": a * b, "div": a / b}[op]
        # Of a 2-byte float, f64 holds sum, product and quotient to far more digits than two roundings need.
        expected = expected.astype(NUMPY[t]) if t in ("f32", "f64", "f16") else expected.astype(np.float32).astype(NUMPY[t])
    return Case(op, t, {"x": (t, x), "y": (t, y)}, f"({op} x y)", expected, ulps, "bool" if op in ("lt", "eq") else t)


def unary_case(d, op):
    t, shape = d.choice(FLOATS), d.shape()
    x = d.array(t, shape)
    value = {"exp2": np.exp2, "log2": np.log2, "sin": np.sin, "sqrt": np.sqrt}[op](wide(x) if op != "sqrt" or t != "f64" else x)
    return Case(op, t, {"x": (t, x)}, f"({op} x)", value.astype(NUMPY[t]) if t != "bf16" else value.astype(np.float32).astype(NUMPY[t]), 0 if op == "sqrt" else 4)


def if_case(d, _):
    t, shape = d.choice(["bool"] + INTS + FLOATS + COMPLEX), d.shape()
    c, a, b = d.array("bool", shape), d.array(t, shape), d.array(t, shape)
    return Case("if", t, {"c": ("bool", c), "a": (t, a), "b": (t, b)}, "(if c a b)", np.where(c, a, b).astype(NUMPY[t]))


def cast_case(d, _):
    t, to, shape = d.choice(["bool"] + INTS + FLOATS), d.choice(["bool"] + INTS + FLOATS + ["f8e4m3", "f8e5m2"]), d.shape()
    x = d.array(t, shape)
    return Case("cast", f"{t}→{to}", {"x": (t, x)}, f"(cast x {to})", cast(x, to), 0, to)


def bitcast_case(d, _):
    t, to = d.choice([("f32", "u32"), ("f32", "i32"), ("u64", "f64"), ("f16", "i16"), ("i16", "bf16"), ("i8", "u8"), ("c64", "f32"), ("c128", "f64")])
    x = d.array(t, d.shape())
    expected = np.stack([x.real, x.imag], -1) if t in COMPLEX else x.view(NUMPY[to]) if x.shape else x.reshape(1).view(NUMPY[to]).reshape(())
    return Case("bitcast", f"{t}→{to}", {"x": (t, x)}, f"(bitcast x {to})", expected, 0, to)


def view_case(d, op):
    t, shape = d.choice(["bool"] + INTS + FLOATS + COMPLEX), d.shape(1)
    x = d.array(t, shape)
    if op == "reshape":
        to = d.choice([(int(np.prod(shape)),), tuple(reversed(shape)), (1, *shape), (*shape, 1)])
        return Case(op, t, {"x": (t, x)}, f"(reshape x {' '.join(map(str, to))})", x.reshape(to))
    if op == "permute":
        order = [int(k) for k in d.rng.permutation(len(shape))]
        return Case(op, t, {"x": (t, x)}, f"(permute x {' '.join(map(str, order))})", x.transpose(order))
    if op == "expand":
        to = tuple(int(d.choice([0, 1, 3])) if s == 1 else s for s in shape)
        return Case(op, t, {"x": (t, x)}, f"(expand x {' '.join(map(str, to))})", np.broadcast_to(x, to))
    ranges, index = [], []
    for s in shape:
        if s and d.rng.random() < 0.4:
            start, step = int(d.rng.integers(0, s)), -int(d.rng.integers(1, 4))
            stop = int(d.rng.integers(-1, start + 1))
            index.append(slice(start, stop if stop >= 0 else None, step))
        else:
            start = int(d.rng.integers(0, s + 1))
            stop, step = int(d.rng.integers(start, s + 1)), int(d.rng.integers(1, 4))
            index.append(slice(start, stop, step))
        ranges.append(f"({start} {stop} {step})")
    return Case("slice", t, {"x": (t, x)}, f"(slice x {' '.join(ranges)})", x[tuple(index)])


def indices(d, size, shape):
    return np.where(d.rng.random(shape) < 0.2, d.rng.integers(-5, size + 6, shape), d.rng.integers(0, max(size, 1), shape)).astype(np.int64)


def take_case(d, _):
    t, shape = d.choice(["bool"] + INTS + FLOATS), d.choice([(7,), (3, 5), (2, 3, 2)])
    x, axis = d.array(t, shape), int(d.rng.integers(len(shape)))
    i = indices(d, shape[axis], d.shape())
    if len(shape) > 1 and d.rng.random() < 0.4:
        j = indices(d, shape[1], i.shape)
        k = indices(d, shape[0], i.shape)
        return Case("take", t, {"x": (t, x), "i": ("i64", k), "j": ("i64", j)}, "(take x (i j))",
                    x[np.clip(k, 0, shape[0] - 1), np.clip(j, 0, shape[1] - 1)])
    return Case("take", t, {"x": (t, x), "i": ("i64", i)}, f"(take x {axis} i)", np.take(x, i, axis=axis, mode="clip"))


def put_case(d, _):
    mode = d.choice(["set", "add", "mul", "max"])
    t = d.choice(INTS + (["bool", "f32", "f64", "f16"] if mode == "set" else ["f32", "f64"] if mode == "max" else []))
    n = 6
    x, i = d.array(t, (n, 2)), indices(d, n, d.choice([(), (0,), (9,), (2, 3)]))
    v = d.array(t, (*i.shape, 2))
    out = x.copy()
    for at in np.ndindex(*i.shape):
        if not 0 <= i[at] < n:
            continue
        old, new = out[i[at]], v[at]
        out[i[at]] = (new if mode == "set" else larger(old, new) if t in FLOATS else
                      integer({"add": lambda a, b: a + b, "mul": lambda a, b: a * b, "max": max}[mode], old, new))
    return Case("put", f"{t} {mode}", {"x": (t, x), "i": ("i64", i), "v": (t, v)}, f"(put x 0 i v {mode})", out, 0, t)


def reduce_case(d, _):
    how = d.choice(["add", "mul", "max", "and", "xor"])
    t = d.choice(INTS + (FLOATS if how in ("add", "mul", "max") else ["bool"]))
    shape = d.shape(1)
    x = d.array(t, shape)
    if t in FLOATS and how != "max":
        x = np.where(np.isfinite(x) & (np.abs(x.astype(np.float64)) < 50) & (np.abs(x.astype(np.float64)) > 1e-2), np.abs(x), NUMPY[t](1))
    axes = sorted(int(k) for k in d.rng.permutation(len(shape))[: d.rng.integers(1, len(shape) + 1)])
    moved = np.moveaxis(x, axes, list(range(len(axes))))
    moved = moved.reshape(int(np.prod(moved.shape[:len(axes)])), *moved.shape[len(axes):])
    if t in FLOATS:
        acc = {"add": np.float64(0), "mul": np.float64(1), "max": None}[how]
        if how == "max":
            out = np.full(moved.shape[1:], -np.inf).astype(x.dtype)
            for row in moved:
                out = larger(out, row)
        else:
            out = np.full(moved.shape[1:], acc)
            for row in moved:
                out = out + row.astype(np.float64) if how == "add" else out * row.astype(np.float64)
            out = out.astype(np.float32 if t == "bf16" else NUMPY[t]).astype(NUMPY[t])
        ulps = 0 if how == "max" else (2 if t in ("f16", "bf16") else moved.shape[0] + 1)
    else:
        first = {"add": 0, "mul": 1, "max": 0 if t == "bool" else np.iinfo(NUMPY[t]).min, "and": True if t == "bool" else (-1), "xor": 0}[how]
        out = np.full(moved.shape[1:], first).astype(NUMPY[t])
        for row in moved:
            if t == "bool":
                out = out & row if how == "and" else out ^ row
            else:
                out = integer({"add": lambda a, b: a + b, "mul": lambda a, b: a * b, "max": max, "and": lambda a, b: a & b,
                               "xor": lambda a, b: a ^ b}[how], out, row)
        ulps = 0
    return Case("reduce", f"{t} {how}", {"x": (t, x)}, f"(reduce {how} x {' '.join(map(str, axes))})", out, ulps, t)


def leaf_case(d, op):
    shape = d.shape(1)
    axis = int(d.rng.integers(len(shape)))
    if op == "index":
        return Case(op, "i64", {}, f"(index {axis} {' '.join(map(str, shape))})", np.indices(shape)[axis].astype(np.int64))
    if op == "const":
        t = d.choice(["f32", "f64", "i32", "u8"])
        v = int(d.rng.integers(0, 200))
        return Case(op, t, {}, f"(const {v}{'.0' if t[0] == 'f' else ''} {t} {' '.join(map(str, shape))})", np.full(shape, v, NUMPY[t]))
    t = d.choice(["bool"] + INTS + FLOATS + COMPLEX)
    x = d.array(t, shape)
    return Case("copy", t, {"x": (t, x)}, "(copy x)", x)


def loop_case(d, _):
    """A running sum and product of rows that stops early, all of its results."""
    t, n = d.choice(INTS), int(d.rng.integers(0, 7))
    x = d.array(t, (7, 3))
    stop, pick = int(d.rng.integers(0, 8)), int(d.rng.integers(0, 4))
    total, product, count, stack = np.zeros(3, x.dtype), np.ones(3, x.dtype), 0, np.zeros((7, 3), x.dtype)
    for i in range(min(n, 7)):
        total, product = integer(lambda a, b: a + b, total, x[i]), integer(lambda a, b: a * b, product, x[i])
        stack[i], count = total, i + 1
        if i >= stop:
            break
    expected = [total, product, stack, np.int64(count)][pick]
    text = (f"(result {pick} (loop (upto n 7) ((s (const 0 {t} 3)) (p (const 1 {t} 3))) (i) (row (take x 0 i)) (s2 (add s row)) (next s2 (mul p row)) "
            f":until (lt (const {stop - 1} i64) i) :collect s2))")
    return Case("loop", t, {"x": (t, x), "n": ("i64", np.int64(n))}, text, np.asarray(expected), 0, "i64" if pick == 3 else t)


MAKERS = {**{op: unary_case for op in ("exp2", "log2", "sin", "sqrt")},
          **{op: binary_case for op in ("add", "mul", "div", "mod", "max", "lt", "eq", "and", "xor")}, "if": if_case, "cast": cast_case,
          "bitcast": bitcast_case, **{op: view_case for op in ("reshape", "permute", "expand", "slice")}, "take": take_case, "put": put_case,
          "reduce": reduce_case, "loop": loop_case, **{op: leaf_case for op in ("index", "const", "copy")}}


# ---- programs of many cases ----

def program(cases, draw):
    """IR text, and the arrays of its inputs. The first size of every other input is symbolic."""
    dims, inputs, lets, outputs, arrays = [], [], [], [], {}
    for k, case in enumerate(cases):
        # Sizes that appear in the text of the case stay constant.
        symbolic = case.op in ("exp2", "log2", "sin", "sqrt", "add", "mul", "div", "mod", "max", "lt", "eq", "and", "xor", "if", "cast", "copy") and k % 2
        names = {}
        for name, (t, value) in case.inputs.items():
            full, sizes = f"{name}{k}", [str(s) for s in value.shape]
            if symbolic and sizes:
                sizes[0] = f"N{k}"
                if f"(N{k} 0 *)" not in dims:
                    dims.append(f"(N{k} 0 *)")
            carrier = CARRIER.get(t)
            stored = carrier[0] if carrier else t
            inputs.append(f"({full} ({' '.join([stored, *sizes])}))")
            arrays[full] = np.ascontiguousarray(value).view(carrier[1]).reshape(value.shape) if carrier else np.asarray(value)
            if carrier:
                lets.append(f"(b.{full} (bitcast {full} {t}))")
            names[name] = f"b.{full}" if carrier else full
        words = case.text.replace("(", " ( ").replace(")", " ) ").split()
        bound = {"s", "p", "i", "row", "s2"} if case.op == "loop" else set()
        text = " ".join(w if w in bound else names.get(w, w) for w in words)
        if case.out in CARRIER:
            text = f"(bitcast {text} {CARRIER[case.out][0]})"
        lets.append(f"(r{k} {text})")
        outputs.append(f"(y{k} r{k})")
    return f"(ir 1 (program main (:dim {' '.join(dims)}) (:in {' '.join(inputs)}) (:let {' '.join(lets)}) (:out {' '.join(outputs)})))\n", arrays


def run(text, arrays, count, runtime, folder):
    (folder / "p.ir").write_text(text)
    np.savez(folder / "in.npz", **arrays)
    command = [CATEN, "run", "--no-init", "--runtime", runtime, "p.ir"]
    command += [w for name in arrays for w in ("--in", f"{name}=in.npz")] + [w for k in range(count) for w in ("--out", f"y{k}=out.npz")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    if done.returncode:
        sys.exit(f"{runtime}: exit {done.returncode}\n{done.stderr[-4000:]}\n{text[:2000]}")
    with np.load(folder / "out.npz") as out:
        return [out[f"y{k}"] for k in range(count)]


def ordered(x):
    """Floats as integers in their order, so that a difference counts units in the last place."""
    kind = {2: np.int16, 4: np.int32, 8: np.int64}[x.dtype.itemsize]
    bits = np.ascontiguousarray(x).view(kind).astype(object)
    return np.where(bits < 0, -(bits & (2 ** (8 * x.dtype.itemsize - 1) - 1)), bits)


def compare(case, got):
    """Largest difference in ulps; None if it must not be."""
    kind, want = NUMPY[case.out], np.asarray(case.expected)
    if case.out in CARRIER:
        got = np.ascontiguousarray(got).view(kind).reshape(got.shape)
    if got.shape != want.shape or got.dtype != want.dtype:
        return None
    if case.out.startswith("f8"):
        same = (got.view(np.uint8) == np.ascontiguousarray(want).view(np.uint8)) | (np.isnan(got.astype(np.float32)) & np.isnan(want.astype(np.float32)))
        return 0 if np.all(same) else None
    if case.out in COMPLEX:
        scale = np.spacing(np.maximum(np.abs(want), 1e-30).astype(want.real.dtype))
        ulps = float(np.max(np.abs(got - want) / scale, initial=0))
        return ulps if ulps <= case.ulps else None
    if case.out not in FLOATS:
        return 0 if np.array_equal(got, want) else None
    both = np.isnan(got.astype(np.float64)) & np.isnan(want.astype(np.float64))
    distance = np.where(both, 0, np.abs(ordered(got) - ordered(want)))
    if case.ulps == 0:
        size = got.dtype.itemsize
        raw = {2: np.uint16, 4: np.uint32, 8: np.uint64}[size]
        exact = (np.ascontiguousarray(got).view(raw) == np.ascontiguousarray(want).view(raw)).reshape(got.shape)
        return 0 if np.all(exact | both) else None
    ulps = int(np.max(distance, initial=0))
    return ulps if ulps <= case.ulps else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CATEN_SEED", time.time())))
    parser.add_argument("--report")
    parser.add_argument("--runtime", help="this one only; without it the evaluator, c, and cpu where it was built")
    options = parser.parse_args()
    draw = Draw(np.random.default_rng(options.seed))
    print(f"seed {options.seed}")
    table, failed, passed, worst = {}, 0, 0, {}
    names = list(MAKERS)
    runtimes = ["reference", "c"] + (["cpu"] if (pathlib.Path(CATEN).parents[1] / "lib/caten/cpu.so").exists() else [])
    if options.runtime:
        runtimes = [options.runtime]
    for start in range(0, options.cases, 150):
        count = min(150, options.cases - start)
        cases = [MAKERS[names[(start + k) % len(names)]](draw, names[(start + k) % len(names)]) for k in range(count)]
        text, arrays = program(cases, draw)
        for runtime in runtimes:
            with tempfile.TemporaryDirectory() as folder:
                results = run(text, arrays, count, runtime, pathlib.Path(folder))
            for case, got in zip(cases, results):
                ulps = compare(case, got)
                row = table.setdefault((case.op, runtime), [0, 0, 0])
                if ulps is None:
                    failed += 1
                    row[1] += 1
                    if row[1] <= 2:
                        shown = {n: v.ravel()[:8].tolist() for n, (_, v) in case.inputs.items()}
                        print(f"wrong on {runtime}: {case.text} {case.dtype} {shown}\n  expected {np.asarray(case.expected).ravel()[:8]}\n  found    {got.ravel()[:8]}")
                else:
                    passed += 1
                    row[0] += 1
                    row[2] = max(row[2], ulps)
    lines = ["| op | runtime | right | wrong | max ulp |", "| --- | --- | ---: | ---: | ---: |"]
    lines += [f"| {op} | {runtime} | {a} | {b} | {u:g} |" for (op, runtime), (a, b, u) in sorted(table.items())]
    print("\n".join(lines))
    if options.report:
        pathlib.Path(options.report).write_text("\n".join(lines) + "\n")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
