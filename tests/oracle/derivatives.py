"""Derivatives against JAX, in f64, on generated shapes.

  tests/oracle/run derivatives [--cases N] [--seed S] [--only NAME,…] [--runtime NAME] [-O LEVEL]

For each case the cotangents of all inputs for a drawn cotangent of the result, and the tangent for drawn tangents, are computed by
caten and by JAX. A result may differ by 1e-9 of the largest element. A composite of the library that has no case (derivative_cases.py) and is not
left out there for a reason counts as failed. Prints the seed, a table, and as last line `N passed, N failed`.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_disable_most_optimizations", True)  # programs that run once

from derivative_cases import CASES, LEFT_OUT, Draw

TREE = pathlib.Path(__file__).resolve().parents[2]
CATEN = TREE / "build" / os.environ.get("CATEN_PRESET", "release") / "bin" / "caten"

PRELUDE = """(defvar *in* (load-npz "in.npz"))
(defun in (name) (cdr (assoc name *in* :test #'string=)))
(defvar *out* '())
(defun keep (name values) (loop for value in values for k from 0 do (push value *out*) (push (format nil "~a.~d" name k) *out*)))
(defmacro case-of (name function count)
  `(handler-case
       (let ((inputs (loop for k below ,count collect (in (format nil "~a.x~d" ,name k))))
             (tangents (loop for k below ,count collect (in (format nil "~a.t~d" ,name k)))))
         (keep (format nil "~a.v" ,name)
               (multiple-value-list (apply #'vjp ,function (append inputs (list :cotangent (in (format nil "~a.g" ,name)) :zeros t)))))
         (keep (format nil "~a.j" ,name) (multiple-value-list (apply #'jvp ,function (append inputs (list :tangent tangents :zeros t))))))
     (error (e) (format t "failed ~a: ~a~%" ,name e))))
(format t "library~{ ~(~a~)~}~%" (caten/composite:library-names))
"""


def expected(function, inputs, g, tangents):
    """Cotangents of the inputs and the tangent, compiled as one program: op by op takes ten times as long."""
    def both(inputs, g, tangents):
        return jax.vjp(function, *inputs)[1](g), jax.jvp(function, inputs, tangents)[1]
    return jax.jit(both)(tuple(inputs), g, tuple(tangents))


def close(found, wanted):
    found, wanted = np.asarray(found), np.asarray(wanted)
    return found.shape == wanted.shape and np.max(np.abs(found - wanted), initial=0) <= 1e-9 * max(1, np.max(np.abs(wanted), initial=0))


def run(names, count, seed, options):
    d, made, arrays, program = Draw(seed), [], {}, [PRELUDE]
    for number in range(count):
        name = names[number % len(names)]
        call, function, inputs = CASES[name](d, name)
        shape = jax.eval_shape(function, *inputs).shape
        g, tangents = d.numbers(shape), [d.numbers(x.shape) for x in inputs]
        key = f"c{number}"
        made.append((key, name, function, inputs, g, tangents))
        for k, x in enumerate(inputs):
            arrays[f"{key}.x{k}"], arrays[f"{key}.t{k}"] = x, tangents[k]
        arrays[f"{key}.g"] = g
        program.append(f'(case-of "{key}" {call} {len(inputs)})')
    program.append('(apply #\'save-npz "out.npz" *out*)')
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/in.npz", **arrays)
        pathlib.Path(f"{folder}/main.lisp").write_text("\n".join(program))
        done = subprocess.run([CATEN, "run", *options, "main.lisp"], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"caten failed\n{done.stdout}{done.stderr}")
        found = dict(np.load(f"{folder}/out.npz"))
    lines = done.stdout.splitlines()
    wrong = [line for line in lines if line.startswith("failed")]
    library = next(line for line in lines if line.startswith("library")).split()[1:]
    table = {name: [0, 0] for name in names}
    for key, name, function, inputs, g, tangents in made:
        back, forward = expected(function, inputs, g, tangents)
        results = [(f"{key}.v.{k}", x) for k, x in enumerate(back)] + [(f"{key}.j.0", forward)]
        good = all(at in found and close(found[at], x) for at, x in results)
        table[name][not good] += 1
        if not good:
            wrong.append(f"{key} {name} of {[x.shape for x in inputs]}: " +
                         ", ".join(at for at, x in results if at not in found or not close(found[at], x)))
    return table, wrong, [name for name in library if name not in CASES and name not in " ".join(LEFT_OUT.values()).split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=int(os.environ.get("CATEN_CASES", len(CASES))))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CATEN_SEED", time.time())))
    parser.add_argument("--only", default="")
    parser.add_argument("--runtime", default="")
    parser.add_argument("-O", dest="level", default="")
    given = parser.parse_args()
    names = given.only.split(",") if given.only else list(CASES)
    options = (["--runtime", given.runtime] if given.runtime else []) + ([f"-O{given.level}"] if given.level else [])
    print(f"seed {given.seed}")
    table, wrong, missing = run(names, given.cases, given.seed, options)
    for name, (good, bad) in table.items():
        print(f"{name:17} {good:5} passed {bad:4} failed")
    print("\n".join(wrong))
    bad = sum(row[1] for row in table.values()) + len(missing)
    if missing:
        print("without a case:", *missing)
    print(f"{sum(row[0] for row in table.values())} passed, {bad} failed")
    sys.exit(bad > 0)


main()
