"""Memory against time of training 24 transformer layers: a process for each limit, which computes again what does not fit (recomputation.lisp).

  benchmarks/recomputation.py [LIMIT…]

Prints a row for each limit: intermediate values as planned, layers that are computed again, the most memory that the process had, the median, least and most
time of a step behind the first. All limits have to end with the same weights.
"""
import os
import pathlib
import statistics
import subprocess
import sys

tree = pathlib.Path(__file__).resolve().parents[1]
caten = os.environ.get("CATEN", tree / "build/release/bin/caten")
STEPS = 20


def measure(limit):
    """What a process prints, and its peak in bytes, by a parent of its own that has little."""
    launcher = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run([sys.executable, "-S", "-c", launcher, caten, "run", tree / "benchmarks/recomputation.lisp", limit, str(STEPS)],
                          check=True, capture_output=True, text=True)
    *words, peak = done.stdout.split()
    planned, layers, *times, weights = words
    return int(planned), int(layers), sorted(map(float, times[1:])), weights, 1024 * int(peak)


def main():
    print("| limit | as planned | layers again | most of the process | a step |\n|---|---|---|---|---|")
    ends = set()
    for limit in sys.argv[1:] or ["none", "192M", "128M", "64M", "36M"]:
        planned, layers, times, weights, peak = measure(limit)
        ends.add(weights)
        print(f"| {limit} | {planned / 2**20:.0f} MiB | {layers} | {peak / 2**20:.0f} MiB | {statistics.median(times):.0f} ms ({times[0]:.0f} to {times[-1]:.0f}) |", flush=True)
    if len(ends) > 1:
        sys.exit(f"weights differ: {' '.join(sorted(ends))}")


main()
