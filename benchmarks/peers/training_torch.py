"""Training steps in PyTorch: training_torch.py MODEL FOLDER eager|compiled."""
import os
import sys

import torch
import torch.nn.functional as F
from torch import nn

import training

torch.set_num_threads(os.cpu_count())


class Gpt(nn.Module):
    def __init__(self, tokens=96, size=256, heads=8, layers=4, length=128):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(tokens, size), nn.Embedding(length, size)
        self.h = nn.ModuleList([Block(size, heads) for _ in range(layers)])
        self.ln_f, self.head = nn.LayerNorm(size), nn.Linear(size, tokens, bias=False)
        self.register_buffer("places", torch.arange(length), persistent=False)

    def forward(self, x):
        x = self.wte(x) + self.wpe(self.places)
        for block in self.h:
            x = block(x)
        return self.head(self.ln_f(x)).transpose(1, 2)


class Attention(nn.Module):
    """nn.MultiheadAttention's parameters and causal attention by the fused kernel alone, which is faster."""

    def __init__(self, size, heads):
        super().__init__()
        self.heads = heads
        self.in_proj_weight, self.in_proj_bias = nn.Parameter(torch.empty(3 * size, size)), nn.Parameter(torch.empty(3 * size))
        self.out_proj = nn.Linear(size, size)

    def forward(self, x):
        b, n, size = x.shape
        q, k, v = F.linear(x, self.in_proj_weight, self.in_proj_bias).view(b, n, 3, self.heads, size // self.heads).permute(2, 0, 3, 1, 4)
        return self.out_proj(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, n, size))


class Block(nn.Module):
    """nn.TransformerEncoderLayer with norm_first and its names."""

    def __init__(self, size, heads):
        super().__init__()
        self.self_attn = Attention(size, heads)
        self.linear1, self.linear2 = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)
        self.norm1, self.norm2 = nn.LayerNorm(size), nn.LayerNorm(size)

    def forward(self, x):
        x = x + self.self_attn(self.norm1(x))
        return x + self.linear2(F.gelu(self.linear1(self.norm2(x))))


class Relu(nn.Module):
    def forward(self, x):
        return torch.relu(x)


MODELS = {
    "mlp": (lambda: nn.Sequential(nn.Linear(784, 512), Relu(), nn.Linear(512, 10)), F.cross_entropy, lambda p: torch.optim.SGD(p, lr=0.1, fused=True)),
    "block": (lambda: Block(768, 12), F.mse_loss, lambda p: torch.optim.SGD(p, lr=0.1, fused=True)),
    "cnn": (lambda: nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), Relu(), nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), Relu(),
                                  nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1024, 10)), F.cross_entropy, lambda p: torch.optim.AdamW(p, lr=1e-3, fused=True)),
    "gpt": (Gpt, F.cross_entropy, lambda p: torch.optim.AdamW(p, lr=3e-4, fused=True)),
}

name, folder, way = sys.argv[1:]
make, loss, optimizer = MODELS[name]
net = make()
net.load_state_dict({key: torch.from_numpy(value) for key, value in training.weights(name, folder).items()})
update = optimizer(net.parameters())
forward = torch.compile(lambda x, y: loss(net(x), y)) if way == "compiled" else lambda x, y: loss(net(x), y)


def step(x, y):
    update.zero_grad()
    value = forward(x, y)
    value.backward()
    update.step()
    return value.detach()


training.serve(step, [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in training.batches(name, folder)])
