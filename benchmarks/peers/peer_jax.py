"""JAX: every workload is one jitted function."""
import functools
import time

import jax
import jax.numpy as np
import numpy

import protocol
import resnet


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def layer_norm(x, weight=1.0, bias=0.0):
    m = x.mean(-1, keepdims=True)
    v = ((x - m) ** 2).mean(-1, keepdims=True)
    return (x - m) * jax.lax.rsqrt(v + 1e-5) * weight + bias


def gelu(x):
    return jax.nn.gelu(x, approximate=False)


def attention(q, k, v, causal=False):
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(np.float32(q.shape[-1]))
    if causal:
        scores = np.where(np.tril(np.ones(scores.shape[-2:], bool)), scores, -np.inf)
    return softmax(scores) @ v


def convolution(x, weight, stride, padding):
    return jax.lax.conv_general_dilated(x, weight, (stride, stride), [(padding, padding)] * 2, dimension_numbers=("NCHW", "OIHW", "NCHW"))


class ImageLayers:
    relu, add = staticmethod(jax.nn.relu), staticmethod(np.add)

    @staticmethod
    def conv_norm(x, parameters, stride):
        w, mean, variance, scale, shift = (parameters[0], *(p[:, None, None] for p in parameters[1:]))
        return (convolution(x, w, stride, w.shape[-1] // 2) - mean) * jax.lax.rsqrt(variance + 1e-5) * scale + shift

    @staticmethod
    def max_pool(x):
        return jax.lax.reduce_window(x, -np.inf, jax.lax.max, (1, 1, 3, 3), (1, 1, 2, 2), [(0, 0), (0, 0), (1, 1), (1, 1)])

    @staticmethod
    def classify(x, w, b):
        return x.mean((2, 3)) @ w.T + b


def digits_loss(x, target, w1, b1, w2, b2):
    scores = jax.nn.relu(x @ w1 + b1) @ w2 + b2
    return -np.take_along_axis(jax.nn.log_softmax(scores), target[:, None], 1).mean()


def block(x, wq, wk, wv, wo, w1, b1, w2, b2):
    length, features = x.shape
    heads = lambda t: t.reshape(length, features // 64, 64).transpose(1, 0, 2)
    n = layer_norm(x)
    a = attention(heads(n @ wq), heads(n @ wk), heads(n @ wv), causal=True).transpose(1, 0, 2).reshape(length, features)
    x = x + a @ wo
    return x + gelu(layer_norm(x) @ w1 + b1) @ w2 + b2


def blocks(x, *parameters):
    for k in range(0, len(parameters), 8):
        x = block(x, *parameters[k:k + 8])
    return x


WORKLOADS = {
    "addition": np.add,
    "chain": lambda x: np.tanh(x * 1.5 + 0.25) * np.exp(-np.abs(x)),
    "rows-softmax": softmax,
    "norm-gelu": lambda x, w, b: gelu(layer_norm(x, w, b)),
    "rms-scaled": lambda x, w: x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * w,
    "column-sums": lambda x: x.sum(0),
    "row-sums": lambda x: x.sum(1),
    "total": lambda x: x.sum(),
    "column-maxima": lambda x: x.max(0),
    "row-maxima": lambda x: x.max(1),
    "largest": lambda x: x.max(),
    "transposed": lambda x: x.T.copy(),
    "gathered": lambda table, rows: table[rows],
    "product": lambda a, b: a @ b,
    "row-by-weight": lambda x, w: w @ x,
    "row-by-int8": lambda x, q, s: (q.astype(np.float32) @ x) * s[:, 0],
    "products": lambda a, b: a @ b,
    "convolution": lambda x, w: convolution(x, w, 1, 1),
    "stem": lambda x, w: convolution(x, w, 2, 3),
    "prefill": lambda q, k, v: attention(q, k, v, causal=True),
    "prefill-all": attention,
    "decode": attention,
    "digits-loss": digits_loss,
    "transformer-block": block,
    "transformer-blocks": blocks,
    "transformer-block-768": block,
    "resnet-18": lambda x, *parameters: resnet.resnet_18(ImageLayers, x, parameters),
}
DTYPES = {"f32": "float32", "bf16": "bfloat16", "f16": "float16", "i64": "int32", "i8": "int8", "u8": "uint8"}


def function_of(spec):
    function, wrt = WORKLOADS[spec["composite"]], spec["wrt"]
    if not wrt:
        return function
    names = [name for name, _, _ in spec["inputs"]][:-1]
    chosen = [names.index(name) for name in wrt]

    def with_cotangents(*arguments):
        *inputs, seed = arguments

        def of_chosen(*varied):
            taken = dict(zip(chosen, varied))
            return function(*[taken.get(k, x) for k, x in enumerate(inputs)])

        value, pullback = jax.vjp(of_chosen, *[inputs[k] for k in chosen])
        return (value, *pullback(seed))

    return with_cotangents


@functools.cache
def warm_up():
    jax.jit(lambda x: x + 1).lower(jax.ShapeDtypeStruct((3,), "float32")).compile()


def compile_program(spec):
    arguments = [jax.ShapeDtypeStruct(sizes, DTYPES[dtype]) for _, dtype, sizes in spec["inputs"]]
    function = function_of(spec)
    warm_up()
    start = time.perf_counter()
    jax.jit(function).lower(*arguments).compile()
    return 1000 * (time.perf_counter() - start)


def prepare(spec, inputs):
    arguments = [np.asarray(inputs[name], DTYPES[dtype]) for name, dtype, _ in spec["inputs"]]
    compiled = jax.jit(function_of(spec)).lower(*arguments).compile()
    results = compiled(*arguments)
    results = results if isinstance(results, tuple) else (results,)
    return [numpy.asarray(r.astype("float32") if r.dtype == "bfloat16" else r) for r in results], {
        "fresh": lambda: jax.block_until_ready(compiled(*arguments))}


def ways(x, y):
    x, y, jitted = np.asarray(x), np.asarray(y), jax.jit(np.add)
    return {"jitted": lambda: jitted(x, y), "jitted, awaited": lambda: jitted(x, y).block_until_ready()}


protocol.main(prepare, ways, compile_program)
