"""What weights in few bits cost and save: the digits of examples/digits.daten as trained and in each format, and a product of a row of 4096 with a weight
of 11008 rows (W14). Prints two tables.

  python3 benchmarks/quantized.py
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

tree = pathlib.Path(__file__).resolve().parents[1]
programs = pathlib.Path(os.environ.get("CATEN_BIN", tree / "build/release/bin"))
FORMATS = ("f32", "int8", "q8_0", "q4_0")
PRODUCTS = {
    "f32": ("w{f32}[11008 4096]", "(linear x w)"),
    "int8": ("q{i8}[11008 4096] d{f32}[11008 1]", "(linear-int8 x q d)"),
    "q8_0": ("q{i8}[11008 4096] d{f16}[11008 128]", "(linear-q8-0 x q d)"),
    "q4_0": ("q{u8}[11008 2048] d{f16}[11008 128]", "(linear-q4-0 x q d)"),
}
# A process's peak is known when it has ended, and counts what its parent had when it began: this parent has little.
LAUNCHER = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
WEIGHTS = """(defvar *w* (! (/ (randn 11008 4096 :seed 1) 64)))
(save-npy "x.npy" (randn 4096 :seed 2))
(save-npz "f32.npz" "w" *w*)
(multiple-value-bind (q d) (quantize-int8 *w* :axis 0) (save-npz "int8.npz" "q" q "d" d))
(multiple-value-bind (q d) (quantize-q8-0 *w*) (save-npz "q8_0.npz" "q" q "d" d))
(multiple-value-bind (q d) (quantize-q4-0 *w*) (save-npz "q4_0.npz" "q" q "d" d))
(dolist (format '("f32" "int8" "q8_0" "q4_0"))
  (loop for (name . value) in (load-npz (format nil "~a.npz" format)) do (save-npy (format nil "~a.~a.npy" format name) value)))
"""


def told(program, *arguments, folder):
    return subprocess.run([programs / program, *map(str, arguments)], cwd=folder, check=True, capture_output=True, text=True).stdout


def measure_digits(folder):
    text = (tree / "examples/digits.daten").read_text().replace("data/digits", str(tree / "examples/data/digits"))
    pathlib.Path(folder, "digits.daten").write_text(text)
    told("daten", "train", "digits.daten", folder=folder)
    told("daten", "export", "digits.daten", "digits-f32.safetensors", folder=folder)
    print("| weights | file, bytes | rows of tests right | loss |\n|---|---|---|---|")
    for name in FORMATS:
        if name != "f32":
            told("daten", "quantize", "digits.daten", "--format", name, folder=folder)
        found = told("daten", "eval", "digits.daten", "--weights", f"digits-{name}.safetensors", folder=folder)
        loss, accuracy = re.search(r"loss ([0-9.]+)  accuracy ([0-9.]+)", found).groups()
        size = pathlib.Path(folder, f"digits-{name}.safetensors").stat().st_size
        print(f"| {name} | {size:,} | {100 * float(accuracy):.2f} % | {loss} |", flush=True)


def peak(command, folder):
    done = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, *map(str, command)], cwd=folder, check=True, capture_output=True, text=True)
    return int(done.stdout) * 1024


def written(name, form, folder):
    """The IR text of a composite."""
    pathlib.Path(folder, f"{name}.lisp").write_text(form)
    pathlib.Path(folder, f"{name}.ir").write_text(told("caten", "--emit=ir", f"{name}.lisp", folder=folder))


def measure_products(folder):
    pathlib.Path(folder, "weights.lisp").write_text(WEIGHTS)
    told("caten", "run", "weights.lisp", folder=folder)
    written("nothing", "(composite ((x{f32}[4096]) -> (y{f32}[4096])) (+ x 1))", folder)
    least = peak([programs / "caten", "run", "nothing.ir", "--in", "x=x.npy", "--out", "y=y.npy"], folder)
    print("| weights | weight, MB | a product, ms | GB of weights a second | intermediate values, bytes | most memory of the process, MB |\n|---|---|---|---|---|---|")
    for name, (inputs, form) in PRODUCTS.items():
        written(name, f"(composite ((x{{f32}}[4096] {inputs}) -> (y{{f32}}[11008])) {form})", folder)
        files = {word.split("{")[0]: f"{name}.{word.split('{')[0]}.npy" for word in inputs.split() if "{" in word}
        size = sum(pathlib.Path(folder, file).stat().st_size for file in files.values())
        row = json.loads(told("caten", "bench", f"{name}.ir", "--repeat", 15, "--json", folder=folder))["cpu"][0]
        used = peak([programs / "caten", "run", f"{name}.ir", "--in", "x=x.npy", *(word for key, file in files.items() for word in ("--in", f"{key}={file}")),
                     "--out", "y=y.npy"], folder) - least
        seconds = row["planned"]["median_ms"] / 1e3
        print(f"| {name} | {size / 1e6:.1f} | {1e3 * seconds:.2f} | {size / seconds / 1e9:.1f} | {row['arena_bytes']} | {used / 1e6:.0f} |", flush=True)


with tempfile.TemporaryDirectory() as scratch:
    measure_digits(scratch)
    print()
    measure_products(scratch)
