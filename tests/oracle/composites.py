"""Every composite of the library against NumPy, SciPy, mpmath and Random123.

  tests/oracle/run composites [--cases N] [--seed S] [--only NAME,…] [--runtime NAME] [--report]

Draws calls of composites over dtypes, attributes, shapes (0-d, empty, 1, odd, broadcast) and edge values, evaluates many in one
process of caten, and compares each with what is computed here, independently and in higher precision. A result may differ by the ulps
that the composite's :ulp clause states, of the result or of the scale it names; where it states 0, bit for bit.
--report writes the largest errors found to tests/oracle/measured.tsv, which scripts/reference shows. Prints the seed, a table, and as last line
`N passed, N failed`.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import warnings

import ml_dtypes
import numpy as np

import cases_elementwise
from cases import CARRIER, FLOATS, NUMPY, Draw, wide

MAKERS = dict(cases_elementwise.MAKERS)
for part in ("reduce", "shape", "linear", "network", "random", "quantization"):
    try:
        MAKERS.update(__import__(f"cases_{part}").MAKERS)
    except ModuleNotFoundError as error:
        if error.name != f"cases_{part}":
            raise

TREE = pathlib.Path(__file__).resolve().parents[2]
CATEN = TREE / "build" / os.environ.get("CATEN_PRESET", "release") / "bin" / "caten"
np.seterr(all="ignore")
warnings.simplefilter("ignore", RuntimeWarning)  # of means of nothing

LIBRARY = """(dolist (name (caten/composite:library-names))
  (multiple-value-bind (text documentation clauses) (caten/composite:library-entry name)
    (let ((*print-case* :downcase) (*print-pretty* nil) (*package* (find-package :caten)))
      (format t "~c~(~a~)~c~a~c~a~c~{~s~^ ~}~c~{~s~^ ~}~c~%" (code-char 30) name (code-char 31) text (code-char 31) documentation
              (code-char 31) (rest (assoc :ulp clauses)) (code-char 31) (rest (assoc :example clauses)) (code-char 31)))))
"""

PRELUDE = """(defvar *in* (load-npz "in.npz"))
(defun in (name) (cdr (assoc name *in* :test #'string=)))
(defvar *out* '())
(defun keep (name values)
  (loop for value in values for k from 0 do (push value *out*) (push (format nil "~a.~d" name k) *out*)))
(defmacro case-of (name count form)
  `(handler-case (keep ,name (subseq (multiple-value-list ,form) 0 ,count))
     (error (e) (format t "failed ~a: ~a~%" ,name e))))
"""


def library():
    """name → (text, documentation, ulps, scale, example)."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "library.lisp"
        path.write_text(LIBRARY)
        done = subprocess.run([CATEN, "run", "--no-init", path], capture_output=True, text=True, check=True)
    entries = {}
    for block in done.stdout.split("\x1e")[1:]:
        name, text, documentation, ulp, example = block.split("\x1f")[:5]
        found = re.match(r'([0-9.]+)(?: "(.*)")?$', ulp, re.S)
        entries[name] = (text, documentation, float(found.group(1)) if found else None, found.group(2) if found else None, example)
    return entries


def evaluate(cases, runtime, folder):
    """The outputs of the cases, as lists of arrays; None for a case that failed, with the message."""
    arrays, lines = {}, [PRELUDE]
    for k, case in enumerate(cases):
        bindings = []
        for name, (dtype, value) in case.inputs.items():
            full = f"{name}{k}"
            carrier = CARRIER.get(dtype)
            arrays[full] = np.ascontiguousarray(value).view(carrier[1]).reshape(value.shape) if carrier else np.asarray(value)
            bindings.append(f"({name} (bitcast (in \"{full}\") :{dtype}))" if carrier else f"({name} (in \"{full}\"))")
        outputs = case.outputs()
        names = [f"r{j}" for j in range(len(outputs))]
        stored = [f"(bitcast {n} :{CARRIER[d][0]})" if d in CARRIER else n for n, (d, _) in zip(names, outputs)]
        lines.append(f"(case-of \"y{k}\" {len(outputs)} (let* ({' '.join(bindings)}) (multiple-value-bind ({' '.join(names)}) {case.text} (values {' '.join(stored)}))))")
    lines.append('(apply (function save-npz) "out.npz" *out*)')
    (folder / "p.lisp").write_text("\n".join(lines) + "\n")
    np.savez(folder / "in.npz", nothing=np.zeros(1), **arrays)
    done = subprocess.run([CATEN, "run", "--no-init", "--runtime", runtime, "p.lisp"], cwd=folder, capture_output=True, text=True, timeout=900)
    if done.returncode:
        sys.exit(f"{runtime}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    messages = dict(re.findall(r"^failed y(\d+): (.*)$", done.stdout, re.M))
    with np.load(folder / "out.npz") as out:
        loaded = dict(out)
    return [[loaded[f"y{k}.{j}"] for j in range(len(case.outputs()))] if f"y{k}.0" in loaded else messages.get(str(k), "no output")
            for k, case in enumerate(cases)]


def errors_in_ulps(got, expected, dtype, scale):
    """Errors of a float result in ulps of the scale; infinite where a NaN, an infinity, or the sign of an exact zero is wrong."""
    finfo = np.finfo(np.float64) if dtype == "f64" else ml_dtypes.finfo(NUMPY[dtype])
    exact, value = expected.astype(np.longdouble), wide(got).astype(np.longdouble)
    digits = {"f16": 10, "bf16": 7, "f32": 23, "f64": 52}[dtype]
    smallest = np.longdouble(2) ** (int(finfo.minexp) - digits)
    limit = np.longdouble(2) ** (int(finfo.maxexp))
    nan, infinite = np.isnan(exact), np.isinf(exact)
    wrong = (nan != np.isnan(value)) | (infinite & (value != exact))
    if scale is None:
        wrong |= (exact == 0) & ((value != 0) | (np.signbit(value) != np.signbit(exact)))
    value = np.where(np.isinf(value) & ~infinite, np.copysign(limit, value), value)
    size = np.abs(exact) if scale is None else np.maximum(np.abs(np.broadcast_to(scale, exact.shape).astype(np.longdouble)), np.abs(exact))
    size = np.minimum(size, np.longdouble(float(finfo.max)))
    exponent = np.frexp(np.where(np.isfinite(size), size, 1))[1] - 1
    spacing = np.maximum(np.ldexp(np.longdouble(1), (exponent - digits).astype(np.int64)), smallest)
    # A result beyond the largest number is right as an infinity.
    clipped = np.clip(exact, -limit, limit)
    return np.where(wrong, np.inf, np.where(nan | infinite, 0, np.abs(value - clipped) / spacing))


def differences(want, got):
    """0 where the bits agree or both are NaN, else infinite."""
    if want.dtype.kind in "biu":
        return np.where(want == got, 0, np.inf)
    bits = {2: np.uint16, 4: np.uint32, 8: np.uint64}[want.dtype.itemsize]
    same = (np.ascontiguousarray(want).view(bits) == np.ascontiguousarray(got).view(bits)).reshape(want.shape)
    return np.where(same | (np.isnan(wide(want)) & np.isnan(wide(got))), 0, np.inf)


def judge(case, got, stated):
    """(largest error in ulps or None if wrong, message)."""
    stated = 0 if stated is None else stated
    if isinstance(got, str):
        return None, got
    if case.check:
        message = case.check(got[0])
        return (None, message) if message else (0.0, "")
    worst = 0.0
    for j, ((dtype, expected), value) in enumerate(zip(case.outputs(), got)):
        expected = np.asarray(expected)
        if dtype in CARRIER:
            value = np.ascontiguousarray(value).view(NUMPY[dtype]).reshape(value.shape)
        if value.shape != expected.shape:
            return None, f"shape {value.shape}, expected {expected.shape}"
        if value.dtype != np.dtype(NUMPY[dtype]):
            return None, f"dtype {value.dtype}, expected {dtype}"
        if dtype in ("c64", "c128"):
            part = "f32" if dtype == "c64" else "f64"
            scale = np.abs(expected) if case.scale is None else case.scale
            errors = np.maximum(errors_in_ulps(np.real(value), np.real(expected), part, scale), errors_in_ulps(np.imag(value), np.imag(expected), part, scale))
        elif dtype not in FLOATS or stated == 0:
            errors = differences(expected.astype(NUMPY[dtype]), value)
        else:
            errors = errors_in_ulps(value, expected, dtype, case.scale_of(j))
        if not errors.size:
            continue
        error = float(np.max(errors))
        if not error <= stated:
            at = np.unravel_index(np.argmax(errors), errors.shape)
            seen = {n: v[tuple(0 if s == 1 else k for s, k in zip(v.shape, at[len(at) - v.ndim:]))].item() for n, (_, v) in case.inputs.items()} if case.broadcasts else ""
            return None, f"result {j} at {[int(k) for k in at]}: expected {expected[at]!r}, found {value[at]!r} {seen}: {error:.3g} ulp, {stated:g} stated"
        worst = max(worst, error)
    return worst, ""


def report(path, table, about):
    """Writes what was measured, for scripts/reference: a sentence, a heading, and a row for each name. Names that were not tried
    keep their rows."""
    rows = {}
    if path.exists():
        rows = {line.split("\t")[0]: line for line in path.read_text().splitlines()[2:]}
    for name, found in table.items():
        errors = [f"{found[d][2]:.2f}" if d in found and found[d][0] else "" for d in FLOATS]
        rows[name] = "\t".join([name, str(sum(r[0] for r in found.values())), *errors])
    path.write_text("\n".join([about, "\t".join(["name", "cases", *FLOATS]), *(rows[name] for name in sorted(rows))]) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CATEN_SEED", time.time())))
    parser.add_argument("--only")
    parser.add_argument("--runtime", default="reference")
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    draw = Draw(np.random.default_rng(options.seed))
    print(f"seed {options.seed}", flush=True)
    entries = library()
    names = options.only.split(",") if options.only else list(MAKERS)
    missing = [n for n in entries if n not in MAKERS] if not options.only else []
    table, failed, passed = {}, 0, 0
    batch = 400 if options.runtime == "reference" else 60
    start_time = time.time()
    for start in range(0, options.cases, batch):
        cases = []
        for k in range(start, min(start + batch, options.cases)):
            case = MAKERS[names[k % len(names)]](draw)
            case.name = names[k % len(names)]
            cases.append(case)
        with tempfile.TemporaryDirectory() as folder:
            results = evaluate(cases, options.runtime, pathlib.Path(folder))
        for case, got in zip(cases, results):
            error, message = judge(case, got, entries[case.name][2] if case.ulps is None else case.ulps)
            row = table.setdefault(case.name, {}).setdefault(case.dtype, [0, 0, 0.0])
            if error is None:
                failed += 1
                row[1] += 1
                if sum(r[1] for r in table[case.name].values()) <= 2:
                    print(f"wrong: {case.text} {case.dtype} {' '.join(n + str(list(np.shape(v))) for n, (_, v) in case.inputs.items())}\n  {message}")
            else:
                passed += 1
                row[0] += 1
                row[2] = max(row[2], error)
    print("| composite | right | wrong | max ulp |\n| --- | ---: | ---: | --- |")
    for name in sorted(table):
        rows = table[name]
        ulps = " ".join(f"{t} {rows[t][2]:.2f}" for t in FLOATS if t in rows and rows[t][0])
        print(f"| {name} | {sum(r[0] for r in rows.values())} | {sum(r[1] for r in rows.values())} | {ulps} |")
    if missing:
        failed += len(missing)
        print("without cases:", " ".join(missing))
    if options.report:
        wrong = sum(row[1] for rows in table.values() for row in rows.values())
        about = f"Measured on {passed + wrong} generated calls (seed {options.seed}) on the runtime `{options.runtime}`, {wrong} wrong."
        report(TREE / "tests/oracle/measured.tsv", table, about)
    print(f"{time.time() - start_time:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
