"""Suite train of benchmarks/run: steps of training (forwards, backwards, update) of the models of training_steps.lisp, beside PyTorch, eager and compiled, and JAX,
from the same weights with the same batches. What all lose in the first steps is compared before a figure counts."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy

BENCHMARKS = pathlib.Path(__file__).resolve().parent
MODELS = {  # what, the aim beside the best peer, and a batch
    "mlp": ("network 784-512-10, batch of 64, SGD", 1.2, lambda r: (r.standard_normal((64, 784), numpy.float32), r.integers(0, 10, 64))),
    "cnn": ("two convolutions with batch norm on 8×8 images, batch of 32, AdamW", 1.2,
            lambda r: (r.standard_normal((32, 1, 8, 8), numpy.float32), r.integers(0, 10, 32))),
    "block": ("transformer block, 512 positions of 768, SGD", 1.05,
              lambda r: (r.standard_normal((1, 512, 768), numpy.float32), r.standard_normal((1, 512, 768), numpy.float32))),
    "gpt": ("4 transformer blocks of 256, 16 texts of 128, AdamW", 1.05, lambda r: (r.integers(0, 96, (16, 128)), r.integers(0, 96, (16, 128)))),
}
COMPARED, SAMPLE_MS, SAMPLES = 10, 400, 5
TOLERANCE = 1e-3  # of a loss: rounding grows from step to step


class Steps:
    """A process that has made its first step, and makes others."""

    def __init__(self, command, environment, errors):
        self.start = time.perf_counter()
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(errors, "w"), env={**os.environ, **environment})
        self.errors = errors
        self.first = self.ask(1)["losses"]
        self.first_ms = 1000 * (time.perf_counter() - self.start)  # from the start of the process

    def ask(self, count):
        try:
            print(count, file=self.process.stdin, flush=True)
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            raise RuntimeError("the process ended: " + pathlib.Path(self.errors).read_text()[-1500:]) from None

    def peak_kib(self):
        return next(int(line.split()[1]) for line in open(f"/proc/{self.process.pid}/status") if line.startswith("VmHWM"))

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def commands(caten, pythons, model, folder, kept):
    """By system: how its process is started; `kept` is where it may keep what it compiled."""
    out = {"caten": ([caten, "--no-init", "run", BENCHMARKS / "training_steps.lisp", model, folder], {"CATEN_CACHE": f"{kept}/caten"})}
    if pythons.get("torch"):
        for way in ("eager", "compiled"):
            out[f"torch {way}"] = ([pythons["torch"], BENCHMARKS / "peers/training_torch.py", model, folder, way], {"TORCHINDUCTOR_CACHE_DIR": f"{kept}/inductor"})
    if pythons.get("jax"):
        out["jax"] = ([pythons["jax"], BENCHMARKS / "peers/training_jax.py", model, folder, f"{kept}/jax"], {})
    return out


def differs(losses, expected):
    worst = max(abs(a - b) / max(abs(b), 1e-3) for a, b in zip(losses, expected, strict=True))
    return f"losses differ by {worst:.1e}" if not worst <= TOLERANCE else None


def measure_round(started, samples, errors):
    """One round: losses compared, then samples in turn."""
    losses, steps = {}, {}
    for name, (system, kind) in started.items():
        samples.setdefault((name, kind), []).append(system.first_ms)
        found = system.ask(COMPARED)
        losses[name] = system.first + found["losses"]
        steps[name] = max(1, round(SAMPLE_MS * COMPARED / found["ms"]))
    for name in started:
        if wrong := differs(losses[name], losses["caten"]):
            errors[name] = wrong
    for _ in range(SAMPLES):
        for name, (system, _) in started.items():
            samples.setdefault((name, "step"), []).append(system.ask(steps[name])["ms"] / steps[name])
    for name, (system, _) in started.items():
        samples.setdefault((name, "peak_kib"), []).append(system.peak_kib())


def measure_model(caten, pythons, model, folder, rounds, figure):
    what, aim, example = MODELS[model]
    random = numpy.random.default_rng(0)
    for k in range(4):
        for part, values in zip("xy", example(random), strict=True):
            numpy.save(f"{folder}/{model}-{part}{k}.npy", values)
    samples, errors = {}, {}
    for number in range(rounds):
        print(f"  {model}: round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        started = {}
        try:
            for name, (command, environment) in commands(caten, pythons, model, folder, folder).items():
                started[name] = (Steps(command, environment, f"{folder}/{name}.log"), "first_kept" if number else "first")
            measure_round(started, samples, errors)
        finally:
            for system, _ in started.values():
                system.end()
    row = {"id": model, "what": what, "aim": aim, "systems": {}, "errors": errors}
    for (name, kind), values in samples.items():
        if name not in errors:
            row["systems"].setdefault(name, {})[kind] = figure(values)
    peers = {name: kinds for name, kinds in row["systems"].items() if name != "caten"}
    if peers:
        best = min(peers, key=lambda name: peers[name]["step"]["median"])
        row |= {"best": best, "ratio": peers[best]["step"]["median"] / row["systems"]["caten"]["step"]["median"]}
    return row


def measure(caten, pythons, rounds, figure, only):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([caten, "--no-init", "run", BENCHMARKS / "training_steps.lisp", "weights", folder], check=True)
        return [measure_model(caten, pythons, model, folder, max(2, rounds), figure) for model in MODELS if not only or model in only]
