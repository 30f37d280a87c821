"""The kernels of the cuda runtime through the real NVRTC, which needs no GPU: they compile, and nothing is spilled.

  .venv/bin/python tests/fake-cuda/nvrtc.py [--architecture sm_90]…    without: sm_80 and sm_90a

NVRTC comes with the wheel nvidia-cuda-nvrtc. The kernels are those of the workloads of `caten bench` and of a program of
ops on all dtypes. Of each architecture: kernels, seconds, registers at most, and
the kernels that spill, with the bytes. The last line is `N passed, N failed`.
"""
import argparse
import ctypes
import pathlib
import re
import subprocess
import sys
import tempfile
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
CATEN = TREE / "build/release/bin/caten"
WORKLOADS = "W1-4M W2-1024 W3-gelu W3-rms W4-sum-0 W4-sum-1 W4-max W5-transpose W5-gather W6-256 W7 W8-56 W8-stem W9-8 W9-8-causal W10 W11 W12 W12-768 W13-1".split()
OPTIONS = ["--std=c++17", "--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true", "-default-device", "-w", "--ptxas-options=-v"]


def library():
    import nvidia  # the wheels of NVIDIA share this package

    for folder in nvidia.__path__:
        for path in sorted(pathlib.Path(folder).glob("*/lib/libnvrtc.so.*")):
            if "builtins" not in path.name and "alt" not in path.name:
                return ctypes.CDLL(str(path))
    sys.exit("no NVRTC: pip install nvidia-cuda-nvrtc")


def compile_text(nvrtc, text, architecture):
    """The log, with what ptxas says of each kernel; an exception with the errors."""
    program = ctypes.c_void_p()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"kernels.cu", 0, None, None)
    options = [f"--gpu-architecture={architecture}"] + OPTIONS
    status = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*[o.encode() for o in options]))
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    if status != 0:
        raise RuntimeError(log.value.decode())
    return log.value.decode()


def every_op():
    """A program with 300 applications of the ops, drawn as those that are compared with NumPy."""
    sys.path.insert(0, str(TREE / "tests/oracle"))
    import numpy
    import ops

    draw, names = ops.Draw(numpy.random.default_rng(1)), list(ops.MAKERS)
    return ops.program([ops.MAKERS[names[k % len(names)]](draw, names[k % len(names)]) for k in range(300)], draw)[0]


def texts():
    for workload in WORKLOADS:
        done = subprocess.run([CATEN, "bench", workload, "--runtime", "cuda", "--emit=kernel"], capture_output=True, text=True)
        yield workload, done.stdout if done.returncode == 0 else f"#error {done.stderr[:200]!r}"
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "p.ir"
        path.write_text(every_op())
        done = subprocess.run([CATEN, "--runtime", "cuda", "--emit=kernel", path], capture_output=True, text=True)
    yield "every op", done.stdout if done.returncode == 0 else f"#error {done.stderr[:200]!r}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", action="append")
    options = parser.parse_args()
    nvrtc, passed, failed = library(), 0, 0
    all_texts = list(texts())
    for architecture in options.architecture or ["sm_80", "sm_90a"]:
        kernels, registers, spills, begin = 0, 0, [], time.monotonic()
        for name, text in all_texts:
            try:
                log = compile_text(nvrtc, text, architecture)
            except RuntimeError as error:
                failed += 1
                print(f"{architecture} {name}: {str(error)[:600]}")
                continue
            found = re.findall(r"Compiling entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores.*?Used (\d+) registers", log, re.S)
            for kernel, stack, spilled, used in found:
                kernels, registers = kernels + 1, max(registers, int(used))
                if int(spilled) > 0:
                    spills.append(f"{name} {kernel}: {spilled} bytes")
            passed += 1
        seconds = time.monotonic() - begin
        print(f"{architecture}: {kernels} kernels, {1e3 * seconds / max(1, kernels):.1f} ms each, at most {registers} registers, {len(spills)} spill")
        for spill in spills:
            print("  spills: " + spill)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
