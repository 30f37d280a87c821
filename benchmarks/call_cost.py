"""Suite call of benchmarks/run: what a call costs besides its work, by the addition of 8 elements."""
import ctypes
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from peer_process import PeerProcess

ADDITION = "(composite ((x{f32}[8] y{f32}[8]) -> (z{f32}[8])) (+ x y))"


class StandAlone:
    """The program as a shared library, called through ctypes: a call from Python, as those of the peers."""

    def __init__(self, caten, folder):
        (pathlib.Path(folder) / "addition.lisp").write_text(ADDITION.replace("composite", "defcomposite addition", 1))
        subprocess.run([caten, "--no-init", "addition.lisp", "-o", "addition.so"], cwd=folder, check=True, capture_output=True)
        array = ctypes.c_float * 8
        self.x, self.y, self.z = array(*range(8)), array(*[0.5] * 8), array()
        self.function = ctypes.CDLL(f"{folder}/addition.so").addition
        self.function.argtypes, self.function.restype = [ctypes.c_void_p] * 4, ctypes.c_int
        self.arguments = [ctypes.addressof(a) for a in (self.x, self.y, self.z)] + [None]
        failed = self.function(*self.arguments)
        if failed or list(self.z) != [k + 0.5 for k in range(8)]:
            sys.exit(f"benchmarks/run: the addition that stands alone gives {failed}, {list(self.z)}")

    def microseconds(self, calls=1000):
        function, arguments = self.function, self.arguments
        start = time.perf_counter()
        for _ in range(calls):
            function(*arguments)
        return 1e6 * (time.perf_counter() - start) / calls


def planned_call(caten):
    done = subprocess.run([caten, "--no-init", "bench", "compile", "W6-256", "--repeat", "5", "--json"], check=True, capture_output=True, text=True)
    return 1000 * json.loads(done.stdout)["call"]["median_ms"]


def measure(caten, peer_pythons, rounds, figure):
    """Rows of {"system", "way", "us", "ratio"}; the systems take turns."""
    samples, errors = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        alone = StandAlone(caten, folder)
        peers = [PeerProcess(name, python, folder) for name, python in peer_pythons.items() if python]
        for _ in range(rounds):
            samples.setdefault(("caten", "a kept plan, from C++"), []).append(planned_call(caten))
            samples.setdefault(("caten", "a library that stands alone, by ctypes"), []).append(statistics.median(alone.microseconds() for _ in range(3)))
            for peer in peers:
                reply = peer.ask(call=3)
                if "error" in reply:
                    errors[peer.name] = reply["error"]
                    continue
                for way, values in reply.items():
                    samples.setdefault((peer.name, way), []).append(statistics.median(values))
        for peer in peers:
            peer.end()
    rows = [{"system": system, "way": way, "us": figure(values)} for (system, way), values in samples.items()]
    for row in rows:
        row["ratio"] = row["us"]["median"] / rows[0]["us"]["median"]
    return rows + [{"system": system, "error": error} for system, error in errors.items()]
