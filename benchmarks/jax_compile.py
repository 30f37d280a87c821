"""Compiles the workloads of benchmarks/workloads/ with JAX: prints a line of JSON, {"workload": milliseconds, …}, for this process.

A process of its own for each measurement: JAX keeps what it has compiled. Only lowering and compiling are timed, not the import.
"""
import json
import sys
import time

import jax
import jax.numpy as np

f32 = jax.ShapeDtypeStruct


def spec(*shape, dtype="float32"):
    return f32(shape, dtype)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def layer_norm(x, weight=1.0, bias=0.0):
    m = x.mean(-1, keepdims=True)
    v = ((x - m) ** 2).mean(-1, keepdims=True)
    return (x - m) * jax.lax.rsqrt(v + 1e-5) * weight + bias


def gelu(x):
    return jax.nn.gelu(x, approximate=False)


def attention(q, k, v):
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    seen = np.tril(np.ones(scores.shape[-2:], bool))
    return softmax(np.where(seen, scores, -np.inf)) @ v


def block(x, wq, wk, wv, wo, w1, b1, w2, b2):
    heads = lambda t: t.reshape(256, 8, 64).transpose(1, 0, 2)
    n = layer_norm(x)
    a = attention(heads(n @ wq), heads(n @ wk), heads(n @ wv)).transpose(1, 0, 2).reshape(256, 512)
    x = x + a @ wo
    return x + gelu(layer_norm(x) @ w1 + b1) @ w2 + b2


workloads = {
    "chain": (lambda x: np.tanh(x * 1.5 + 0.25) * np.exp(-np.abs(x)), [spec(4194304)]),
    "rows-softmax": (softmax, [spec(4096, 1024)]),
    "norm-gelu": (lambda x, w, b: gelu(layer_norm(x, w, b)), [spec(4096, 1024), spec(1024), spec(1024)]),
    "column-sums": (lambda x: x.sum(0), [spec(4096, 4096)]),
    "transposed": (lambda x: x.T.copy(), [spec(4096, 4096)]),
    "gathered": (lambda t, i: t[i], [spec(32000, 4096), spec(2048, dtype="int32")]),
    "product": (lambda a, b: a @ b, [spec(1024, 1024)] * 2),
    "prefill": (attention, [spec(8, 1024, 64)] * 3),
    "transformer-block": (block, [spec(256, 512)] + [spec(512, 512)] * 4 + [spec(512, 2048), spec(2048), spec(2048, 512), spec(512)]),
}
jax.jit(lambda x: x + 1).lower(spec(3)).compile()  # what is made once in a process
times = {}
for name in sys.argv[1:] or workloads:
    function, arguments = workloads[name]
    start = time.perf_counter()
    jax.jit(function).lower(*arguments).compile()
    times[name] = 1000 * (time.perf_counter() - start)
print(json.dumps(times))
