"""Programs of examples/consensus/ with models, against NumPy, scikit-learn and Python's json: the figures of docs/consensus.md, section 10.

  tests/oracle/run consensus [NAME…] [--full] [--reference]
      --full: all 797 digits, 200 texts; --reference: on the interpreter instead of cpu"""
import itertools
import json
import pathlib
import subprocess
import sys

import numpy
from sklearn.svm import SVC

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from transcript import empty_folder, tree

programs = tree / "examples/consensus"
full = "--full" in sys.argv
runtime = "reference" if "--reference" in sys.argv else "cpu"


class Folder:
    """Where a case runs its commands."""

    def __init__(self, path, environment):
        self.path, self.environment = pathlib.Path(path), environment

    def done(self, *command):
        return subprocess.run([str(part) for part in command], cwd=self.path, env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=600)

    def run(self, *command):
        done = self.done(*command)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def load(self, name):
        return numpy.load(self.path / name)

    def save(self, name, array):
        numpy.save(self.path / name, array)


# ---- digits

def fill(folder, count, inks):
    folder.run("caten", "run", programs / "digits-infill.lmpm", "--plugin", programs / "digits-infill.lisp", "--runtime", runtime,
               "--param", f"N={count}", "--param", f"inks={inks}", "--param", "Digit=digit-logits", "--param", "Token=token-logits",
               "--param", "Sure=token-confidence", "--param", "Pixel=pixel-logits", "--in", "Ink=images.npy", "--in", "Code=tokens.npy",
               "--steps", 16, "--out", "Ink=filled.npy")
    return folder.load("filled.npy")


def digits(folder):
    count = 797 if full else 120
    folder.run("caten", "run", programs / "digits-infill.lisp", "make", count)
    known, images, whole = (folder.load(f"{name}.npy") for name in ("known", "images", "whole"))
    labels = folder.load("labels.npy")
    given = images < 17
    filled = fill(folder, count, "ids(0..16)")
    assert given[:, 4:].all() and not given[:, :4].any()
    assert (filled[given] == images[given]).all() and filled.max() <= 16
    judge = SVC().fit(known.reshape(-1, 64), labels[:1000])

    def right(made):
        return judge.score(made.reshape(-1, 64), labels[1000:])

    mean = numpy.where(given, images, known.mean(axis=0))
    distances = ((numpy.where(given, images, 0)[:, None].astype(int) - numpy.where(given[:, None], known, 0)) ** 2).sum(axis=(2, 3))
    nearest = numpy.where(given, images, known[distances.argmin(axis=1)])
    print(f"digits: of {count} an SVC knows {right(whole):.3f} whole, {right(filled):.3f} filled, {right(nearest):.3f} with the nearest, "
          f"{right(mean):.3f} with the mean")
    assert right(filled) >= 0.85 > right(mean)
    if full:
        bits = float(folder.run("caten", "run", programs / "digits-infill.lisp", "measure").split()[0])
        print(f"digits: {bits} bits for a pixel of the upper halves")
        assert bits < 2.438
    few = fill(folder, count, "ids(0,8,16)")
    assert (few[given] == images[given]).all() and numpy.isin(few[~given], [0, 8, 16]).all()


# ---- text

def written(folder, parameters, *options):
    """The letters of texts, by constrained-text.lmpm."""
    models = [("Masses", "completion-masses"), ("Chances", "next-chances"), ("Follow", "next-state")]
    named = [part for name, model in models for part in ("--param", f"{name}={model}")]
    folder.run("caten", "run", programs / "constrained-text.lmpm", "--plugin", programs / "constrained-text.lisp",
               "--runtime", runtime, *parameters, "--param", "grammar=@table.csv", "--param", "table=@table.csv",
               "--param", "bigram=@bigram.csv", *named, "--out", "Text=written.npy", *options)
    return folder.load("written.npy")


def made_automaton(folder, schema, *options):
    """Its parameters, letters and table."""
    (folder.path / "schema.json").write_text(json.dumps(schema))
    said = folder.run(sys.executable, programs / "json_schema.py", "schema.json", ".", *options)
    table = numpy.loadtxt(folder.path / "table.csv", delimiter=",", dtype=int, ndmin=2)
    return said.split(), (folder.path / "letters.txt").read_text(), table


def accepted(table, length):
    """All words of the automaton, in order."""
    words = [((), 0)]
    for _ in range(length):
        words = [(word + (v,), to) for word, state in words for v, to in enumerate(table[state, :-1]) if to >= 0]
    return [word for word, state in words if table[state, -1]]


def is_short_list(text):
    """Whether the text, without the blanks behind it, is what the schema of `exact` says, in one spelling."""
    body = text.rstrip(" ")
    if " " in body:
        return False
    try:
        value = json.loads(body)
    except ValueError:
        return False
    return isinstance(value, list) and len(value) <= 2 and all(type(each) is int and abs(each) <= 99 for each in value)


def distances(folder, length, fixed):
    """Total variation between how the program draws and the true conditional, where some letters are fixed."""
    schema = {"type": "array", "maxItems": 2, "items": {"type": "integer", "maximum": 99}}
    parameters, letters, table = made_automaton(folder, schema)
    logits = numpy.random.default_rng(3).normal(size=(len(letters) + 1, len(letters)))
    numpy.savetxt(folder.path / "bigram.csv", logits, delimiter=",", fmt="%.17g")
    words = accepted(table, length)
    texts = {"".join(letters[v] for v in word) for word in words}
    spelled = {"".join(each) for each in itertools.product(letters, repeat=length)}
    assert texts == {text for text in spelled if is_short_list(text)}
    words = [word for word in words if all(word[at] == v for at, v in fixed.items())]
    chance = numpy.exp(logits) / numpy.exp(logits).sum(axis=1, keepdims=True)
    exact = numpy.array([numpy.prod([chance[before, v] for before, v in zip((len(letters),) + word, word)]) for word in words])
    exact /= exact.sum()
    # Each prefix as a text of its own: there the program says the chances of the next letter.
    prefixes = sorted({word[:k] for word in words for k in range(length)})
    start = numpy.full((len(prefixes), length), len(letters), numpy.uint8)
    for row, prefix in zip(start, prefixes):
        row[list(fixed)] = list(fixed.values())
        row[:len(prefix)] = prefix
    folder.save("start.npy", start)
    made = written(folder, [*parameters, "--param", f"B={len(prefixes)}", "--param", f"N={length}"], "--in", "Text=start.npy",
                   "--steps", 4 * length + 1, "--out", "Chance=chance.npy")
    up_to = folder.load("chance.npy")
    assert {tuple(row) for row in made} <= set(words)
    number = {prefix: row for row, prefix in enumerate(prefixes)}

    def drawn(word):
        out = 1.0
        for k, v in enumerate(word):
            if k in fixed:
                continue
            row = up_to[number[word[:k]], k]
            out *= row[v] - (row[v - 1] if v else 0)
        return out

    found = numpy.array([drawn(word) for word in words])
    assert abs(found.sum() - 1) < 1e-9
    return numpy.abs(found - exact).sum() / 2, len(words)


def exact(folder):
    for fixed in ({}, {2: 1}):
        distance, count = distances(folder, 5, fixed)
        print(f"exact: {count} texts{' with a letter given' if fixed else ''}, total variation {distance:.1e}")
        assert count > 20 and distance < 1e-6


PERSON = {"type": "object", "required": ["n"], "properties": {
    "ok": {"type": "boolean"}, "n": {"type": "integer", "minimum": 0, "maximum": 99},
    "tags": {"type": "array", "maxItems": 2, "items": {"enum": ["red", "blue"]}}}}


def is_person(value):
    known = {"ok": lambda v: type(v) is bool, "n": lambda v: type(v) is int and 0 <= v <= 99,
             "tags": lambda v: type(v) is list and len(v) <= 2 and all(each in ("red", "blue") for each in v)}
    return type(value) is dict and "n" in value and all(name in known and known[name](each) for name, each in value.items())


def schema(folder):
    parameters, letters, _ = made_automaton(folder, PERSON)
    count, length = (200 if full else 12), 34
    texts = written(folder, [*parameters, "--param", f"B={count}", "--param", f"N={length}"], "--steps", 4 * length + 1, "--seed", 5)
    lines = ["".join(letters[v] for v in row) for row in texts]
    good = sum(is_person(json.loads(line)) for line in lines)
    print(f"schema: {good} of {count} texts parse and satisfy it, {len(set(lines))} different ones")
    assert good == count and len(set(lines)) > 3
    refused = folder.done(sys.executable, programs / "json_schema.py", "schema.json", "nowhere", "--corpus", "schema.json")
    assert refused.returncode != 0
    (folder.path / "schema.json").write_text(json.dumps({"type": "number"}))
    refused = folder.done(sys.executable, programs / "json_schema.py", "schema.json", ".")
    assert refused.returncode != 0 and "a type is missing or unknown: 'number'" in refused.stderr


# ---- video

def video(folder):
    frames = 24
    folder.run("caten", "run", programs / "moving-digits.lisp", "make", frames)
    assert (programs / "seed-video.lmpm").read_bytes() == (tree / "tests/data/consensus/seed.lmpm").read_bytes()
    given = {"N": 3, "T": frames, "W": 16, "H": 16, "BPE": 10, "VQ": 16, "e": 0, "x1": 0, "x2": 9, "y1": 0, "y2": 15,
             "sky": "box(*,0..1)", "blue-ish": "ids(0,1,2,4,8)", "Model": "token-logits", "ModelScore": "token-confidence"}
    command = ["caten", "run", programs / "seed-video.lmpm", "--plugin", programs / "seed-video.lisp", "--runtime", runtime,
               *(part for name, value in given.items() for part in ("--param", f"{name}={value}")),
               "--in", "Txt=text.npy", "--in", "Vid=start.npy", "--steps", 32]
    refused = folder.done(*command)
    assert refused.returncode != 0 and "E1011" in refused.stderr and "sees Vid[" in refused.stderr
    start, truth = folder.load("start.npy"), folder.load("video.npy")
    bits = {}
    for seed in (1, 2):
        for name, coarse in (("with", ["--in", "Coarse=coarse.npy"]), ("without", [])):
            folder.run(*command, "--colour", "auto", "--seed", seed, "--out", "Vid=made.npy", *coarse)
            made = folder.load("made.npy")
            assert (made[:, :10] == truth[:, :10]).all()
            sky, before = made[:, 10:, :2], start[:, 10:, :2]
            assert numpy.isin(sky[sky != before], [0, 1, 2, 4, 8]).all() and (made != start).any()
            bits[name, seed] = float(folder.run("caten", "run", programs / "moving-digits.lisp", "measure", "made.npy", name).split()[0])
    print("video:", ", ".join(f"{value} bits per token {name} the coarse level (seed {seed})" for (name, seed), value in bits.items()))
    assert all(bits["with", seed] < bits["without", seed] for seed in (1, 2))


def main():
    cases = {"digits": digits, "exact": exact, "schema": schema, "video": video}
    names = [name for name in sys.argv[1:] if not name.startswith("--")] or list(cases)
    failed = 0
    for name in names:
        with empty_folder() as (path, environment):
            try:
                cases[name](Folder(path, environment))
            except AssertionError as wrong:
                failed += 1
                print(f"{name} failed: {wrong}")
    print(f"{len(names) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
