"""Suite consensus of benchmarks/run: consensual programs beside the best that is written by hand or made for the purpose, on all threads.
Each task says what both are given, and what must hold of what they give before anything is measured (world_tasks.py)."""
import json
import os
import subprocess
import sys
import tempfile

from world_tasks import TASKS

OF_A_STEP = ("step", "plan", "execute")  # of what --time-passes says: everything but compiling, the beginning and the end


def run(command):
    """What a process says on both streams, and the most KiB that it or one of its children had in memory."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        said = out.read().decode(), err.read().decode()
    if process.returncode != 0:
        sys.exit(f"benchmarks/run: {command[0]} failed: {said[1][-600:]}")
    return *said, usage.ru_maxrss


class Caten:
    """caten run of a task's program, on a runtime."""

    def __init__(self, caten, tree, runtime):
        self.command = [caten, "--no-init", "--time-passes", "--json", "run"]
        self.programs, self.runtime = tree / "examples" / "consensus", runtime

    def __call__(self, task, steps, *outputs):
        """Milliseconds of all steps, and KiB. `outputs`: (value, file)."""
        options = [part for value, path in outputs for part in ("--out", f"{value}={path}")]
        if task.plugin:
            options += ["--plugin", self.programs / task.plugin]
        _, said, kib = run([*self.command, self.programs / task.program, "--runtime", self.runtime, *task.arguments(), "--steps", steps, *options])
        taken = json.loads(said.splitlines()[-1])["steps"]
        return sum(each["ms"] for each in taken if each["step"] in OF_A_STEP), kib


def measure_task(make, size, caten, peer, rounds, figure):
    """A row. `make(folder, size)` prepares a task; `peer(task, samples)` is its peer's command."""
    with tempfile.TemporaryDirectory() as folder:
        small = make(folder, make.small)
        small.prepare(caten)
        least = {"caten": caten(small, small.steps(caten, lambda: run(peer(small, 1))), *small.outputs())[1]}
        least["peer"] = run(peer(small, 1))[2]
    with tempfile.TemporaryDirectory() as folder:
        task = make(folder, size)
        task.prepare(caten)
        steps = task.steps(caten, lambda: run(peer(task, 1)))
        samples, most = {"caten": [], "peer": []}, {"caten": 0, "peer": 0}
        for number in range(rounds):
            print(f"  {task.id}: round {number + 1} of {rounds}, {steps} steps", file=sys.stderr, flush=True)
            ms, kib = caten(task, steps, *task.outputs())
            samples["caten"].append(ms)
            most["caten"] = max(most["caten"], kib)
            said, _, kib = run(peer(task, task.samples))
            samples["peer"].append(min(json.loads(said)["ms"]))
            most["peer"] = max(most["peer"], kib)
            wrong = task.wrong()
            if wrong:
                sys.exit(f"benchmarks/run: {task.id}: {wrong}")
        work = task.work(steps)
        rates = {name: figure([1000 * work[name] / ms for ms in values]) for name, values in samples.items()}
        return {"id": task.id, "what": task.what() + ("" if caten.runtime == "cpu" else f" ({caten.runtime})"), "unit": task.unit, "aim": task.aim, "peer": task.peer, "rate": rates, "steps": steps, "runtime": caten.runtime,
                "ratio": rates["caten"]["median"] / rates["peer"]["median"],
                "bytes_per_cell": {name: 1024 * (most[name] - least[name]) / max(1, task.cells() - small.cells()) for name in most}}


def measure(tree, caten, python_of, rounds, figure, rows=(), sizes=None, runtime="cpu"):
    """Rows of {"what", "unit", "aim", "peer", "rate": {"caten", "peer"}, "ratio", "bytes_per_cell", …}; the two take turns."""
    out = []
    for make in TASKS:
        if rows and make.id not in rows:
            continue
        python = python_of(make.needs)
        if not python:
            sys.exit(f"benchmarks/run: {make.id} needs {make.needs}: run scripts/bench-peers")
        out.append(measure_task(make, (sizes or {}).get(make.id, make.size), Caten(caten, tree, runtime),
                                lambda task, samples: [python, tree / "benchmarks" / "peers" / task.script, *task.peer_arguments(samples)], rounds, figure))
    return out
