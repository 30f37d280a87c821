"""Puzzles and maps by OR-tools CP-SAT, on all threads.

  worlds_cpsat.py sudoku FOLDER SAMPLES    FOLDER/begin.npy: puzzles as sudoku.lmpm takes them; FOLDER/peer.npy: their solutions
  worlds_cpsat.py tile-map FOLDER SAMPLES  FOLDER/begin.npy: a rim of terrains, 4 where nothing is given; FOLDER/peer.npy: a map

Prints a line of JSON: {"ms": [all puzzles, or a map, in each sample]}. Puzzles are divided among processes with one worker each, which is faster than
all workers on one puzzle; a map has all workers, and its search is randomised. Models are built in the time that is counted."""
import json
import multiprocessing
import os
import sys
import time

import numpy
from ortools.sat.python import cp_model

OPEN, TERRAINS = 9, 4


def solver(workers, seed=None):
    out = cp_model.CpSolver()
    out.parameters.num_workers = workers
    if seed is not None:
        out.parameters.random_seed = seed
        out.parameters.randomize_search = True
    return out


def solution(solved, model, cells):
    status = solved.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        sys.exit(f"worlds_cpsat.py: {solved.status_name(status)}")
    return numpy.array([solved.value(cell) for cell in cells.flat], numpy.uint8).reshape(cells.shape)


def solved_puzzle(puzzle):
    """9 by 9 digits of 0 to 8, of which 9 is open."""
    model = cp_model.CpModel()
    cells = numpy.array([[model.new_int_var(0, 8, "") if digit == OPEN else model.new_constant(int(digit)) for digit in row] for row in puzzle], object)
    for i in range(9):
        model.add_all_different(list(cells[i]))
        model.add_all_different(list(cells[:, i]))
        model.add_all_different(list(cells[3 * (i // 3):3 * (i // 3) + 3, 3 * (i % 3):3 * (i % 3) + 3].flat))
    return solution(solver(1), model, cells)


def drawn_map(rim, seed):
    model = cp_model.CpModel()
    cells = numpy.array([[model.new_int_var(0, TERRAINS - 1, "") if given == TERRAINS else model.new_constant(int(given)) for given in row] for row in rim], object)
    for near, far in ((cells[1:], cells[:-1]), (cells[:, 1:], cells[:, :-1])):
        for a, b in zip(near.flat, far.flat):
            model.add_linear_constraint(a - b, -1, 1)
    return solution(solver(os.cpu_count(), seed), model, cells)


def main(program, folder, samples):
    begin = numpy.load(f"{folder}/begin.npy")
    taken = []
    if program == "sudoku":
        puzzles = list(begin.reshape(-1, 9, 9))
        with multiprocessing.Pool(os.cpu_count()) as pool:
            pool.map(solved_puzzle, puzzles[:os.cpu_count()])  # all processes have begun
            for _ in range(samples):
                start = time.perf_counter()
                out = pool.map(solved_puzzle, puzzles, chunksize=8)
                taken.append(1000 * (time.perf_counter() - start))
        out = numpy.array(out, numpy.uint8).reshape(begin.shape)
    else:
        drawn_map(begin, 0)
        for sample in range(samples):
            start = time.perf_counter()
            out = drawn_map(begin, sample + 1)
            taken.append(1000 * (time.perf_counter() - start))
    numpy.save(f"{folder}/peer.npy", out)
    print(json.dumps({"ms": taken}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
