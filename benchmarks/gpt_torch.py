"""examples/gpt.lisp beside the same in PyTorch: the same first weights, batches, optimizer and schedule; what a held-out character costs with both, and
how far the losses of the steps are from each other.

  benchmarks/gpt_torch.py [arguments of the example, --steps N and so on]
"""
import csv
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

tree = pathlib.Path(__file__).resolve().parents[1]


class Gpt(nn.Module):
    def __init__(self, vocabulary, length, size, layers, heads):
        super().__init__()
        self.characters = nn.Parameter(torch.empty(vocabulary, size))
        self.positions = nn.Parameter(torch.empty(length, size))
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(size, heads, 4 * size, dropout=0, activation="gelu", norm_first=True, batch_first=True) for _ in range(layers))
        self.norm = nn.LayerNorm(size)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(length), persistent=False)

    def forward(self, x):
        y = functional.embedding(x, self.characters) + self.positions
        for block in self.blocks:
            y = block(y, src_mask=self.mask, is_causal=True)
        return functional.linear(self.norm(y), self.characters)


def nats(net, windows):
    return functional.cross_entropy(net(windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten())


def rate(step, steps, top):
    """linear-warmup of a tenth of the steps, then a cosine of as many as all."""
    warm = math.ceil(steps / 10)
    return top * step / warm if step < warm else top / 2 * (1 + math.cos(math.pi * min((step - warm) / steps, 1)))


def train(start, batch, heads, top):
    """The losses of the steps, the seconds that one takes, and bits for a held-out character."""
    windows, held_out = torch.from_numpy(start.pop("windows")), torch.from_numpy(start.pop("held-out"))
    length, (vocabulary, size) = windows.shape[1] - 1, start["characters"].shape
    net = Gpt(vocabulary, length, size, sum(key.endswith("norm1.weight") for key in start), heads)
    net.load_state_dict({key: torch.from_numpy(value) for key, value in start.items()})
    vectors = [p for p in net.parameters() if p.ndim <= 1]
    others = [p for p in net.parameters() if p.ndim > 1]
    optimizer = torch.optim.AdamW([{"params": vectors, "weight_decay": 0}, {"params": others, "weight_decay": 0.1}], lr=top)
    steps, losses, begin = len(windows) // batch, [], time.perf_counter()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps, top)
        loss = nats(net, windows[step * batch:(step + 1) * batch])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1)
        optimizer.step()
        losses.append(loss.item())
    seconds = (time.perf_counter() - begin) / steps
    count = (len(held_out) - 1) // length
    rows = torch.stack([held_out[k * length:(k + 1) * length + 1] for k in range(count)])
    with torch.no_grad():
        total = sum(nats(net, part).item() * len(part) for part in rows.split(64))
    return losses, seconds, total / count / math.log(2)


def main():
    given = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    caten = os.environ.get("CATEN", tree / "build/release/bin/caten")
    with tempfile.TemporaryDirectory() as folder:
        start, log = pathlib.Path(folder, "start.npz"), pathlib.Path(folder, "log.csv")
        begin = time.perf_counter()
        said = subprocess.run([caten, "run", tree / "examples/gpt.lisp", *sys.argv[1:], "--start", start, "--log", log, "--characters", "0",
                               "--checkpoint", log.with_name("gpt.safetensors")],
                              check=True, capture_output=True, text=True).stdout
        seconds = time.perf_counter() - begin
        bits = float(re.search(r"bits per character: ([\d.]+)", said).group(1))
        with open(log, newline="") as file:
            own = [float(row["loss"]) for row in csv.DictReader(file)]
        start = dict(numpy.load(start))
    losses, torch_seconds, torch_bits = train(start, int(given.get("--batch", 32)), int(given.get("--heads", 4)), float(given.get("--rate", 0.003)))
    apart = [abs(a - b) for a, b in zip(own, losses, strict=True)]
    print(f"{len(own)} steps: losses of the first 100 apart by at most {max(apart[:100]):.2g}, of all by {max(apart):.2g}")
    print(f"held-out bits per character: caten {bits:.3f}, PyTorch {torch_bits:.3f} ({100 * (bits / torch_bits - 1):+.2f} %)")
    print(f"a step: caten {1000 * seconds / len(own):.0f} ms (compiling and generation counted), PyTorch {1000 * torch_seconds:.0f} ms")


main()
