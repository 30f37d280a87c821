"""Sudoku puzzles with one solution and about 30 givens, the same for the same seed.

  benchmarks/puzzles.py COUNT SEED     prints them, a line of 81 letters each, 0 for an open cell

A full grid is drawn cell by cell; then cells are opened in an order that is drawn too, each if the puzzle keeps its one solution, until 30 are left."""
import random
import sys

GIVENS = 30
UNITS = [[9 * r + c for c in range(9)] for r in range(9)] + [[9 * r + c for r in range(9)] for c in range(9)] + \
    [[9 * (b // 3 * 3 + k // 3) + b % 3 * 3 + k % 3 for k in range(9)] for b in range(9)]
OF_CELL = [[u for u, unit in enumerate(UNITS) if cell in unit] for cell in range(81)]
ALL = (1 << 9) - 1


def solved(cells, source=None):
    """A solution of a list of 81 digits, 1 to 9 or 0 for open, or None. Digits are tried in order, or as `source` draws them."""
    cells, free = list(cells), [ALL] * 27
    for cell, digit in enumerate(cells):
        if digit:
            bit = 1 << (digit - 1)
            for unit in OF_CELL[cell]:
                if not free[unit] & bit:
                    return None
                free[unit] &= ~bit

    def search():
        least, where, choices = 10, None, 0
        for cell in range(81):
            if not cells[cell]:
                a, b, c = OF_CELL[cell]
                may = free[a] & free[b] & free[c]
                count = may.bit_count()
                if count < least:
                    least, where, choices = count, cell, may
                    if count < 2:
                        break
        if where is None:
            return True
        digits = [digit for digit in range(1, 10) if choices >> (digit - 1) & 1]
        if source:
            source.shuffle(digits)
        for digit in digits:
            bit = 1 << (digit - 1)
            cells[where] = digit
            for unit in OF_CELL[where]:
                free[unit] &= ~bit
            if search():
                return True
            cells[where] = 0
            for unit in OF_CELL[where]:
                free[unit] |= bit
        return False

    return cells if search() else None


def has_other(cells, cell):
    """Whether the puzzle has a solution with another digit in this cell."""
    digit = cells[cell]
    return any(solved([*cells[:cell], other, *cells[cell + 1:]]) for other in range(1, 10) if other != digit)


def puzzle(source):
    cells = solved([0] * 81, source)
    order = list(range(81))
    source.shuffle(order)
    left = 81
    for cell in order:
        if left == GIVENS:
            break
        if not has_other(cells, cell):
            cells[cell] = 0
            left -= 1
    return cells


def puzzles(count, seed):
    source = random.Random(seed)
    return [puzzle(source) for _ in range(count)]


if __name__ == "__main__":
    for each in puzzles(*map(int, sys.argv[1:])):
        print("".join(map(str, each)))
