"""What the peers of suite train have in common. A peer is a process `training_PEER.py MODEL FOLDER …` that takes first weights from
FOLDER/MODEL.safetensors and batches from FOLDER/MODEL-xK.npy and MODEL-yK.npy. Each line on stdin is a number of steps; it makes them, the batches in turn, and
answers {"ms": …, "losses": […]}. What happens before the answer to the first line counts as the first step, measured from outside."""
import json
import pathlib
import struct
import sys
import time

import numpy


def weights(model, folder):
    """The tensors of a safetensors file, all f32 or i64."""
    data = pathlib.Path(folder, f"{model}.safetensors").read_bytes()
    size, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    kinds = {"F32": numpy.float32, "I64": numpy.int64}
    return {name: numpy.frombuffer(data[8 + size + entry["data_offsets"][0]:8 + size + entry["data_offsets"][1]], kinds[entry["dtype"]]).reshape(entry["shape"]).copy()
            for name, entry in header.items()}


def batches(model, folder):
    count = len(list(pathlib.Path(folder).glob(f"{model}-x*.npy")))
    return [tuple(numpy.load(f"{folder}/{model}-{part}{k}.npy") for part in "xy") for k in range(count)]


def serve(step, given):
    """step(x, y) makes a step and returns its loss, which float() awaits."""
    done = 0
    for line in sys.stdin:
        start = time.perf_counter()
        losses = []
        for _ in range(int(line)):
            losses.append(step(*given[done % len(given)]))
            done += 1
        last = float(losses[-1])
        ms = 1000 * (time.perf_counter() - start)
        print(json.dumps({"ms": ms, "losses": [float(loss) for loss in losses] if len(losses) < 100 else [last]}), flush=True)
