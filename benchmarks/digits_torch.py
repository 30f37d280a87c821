"""The digits of examples/digits.daten and examples/digits-cnn.daten learned by caten and by PyTorch: the same rows in the same order, first weights,
optimizer and schedule. Prints the accuracies of five splits, and how far the losses of the first 100 steps are from each other (without dropout,
whose draws differ), of PyTorch in f32 and in f64: steps of batch norm and AdamW make small differences larger.

  benchmarks/digits_torch.py
"""
import csv
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch
from torch import nn
from torch.nn import functional

tree = pathlib.Path(__file__).resolve().parents[1]
caten = os.environ.get("CATEN", tree / "build/release/bin/caten")
table = torch.from_numpy(numpy.loadtxt(tree / "examples/data/digits.csv.gz", delimiter=",", dtype=numpy.float32))
images, labels = table[:, :64] / 16, table[:, 64].long()
torch.set_num_threads(1)  # steps this small are not shared among cores
BATCH = 32


def network(kind, dropout):
    if kind == "mlp":
        return nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 10))
    return nn.Sequential(nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.Conv2d(32, 64, 3, padding=1),
                         nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(dropout), nn.Linear(1024, 10))


def train_with_torch(kind, dropout, start, split, dtype=torch.float32):
    """The losses of the steps, and the accuracy on the tested rows."""
    given = images.to(dtype)
    torch.manual_seed(split)
    rows, test = torch.from_numpy(start.pop("rows")), torch.from_numpy(start.pop("test"))
    net = network(kind, dropout)
    net.load_state_dict({key: torch.from_numpy(value) for key, value in start.items()})
    net.to(dtype)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=len(rows) // BATCH, cycle_momentum=False)
    losses = []
    for batch in rows.split(BATCH):
        loss = functional.cross_entropy(net(given[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    net.eval()
    with torch.no_grad():
        return losses, (net(given[test]).argmax(1) == labels[test]).double().mean().item()


def train_with_all(kind, split, epochs, dropout, dtypes=(torch.float32,)):
    """Of caten and of PyTorch in each dtype the losses and the accuracy."""
    with tempfile.TemporaryDirectory() as folder:
        said = subprocess.run([caten, "run", tree / "benchmarks/digits_training.lisp", kind, str(split), str(epochs), str(dropout), folder],
                              check=True, capture_output=True, text=True).stdout
        with open(f"{folder}/log.csv", newline="") as file:
            own = [float(row["loss"]) for row in csv.DictReader(file)]
        start = dict(numpy.load(f"{folder}/start.npz"))
    return [(own, float(said.split()[1])), *(train_with_torch(kind, dropout, dict(start), split, dtype) for dtype in dtypes)]


def main():
    for kind, epochs, dropout in (("mlp", 30, 0), ("cnn", 15, 0.25)):
        own, single, double = (losses[:100] for losses, _ in train_with_all(kind, 0, 3, 0, (torch.float32, torch.float64)))
        for what, one, other in (("caten and PyTorch", own, single), ("caten and PyTorch in f64", own, double), ("PyTorch and itself in f64", single, double)):
            print(f"{kind}: losses of the first 100 steps, {what}: {max(abs(a - b) for a, b in zip(one, other, strict=True)):.1g} apart", flush=True)
        pairs = [[accuracy for _, accuracy in train_with_all(kind, split, epochs, dropout)] for split in range(5)]
        for split, (mine, theirs) in enumerate(pairs):
            print(f"{kind}: split {split + 1}: caten {100 * mine:.2f} %, PyTorch {100 * theirs:.2f} %")
        mean = [100 * sum(column) / len(pairs) for column in zip(*pairs, strict=True)]
        print(f"{kind}: mean: caten {mean[0]:.2f} %, PyTorch {mean[1]:.2f} %, difference {mean[0] - mean[1]:+.2f}", flush=True)


sys.exit(main())
