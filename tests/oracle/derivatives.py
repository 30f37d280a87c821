"""Derivatives against JAX, in f64, on generated shapes.

  tests/oracle/run derivatives [--cases N] [--seed S] [--only NAME,…] [--runtime NAME] [-O LEVEL]

For each case the cotangents of all inputs for a drawn cotangent of the result, and the tangent for drawn tangents, are computed by
caten and by JAX. A result may differ by 1e-9 of the largest element. Prints the seed, a table, and as last line `N passed, N failed`.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
from jax import nn

TREE = pathlib.Path(__file__).resolve().parents[2]
CATEN = TREE / "build" / os.environ.get("CATEN_PRESET", "release") / "bin" / "caten"

PRELUDE = """(defvar *in* (load-npz "in.npz"))
(defun in (name) (cdr (assoc name *in* :test #'string=)))
(defvar *out* '())
(defun keep (name values) (loop for value in values for k from 0 do (push value *out*) (push (format nil "~a.~d" name k) *out*)))
(defmacro case-of (name function count)
  `(handler-case
       (let ((inputs (loop for k below ,count collect (in (format nil "~a.x~d" ,name k))))
             (tangents (loop for k below ,count collect (in (format nil "~a.t~d" ,name k)))))
         (keep (format nil "~a.v" ,name)
               (multiple-value-list (apply #'vjp ,function (append inputs (list :cotangent (in (format nil "~a.g" ,name)) :zeros t)))))
         (keep (format nil "~a.j" ,name) (multiple-value-list (apply #'jvp ,function (append inputs (list :tangent tangents :zeros t))))))
     (error (e) (format t "failed ~a: ~a~%" ,name e))))
"""


class Draw:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def size(self, low=1, high=6):
        return int(self.rng.integers(low, high + 1))

    def shape(self, rank=None):
        return tuple(self.size() for _ in range(self.size(0, 3) if rank is None else rank))

    def numbers(self, shape, low=-2.0, high=2.0):
        return self.rng.uniform(low, high, shape)


def plain(function, low=-2.0, high=2.0):
    """Of one tensor, element by element."""
    return lambda d, name: (f"'{name}", function, [d.numbers(d.shape(), low, high)])


def pair(function, low=-2.0, high=2.0):
    def make(d, name):
        shape = d.shape()
        return f"'{name}", function, [d.numbers(shape, low, high), d.numbers(shape, low, high)]
    return make


def rows(function):
    """Along the last axis."""
    return lambda d, name: (f"'{name}", function, [d.numbers(d.shape(d.size(1, 3)))])


def matmul(d, name):
    m, k, n, lead = d.size(), d.size(), d.size(), d.shape(d.size(0, 1))
    return "'matmul", jnp.matmul, [d.numbers(lead + (m, k)), d.numbers(lead + (k, n))]


def broadcast(d, name):
    shape = d.shape(3)
    return f"'{name}", {"+": jnp.add, "*": jnp.multiply}[name], [d.numbers(shape), d.numbers((1,) + shape[1:])]


def conv2d(d, name):
    n, c, f, kh, kw = d.size(1, 2), d.size(1, 3), d.size(1, 3), d.size(1, 3), d.size(1, 3)
    h, w, stride, pad = d.size(3, 6), d.size(3, 6), d.size(1, 2), d.size(0, 1)
    call = f"(lambda (x w) (conv2d x w nil :stride {stride} :padding {pad}))"
    def function(x, k):  # not XLA's own: derivatives of strided ones with a rest make its compiler abort
        x, (oh, ow) = jnp.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad))), ((h + 2 * pad - kh) // stride + 1, (w + 2 * pad - kw) // stride + 1)
        places = lambda first, count: slice(first, first + (count - 1) * stride + 1, stride)
        return sum(jnp.einsum("nchw,fc->nfhw", x[:, :, places(i, oh), places(j, ow)], k[:, :, i, j]) for i in range(kh) for j in range(kw))
    return call, function, [d.numbers((n, c, h, w)), d.numbers((f, c, kh, kw))]


def layer_norm(d, name):
    shape = d.shape(d.size(1, 3))
    def function(x, weight, bias):
        centred = x - x.mean(-1, keepdims=True)
        return centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * weight + bias
    return "'layer-norm", function, [d.numbers(shape), d.numbers(shape[-1:]), d.numbers(shape[-1:])]


def attention(d, name):
    h, s, t, e = d.size(1, 3), d.size(), d.size(), d.size()
    def function(q, k, v):
        return nn.softmax(q @ jnp.swapaxes(k, -1, -2) / np.sqrt(e), axis=-1) @ v
    return "'attention", function, [d.numbers((h, s, e)), d.numbers((h, t, e)), d.numbers((h, t, e))]


def gather(d, name):
    n, m = d.size(), d.size()
    index = d.rng.integers(0, n, m)
    call = f"(lambda (x) (* 1.0 (take x 0 (tensor '({' '.join(map(str, index))})))))"
    return call, lambda x: x[index], [d.numbers((n, d.size()))]


def scanned(d, name):
    n, size = d.size(1, 4), d.size()
    call = f"(lambda (x w) (scan {n} ((h x)) (i) (next (sin (* h w)))))"
    return call, lambda x, w: repeated(n, x, w), [d.numbers((size,)), d.numbers((size,))]


def repeated(n, x, w):
    for _ in range(n):
        x = jnp.sin(x * w)
    return x


def selected(d, name):
    call = "(lambda (x) (where (> x 0) (log x) (* x x)))"
    return call, lambda x: jnp.where(x > 0, jnp.log(jnp.where(x > 0, x, 1.0)), x * x), [d.numbers(d.shape())]


CASES = {
    "exp": plain(jnp.exp), "log": plain(jnp.log, 0.1, 3), "sin": plain(jnp.sin), "cos": plain(jnp.cos), "tan": plain(jnp.tan, -1, 1),
    "tanh": plain(jnp.tanh), "sinh": plain(jnp.sinh), "cosh": plain(jnp.cosh), "asin": plain(jnp.arcsin, -0.9, 0.9),
    "acos": plain(jnp.arccos, -0.9, 0.9), "atan": plain(jnp.arctan), "asinh": plain(jnp.arcsinh), "acosh": plain(jnp.arccosh, 1.1, 3),
    "atanh": plain(jnp.arctanh, -0.9, 0.9), "sqrt": plain(jnp.sqrt, 0.1, 3), "abs": plain(jnp.abs), "expm1": plain(jnp.expm1),
    "log1p": plain(jnp.log1p, -0.5, 2), "exp2": plain(jnp.exp2), "log2": plain(jnp.log2, 0.1, 3), "sigmoid": plain(nn.sigmoid),
    "relu": plain(nn.relu), "softplus": plain(nn.softplus), "silu": plain(nn.silu), "gelu": plain(lambda x: nn.gelu(x, approximate=False)),
    "elu": plain(nn.elu), "selu": plain(nn.selu), "erf": plain(jax.scipy.special.erf), "square": plain(jnp.square),
    "atan2": pair(jnp.arctan2), "hypot": pair(jnp.hypot), "/": pair(jnp.divide, 0.3, 2),
    "max": pair(jnp.maximum), "min": pair(jnp.minimum), "mod": pair(jnp.mod, 0.3, 2), "+": broadcast, "*": broadcast,
    "softmax": rows(nn.softmax), "log-softmax": rows(nn.log_softmax), "logsumexp": rows(jax.scipy.special.logsumexp),
    "cumsum": rows(lambda x: jnp.cumsum(x, 0)), "cumprod": rows(lambda x: jnp.cumprod(x, 0)), "sum": rows(jnp.sum), "mean": rows(jnp.mean),
    "prod": rows(jnp.prod), "sort": rows(lambda x: jnp.sort(x, -1)), "matmul": matmul, "conv2d": conv2d, "layer-norm": layer_norm,
    "attention": attention, "take": gather, "scan": scanned, "where": selected,
}


def expected(function, inputs, g, tangents):
    _, back = jax.vjp(function, *inputs)
    return list(back(g)), [jax.jvp(function, tuple(inputs), tuple(tangents))[1]]


def close(found, wanted):
    found, wanted = np.asarray(found), np.asarray(wanted)
    return found.shape == wanted.shape and np.max(np.abs(found - wanted), initial=0) <= 1e-9 * max(1, np.max(np.abs(wanted), initial=0))


def run(names, count, seed, options):
    d, made, arrays, program = Draw(seed), [], {}, [PRELUDE]
    for number in range(count):
        name = names[number % len(names)]
        call, function, inputs = CASES[name](d, name)
        shape = jax.eval_shape(function, *inputs).shape
        g, tangents = d.numbers(shape), [d.numbers(x.shape) for x in inputs]
        key = f"c{number}"
        made.append((key, name, function, inputs, g, tangents))
        for k, x in enumerate(inputs):
            arrays[f"{key}.x{k}"], arrays[f"{key}.t{k}"] = x, tangents[k]
        arrays[f"{key}.g"] = g
        program.append(f'(case-of "{key}" {call} {len(inputs)})')
    program.append('(apply #\'save-npz "out.npz" *out*)')
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/in.npz", **arrays)
        pathlib.Path(f"{folder}/main.lisp").write_text("\n".join(program))
        done = subprocess.run([CATEN, "run", *options, "main.lisp"], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"caten failed\n{done.stdout}{done.stderr}")
        found = dict(np.load(f"{folder}/out.npz"))
    wrong = [line for line in done.stdout.splitlines() if line.startswith("failed")]
    table = {name: [0, 0] for name in names}
    for key, name, function, inputs, g, tangents in made:
        back, forward = expected(function, inputs, g, tangents)
        results = [(f"{key}.v.{k}", x) for k, x in enumerate(back)] + [(f"{key}.j.0", forward[0])]
        good = all(at in found and close(found[at], x) for at, x in results)
        table[name][not good] += 1
        if not good:
            wrong.append(f"{key} {name} of {[x.shape for x in inputs]}: " +
                         ", ".join(at for at, x in results if at not in found or not close(found[at], x)))
    return table, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=int(os.environ.get("CATEN_CASES", 2 * len(CASES))))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CATEN_SEED", time.time())))
    parser.add_argument("--only", default="")
    parser.add_argument("--runtime", default="")
    parser.add_argument("-O", dest="level", default="")
    given = parser.parse_args()
    names = given.only.split(",") if given.only else list(CASES)
    options = (["--runtime", given.runtime] if given.runtime else []) + ([f"-O{given.level}"] if given.level else [])
    print(f"seed {given.seed}")
    table, wrong = run(names, given.cases, given.seed, options)
    for name, (good, bad) in table.items():
        print(f"{name:14} {good:5} passed {bad:4} failed")
    print("\n".join(wrong))
    bad = sum(row[1] for row in table.values())
    print(f"{sum(row[0] for row in table.values())} passed, {bad} failed")
    sys.exit(bad > 0)


main()
