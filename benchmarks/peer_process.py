"""A peer in a process of its own; peers/protocol.py says what can be asked."""
import contextlib
import json
import os
import pathlib
import subprocess


class PeerProcess:
    def __init__(self, name, python, folder, keeps_memory=True):
        """`folder` is for what the peer says on stderr. With keeps_memory what it frees is used again: results taken anew need no
        fresh pages."""
        self.name = name
        self.errors = open(pathlib.Path(folder, f"{name}.log"), "a")
        environment = {} if not keeps_memory else {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "17179869184", "MALLOC_TOP_PAD_": "268435456"}
        self.process = subprocess.Popen([python, pathlib.Path(__file__).parent / f"peers/peer_{name}.py"], text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.errors, env={**os.environ, **environment})

        self.ask(time=0)  # its imports are done

    def ask(self, **request):
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            return {"error": "the peer's process ended: " + pathlib.Path(self.errors.name).read_text()[-1500:]}

    def end(self):
        with contextlib.suppress(OSError):  # it may have ended by itself
            self.process.stdin.close()
        self.process.wait()
        self.errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
