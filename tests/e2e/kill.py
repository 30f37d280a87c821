#!/usr/bin/env python3
"""Runs with a journal that are killed at random moments, and journals that are cut at every byte of their last record: run
again, they end as the run that nobody disturbed, to the byte.

  tests/e2e/kill.py     kills CATEN_KILLS times (default: 10) in all; the seed is CATEN_SEED, or of the clock, and is printed.
                        The last line is `N passed, N failed`
"""
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

from transcript import binaries, empty_folder, tree

kills = int(os.environ.get("CATEN_KILLS", "10"))
seed = int(os.environ.get("CATEN_SEED", time.time()))

# One that backtracks, on the interpreter, and one that is compiled.
runs = {
    "tile-map": ["tile-map.lmpm", "--runtime", "reference", "--param", "H=10", "--param", "W=12", "--steps", "303", "--seed", "3",
                 "--checkpoint-every", "50"],
    "ising": ["ising.lmpm", "--param", "H=16", "--param", "W=16", "--steps", "303", "--seed", "5", "--checkpoint-every", "30"],
}


class Runs:
    def __init__(self, folder, environment, arguments):
        self.folder, self.environment = pathlib.Path(folder), environment
        self.arguments = [str(binaries / "caten"), "run", str(tree / "examples/consensus" / arguments[0]), *arguments[1:]]
        self.journal = self.folder / "run.journal"

    def start(self, journal):
        return subprocess.Popen([*self.arguments, "--journal", str(journal)], cwd=self.folder, env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def whole(self, journal):
        """Runs to the end; what it says on stdout but for the journal's name, and the bytes of the journal."""
        process = self.start(journal)
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        return out.replace(journal.name, "FILE"), journal.read_bytes()


def killed(runs, expected, took, rounds, source):
    """Kills so many times; whenever a run comes to its end, or at last, it must be the undisturbed one."""
    ends = 0
    for _ in range(rounds):
        process = runs.start(runs.journal)
        time.sleep(source.uniform(0, 1.1 * took))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode == 0:
            assert runs.whole(runs.journal) == expected
            runs.journal.unlink()
            ends += 1
    assert runs.whole(runs.journal) == expected
    return ends


def cut(runs, expected, source):
    """Journals cut at every byte of the last record, which is a step, and at some of the others, checkpoints among them."""
    whole = expected[1]
    ends = record_ends(whole)
    places = [*range(ends[-2], len(whole)), 0, 5, 16, 20, ends[0] - 1, ends[0], *(source.randrange(len(whole)) for _ in range(10))]
    for size in places:
        runs.journal.write_bytes(whole[:size])
        assert runs.whole(runs.journal) == expected, f"cut at byte {size} of {len(whole)}"
    return len(places)


def record_ends(whole):
    """Where each record ends: behind a line of text, [length u32][checksum u32][type u8][k u64][payload]."""
    at, ends = whole.index(b"\n") + 1, []
    while at < len(whole):
        at += 17 + int.from_bytes(whole[at:at + 4], "little")
        ends.append(at)
    return ends


def main():
    print(f"seed {seed}")
    source = random.Random(seed)
    passed = failed = 0
    for name, arguments in runs.items():
        with empty_folder() as (folder, environment):
            run = Runs(folder, environment, arguments)
            run.whole(run.folder / "warm.journal")
            begin = time.monotonic()
            expected = run.whole(run.folder / "whole.journal")
            took = time.monotonic() - begin
            for what, test in (("killed", lambda: killed(run, expected, took, (kills + 1) // 2, source)), ("cut", lambda: cut(run, expected, source))):
                try:
                    print(f"{name} {what}: {test()}, {took:.2f} s undisturbed")
                    passed += 1
                except AssertionError as error:
                    failed += 1
                    print(f"{name} {what}: {error}")
                run.journal.unlink(missing_ok=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
