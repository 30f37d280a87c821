"""Consensual programs by hand in numba, on all threads: the same steps from the same cells, with the same Philox words.

  worlds_numba.py life|ising CELLS.npy STEPS OUT.npy    the cells behind so many steps, and of each sample ms a step

Prints a line of JSON: {"ms": [...]}."""
import json
import math
import sys
import time

import numba
import numpy

parallel = numba.njit(parallel=True, nogil=True, boundscheck=False)
u8, u32, u64 = numpy.uint8, numpy.uint32, numpy.uint64
LOW = u64(0xFFFFFFFF)


@parallel
def life(out, cells):
    """A generation on a torus, in 8 bits."""
    height, width = cells.shape
    for y in numba.prange(height):
        above, row, below, to = cells[y - 1 if y > 0 else height - 1], cells[y], cells[y + 1 if y + 1 < height else 0], out[y]
        for x in range(1, width - 1):
            n = u8(u8(u8(u8(above[x - 1] + above[x]) + u8(above[x + 1] + row[x - 1])) + u8(u8(row[x + 1] + below[x - 1]) + u8(below[x] + below[x + 1]))))
            to[x] = u8(n == u8(3)) | u8(u8(n == u8(2)) & row[x])
        for x, left, right in ((0, width - 1, 1), (width - 1, width - 2, 0)):
            n = above[left] + above[x] + above[right] + row[left] + row[right] + below[left] + below[x] + below[right]
            to[x] = u8(n == 3) | u8(u8(n == 2) & row[x])


@numba.njit(inline="always")
def word(cell, step, seed):
    """Word 0 of Philox4x32-10 with the key (seed, 0) and the counter (cell, 0, step, 0): products of 32 bits in lanes of 64."""
    a, b, c, d = u64(cell), u64(0), u64(step), u64(0)
    key0, key1 = u64(seed), u64(0)
    for _ in range(10):
        high, low = u64(0xD2511F53) * (a & LOW), u64(0xCD9E8D57) * (c & LOW)
        a, b, c, d = (low >> u64(32)) ^ b ^ key0, low & LOW, (high >> u64(32)) ^ d ^ key1, high & LOW
        key0 = (key0 + u64(0x9E3779B9)) & LOW
        key1 = (key1 + u64(0xBB67AE85)) & LOW
    return a


@parallel
def ising(cells, step, seed, phase, thresholds):
    """The cells with (y + x) mod 2 = phase, in place: they do not see each other."""
    height, width = cells.shape
    half = width // 2
    for y in numba.prange(height):
        above, row, below = cells[y - 1 if y > 0 else height - 1], cells[y], cells[y + 1 if y + 1 < height else 0]
        words = numpy.empty(half, u32)
        first = (y + phase) % 2
        begin = u64(y) * u64(width) + u64(first)
        for j in range(half):
            words[j] = u32(word(begin + u64(2) * u64(j), step, seed) >> u64(8))
        for j in range(half):
            x = 2 * j + first
            left, right = x - 1 if x > 0 else width - 1, x + 1 if x + 1 < width else 0
            row[x] = u8(words[j] < thresholds[above[x] + below[x] + row[left] + row[right]])


def thresholds(temperature=2.269185):
    """Of 0 to 4 neighbours that are 1: what the upper 24 bits of a word must be below."""
    f32 = numpy.float32
    factor = f32(2) / f32(temperature)
    chances = [f32(1 / (1 + math.exp(-float(factor * f32(2 * ones - 4))))) for ones in range(5)]
    return numpy.array([math.ceil(float(p) * 2**24) for p in chances], u32)


def main(program, path, steps, out):
    cells = numpy.ascontiguousarray(numpy.load(path))
    other, table, done = numpy.empty_like(cells), thresholds(), 0

    def advance(count):
        nonlocal cells, other, done
        for _ in range(count):
            done += 1
            if program == "ising":
                ising(cells, done, 0, (done - 1) % 2, table)
            else:
                life(other, cells)
                cells, other = other, cells

    advance(steps)
    numpy.save(out, cells)
    samples = []
    for _ in range(5):
        start = time.perf_counter()
        advance(steps)
        samples.append(1000 * (time.perf_counter() - start) / steps)
    print(json.dumps({"ms": samples}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
