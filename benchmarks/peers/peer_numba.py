"""numba: the workloads that are loops, parallel and with fast arithmetic, into memory that is there."""
import math

import numba
import numpy

import protocol

loops = numba.njit(parallel=True, fastmath=True)
one = numpy.float32(1)


@loops
def chain(out, x):
    for i in numba.prange(x.size):
        out[i] = math.tanh(x[i] * numpy.float32(1.5) + numpy.float32(0.25)) * math.exp(-abs(x[i]))


@loops
def rows_softmax(out, x):
    for i in numba.prange(x.shape[0]):
        largest = x[i, 0]
        for j in range(x.shape[1]):
            largest = max(largest, x[i, j])
        total = numpy.float32(0)
        for j in range(x.shape[1]):
            out[i, j] = math.exp(x[i, j] - largest)
            total += out[i, j]
        for j in range(x.shape[1]):
            out[i, j] *= one / total


@loops
def norm_gelu(out, x, weight, bias):
    n = numpy.float32(x.shape[1])
    for i in numba.prange(x.shape[0]):
        mean = numpy.float32(0)
        for j in range(x.shape[1]):
            mean += x[i, j]
        mean /= n
        square = numpy.float32(0)
        for j in range(x.shape[1]):
            square += (x[i, j] - mean) ** 2
        scale = one / math.sqrt(square / n + numpy.float32(1e-5))
        for j in range(x.shape[1]):
            y = (x[i, j] - mean) * scale * weight[j] + bias[j]
            out[i, j] = y * numpy.float32(0.5) * (one + math.erf(y * numpy.float32(0.70710678)))


@loops
def column_sums(out, x):
    blocks = (x.shape[1] + 255) // 256
    for block in numba.prange(blocks):
        first, last = block * 256, min(x.shape[1], block * 256 + 256)
        out[first:last] = 0
        for i in range(x.shape[0]):
            for j in range(first, last):
                out[j] += x[i, j]


@loops
def row_sums(out, x):
    for i in numba.prange(x.shape[0]):
        total = numpy.float32(0)
        for j in range(x.shape[1]):
            total += x[i, j]
        out[i] = total


@loops
def transposed(out, x):
    for block in numba.prange((x.shape[1] + 31) // 32):
        for above in range(0, x.shape[0], 32):
            for j in range(block * 32, min(x.shape[1], block * 32 + 32)):
                for i in range(above, min(x.shape[0], above + 32)):
                    out[j, i] = x[i, j]


@loops
def gathered(out, table, rows):
    for i in numba.prange(rows.size):
        out[i] = table[rows[i]]


@numba.njit
def add(out, x, y):
    for i in range(x.size):
        out[i] = x[i] + y[i]


WORKLOADS = {
    "addition": (add, lambda x, y: x.shape),
    "chain": (chain, lambda x: x.shape),
    "rows-softmax": (rows_softmax, lambda x: x.shape),
    "norm-gelu": (norm_gelu, lambda x, w, b: x.shape),
    "column-sums": (column_sums, lambda x: x.shape[1:]),
    "row-sums": (row_sums, lambda x: x.shape[:1]),
    "transposed": (transposed, lambda x: x.shape[::-1]),
    "gathered": (gathered, lambda table, rows: (rows.size, table.shape[1])),
}


def prepare(spec, inputs):
    function, shape = WORKLOADS[spec["composite"]]
    arguments = [inputs[name] for name, _, _ in spec["inputs"]]
    out = numpy.empty(shape(*arguments), numpy.float32)
    function(out, *arguments)
    return [out], {"planned": lambda: function(out, *arguments),
                   "fresh": lambda: function(numpy.empty(out.shape, numpy.float32), *arguments)}


def ways(x, y):
    out = numpy.empty_like(x)

    def call():
        add(out, x, y)
        return out

    return {"njit": call}


protocol.main(prepare, ways)
