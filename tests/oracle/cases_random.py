"""Random numbers: the bits of Philox as Random123 gives them (philox4x32.txt), what makers do with the bits, and at fixed seeds whether
distributions are what they are called (Kolmogorov and Smirnov's test, or chi-square)."""
import pathlib

import numpy as np
import scipy.stats

from cases import NUMPY, Case

VECTORS = np.array([[int(w, 16) for w in line.split()] for line in (pathlib.Path(__file__).parent / "philox4x32.txt").read_text().splitlines()[1:]], np.uint32)
SAMPLES = 3000
LEAST_P = 1e-5  # Seeds are few and fixed: each sample passes always or never.


def philox(counter, key):
    """Words [4 n] for counters [4 n], by the paper."""
    c, k = [row.astype(np.uint64) for row in counter], [np.uint64(key[0]), np.uint64(key[1])]
    low = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        p, q = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(q >> np.uint64(32)) ^ c[1] ^ k[0], q & low, (p >> np.uint64(32)) ^ c[3] ^ k[1], p & low]
        k = [(k[0] + np.uint64(0x9E3779B9)) & low, (k[1] + np.uint64(0xBB67AE85)) & low]
    return np.stack([row.astype(np.uint32) for row in c])


assert np.array_equal(np.concatenate([philox(v[:4, None].reshape(4, 1), v[4:6]) for v in VECTORS], 1).T, VECTORS[:, 6:])


def words(count, seed, stream, turn=0):
    n = max(1, -(-count // 4))
    counter = np.stack([np.arange(n, dtype=np.uint64).astype(np.uint32), np.zeros(n, np.uint32), np.full(n, stream, np.uint32), np.full(n, turn, np.uint32)])
    return philox(counter, (seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF)).T.reshape(-1)


def pairs(shape, seed, stream, turn=0):
    count = int(np.prod(shape))
    both = words(2 * count, seed, stream, turn)[: 2 * count].reshape(count, 2).astype(np.uint64)
    return both[:, 0].reshape(shape), both[:, 1].reshape(shape)


def uniform(shape, t, seed, stream, turn=0):
    if t == "f64":
        high, low = pairs(shape, seed, stream, turn)
        return ((high >> np.uint64(5)).astype(np.float64) * 67108864 + (low >> np.uint64(6)).astype(np.float64)) / 2.0 ** 53
    count, bits = int(np.prod(shape)), {"f32": 24, "f16": 11, "bf16": 8}[t]
    return ((words(count, seed, stream, turn)[:count] >> np.uint32(32 - bits)).astype(np.float64) / 2.0 ** bits).astype(NUMPY[t]).reshape(shape)


def seed_of(d):
    return d.choice([0, 1, d.integer(0, 2 ** 31), d.integer(0, 2 ** 62), (1 << 64) - 1])


def written_shape(d):
    shape = d.shape()
    text = " ".join(map(str, shape))
    return shape, f" '({text})" if shape and d.chance(0.3) else f" {text}" if shape else ""


def philox_case(d):
    if d.chance(0.5):
        rows = VECTORS[d.rng.integers(len(VECTORS))][None]
    else:
        n = d.integer(0, 9)
        rows = np.zeros((n, 10), np.uint32)
        rows[:, :4] = d.rng.integers(0, 2 ** 32, (n, 4))
        key = d.rng.integers(0, 2 ** 32, 2).astype(np.uint32)
        return Case("(philox c k)", "u32", {"c": ("u32", np.ascontiguousarray(rows[:, :4].T)), "k": ("u32", key)}, philox(rows[:, :4].T, key))
    return Case("(philox c k)", "u32", {"c": ("u32", np.ascontiguousarray(rows[:, :4].T)), "k": ("u32", rows[0, 4:6])}, np.ascontiguousarray(rows[:, 6:].T))


def fits(values, distribution, *parameters):
    p = scipy.stats.kstest(np.asarray(values, np.float64).ravel(), distribution, parameters).pvalue
    return "" if p > LEAST_P else f"Kolmogorov and Smirnov: p = {p:.2g}"


def counts_fit(counts, expected):
    p = scipy.stats.chisquare(counts, np.asarray(expected) / np.sum(expected) * np.sum(counts)).pvalue
    return "" if p > LEAST_P else f"chi-square: p = {p:.2g}"


def sample(text, t, check):
    case = Case(text, t, {}, np.zeros(0), t)
    case.check = check
    return case


# Seeds 1 to 6: each is one sample, tested again whenever it is drawn.
def some_seed(d):
    return d.integer(1, 6)


def rand_case(d):
    if d.chance(0.06):
        return sample(f"(rand {SAMPLES} :seed {some_seed(d)})", "f32", lambda x: fits(x, "uniform"))
    t, seed, (shape, text) = d.float(), seed_of(d), written_shape(d)
    return Case(f"(rand{text} :dtype :{t} :seed {seed})" if t != "f32" or d.chance(0.5) else f"(rand{text} :seed {seed})", t, {}, uniform(shape, t, seed, 0), t)


def randn_case(d):
    if d.chance(0.06):
        return sample(f"(randn {SAMPLES} :seed {some_seed(d)})", "f32", lambda x: fits(x, "norm"))
    t, seed, (shape, text) = d.float(), seed_of(d), written_shape(d)
    u, v = 1 - uniform(shape, "f64", seed, 1).astype(np.longdouble), uniform(shape, "f64", seed, 2)
    radius = np.sqrt(-2 * np.log(u))
    # The angle is rounded to f64 before its sine is taken.
    y = radius * np.sin((6.283185307179586 * v).astype(np.longdouble))
    return Case(f"(randn{text} :dtype :{t} :seed {seed})", t, {}, y, t, np.maximum(radius, np.abs(y)))


def randint_case(d):
    if d.chance(0.06):
        return sample(f"(randint 0 7 {SAMPLES} :seed {some_seed(d)})", "i64", lambda x: counts_fit(np.bincount(x, minlength=7), np.ones(7)))
    t = d.choice(["i64", "i64", "i32", "u8", "i16"])
    low = d.integer(-50, 50) if t != "u8" else d.integer(0, 50)
    high = low + d.choice([1, 2, 7, 50, 2 ** 31 - 200 if t in ("i32", "i64") else 60, 2 ** 62 if t == "i64" else 60])
    seed, (shape, text) = seed_of(d), written_shape(d)
    a, b = pairs(shape, seed, 3)
    word = [(int(p) << 32 | int(q)) % (high - low) + low for p, q in zip(a.ravel(), b.ravel())]
    return Case(f"(randint {low} {high}{text} :dtype :{t} :seed {seed})", t, {}, np.array(word, object).astype(NUMPY[t]).reshape(shape))


def exponential_case(d):
    if d.chance(0.06):
        return sample(f"(exponential {SAMPLES} :rate 2 :seed {some_seed(d)})", "f32", lambda x: fits(x, "expon", 0, 0.5))
    t, seed, rate, (shape, text) = d.float(), seed_of(d), d.choice([1, 2, 0.25]), written_shape(d)
    y = -np.log1p(-uniform(shape, "f64", seed, 4).astype(np.longdouble)) / rate
    return Case(f"(exponential{text} :dtype :{t} :rate {rate} :seed {seed})", t, {}, y + 0, t)


def permutation_case(d):
    if d.chance(0.06):
        first = d.integer(1, 6) * 1000
        return sample(f"(apply (function concat) (loop for s from {first} below {first + 400} collect (permutation 4 :seed s)))", "i64",
                      lambda x: counts_fit(np.unique(x.reshape(-1, 4) @ [64, 16, 4, 1], return_counts=True)[1], np.ones(24)))
    n, seed = d.integer(0, 40), seed_of(d)
    a, b = pairs((n,), seed, 5)
    return Case(f"(permutation {n} :seed {seed})", "i64", {}, np.argsort(a << np.uint64(32) | b, kind="stable").astype(np.int64))


def bernoulli_case(d):
    if d.chance(0.06):
        p = d.choice([0.1, 0.5, 0.93])
        return sample(f"(bernoulli (full {p} {SAMPLES}) :seed {some_seed(d)})", "f32", lambda x: counts_fit([np.sum(x == 0), np.sum(x == 1)], [1 - p, p]))
    t, seed = d.float(), seed_of(d)
    p = np.clip(d.rng.uniform(-0.2, 1.2, d.shape()), 0, 1).astype(NUMPY[t])
    u = uniform(p.shape, "f64" if t == "f64" else "f32", seed, 6)
    return Case(f"(bernoulli p :seed {seed})", t, {"p": (t, p)}, (u < p.astype(u.dtype)).astype(NUMPY[t]), t)


def categorical_case(d):
    if d.chance(0.06):
        return sample(f"(categorical (expand (tensor '(0.0 1.0 -1.0 0.5)) {SAMPLES} 4) :seed {some_seed(d)})", "i64",
                      lambda x: counts_fit(np.bincount(x, minlength=4), np.exp([0.0, 1.0, -1.0, 0.5])))
    t, seed = d.float(), seed_of(d)
    shape = (*d.choice([(), (3,), (2, 3), (0,)]), d.integer(1, 6))
    x = d.numbers(t, shape, False, 2)
    noise = -np.log(-np.log1p(-uniform(shape, "f64", seed, 7)))
    return Case(f"(categorical x :seed {seed})", t, {"x": (t, x)}, np.argmax(x.astype(np.float64) + noise, -1).astype(np.int64), "i64")


def largest_first(x):
    """Positions of each row, the largest first, of equal ones the first."""
    return np.argsort(-x.astype(np.float64), -1, kind="stable")


def among_top_k(x, k):
    kept = np.zeros(x.shape, bool)
    np.put_along_axis(kept, largest_first(x)[..., :k], True, -1)
    return kept


def among_top_p(x, p):
    """In exact order and by sums in long double: whoever compares must keep away from ties of sums."""
    order = largest_first(x)
    e = np.exp(np.take_along_axis(x, order, -1).astype(np.longdouble) - np.max(x, -1, keepdims=True))
    before = (np.cumsum(e, -1) - e) / np.sum(e, -1, keepdims=True)
    kept = np.zeros(x.shape, bool)
    np.put_along_axis(kept, order, before < p, -1)
    return kept, np.all(np.abs(before - p) > 1e-5)


def some_logits(d, t):
    shape = (*d.choice([(), (3,), (2, 3), (0,)]), d.integer(1, 9))
    x = d.numbers(t, shape, False, 2)
    # Some equal ones, zeros of both signs among them.
    return np.where(d.rng.random(shape) < 0.3, d.rng.integers(-1, 2, shape) * d.choice([1.0, -1.0]), x).astype(NUMPY[t])


def top_k_logits_case(d):
    t, k = d.choice(["f16", "bf16", "f32"]), d.integer(1, 10)
    x = some_logits(d, t)
    return Case(f"(top-k-logits x {k})", t, {"x": (t, x)}, np.where(among_top_k(x, k), x, -np.inf).astype(NUMPY[t]))


def top_p_logits_case(d):
    t, p = d.choice(["f16", "bf16", "f32"]), d.choice([1e-3, 0.25, 0.7, 0.9, 1])
    while True:
        x = some_logits(d, t)
        kept, clear = among_top_p(x, p)
        if clear or p == 1:
            return Case(f"(top-p-logits x {p})", t, {"x": (t, x)}, np.where(kept | (p == 1), x, -np.inf).astype(NUMPY[t]))


def sample_case(d):
    logits = np.array([0.0, 1.0, -1.0, 0.5, 0.5])
    text = f"(expand (tensor '({' '.join(map(str, logits))})) {SAMPLES} {len(logits)})"
    if d.chance(0.3):
        temperature, k, p = d.choice([0.5, 1, 2]), d.choice([None, 1, 2, 3, 4]), d.choice([None, 0.3, 0.8])
        x = logits / temperature
        x = x if k is None else np.where(among_top_k(x, k), x, -np.inf)
        x = x if p is None else np.where(among_top_p(x, p)[0], x, -np.inf)
        kept = np.flatnonzero(np.isfinite(x))
        attributes = f"{'' if k is None else f' :top-k {k}'}{'' if p is None else f' :top-p {p}'}"

        def check(drawn):
            counts = np.bincount(drawn, minlength=len(x))
            others = "" if np.sum(counts[kept]) == SAMPLES else f"drawn: {counts}, kept: {kept}"
            return others or (counts_fit(counts[kept], np.exp(x[kept])) if len(kept) > 1 else "")
        return sample(f"(sample {text} {d.integer(0, 3)} :temperature {temperature}{attributes} :seed {some_seed(d)})", "i64", check)
    t, seed, step = d.float(), seed_of(d), d.choice([None, 0, 1, 70])
    x = some_logits(d, t)
    noise = -np.log(-np.log1p(-uniform(x.shape, "f64", seed, 20, step or 0)))
    return Case(f"(sample x{'' if step is None else f' {step}'} :seed {seed})", t, {"x": (t, x)},
                np.argmax(x.astype(np.float32).astype(np.float64) + noise, -1).astype(np.int64), "i64")


def gamma_case(d):
    t, alpha, rate = d.choice(["f32", "f64"]), d.choice([0.1, 0.5, 0.9, 1.0, 2.5, 10.0, 200.0]), d.choice([1, 2])
    return sample(f"(gamma (full {alpha} {d.choice([300, 500, SAMPLES])} :dtype :{t}) :rate {rate} :seed {some_seed(d)})", t, lambda x: fits(x, "gamma", alpha, 0, 1 / rate))


def beta_case(d):
    t, a, b = d.choice(["f32", "f64"]), d.choice([0.3, 0.5, 1.0, 2.0, 30.0]), d.choice([0.3, 0.5, 1.0, 2.0, 30.0])
    return sample(f"(beta (full {a} {d.choice([300, 500, SAMPLES])} :dtype :{t}) {b} :seed {some_seed(d)})", t, lambda x: fits(x, "beta", a, b))


def dropout_case(d):
    t, p, seed = d.float(), d.choice([None, 0, 0.25, 0.5, 0.75, 1]), seed_of(d)
    x = d.numbers(t, d.shape(), False)
    if d.chance(0.1):
        return Case("(dropout x :training nil)", t, {"x": (t, x)}, x.astype(np.longdouble))
    part = 0.5 if p is None else p
    keep = uniform(x.shape, "f32", seed, 0) >= np.float32(part)
    hi = x.astype(np.longdouble)
    y = np.where(keep, hi / np.longdouble(1 - part), 0) if part < 1 else np.zeros_like(hi)
    return Case(f"(dropout x{'' if p is None else f' :p {p}'} :seed {seed})", t, {"x": (t, x)}, y, t)


MAKERS = {"philox": philox_case, "rand": rand_case, "randn": randn_case, "randint": randint_case, "exponential": exponential_case, "permutation": permutation_case,
          "bernoulli": bernoulli_case, "categorical": categorical_case, "sample": sample_case, "top-k-logits": top_k_logits_case, "top-p-logits": top_p_logits_case, "gamma": gamma_case, "beta": beta_case, "dropout": dropout_case}
