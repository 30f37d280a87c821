"""Suite consensus of benchmarks/run: steps of consensual programs beside the same by hand in numba, on all threads. Both begin with the
same cells and draw the same words, and what they give must be equal, or nothing is measured."""
import json
import os
import subprocess
import sys
import tempfile

# The side of the grid, the steps of a sample, what a step does to each cell, and how many it does it to.
PROGRAMS = [{"id": "ising", "what": "Ising 2048²", "value": "Spin", "side": 2048, "steps": 100, "unit": "Mspin/s", "share": 0.5, "aim": 5},
            {"id": "life", "what": "Life 4096²", "value": "Cell", "side": 4096, "steps": 100, "unit": "Mcell/s", "share": 1, "aim": 2}]
OF_A_STEP = ("step", "plan", "execute")  # of what --time-passes says: everything but compiling, the beginning and the end


def run(command):
    """What a process says on both streams, and the most KiB that it had in memory."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        said = out.read().decode(), err.read().decode()
    if process.returncode != 0:
        sys.exit(f"benchmarks/run: {command[0]} failed: {said[1][-600:]}")
    return *said, usage.ru_maxrss


def caten_run(command, program, side, steps, out):
    """Milliseconds of a step, and KiB."""
    _, said, kib = run([*command, "--param", f"H={side}", "--param", f"W={side}", "--steps", str(steps), "--out", f"{program['value']}={out}"])
    taken = json.loads(said.splitlines()[-1])["steps"]
    return sum(each["ms"] for each in taken if each["step"] in OF_A_STEP) / max(steps, 1), kib


def cells_of(path, count):
    with open(path, "rb") as file:
        return file.read()[-count:]


def measure_program(program, command, peer, rounds, folder, figure):
    side, steps = program["side"], program["steps"]
    begin, own, other = (f"{folder}/{name}.npy" for name in ("begin", "own", "other"))
    caten_run(command, program, 64, 0, begin)
    small = {"caten": caten_run(command, program, 64, steps, own)[1], "numba": run([*peer, program["id"], begin, str(steps), other])[2]}
    caten_run(command, program, side, 0, begin)
    samples, most = {"caten": [], "numba": []}, {"caten": 0, "numba": 0}
    for number in range(rounds):
        print(f"  {program['id']}: round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        ms, kib = caten_run(command, program, side, steps, own)
        samples["caten"].append(ms)
        most["caten"] = max(most["caten"], kib)
        said, _, kib = run([*peer, program["id"], begin, str(steps), other])
        samples["numba"].append(min(json.loads(said)["ms"]))
        most["numba"] = max(most["numba"], kib)
        if cells_of(own, side * side) != cells_of(other, side * side):
            sys.exit(f"benchmarks/run: {program['id']}: the cells behind {steps} steps differ")
    million = side * side * program["share"] / 1e6
    rates = {name: [1000 * million / ms for ms in values] for name, values in samples.items()}
    row = {key: program[key] for key in ("id", "what", "unit", "aim")}
    row["rate"] = {name: figure(values) for name, values in rates.items()}
    row["ratio"] = row["rate"]["caten"]["median"] / row["rate"]["numba"]["median"]
    row["bytes_per_cell"] = {name: 1024 * (most[name] - small[name]) / side**2 for name in most}
    return row


def measure(tree, caten, python, rounds, figure):
    """Rows of {"what", "unit", "aim", "rate": {"caten", "numba"}, "ratio", "bytes_per_cell"}; the two take turns."""
    peer = [python, tree / "benchmarks" / "peers" / "worlds_numba.py"]
    rows = []
    for program in PROGRAMS:
        source = tree / "examples" / "consensus" / f"{program['id']}.lmpm"
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure_program(program, [caten, "--no-init", "--time-passes", "--json", "run", source, "--runtime", "cpu"], peer, rounds, folder, figure))
    return rows
