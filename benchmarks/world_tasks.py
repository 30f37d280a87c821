"""What the suite consensus measures: for each task what caten and its peer are given, and what must hold of what they give.

A task is made in a folder at a size. `prepare` writes what both begin with, `arguments` are those of caten run, `steps` says how many steps there
are, `wrong` what is wrong with the results (nothing: ""), and `work` how much both have done, in units of a second."""
import json
import pathlib
import subprocess
import sys

import numpy
import puzzles

tree = pathlib.Path(__file__).resolve().parents[1]
MILLION = 1e6


class Task:
    peer, needs, script, plugin, aim, samples = "numba", "numba", "worlds_numba.py", None, None, 5

    def __init__(self, folder, size):
        self.folder, self.size = pathlib.Path(folder), size

    def prepare(self, caten):
        pass

    def load(self, name):
        return numpy.load(self.folder / f"{name}.npy")

    def save(self, name, array):
        numpy.save(self.folder / f"{name}.npy", array)

    def outputs(self):
        """What caten writes: (value, file)."""
        return [(self.value, self.folder / "own.npy")]

    def peer_arguments(self, samples):
        return [self.id, self.folder, samples]

    def least_steps(self, caten, done):
        """The least number of steps behind which `done()` holds of what caten writes; what is done stays done."""
        high = 16
        while True:
            caten(self, high, *self.outputs())
            if done():
                break
            high *= 2
            if high > 1 << 16:
                sys.exit(f"benchmarks/run: {self.id} is not done after {high // 2} steps")
        low = 0
        while high - low > 1:
            middle = (low + high) // 2
            caten(self, middle, *self.outputs())
            low, high = (low, middle) if done() else (middle, high)
        return high


class Lattice(Task):
    """A square grid; all steps are the same, and the cells behind them must be equal."""
    unit, share, count, small = "Mcell/s", 1, 100, 64

    def __init__(self, folder, size):
        super().__init__(folder, size)
        self.program = f"{self.id}.lmpm"

    def what(self):
        return f"{self.name} {self.size}²"

    def prepare(self, caten):
        caten(self, 0, (self.value, self.folder / "begin.npy"))

    def arguments(self):
        return ["--param", f"H={self.size}", "--param", f"W={self.size}"]

    def steps(self, caten, peer):
        return self.count

    def peer_arguments(self, samples):
        return [self.id, self.folder, self.count, samples]

    def wrong(self):
        return "" if (self.load("own") == self.load("peer")).all() else f"the cells behind {self.count} steps differ"

    def work(self, steps):
        return dict.fromkeys(("caten", "peer"), self.size**2 * self.share * steps / MILLION)

    def cells(self):
        return self.size**2


class Ising(Lattice):
    id, name, value, size, aim, unit, share = "ising", "Ising", "Spin", 2048, 5, "Mspin/s", 0.5


class Life(Lattice):
    id, name, value, size, aim = "life", "Life", "Cell", 4096, 2


class Potts(Lattice):
    id, name, value, size, unit, share = "potts", "Potts, 3 colours,", "Spin", 2048, "Mspin/s", 0.5


class Margolus(Lattice):
    id, name, value, size = "margolus", "Margolus", "Cell", 4096


class Bank(Task):
    """Transfers between as many accounts, until none is left that can be paid."""
    id, value, size, small, aim, unit, samples, program = "bank", "Balance", 10_000_000, 1000, 1, "Mtransfer/s", 3, "bank.lmpm"

    def what(self):
        return f"bank, {self.size:,} transfers"

    def prepare(self, caten):
        source = numpy.random.default_rng(1)
        begin = source.integers(0, self.size, self.size)
        self.save("source", begin.astype(numpy.int32))
        self.save("target", ((begin + source.integers(1, self.size, self.size)) % self.size).astype(numpy.int32))
        self.save("amount", source.integers(1, 80, self.size))

    def arguments(self):
        given = [f"{name}=@{self.folder}/{name}.npy" for name in ("source", "target", "amount")]
        return [part for each in (f"Accounts={self.size}", f"Transfers={self.size}", *given) for part in ("--param", each)]

    def outputs(self):
        return [("Balance", self.folder / "own.npy"), ("Pending", self.folder / "own-pending.npy")]

    def peer_arguments(self, samples):
        return [self.id, self.folder, 0, samples]

    def steps(self, caten, peer):
        return json.loads(peer()[0])["steps"]

    def wrong(self):
        own, pending = self.load("own"), self.load("own-pending")
        if not ((own == self.load("peer")).all() and (pending == self.load("peer-pending")).all()):
            return "the balances or what is pending differ"
        return "" if own.sum() == 100 * self.size and own.min() >= 0 else "money was made, lost or owed"

    def work(self, steps):
        return dict.fromkeys(("caten", "peer"), float((self.load("own-pending") == 0).sum()) / MILLION)

    def cells(self):
        return 2 * self.size


class Sudoku(Task):
    """Puzzles with one solution each. caten draws, and some puzzles take a thousand times as many draws as most: counted are those that are solved behind so many steps."""
    id, value, size, small, unit, samples, program = "sudoku", "Digit", 1000, 10, "puzzles/s", 1, "sudoku.lmpm"
    peer, needs, script = "CP-SAT", "ortools", "worlds_cpsat.py"

    def what(self):
        return f"sudoku, {self.size:,} puzzles"

    def prepare(self, caten):
        given = numpy.array(puzzles.puzzles(self.size, 1), numpy.uint8).reshape(self.size, 9, 9)
        self.save("begin", numpy.where(given, given - 1, 9).astype(numpy.uint8).reshape(self.size, 3, 3, 3, 3))

    def arguments(self):
        return ["--param", f"N={self.size}", "--in", f"Digit={self.folder}/begin.npy"]

    def steps(self, caten, peer):
        return 1000

    def solved(self):
        return (self.load("own").reshape(-1, 81) < 9).all(axis=1)

    def wrong(self):
        solved = self.solved()
        begin, own, peer = (self.load(name)[solved] for name in ("begin", "own", "peer"))
        grid = own.reshape(-1, 9, 9)
        units = [grid, grid.transpose(0, 2, 1), own.transpose(0, 1, 3, 2, 4).reshape(-1, 9, 9)]
        if not all((numpy.sort(unit, axis=2) == numpy.arange(9)).all() for unit in units):
            return "a unit is no permutation"
        if not (own == begin)[begin < 9].all():
            return "a given changed"
        return "" if (own == peer).all() else "the solutions differ"

    def work(self, steps):
        print(f"  {self.id}: {self.solved().sum()} of {self.size} are solved behind {steps} steps", file=sys.stderr)
        return {"caten": float(self.solved().sum()), "peer": float(self.size)}

    def cells(self):
        return 81 * self.size


class TileMap(Task):
    """A map without cliffs inside a rim that is given."""
    id, value, size, small, unit, samples, program = "tile-map", "Tile", 64, 16, "maps/s", 5, "tile-map.lmpm"
    peer, needs, script = "CP-SAT", "ortools", "worlds_cpsat.py"

    def what(self):
        return f"tile map {self.size}², its rim given"

    def prepare(self, caten):
        source = numpy.random.default_rng(2)
        n = 4 * (self.size - 1)
        # Around the rim: half a walk, and the same steps back, so that it closes.
        walk = numpy.cumsum(source.integers(-1, 2, n // 2))
        rim = numpy.concatenate([walk, walk[::-1]])
        rim = numpy.abs((rim + 3) % 6 - 3).astype(numpy.uint8)  # a walk that turns at 0 and at 3
        begin, side = numpy.full((self.size, self.size), 4, numpy.uint8), self.size - 1
        begin[0, :side], begin[:side, side], begin[side, :0:-1], begin[:0:-1, 0] = rim.reshape(4, side)
        self.save("begin", begin)

    def arguments(self):
        return ["--param", f"H={self.size}", "--param", f"W={self.size}", "--in", f"Tile={self.folder}/begin.npy"]

    def steps(self, caten, peer):
        return self.least_steps(caten, lambda: (self.load("own") < 4).all())

    def wrong(self):
        begin = self.load("begin")
        for name in ("own", "peer"):
            cells = self.load(name).astype(int)
            if not (numpy.abs(numpy.diff(cells, axis=0)).max() <= 1 and numpy.abs(numpy.diff(cells, axis=1)).max() <= 1 and 0 <= cells.min() and cells.max() <= 3):
                return f"a cliff ({name})"
            if not (cells == begin)[begin < 4].all():
                return f"the rim changed ({name})"
        return ""

    def work(self, steps):
        return dict.fromkeys(("caten", "peer"), 1)

    def cells(self):
        return self.size**2


SCHEMA = {"type": "object", "required": ["n"], "additionalProperties": False, "properties": {
    "ok": {"type": "boolean"}, "n": {"type": "integer", "minimum": 0, "maximum": 99},
    "tags": {"type": "array", "maxItems": 2, "items": {"enum": ["red", "blue"]}}}}


def satisfies(text):
    """Whether the text is JSON as the schema says."""
    known = {"ok": lambda v: type(v) is bool, "n": lambda v: type(v) is int and 0 <= v <= 99,
             "tags": lambda v: type(v) is list and len(v) <= 2 and all(each in ("red", "blue") for each in v)}
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return type(value) is dict and "n" in value and all(name in known and known[name](each) for name, each in value.items())


class Text(Task):
    """Texts of a JSON schema, letter by letter, from the same model of letter pairs. Counted are the letters that are written, and the end of each text."""
    id, value, size, small, unit, samples = "text", "Text", 256, 10, "letters/s", 3
    program, plugin, peer, needs, script = "constrained-text.lmpm", "constrained-text.lisp", "xgrammar", "xgrammar", "text_xgrammar.py"
    length = 43  # of the longest text, and its end

    def what(self):
        return f"text of a JSON schema, {self.size:,} at once"

    def prepare(self, caten):
        (self.folder / "schema.json").write_text(json.dumps(SCHEMA))
        made = subprocess.run([sys.executable, tree / "examples/consensus/json_schema.py", self.folder / "schema.json", self.folder], check=True, capture_output=True, text=True)
        self.sizes = made.stdout.split()
        self.letters = (self.folder / "letters.txt").read_text()

    def arguments(self):
        given = [f"B={self.size}", f"N={self.length}", *(f"{name}=@{self.folder}/{file}.csv" for name, file in (("grammar", "table"), ("table", "table"), ("bigram", "bigram"))),
                 "Masses=completion-masses", "Chances=next-chances", "Follow=next-state"]
        return self.sizes + [part for each in given for part in ("--param", each)]

    def peer_arguments(self, samples):
        return [self.id, self.folder, self.size, self.length, samples]

    def steps(self, caten, peer):
        # The masses from the end of the text to its beginning, and three steps for each letter.
        return 4 * self.length + 1

    def texts(self, name):
        return ["".join(self.letters[k] for k in row).rstrip(" ") for row in self.load(name)]

    def wrong(self):
        for name in ("own", "peer"):
            if not all(satisfies(text) for text in self.texts(name)):
                return f"a text does not satisfy the schema ({name})"
        return ""

    def work(self, steps):
        return {side: sum(len(text) + 1 for text in self.texts(name)) for side, name in (("caten", "own"), ("peer", "peer"))}

    def cells(self):
        return self.size * self.length


TASKS = [Ising, Life, Potts, Margolus, Bank, Sudoku, TileMap, Text]
