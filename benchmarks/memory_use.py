"""Suite memory of benchmarks/run: how much memory a process takes at most that reads inputs, computes a workload and writes its
results, beside one that adds 8 elements in the same way. Every figure is of a process of its own, with the system's malloc."""
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy

from peer_process import PeerProcess
from run_time import TOLERANCES, compute, difference, make_inputs

# A process's peak is known when it has ended, and counts what its parent had when it began: this parent has little.
LAUNCHER = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
ADDITION = """(ir 1 (program addition (:in (a (f32 8)) (b (f32 8))) (:let (y (add a b))) (:out (y y))))"""


def caten_peak(command, folder):
    """KiB; nothing is in the cache, so that it compiles, as its peers do."""
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        done = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, *command], check=True, capture_output=True, text=True, env={**os.environ, "CATEN_CACHE": cache})
    return int(done.stdout)


def peer_peak(name, python, spec, files, expected, tolerance, folder):
    """KiB, or why there is no figure."""
    with PeerProcess(name, python, folder, keeps_memory=False) as peer:
        paths = [f"{folder}/{name}-{k}.npy" for k in range(len(expected))]
        reply = peer.ask(prepare={**spec, "lean": True}, inputs=files, outputs=paths)
        wrong = reply.get("error") or difference([numpy.load(path) for path in paths], expected, tolerance)
        return wrong or peer.ask(peak=True)["kib"]


def measure_row(caten, row, program, pythons):
    """{"caten": KiB, peer: KiB or what is wrong, …}."""
    ir, inputs, outputs = program
    with tempfile.TemporaryDirectory() as folder:
        files, arguments = make_inputs(inputs, row, folder)
        command, expected = compute(caten, ir, inputs, outputs, arguments, folder)
        kib = {"caten": caten_peak(command, folder)}
        spec = {"composite": row["composite"], "inputs": inputs, "wrt": row.get("wrt", [])}
        tolerance = TOLERANCES["bf16" if any(dtype == "bf16" for _, dtype, _ in inputs) else "f32"]
        for name, python in pythons.items():
            kib[name] = peer_peak(name, python, spec, files, expected, tolerance, folder)
        return kib


def measure(caten, rows, write_program, peer_pythons):
    pythons = {name: python for name, python in peer_pythons.items() if python}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "addition.ir")
        path.write_text(ADDITION)
        addition = {"id": "addition", "composite": "addition"}
        least = measure_row(caten, addition, (path, [["a", "f32", [8]], ["b", "f32", [8]]], ["y"]), pythons)
        wrong = {name: value for name, value in least.items() if isinstance(value, str)}
        if wrong:
            sys.exit(f"benchmarks/run: an addition goes wrong: {wrong}")
        out = [{"id": "addition", "what": "8 elements added", "kib": least, "more_kib": {}, "errors": {}}]
        for number, row in enumerate(rows):
            print(f"  {number + 1} of {len(rows)}: {row['id']}", file=sys.stderr, flush=True)
            found = measure_row(caten, row, write_program(row, folder), pythons)
            kib = {name: value for name, value in found.items() if not isinstance(value, str)}
            out.append({"id": row["id"], "what": row["what"], "kib": kib, "more_kib": {name: value - least[name] for name, value in kib.items()},
                        "errors": {name: value for name, value in found.items() if isinstance(value, str)}})
        return out
