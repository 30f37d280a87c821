"""Consensual programs by hand in numba, on all threads: the same steps from the same cells, with the same Philox words.

  worlds_numba.py ising|life|potts|margolus|bank FOLDER STEPS [SAMPLES]

Reads the cells of the beginning from FOLDER/begin.npy (of the bank source.npy, target.npy and amount.npy), writes them behind so many steps to
FOLDER/peer.npy (and peer-pending.npy), and prints a line of JSON: {"ms": [all steps, in each sample], "steps": N}. The bank goes on until no
transfer is left that may be done, whatever STEPS says."""
import json
import math
import sys
import time

import numba
import numpy
from worlds_bank import bank

parallel = numba.njit(parallel=True, nogil=True, boundscheck=False)
f32, i64, u8, u32, u64 = numpy.float32, numpy.int64, numpy.uint8, numpy.uint32, numpy.uint64
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
    factor = f32(2) / f32(temperature)
    chances = [f32(1 / (1 + math.exp(-float(factor * f32(2 * ones - 4))))) for ones in range(5)]
    return numpy.array([math.ceil(float(p) * 2**24) for p in chances], u32)


@parallel
def potts(cells, step, seed, phase, weights):
    """As ising, with three colours: a draw by integer weights, of which weights[most, count] stands for a colour that so many of the
    neighbours have, where the commonest colour has `most`."""
    height, width = cells.shape
    half = width // 2
    for y in numba.prange(height):
        above, row, below = cells[y - 1 if y > 0 else height - 1], cells[y], cells[y + 1 if y + 1 < height else 0]
        words = numpy.empty(half, u32)
        first = (y + phase) % 2
        begin = u64(y) * u64(width) + u64(first)
        for j in range(half):
            words[j] = u32(word(begin + u64(2) * u64(j), step, seed))
        for j in range(half):
            x = 2 * j + first
            a, b, c, d = above[x], below[x], row[x - 1 if x > 0 else width - 1], row[x + 1 if x + 1 < width else 0]
            n0 = i64(a == 0) + i64(b == 0) + i64(c == 0) + i64(d == 0)
            n1 = i64(a == 1) + i64(b == 1) + i64(c == 1) + i64(d == 1)
            n2 = i64(4) - n0 - n1
            most = max(n0, n1, n2)
            w0, w1 = weights[most, n0], weights[most, n1]
            place = (u64(words[j]) * (w0 + w1 + weights[most, n2])) >> u64(32)
            row[x] = u8(place >= w0) + u8(place >= w0 + w1)


ROOTS = [3037000500, 3611622603, 3938502376, 4112874773, 4202935003, 4248701965, 4271771996, 4283353945, 4289156690, 4292061010, 4293513907, 4294240540,
         4294603903, 4294785595, 4294876445, 4294921870]


def potts_weights(temperature=0.9949729):
    """The weights of docs/consensus.md, 2.4."""
    logits = [f32(count) / f32(temperature) for count in range(5)]

    def weight(below):
        fixed = int(f32(below) * f32(94548.461))
        out = 1 << 62
        for bit, root in enumerate(ROOTS):
            if fixed >> (15 - bit) & 1:
                out = (out >> 32) * root
        return out >> 32 >> (fixed >> 16)

    return numpy.array([[weight(logits[most] - logits[count]) if count <= most else 0 for count in range(5)] for most in range(5)], u64)


@parallel
def margolus(out, cells, shift):
    """Blocks of 2 by 2, shifted by (shift, shift): a ball alone goes to the opposite corner, two on a diagonal to the other one."""
    height, width = cells.shape
    for block in numba.prange(height // 2):
        y0 = 2 * block + shift
        y1 = y0 + 1 if y0 + 1 < height else 0
        top, low, to0, to1 = cells[y0], cells[y1], out[y0], out[y1]
        for x in range(shift, width - shift, 2):
            a, b, c, d = top[x], top[x + 1], low[x], low[x + 1]
            balls = u8(a + b + c + d)
            one, two = u8(balls == 1), u8(balls == 2)
            to0[x] = d if one else (b if two & u8(a == d) else a)
            to0[x + 1] = c if one else (a if two & u8(b == c) else b)
            to1[x] = b if one else (d if two & u8(c == b) else c)
            to1[x + 1] = a if one else (c if two & u8(d == a) else d)
        if shift:
            x, z = width - 1, 0
            a, b, c, d = top[x], top[z], low[x], low[z]
            balls = u8(a + b + c + d)
            one, two = u8(balls == 1), u8(balls == 2)
            to0[x] = d if one else (b if two & u8(a == d) else a)
            to0[z] = c if one else (a if two & u8(b == c) else b)
            to1[x] = b if one else (d if two & u8(c == b) else c)
            to1[z] = a if one else (c if two & u8(d == a) else d)


class Grid:
    """The cells of a program, with what its steps need."""

    def __init__(self, program, cells):
        self.program, self.cells, self.other, self.done = program, cells, numpy.empty_like(cells), 0
        self.table = {"ising": thresholds, "potts": potts_weights}.get(program, lambda: None)()

    def advance(self, count):
        for _ in range(count):
            self.done += 1
            if self.program == "ising":
                ising(self.cells, self.done, 0, (self.done - 1) % 2, self.table)
            elif self.program == "potts":
                potts(self.cells, self.done, 0, (self.done - 1) % 2, self.table)
            else:
                if self.program == "life":
                    life(self.other, self.cells)
                else:
                    margolus(self.other, self.cells, (self.done - 1) % 2)
                self.cells, self.other = self.other, self.cells


def timed(do):
    start = time.perf_counter()
    do()
    return 1000 * (time.perf_counter() - start)


def main(program, folder, steps, samples=5):
    if program == "bank":
        given = [numpy.load(f"{folder}/{name}.npy") for name in ("source", "target", "amount")]
        bank(*[array[:16] for array in given], len(given[0]))  # compiles
        taken = []
        for _ in range(samples):
            start = time.perf_counter()
            balance, pending, steps = bank(*given, len(given[0]))
            taken.append(1000 * (time.perf_counter() - start))
        numpy.save(f"{folder}/peer.npy", balance)
        numpy.save(f"{folder}/peer-pending.npy", pending)
    else:
        grid = Grid(program, numpy.ascontiguousarray(numpy.load(f"{folder}/begin.npy")))
        grid.advance(steps)
        numpy.save(f"{folder}/peer.npy", grid.cells)
        taken = [timed(lambda: grid.advance(steps)) for _ in range(samples)]
    print(json.dumps({"ms": taken, "steps": steps}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
