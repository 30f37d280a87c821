"""What the peers have in common. A peer is a process that defines the workloads under the names of their composites, and answers each
line of JSON with one:

      {"prepare": SPEC, "inputs": {name: file.npy, …}, "outputs": [file.npy, …]}   runs once, writes the results: {}
      {"time": n}                                                    {"fresh": [ms, …], "planned": [ms, …]}
      {"cold": n}                {"cold": [ms, …]}: planned calls, or fresh ones, before each of which 256 MiB were written
      {"compile": SPEC}          {"ms": …}, the program compiled anew; the first compilation of a process is not counted
      {"call": n}                {way: [µs, …], …}, calls of x + y of 8 elements in each of the peer's ways, warm; checked first
      {"peak": true}             {"kib": the most memory of the process so far}

SPEC is {"composite": name, "inputs": [[name, dtype, sizes], …], "wrt": [name, …]}; with wrt the last inputs are cotangents of the
results, and the results are followed by the cotangents of those inputs; with "lean" a peer prepares only the way that takes least memory. A call is fresh if it takes memory for its results, planned
if it writes them where they were before; a peer that cannot do one leaves it out. What a peer does not define, or what goes wrong,
is {"error": why}.
"""
import json
import math
import sys
import time

import numpy


def values(spec):
    """Inputs to compile with, where their values do not matter."""
    kinds = {"i64": numpy.int64, "i8": numpy.int8, "u8": numpy.uint8}
    return {name: numpy.zeros(sizes, kinds.get(dtype, numpy.float32)) for name, dtype, sizes in spec["inputs"]}


def milliseconds(call):
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def cold_milliseconds(call):
    numpy.ones(1 << 28, numpy.uint8)  # what the caches held is gone
    return milliseconds(call)


def several(time_one, samples, slow=2000):
    """As many samples; one where a call takes seconds, since others would say the same."""
    out = [time_one()]
    while len(out) < samples and out[0] < slow:
        out.append(time_one())
    return out


def fastest_of(calls, seconds=0.3):
    """The call that is fastest when each is tried for a while."""
    best, least = None, math.inf
    for call in calls:
        call()
        end = time.perf_counter() + seconds
        while True:
            taken = milliseconds(call)
            if taken < least:
                best, least = call, taken
            if time.perf_counter() > end:
                break
    return best


def microseconds(call, calls=1000):
    """Of one call, by many."""
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return 1e6 * (time.perf_counter() - start) / calls


def time_calls(ways, samples):
    """Of each way to add 8 elements; the ways take turns."""
    x, y = numpy.arange(8, dtype=numpy.float32), numpy.full(8, 0.5, numpy.float32)
    calls = ways(x, y)
    for way, call in calls.items():
        for _ in range(10):  # compiled, captured, warm
            found = call()
        found = numpy.asarray(found.numpy() if hasattr(found, "numpy") else found)
        if not numpy.array_equal(found, x + y):
            raise ValueError(f"{way} gives {found}")
    out = {way: [] for way in calls}
    for _ in range(samples):
        for way, call in calls.items():
            out[way].append(microseconds(call))
    return out


def peak_kib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def answer(prepare, compile_program, ways, request, state):
    if "compile" in request:
        return {"ms": compile_program(request["compile"])}
    if "call" in request:
        return time_calls(ways, request["call"])
    if "peak" in request:
        return {"kib": peak_kib()}
    if "prepare" in request:
        state.clear()
        inputs = {name: numpy.load(path) for name, path in request["inputs"].items()}
        results, calls = prepare(request["prepare"], inputs)
        for result, path in zip(results, request["outputs"], strict=True):
            numpy.save(path, numpy.asarray(result, numpy.float32 if result.dtype.kind == "f" else result.dtype))
        state.update({kind: call for kind, call in calls.items() if call})
        for call in state.values():
            call()
        return {}
    if "cold" in request:
        call = state.get("planned") or state["fresh"]
        return {"cold": several(lambda: cold_milliseconds(call), request["cold"])}
    return {kind: several(lambda: milliseconds(call), request["time"]) for kind, call in state.items()}


def main(prepare, ways, compile_program=None):
    """prepare(spec, inputs) gives the results as NumPy arrays and {"fresh": call, "planned": call}; compile_program(spec) gives
    milliseconds, and is not asked of peers that have none. Both raise KeyError for a composite that the peer does not define.
    ways(x, y) gives calls that add two arrays, by what distinguishes them."""
    state = {}
    for line in sys.stdin:
        try:
            reply = answer(prepare, compile_program, ways, json.loads(line), state)
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(reply), flush=True)
