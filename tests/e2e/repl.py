#!/usr/bin/env python3
"""The prompt as a person meets it, through a pseudo-terminal: several lines, completion, history, Ctrl-C, restarts.

  tests/e2e/repl.py [NAME…]     the last line is `N passed, N failed`

Nothing waits for a time: each step waits until the screen ends with a prompt, at most `patience` seconds.
"""
import contextlib
import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback

from transcript import binaries

patience = 30
escapes = re.compile(rb"\x1b(\[[0-9;?]*[@-~]|[()][A-Z0-9]|[=>])")


class Screen:
    """caten at a terminal of 30 lines and 250 columns, with `folder` as home."""

    def __init__(self, folder, *arguments, **environment):
        self.seen, self.mark = b"", 0
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.chdir(folder)
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also where the tests run under nohup
            clean = {"PATH": os.environ["PATH"], "HOME": folder, "XDG_STATE_HOME": f"{folder}/state", "TERM": "xterm", "NO_COLOR": "1",
                     "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", f"{folder}/cache"), **environment}
            os.execve(binaries / "caten", ["caten", *arguments], clean)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 250, 0, 0))

    def pump(self, deadline):
        """Takes what the program wrote; false at its end."""
        ready, _, _ = select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"nothing more came in {patience} s; the screen shows\n{self.text()!r}"
        try:
            data = os.read(self.terminal, 65536)
        except OSError:
            data = b""
        self.seen += data
        return bool(data)

    def text(self):
        """What came since the last keys, without escape sequences; a line drawn again stands behind itself."""
        return escapes.sub(b"", self.seen[self.mark:]).replace(b"\r\n", b"\n").replace(b"\r", b"").decode(errors="replace")

    def wait(self, pattern):
        """Until the text since the last keys matches; returns it."""
        deadline = time.monotonic() + patience
        while not re.search(pattern, self.text()):
            assert self.pump(deadline), f"the program ended without `{pattern}`:\n{self.text()}"
        return self.text()

    def keys(self, text):
        self.mark = len(self.seen)
        os.write(self.terminal, text.encode())

    def enter(self, line, prompt=r"caten> "):
        """Types the line and waits for the prompt; returns what was printed between."""
        self.keys(line + "\r")
        text = self.wait(rf"\n(?:{prompt})\Z")
        return text.split("\n", 1)[1].rsplit("\n", 1)[0] if text.count("\n") > 1 else ""

    def ready(self):
        self.wait(r"\ncaten> \Z")
        return self

    def end(self):
        """Waits for the program's end; its exit status."""
        deadline = time.monotonic() + patience
        while self.pump(deadline):
            pass
        _, status = os.waitpid(self.child, 0)
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(status)

    def leave(self):
        self.keys("\x04")
        assert self.end() == 0


def equal(seen, wanted):
    assert seen == wanted, f"expected {wanted!r}, seen {seen!r}"


def contains(seen, *parts):
    for part in parts:
        assert part in seen, f"expected {part!r} in\n{seen}"


# ---- the tests ----

def values_and_several_lines(folder):
    screen = Screen(folder).ready()
    equal(screen.enter("(+ 1 2)"), "3")
    equal(screen.enter("(defun f (x)", prompt=" +> "), "")
    equal(screen.enter('  "a string', prompt=" +> "), "")
    equal(screen.enter('  of (two lines"', prompt=" +> "), "")
    equal(screen.enter("  (* x 2)) ; (done"), "f")
    equal(screen.enter("(f 21)"), "42")
    equal(screen.enter("(list * ** (values 1 2)) (values 3 4)"), "(42 f 1)\n3\n4")
    equal(screen.enter("(list * ** /)"), "(3 (42 f 1) (3 4))")
    equal(screen.enter("(tensor '((1 2) (3 4)))"), "#<i64[2 2]\n((1 2)\n (3 4))>")
    contains(screen.enter("(ones 100 100)"), "f32[100 100]", "…")
    equal(screen.enter('"größe λ"'), '"größe λ"')
    equal(screen.enter("(in-package :cl)", prompt=r"caten\(common-lisp\)> "), '#<"COMMON-LISP" package>')
    equal(screen.enter("(in-package :caten-user)"), '#<"CATEN-USER" package>')
    screen.leave()


def completion(folder):
    pathlib.Path(folder, "numbers.npy").write_bytes(b"")
    screen = Screen(folder).ready()
    screen.keys("(softm\t")
    screen.wait(r"softmax")
    screen.keys("(ones 2) :ax\t")
    screen.wait(r":axis")
    equal(screen.enter("0)"), "#<f32[2] (0.5 0.5)>")
    screen.keys("(logical-\t\t")
    screen.wait(r"logical-and +logical-not +logical-or(.|\n)*caten> \(logical-")
    screen.keys('\x03')
    screen.wait(r"\ncaten> \Z")
    screen.keys('(load-npy "num\t')
    screen.wait(r'numbers.npy"')
    screen.keys("\x03")
    screen.wait(r"\ncaten> \Z")
    screen.enter("(defvar *my-weights* 5)")
    screen.keys("*my-\t")
    screen.wait(r"\*my-weights\*")
    equal(screen.enter(""), "5")
    screen.keys("(matmul ")  # the signature at the right
    screen.wait(r"A\{T\}\[~ M K\] B\{T\}\[~ K N\]")
    screen.keys("\x03")
    screen.wait(r"\ncaten> \Z")
    screen.leave()


def history_of_earlier_sessions(folder):
    screen = Screen(folder).ready()
    screen.enter("(defun f (x)", prompt=" +> ")
    screen.enter("  (+ x 1))")
    screen.enter(" (+ 9 9)")
    screen.leave()
    path = pathlib.Path(folder, "state/caten/history")
    equal(path.read_text(), "(defun f (x)\\n  (+ x 1))\n")
    equal(stat.S_IMODE(path.stat().st_mode), 0o600)
    screen = Screen(folder).ready()
    screen.keys("\x1b[A")
    screen.wait(r"\(\+ x 1\)\)")
    equal(screen.enter(""), "f")
    equal(screen.enter("(f 1)"), "2")
    screen.leave()
    path.write_text("(+ 1 1)\n" * 3000 + "(+ 40 2)\n")  # a file that grew is shortened
    screen = Screen(folder).ready()
    screen.keys("\x1b[A")
    screen.wait(r"\(\+ 40 2\)")
    equal(screen.enter(""), "42")
    screen.leave()
    assert path.read_text().count("\n") <= 1001


def interruption_keeps_definitions(folder):
    screen = Screen(folder).ready()
    screen.enter("(defvar *kept* (! (+ (ones 2) 1)))")
    for number, endless in enumerate(("(loop)", "(! (scan 100000000000 ((s 0)) (i) (next (+ s (sin i)))))")):
        screen.keys(f'(progn (format t "begun~d~%" {number}) (finish-output) {endless})\r')
        screen.wait(rf"begun{number}\n")
        os.write(screen.terminal, b"\x03")
        contains(screen.wait(r"\ncaten> \Z"), "error[E0805]")
        equal(screen.enter("*kept*"), "#<f32[2] (2 2)>")
    equal(screen.enter("(handler-case (item (sum *kept*)) (error () nil))"), "4.0")
    screen.keys("(half an input\x03")  # at the prompt it gives the line up
    screen.wait(r"\ncaten> \Z")
    screen.leave()


def worlds_go_on(folder):
    """Steps that are interrupted or fail leave a world that goes on; mistakes end nothing."""
    pathlib.Path(folder, "turn.lmpm").write_text("value V : Token[X, 4] shape Seq(6) clock Lamport init 1\nvalue Rules : Rule shape Set() clock Lamport\n"
                                                 "visible V[i] <- V[i]\nrule Turn: on V[i] read {own = V[i]} emit proposal V[i] := (own + 1) % 4\n"
                                                 "commit V[*] using satisfy(max_constraints_then_score)\n")
    screen = Screen(folder).ready()
    screen.enter('(defparameter w (world (load-consensual-program "turn.lmpm") :runtime :reference))')
    for film in ("", ' :picture "long.gif"'):
        screen.keys(f'(progn (format t "begun~%") (finish-output) (step w 100000000{film}))\r')
        screen.wait("begun\n")
        os.write(screen.terminal, b"\x03")
        contains(screen.wait(r"\ncaten> \Z"), "error[E0805]")
    assert not pathlib.Path(folder, "long.gif").exists()
    steps = int(re.search(r"step (\d+)", screen.enter("w")).group(1))
    contains(screen.enter("(step w 2)"), f"step {steps + 2}: 6 active, 6 enabled, 6 proposed, 6 admissible, 6 committed")
    for mistake in ("(step w -1)", '(why w "V[9]")', '(remove-constraint w "none")', '(add-constraint w "constraint C: forbid change(W[0]) priority 1")', "(look w 'u)"):
        contains(screen.enter(mistake, prompt=r"(?:caten|\d-\d)> "), "error[E")
        if screen.text().endswith("caten> "):
            continue
        screen.enter(screen.text().rsplit("-", 1)[1][:-2])  # the last restart: back to the prompt
    contains(screen.enter("(add-constraint w (constraint C :scope (V 0) :kind forbid :pred (change) :priority 1 :hard t))"), "#<world")
    contains(screen.enter("(step w)"), "5 committed", "1 would break what is hard, priority 1 C")
    screen.leave()


def numbered_restarts(folder):
    screen = Screen(folder).ready()
    seen = screen.enter("(+ 1 (softmx (ones 2)))", prompt="1-4> ")
    contains(seen, "error[E0111]", "did you mean `softmax`?", "\n  1: use `softmax` for `softmx`\n",
             "\n  2: evaluate (softmx (ones 2)) again\n", "\n  3: use a value instead of", "\n  4: back to the prompt")
    equal(screen.enter("1"), "#<f32[2] (1.5 1.5)>")
    screen.enter("(list 1 (twice 4))", prompt="1-3> ")  # define what is missing, then go on
    equal(screen.enter("(defun twice (x) (* 2 x))", prompt="1-3> "), "twice")
    equal(screen.enter("1"), "(1 8)")
    screen.enter("(* 2 missing)", prompt="1-3> ")
    equal(screen.enter("2", prompt="value> "), "")
    equal(screen.enter("(+ 20 1)"), "21")
    screen.enter("(softmax (ones 2) :axes 0)", prompt="1-4> ")
    equal(screen.enter("1"), "#<f32[2] (0.5 0.5)>")
    screen.enter("(error \"one\")", prompt="1-3> ")
    contains(screen.enter("(error \"two\")", prompt="2 1-4> "), "back to the error before", "back to the prompt")
    screen.enter("3", prompt="1-3> ")
    screen.enter("", prompt="1-3> ")
    screen.enter("99", prompt="1-3> ")
    screen.enter("?ones", prompt="1-3> ")
    screen.enter("q")
    contains(screen.enter('(restart-case (error "no") (my-way (x) :report "go my way" :interactive (lambda () (list 7)) (* x 6)))',
                       prompt="1-4> "), "\n  1: go my way\n")
    equal(screen.enter("1"), "42")
    screen.enter("(car 5)", prompt="1-3> ")
    screen.keys("\x04")
    screen.wait(r"\ncaten> \Z")
    contains(screen.enter("(defun deep (x) (+ 1 (deep x))) (deep 1)"), "error[E0401]")
    contains(screen.enter("(+ 1 2))"), "3\n", "error[E0002]")
    screen.leave()


def help_and_commands(folder):
    screen = Screen(folder).ready()
    contains(screen.enter("?softmax"), "softmax (X{T} &key (axis -1))", "example: (softmax", "defined in composites/")
    contains(screen.enter("?soft"), "log-softmax masked-softmax softmax")
    contains(screen.enter("?E0202"), "E0202", "different shapes")
    contains(screen.enter("?"), "Ctrl-D", "?softmax")
    contains(screen.enter("(doc matmul)"), "matmul (A{T}[~ M K]")
    contains(screen.enter("(describe (tensor '(1.0 2.0 6.0)))"), "f32[3]: 3 elements", "mean     3.0")
    contains(screen.enter("(time (item (sum (ones 2 2))))"), "took ", "4.0")
    contains(screen.enter(",ir (+ (ones 2) 1)"), "(ir 1", "(add ")
    contains(screen.enter(",kernel (+ (ones 2) 1)"), "void kernel_0(")
    contains(screen.enter(",kernal (ones 2)"), "error[E0903]", "did you mean `,kernel`?")
    screen.keys("(quit 3)\r")
    equal(screen.end(), 3)


def plain_terminal(folder):
    screen = Screen(folder, "repl", TERM="dumb").ready()
    screen.keys("(+ 1\n")
    screen.wait(r" +> \Z")
    screen.keys("2)\n")
    screen.wait(r"3\ncaten> \Z")
    screen.leave()


def colour(folder):
    screen = Screen(folder, "--color=always").ready()
    screen.enter("(car 5)", prompt="1-3> ")
    assert b"\x1b[1;31merror" in screen.seen
    screen.keys("\x04")
    screen.wait(r"\ncaten> \Z")
    screen.leave()
    screen = Screen(folder).ready()  # NO_COLOR is set
    screen.enter("(car 5)", prompt="1-3> ")
    assert b"\x1b[1;31m" not in screen.seen
    os.kill(screen.child, signal.SIGHUP)
    assert screen.end() == -signal.SIGHUP


def interrupted_programs_end(folder):
    loop = "(ir 1 (program main (:in (x (i64))) (:let (l (loop 1000000000000 ((c x)) (i) (next (add c i))))) (:out (y (result 0 l)))))"
    program = pathlib.Path(folder, "loop.lisp")
    program.write_text('(defun forever () (format t "begun~%") (finish-output) (loop))\n(forever)\n')
    for arguments, begun in ((("run", "loop.lisp"), "begun\n"), (("-e", '(progn (format t "begun~%") (finish-output) (loop))'), "begun\n"),
                             (("--runtime", "reference", "run", "loop.ir", "--in", "x=x.npy"), None)):
        pathlib.Path(folder, "loop.ir").write_text(loop)
        header = "{'descr': '<i8', 'fortran_order': False, 'shape': (), }".ljust(117) + "\n"
        pathlib.Path(folder, "x.npy").write_bytes(b"\x93NUMPY\1\0" + struct.pack("<H", 118) + header.encode() + bytes(8))
        screen = Screen(folder, *arguments)
        if begun:
            screen.wait(begun)
        else:  # nothing is printed before; wait until the program handles the signal
            deadline = time.monotonic() + patience
            while not handles_interrupts(screen.child):
                assert time.monotonic() < deadline
                time.sleep(0.01)
        screen.keys("\x03")
        equal(screen.end(), 130)


def handles_interrupts(process):
    """True once the process has a handler for SIGINT; caten has, from before it reads its operands."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    if not status.startswith("Name:\tcaten\n"):
        return False
    return int(re.search(r"SigCgt:\s*(\w+)", status).group(1), 16) >> (signal.SIGINT - 1) & 1


@contextlib.contextmanager
def pseudo_terminals():
    """Where there are none (a bare root), they are mounted for as long as the tests run, if that is allowed."""
    try:
        for end in os.openpty():
            os.close(end)
        mounted = False
    except OSError:
        os.makedirs("/dev/pts", exist_ok=True)
        mounted = subprocess.run(["mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0666", "devpts", "/dev/pts"]).returncode == 0
        if not mounted:
            sys.exit("there are no pseudo-terminals here: mount -t devpts devpts /dev/pts")
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", "/dev/pts"])


def main():
    tests = [values_and_several_lines, completion, history_of_earlier_sessions, interruption_keeps_definitions, worlds_go_on, numbered_restarts,
             help_and_commands, plain_terminal, colour,
             interrupted_programs_end]
    passed = failed = 0
    with pseudo_terminals():
        for test in tests:
            if sys.argv[1:] and test.__name__ not in sys.argv[1:]:
                continue
            with tempfile.TemporaryDirectory() as folder:
                try:
                    test(folder)
                    passed += 1
                except Exception:
                    failed += 1
                    print(f"{test.__name__} failed")
                    traceback.print_exc(file=sys.stdout)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
