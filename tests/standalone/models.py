#!/usr/bin/env python3
"""Models that stand alone: `-o model.c` compiles without a warning and computes what the runtimes do.

  tests/standalone/models.py [--full]    without --full: the same models with small sizes

The models are a transformer block (benchmarks/workloads/transformer-block.lisp) and the first stage of ResNet-18
(resnet.lisp). Of each: the text of the runtime `c` is compiled by gcc -std=c11 -Wall -Wextra -Werror, called through its
header's `…_call`, and compared with `caten run --runtime c`, bit for bit, and with the runtime `cpu`. With small sizes
both runtimes are compared with the evaluator, too (--verify). The last line is `N passed, N failed`.
"""
import argparse
import array
import ctypes
import math
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
CATEN = TREE / "build/release/bin/caten"
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Werror"]
FARTHEST = 1e-5  # between the runtimes c and cpu, relative to the largest element: both are within the evaluator's bounds

TRANSFORMER = """
(defcomposite transformer
    ((X{{f32}}[{L} {D}] Wq{{f32}}[{D} {D}] Wk{{f32}}[{D} {D}] Wv{{f32}}[{D} {D}] Wo{{f32}}[{D} {D}] W1{{f32}}[{D} {F}] B1{{f32}}[{F}]
      W2{{f32}}[{F} {D}] B2{{f32}}[{D}]) -> (Y{{f32}}[{L} {D}]))
  "A block of {heads} heads."
  (block-of X Wq Wk Wv Wo W1 B1 W2 B2 :heads {heads}))
"""


def stage_text(side, channels):
    """The stem of ResNet-18 and the two blocks behind it."""
    layers = [("0", 3, 7)] + [(name, channels, 3) for name in ("1a", "1b", "2a", "2b")]
    names = [[f"w{name}", f"mean{name}", f"variance{name}", f"scale{name}", f"shift{name}"] for name, _, _ in layers]
    inputs = "".join(f" w{name}{{f32}}[{channels} {of} {size} {size}]" + "".join(f" {what}{name}{{f32}}[{channels}]" for what in ("mean", "variance", "scale", "shift"))
                     for name, of, size in layers)
    stem, first, second = " ".join(names[0]), " ".join(names[1] + names[2]), " ".join(names[3] + names[4])
    return f"""
(defcomposite stage ((X{{f32}}[1 3 {side} {side}]{inputs}) -> (Y{{f32}}[1 {channels} {side // 4} {side // 4}]))
  "A convolution by steps of 2, the largest of windows, and two blocks."
  (setf y (max-pool (relu (conv-norm X {stem} :stride 2)) :kernel 3 :stride 2 :padding 1))
  (basic-block (basic-block y {first}) {second}))
"""


def models(full):
    """Of each model: its name, the file it comes from, and its text."""
    sizes = dict(L=256, D=512, F=2048, heads=8) if full else dict(L=12, D=32, F=64, heads=4)
    yield "transformer", "transformer-block.lisp", TRANSFORMER.format(**sizes)
    yield "stage", "resnet.lisp", stage_text(224, 64) if full else stage_text(32, 8)


def run(command, folder):
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(" ".join(str(word) for word in command) + "\n" + done.stdout[-2000:] + done.stderr[-2000:])
    return done.stdout


def values_of(name, count):
    """Numbers as models have them: weights that keep the size of what they multiply, variances above 0."""
    draw = random.Random(name)
    if name.startswith("variance"):
        return array.array("f", (draw.uniform(0.5, 1.5) for _ in range(count)))
    width = 0.05 if name[0] in "wW" else 1.0
    return array.array("f", (draw.uniform(-width, width) for _ in range(count)))


def write_npy(path, shape, values):
    head = repr({"descr": "<f4", "fortran_order": False, "shape": tuple(shape)}).encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + values.tobytes())


def read_npy(path):
    data = path.read_bytes()
    return array.array("f", data[10 + struct.unpack("<H", data[8:10])[0]:])


class Model:
    """A model in a folder of its own, with arrays for its arguments."""

    def __init__(self, folder, name, text):
        self.folder, self.name = folder, name
        (folder / "model.lisp").write_text(text)
        (folder / "p.ir").write_text(run([CATEN, "-E", "--entry", name, "model.lisp"], folder))
        run([CATEN, "--runtime", "c", "p.ir", "-o", "model.c"], folder)
        # An underscore behind a name keeps it apart from a function of C's library.
        declared = re.findall(r"^ \*   (\w+?)_? +f32\[([\d ]+)\], (input|output)$", (folder / "model.h").read_text(), re.M)
        self.shapes = {word: [int(size) for size in shape.split()] for word, shape, _ in declared}
        self.inputs = [word for word, _, kind in declared if kind == "input"]
        self.output, = [word for word, _, kind in declared if kind == "output"]
        self.values = {word: values_of(word, math.prod(self.shapes[word])) for word in self.inputs}
        for word in self.inputs:
            write_npy(folder / f"{word}.npy", self.shapes[word], self.values[word])

    def called(self):
        """The output of model.c, and the seconds of the second call."""
        run(["gcc", *WARNINGS, "-O2", "-shared", "-fPIC", "-o", "model.so", "model.c", "-lm"], self.folder)
        call = getattr(ctypes.CDLL(str(self.folder / "model.so")), self.name + "_call")
        call.argtypes = [ctypes.c_void_p] * 3
        result = array.array("f", bytes(4 * math.prod(self.shapes[self.output])))
        addresses = [values.buffer_info()[0] for values in [*(self.values[word] for word in self.inputs), result]]
        for _ in range(2):
            begin = time.monotonic()
            status = call(None, (ctypes.c_void_p * len(addresses))(*addresses), None)
            if status != 0:
                raise RuntimeError(f"{self.name}_call returns {status}")
        return result, time.monotonic() - begin

    def of_runtime(self, runtime, *options):
        arguments = [f"--in={word}={word}.npy" for word in self.inputs] + [f"--out={self.output}={runtime}.npy"]
        run([CATEN, "run", "--runtime", runtime, *options, "p.ir", *arguments], self.folder)
        return read_npy(self.folder / f"{runtime}.npy")


def compare(model, full):
    """What is wrong, as a list; prints the figures."""
    found, seconds = model.called()
    verify = [] if full else ["--verify"]
    of_c, of_cpu = model.of_runtime("c", *verify), model.of_runtime("cpu", *verify)
    largest = max(abs(x) for x in of_c)
    farthest = max(abs(x - y) for x, y in zip(found, of_cpu)) / largest
    lines = (model.folder / "model.c").read_text().count("\n")
    print(f"{model.name}: {lines} lines of C, {len(found)} elements, {seconds * 1e3:.1f} ms a call, {farthest:.1e} from cpu, relative to the largest")
    faults = []
    if found.tobytes() != of_c.tobytes():
        faults.append("model.c and the runtime c differ")
    if not (math.isfinite(farthest) and farthest <= FARTHEST):
        faults.append(f"model.c and the runtime cpu differ by more than {FARTHEST}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    full, passed, failed = parser.parse_args().full, 0, 0
    for name, workload, text in models(full):
        with tempfile.TemporaryDirectory() as folder:
            try:
                faults = compare(Model(pathlib.Path(folder), name, (TREE / "benchmarks/workloads" / workload).read_text() + text), full)
            except RuntimeError as error:
                faults = [str(error)]
        passed, failed = passed + (not faults), failed + bool(faults)
        for fault in faults:
            print(f"{name}: {fault}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
