"""Suite cpu of benchmarks/run: caten and its peers compute the same workloads from the same inputs; what they give is compared
before anything is timed, then they take turns."""
import json
import math
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile

import numpy

from peer_process import PeerProcess

BYTES = {"i8": (-127, 128), "u8": (0, 256)}  # as weights have them
TOLERANCES = {"f32": 1e-3, "bf16": 2e-2}  # of the largest element


def write_safetensors(path, name, values):
    """bf16, which npy files do not have; `values` are f32 that bf16 holds."""
    data = (values.view(numpy.uint32) >> 16).astype("<u2").tobytes()
    header = json.dumps({name: {"dtype": "BF16", "shape": list(values.shape), "data_offsets": [0, len(data)]}}).encode()
    header += b" " * (-len(header) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(header)) + header + data)


def read_result(path):
    if path.suffix == ".npy":
        return numpy.load(path)
    raw = path.read_bytes()
    length, = struct.unpack("<Q", raw[:8])
    (shape,) = [entry["shape"] for name, entry in json.loads(raw[8:8 + length]).items() if name != "__metadata__"]
    return (numpy.frombuffer(raw[8 + length:], "<u2").astype(numpy.uint32) << 16).view(numpy.float32).reshape(shape)


def scaled(name, sizes, values):
    """Weights as programs begin with them, so that many layers keep their values; convolutions' as He and others (2015)."""
    if name[0] not in "Ww" or len(sizes) < 2:
        return values
    return values * numpy.float32(math.sqrt(6 / math.prod(sizes[1:])) if len(sizes) == 4 else 1 / math.sqrt(sizes[-2]))


def make_inputs(inputs, row, folder):
    """Files of random values: {name: npy}, and what caten reads."""
    below, positive = row.get("below", {}), tuple(row.get("positive", []))
    random, peers, arguments = numpy.random.default_rng(7), {}, []
    for name, dtype, sizes in inputs:
        if dtype == "i64":
            values = random.integers(0, below[name], sizes)
        elif dtype in BYTES:
            values = random.integers(*BYTES[dtype], sizes).astype(numpy.int8 if dtype == "i8" else numpy.uint8)
        else:
            least, most = (0.5, 1.5) if name.startswith(positive) else (-1, 1)
            values = scaled(name, sizes, random.uniform(least, most, sizes).astype(numpy.float32))
        if dtype == "f16":
            values = values.astype(numpy.float16)
        if dtype == "bf16":
            values = (values.view(numpy.uint32) & 0xFFFF0000).view(numpy.float32)
        peers[name] = f"{folder}/{name}.npy"
        numpy.save(peers[name], values)
        path = peers[name]
        if dtype == "bf16":
            path = f"{folder}/{name}.safetensors"
            write_safetensors(path, name, values)
        arguments += ["--in", f"{name}={path}"]
    return peers, arguments


def difference(found, expected, tolerance):
    """What is wrong with a peer's results, "" if nothing."""
    for k, (a, b) in enumerate(zip(found, expected, strict=True)):
        if a.shape != b.shape:
            return f"result {k} has shape {a.shape}, caten's {b.shape}"
        worst, scale = numpy.abs(a - b).max(initial=0), numpy.abs(b).max(initial=1e-30)
        if not worst <= tolerance * scale:
            return f"result {k} differs from caten's by {worst:.3g} of {scale:.3g}"
    return ""


def figure(samples):
    return {"median": statistics.median(samples), "low": min(samples), "high": max(samples), "samples": len(samples)}


def compute(caten, ir, inputs, outputs, arguments, folder):
    """caten's results, which the peers' are compared with, and the command that computed them."""
    suffix = "safetensors" if any(kind == "bf16" for _, kind, _ in inputs) else "npy"
    results = [pathlib.Path(folder, f"caten-{k}.{suffix}") for k in range(len(outputs))]
    named = [part for name, path in zip(outputs, results) for part in ("--out", f"{name}={path}")]
    command = [caten, "--no-init", "run", ir, *arguments, *named]
    subprocess.run(command, check=True, capture_output=True)
    return command, [read_result(path) for path in results]


def disturbed(samples):
    """Whether what caten or a peer took differs so much from round to round that more rounds are needed."""
    return any(max(times) > 1.25 * min(times) for (_, kind), times in samples.items() if kind == "planned")


def measure_row(caten, row, program, peers, rounds):
    """The row with its figures; `program` is (IR file, inputs, outputs)."""
    ir, inputs, outputs = program
    with tempfile.TemporaryDirectory() as folder:
        files, arguments = make_inputs(inputs, row, folder)
        coarse = any(kind == "bf16" or kind in BYTES for _, kind, _ in inputs)  # weights of bytes: peers compute in bf16
        _, expected = compute(caten, ir, inputs, outputs, arguments, folder)
        spec = {"composite": row["composite"], "inputs": inputs, "wrt": row.get("wrt", [])}
        ready, errors = [], {}
        for peer in peers:
            paths = [f"{folder}/{peer.name}-{k}.npy" for k in range(len(outputs))]
            reply = peer.ask(prepare=spec, inputs=files, outputs=paths)
            wrong = reply.get("error") or difference([numpy.load(path) for path in paths], expected, TOLERANCES["bf16" if coarse else "f32"])
            if wrong:
                errors[peer.name] = wrong
            else:
                ready.append(peer)
        samples, taken = {}, 0
        while taken < rounds or (taken < 3 * rounds and disturbed(samples)):
            taken += 1
            done = subprocess.run([caten, "--no-init", "bench", row["id"], "--repeat", "7", "--json"], check=True, capture_output=True, text=True)
            own = json.loads(done.stdout)["cpu"][0]
            for kind in ("planned", "fresh", "cold"):
                samples.setdefault(("caten", kind), []).append(own[kind]["median_ms"])
            samples.setdefault(("caten", "first"), []).append(own["first_call_ms"])
            for peer in ready:
                for kind, times in {**peer.ask(time=7), **peer.ask(cold=3)}.items():
                    if kind != "error":
                        samples.setdefault((peer.name, kind), []).append(statistics.median(times))
        out = {"id": row["id"], "what": row["what"], "ms": {}, "errors": errors}
        for (name, kind), values in samples.items():
            out["ms"].setdefault(name, {})[kind] = figure(values)
        seconds = out["ms"]["caten"]["planned"]["median"] / 1000
        out |= {"gb_per_s": own["bytes"] / seconds / 1e9, "gflop_per_s": own["flops"] / seconds / 1e9, "arena_bytes": own["arena_bytes"],
                "share_of_roof": own["share_of_roof"] * own["planned"]["median_ms"] / 1000 / seconds, "kernels": own["kernels"]}
        out["percent_of_roof"] = 100 * out["share_of_roof"]
        for kind, kinds in (("planned", ("planned", "fresh")), ("fresh", ("fresh",)), ("cold", ("cold",))):
            best = min(((out["ms"][peer.name][k]["median"], peer.name) for peer in ready for k in kinds if k in out["ms"].get(peer.name, {})), default=None)
            if best:
                out[f"best_{kind}"] = {"peer": best[1], "ratio": best[0] / out["ms"]["caten"][kind]["median"]}
        if "best_planned" in out:
            out["ratio_to_best_peer"] = out["best_planned"]["ratio"]
        return out


def measure(caten, rows, write_program, peer_pythons, rounds):
    with tempfile.TemporaryDirectory() as folder:
        peers = [PeerProcess(name, python, folder) for name, python in peer_pythons.items() if python]
        out = []
        for number, row in enumerate(rows):
            print(f"  {number + 1} of {len(rows)}: {row['id']}", file=sys.stderr, flush=True)
            out.append(measure_row(caten, row, write_program(row, folder), peers, rounds))
        for peer in peers:
            peer.end()
        return out
