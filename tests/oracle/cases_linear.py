"""Products of matrices, einsum, factors and solutions."""
import numpy as np

from cases import Case, FLOATS, INTS, NUMPY, einsum, wide
from cases_shape import lisp

NUMERIC = INTS + FLOATS + ["c64"]


def high(x):
    return x.astype(np.clongdouble) if x.dtype.kind == "c" else wide(x)


def product_case(text, inputs, t, function, terms, add=0):
    """A case of sums of products: the scale is the number of terms times the same function of magnitudes."""
    values = [high(v) for v in inputs.values()]
    y = np.asarray(function(*values))
    scale = None if t in INTS else max(terms, 1) * np.asarray(function(*[np.abs(v) for v in values])).real.astype(np.longdouble)
    return Case(text, t, {n: (t, v) for n, v in inputs.items()}, y, t, scale)


def whole(t, function):
    """Integers multiply and wrap in their dtype."""
    return (lambda *xs: function(*[x for x in xs]).astype(NUMPY[t])) if t in INTS else function


def leading(d):
    full = d.choice([(), (), (2,), (3, 1), (2, 3), (0,)])
    return [tuple(1 if d.chance(0.2) else s for s in full)[d.integer(0, len(full)) if d.chance(0.2) else 0:] for _ in range(2)]


def size(d):
    return d.choice([0, 1, 2, 3, 5, 9])


def matmul_case(d):
    t, (la, lb), m, k, n = d.choice(NUMERIC), leading(d), size(d), size(d), size(d)
    a, b = d.numbers(t, (*la, m, k), t in INTS), d.numbers(t, (*lb, k, n), t in INTS)
    return product_case("(matmul a b)", {"a": a, "b": b}, t, whole(t, np.matmul), k)


def dot_case(d):
    t, (la, lb), k = d.choice(NUMERIC), leading(d), size(d)
    a, b = d.numbers(t, (*la, k), t in INTS), d.numbers(t, (*lb, k), t in INTS)
    return product_case("(dot a b)", {"a": a, "b": b}, t, whole(t, lambda a, b: np.sum(a * b, -1, dtype=a.dtype)), k)


def outer_case(d):
    t, m, n = d.choice(INTS + ["f32", "f64"]), size(d), size(d)
    a, b = d.numbers(t, (m,)), d.numbers(t, (n,))
    return Case("(outer a b)", t, {"a": (t, a), "b": (t, b)}, a[:, None] * b[None, :])


def linear_case(d):
    t, (lead, _), k, n = d.choice(NUMERIC), leading(d), size(d), size(d)
    x, w, b = d.numbers(t, (*lead, k), False), d.numbers(t, (n, k), False), d.numbers(t, (n,), False)
    if d.chance(0.5):
        return product_case("(linear x w)", {"x": x, "w": w}, t, whole(t, lambda x, w: np.matmul(x, w.T)), k)
    return product_case("(linear x w b)", {"x": x, "w": w, "b": b}, t, whole(t, lambda x, w, b: np.matmul(x, w.T) + b), k + 1)


EQUATIONS = ["ij,jk->ik", "ij,jk", "i,i->", "i,j->ij", "ij->ji", "ii->i", "ii", "ij->", "ij->j", "bij,bjk->bik", "...ij,...jk->...ik", "...i->...", "i...->...", "...", "ij,ij->ij",
             "ijj->ji", "iij,jk->ik", "ij,jk,kl->il", "a,b,c->abc", "b...i,ij->b...j", "ij, jk -> ki", "iji->j", "...ii->...i", "abc,cd,def->abef", "ij,kj->ik", "i,ij,j->", "Ab,bA->A"]


def einsum_case(d):
    t, equation = d.choice(INTS + FLOATS + ["c64"]), d.choice(EQUATIONS)
    sizes = {c: d.choice([0, 1, 2, 3, 3]) for c in "abcdefijklA"}
    dots = d.choice([(), (2,), (1, 3)])
    xs = []
    for part in equation.split("->")[0].split(","):
        shape, text, k = [], part.replace(" ", ""), 0
        while k < len(text):
            if text[k] == ".":
                shape += [1 if d.chance(0.2) else s for s in dots][d.integer(0, len(dots)) if d.chance(0.2) else 0:]
                k += 3
            else:
                shape.append(sizes[text[k]])
                k += 1
        xs.append(d.numbers(t, tuple(shape), False))
    names = "xyzw"[: len(xs)]
    inputs = dict(zip(names, xs))
    left, _, right = equation.partition("->")
    kept = set(right) if "->" in equation else {c for c in left if left.count(c) == 1}
    terms = int(np.prod([max(sizes[c], 1) for c in left if c.isalpha() and c not in kept])) + len(xs)

    def function(*values):
        return einsum(equation, *values)

    return product_case(f"(einsum \"{equation}\" {' '.join(names)})", inputs, t, whole(t, function), terms)


def well_conditioned(d, lead, n, t):
    """Triangles whose condition numbers are small."""
    a = d.rng.normal(0, 0.3 / max(n, 1) ** 0.5, (*lead, n, n))
    return a + np.eye(n) * np.where(d.rng.random((*lead, n, 1)) < 0.5, -1.0, 1.0)


def cholesky_numpy(a):
    l = np.zeros_like(a)
    for j in range(a.shape[-1]):
        rest = a[..., :, j] - np.sum(l * l[..., j:j + 1, :], -1)
        l[..., j:, j] = rest[..., j:] / np.sqrt(rest[..., j:j + 1])
    return l


def cholesky_case(d):
    t, lead, n = d.float(), d.choice([(), (2,), (2, 1)]), d.choice([0, 1, 2, 3, 5])
    m = np.tril(well_conditioned(d, lead, n, t))
    a = (m @ np.swapaxes(m, -1, -2)).astype(NUMPY[t])
    l = cholesky_numpy(np.tril(wide(a)) + np.swapaxes(np.tril(wide(a), -1), -1, -2))
    upper = d.chance(0.3)
    scale = max(n, 1) * np.max(np.abs(l), initial=0)
    return Case(f"(cholesky a{' :upper t' if upper else ''})", t, {"a": (t, a)}, np.swapaxes(l, -1, -2) if upper else l, t, scale)


def triangular_case(d):
    t, (la, lb), n, k = d.float(), leading(d), d.choice([0, 1, 2, 3, 5]), d.choice([0, 1, 3])
    upper, unit = d.chance(0.4), d.chance(0.3)
    a = well_conditioned(d, la, n, t).astype(NUMPY[t])
    b = d.numbers(t, (*lb, n, k), False)
    used = np.triu(wide(a)) if upper else np.tril(wide(a))
    if unit:
        used = used - used * np.eye(n) + np.eye(n)
    shape = np.broadcast_shapes(la, lb)
    used, right = np.broadcast_to(used, (*shape, n, n)), np.broadcast_to(wide(b), (*shape, n, k))
    x = np.zeros((*shape, n, k), right.dtype)
    for i in (range(n - 1, -1, -1) if upper else range(n)):
        x[..., i, :] = (right[..., i, :] - einsum("...j,...jk->...k", used[..., i, :], x)) / used[..., i, i, None]
    text = (" :upper t" if upper else "") + (" :unitriangular t" if unit else "")
    return Case(f"(triangular-solve a b{text})", t, {"a": (t, a), "b": (t, b)}, x, t, max(n, 1) * np.max(np.abs(x), initial=0) * 2)


MAKERS = {"matmul": matmul_case, "dot": dot_case, "outer": outer_case, "linear": linear_case, "einsum": einsum_case, "cholesky": cholesky_case,
          "triangular-solve": triangular_case}
