"""Training steps in JAX, each one jitted function whose arguments are donated: training_jax.py MODEL FOLDER [CACHE], where CACHE keeps what was compiled."""
import sys

import jax
import jax.numpy as np

import training

name, folder, *cache = sys.argv[1:]
if cache:
    jax.config.update("jax_compilation_cache_dir", cache[0])
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def linear(p, key, x):
    y = x @ p[f"{key}.weight"].T
    return y + p[f"{key}.bias"] if f"{key}.bias" in p else y


def layer_norm(p, key, x):
    m = x.mean(-1, keepdims=True)
    v = ((x - m) ** 2).mean(-1, keepdims=True)
    return (x - m) * jax.lax.rsqrt(v + 1e-5) * p[f"{key}.weight"] + p[f"{key}.bias"]


def block(p, key, x, heads):
    b, n, size = x.shape
    y = layer_norm(p, f"{key}norm1", x) @ p[f"{key}self_attn.in_proj_weight"].T + p[f"{key}self_attn.in_proj_bias"]
    q, k, v = y.reshape(b, n, 3, heads, size // heads).transpose(2, 0, 3, 1, 4)
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(np.float32(size // heads))
    seen = jax.nn.softmax(np.where(np.tril(np.ones((n, n), bool)), scores, -np.inf)) @ v
    x = x + linear(p, f"{key}self_attn.out_proj", seen.transpose(0, 2, 1, 3).reshape(b, n, size))
    return x + linear(p, f"{key}linear2", jax.nn.gelu(linear(p, f"{key}linear1", layer_norm(p, f"{key}norm2", x)), approximate=False))


def cross_entropy(scores, y):
    return -np.take_along_axis(jax.nn.log_softmax(scores), y[..., None], -1).mean()


def mlp(p, x, y):
    return cross_entropy(linear(p, "2", jax.nn.relu(linear(p, "0", x))), y), {}


def one_block(p, x, y):
    return ((block(p, "", x, 12) - y) ** 2).mean(), {}


def gpt(p, x, y):
    h = p["wte.weight"][x] + p["wpe.weight"]
    for k in range(4):
        h = block(p, f"h.{k}.", h, 8)
    return cross_entropy(linear(p, "head", layer_norm(p, "ln_f", h)), y), {}


def cnn(p, x, y):
    moved = {}

    def conv_norm(x, k):
        x = jax.lax.conv_general_dilated(x, p[f"{k}.weight"], (1, 1), [(1, 1)] * 2, dimension_numbers=("NCHW", "OIHW", "NCHW")) + p[f"{k}.bias"][:, None, None]
        m, v = x.mean((0, 2, 3)), x.var((0, 2, 3))
        count = x.size / x.shape[1]
        moved[f"{k + 1}.running_mean"] = 0.9 * p[f"{k + 1}.running_mean"] + 0.1 * m
        moved[f"{k + 1}.running_var"] = 0.9 * p[f"{k + 1}.running_var"] + 0.1 * v * count / (count - 1)
        each = lambda t: t[:, None, None]
        return jax.nn.relu((x - each(m)) * each(jax.lax.rsqrt(v + 1e-5)) * each(p[f"{k + 1}.weight"]) + each(p[f"{k + 1}.bias"]))

    h = conv_norm(conv_norm(x, 0), 3)
    h = jax.lax.reduce_window(h, -np.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    return cross_entropy(linear(p, "8", h.reshape(len(h), -1)), y), moved


MODELS = {"mlp": (mlp, 0.1, False), "block": (one_block, 0.1, False), "cnn": (cnn, 1e-3, True), "gpt": (gpt, 3e-4, True)}
loss, rate, adamw = MODELS[name]


def make_step(p, kept, count, x, y):
    """One step: gradients of what is trained, then SGD or AdamW."""
    trained = {k: v for k, v in p.items() if "running" not in k}
    (value, moved), g = jax.value_and_grad(lambda t: loss({**p, **t}, x, y), has_aux=True)(trained)
    count = count + 1
    if not adamw:
        return {**p, **moved, **{k: v - rate * g[k] for k, v in trained.items()}}, kept, count, value
    new, means = {}, {}
    for k, v in trained.items():
        m, s = kept[k]
        m, s = 0.9 * m + 0.1 * g[k], 0.999 * s + 0.001 * g[k] * g[k]
        new[k] = v * (1 - rate * 0.01) - rate / (1 - 0.9 ** count) * m / (np.sqrt(s / (1 - 0.999 ** count)) + 1e-8)
        means[k] = (m, s)
    return {**p, **moved, **new}, means, count, value


jitted = jax.jit(make_step, donate_argnums=(0, 1, 2))
p = {k: np.asarray(v) for k, v in training.weights(name, folder).items() if "num_batches" not in k}
state = [p, {k: (np.zeros_like(v), np.zeros_like(v)) for k, v in p.items() if "running" not in k} if adamw else {}, np.float32(0)]


def step(x, y):
    *state[:], value = jitted(*state, x, y)
    return value


training.serve(step, [(np.asarray(x), np.asarray(y)) for x, y in training.batches(name, folder)])
