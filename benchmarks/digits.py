"""Suite digits of benchmarks/run: examples/digits.lisp beside the same with scikit-learn. Both find the same classes, but for digits of
which several neighbours are third nearest, or nothing is measured."""
import json
import os
import re
import subprocess
import sys
import tempfile
import time


def output(command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def caten_samples(command, times):
    """The classes that the example finds, and the ms of classifications in one process."""
    text = output([*command, "sheet.png", str(times)])
    found = re.search(r"^classes ([\d ]+)$", text, re.M).group(1)
    return [int(label) for label in found.split()], [float(ms) for ms in re.findall(r"^ms ([\d.]+)$", text, re.M)]


def peer_samples(command, times):
    """The classes, the digits of which they are a matter of the algorithm, and the ms of the fastest way."""
    found = json.loads(output([*command, str(times)]).splitlines()[-1])
    return found["classes"], set(found["open"]), min(found["ms"].values(), key=min)


def right(text):
    return int(re.search(r"^(\d+) of 797 right", text, re.M).group(1))


def process_ms(command, environment=None):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment)
    return 1000 * (time.perf_counter() - start)


def measure(tree, caten, python, rounds, figure):
    """Rows of {"what", "right", "ms": {"caten", "scikit-learn"}, "ratio"}; the two take turns."""
    example, table = tree / "examples" / "digits.lisp", tree / "examples" / "data" / "digits.csv.gz"
    mine = [caten, "--no-init", "run"]
    peer = [python, tree / "benchmarks" / "peers" / "digits_sklearn.py", table]
    samples = {}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        environment = {**os.environ, "CATEN_CACHE": f"{folder}/kept"}
        accuracy = {"caten": right(output([*mine, example, "sheet.png"], env=environment)), "scikit-learn": right(output(peer))}
        for number in range(rounds):
            print(f"  round {number + 1} of {rounds}", file=sys.stderr, flush=True)
            found, own = caten_samples([*mine, tree / "benchmarks" / "digits.lisp"], 7)
            wanted, undecided, others = peer_samples(peer, 7)
            wrong = [k for k, (one, other) in enumerate(zip(found, wanted, strict=True)) if one != other and k not in undecided]
            if wrong:
                sys.exit(f"benchmarks/run: digits {wrong} are of other classes")
            whole = [*mine, example, "sheet.png"]
            process = process_ms(peer)
            for what, ms, other in (("797 digits classified, in a process that stays", min(own), min(others)),
                                    ("the whole process, its kernels on disk", process_ms(whole, environment), process),
                                    ("the whole process, nothing kept", process_ms(whole, {**environment, "CATEN_CACHE": f"{folder}/new-{number}"}), process)):
                samples.setdefault(what, []).append((ms, other))
        os.chdir(tree)
    rows = []
    for what, pairs in samples.items():
        ms = {"caten": figure([pair[0] for pair in pairs]), "scikit-learn": figure([pair[1] for pair in pairs])}
        rows.append({"what": what, "right": accuracy, "ms": ms, "ratio": ms["scikit-learn"]["median"] / ms["caten"]["median"]})
    return rows
