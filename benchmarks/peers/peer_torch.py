"""PyTorch: eager, or compiled by inductor, whichever is faster; out= where an op offers it."""
import functools
import os
import tempfile
import time

# What inductor compiled for other processes does not count.
os.environ |= {"TORCHINDUCTOR_CACHE_DIR": tempfile.mkdtemp(prefix="inductor-"), "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"}

import torch
import torch.nn.functional as F

import protocol
import resnet

torch.set_num_threads(os.cpu_count())


def attention(q, k, v, causal=False):
    return F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=causal)[0]


def block(x, wq, wk, wv, wo, w1, b1, w2, b2):
    length, features = x.shape
    heads = lambda t: t.reshape(length, features // 64, 64).transpose(0, 1)
    n = F.layer_norm(x, (features,))
    a = attention(heads(n @ wq), heads(n @ wk), heads(n @ wv), causal=True).transpose(0, 1).reshape(length, features)
    x = x + a @ wo
    return x + F.gelu(F.layer_norm(x, (features,)) @ w1 + b1) @ w2 + b2


def blocks(x, *parameters):
    for k in range(0, len(parameters), 8):
        x = block(x, *parameters[k:k + 8])
    return x


class ImageLayers:
    relu, add = staticmethod(torch.relu), staticmethod(torch.add)

    @staticmethod
    def conv_norm(x, parameters, stride):
        w, mean, variance, scale, shift = parameters
        return F.batch_norm(F.conv2d(x, w, stride=stride, padding=w.shape[-1] // 2), mean, variance, scale, shift)

    @staticmethod
    def max_pool(x):
        return F.max_pool2d(x, 3, 2, 1)

    @staticmethod
    def classify(x, w, b):
        return F.linear(x.mean((2, 3)), w, b)


def packed_bytes(x, q, scales):
    """int8 for PyTorch's kernel, which is fast in bf16; q8_0 has none."""
    return x[None].bfloat16(), q, scales[:, 0].bfloat16()


def packed_halves(x, q, scales):
    """q4_0 packed for PyTorch's kernel, once, as models do when they are loaded; it is fast in bf16."""
    halves = q.reshape(len(q), -1, 16)
    numbers = torch.cat([halves & 15, halves >> 4], -1).reshape(len(q), -1).to(torch.int32)
    scales = scales.bfloat16().t()
    return x[None].bfloat16(), torch.ops.aten._convert_weight_to_int4pack_for_cpu(numbers, 2), torch.stack([scales, torch.zeros_like(scales)], -1).contiguous()


WORKLOADS = {
    "row-by-weight": lambda x, w: F.linear(x, w),
    "row-by-int8": lambda x, q, s: torch.ops.aten._weight_int8pack_mm(x, q, s)[0],
    "row-by-q4-0": lambda x, q, s: torch.ops.aten._weight_int4pack_mm_for_cpu(x, q, 32, s)[0],
    "addition": torch.add,
    "chain": lambda x: torch.tanh(x * 1.5 + 0.25) * torch.exp(-torch.abs(x)),
    "rows-softmax": lambda x: torch.softmax(x, -1),
    "norm-gelu": lambda x, w, b: F.gelu(F.layer_norm(x, x.shape[-1:], w, b)),
    "rms-scaled": lambda x, w: F.rms_norm(x, x.shape[-1:], w, 1e-5),
    "column-sums": lambda x: x.sum(0),
    "row-sums": lambda x: x.sum(1),
    "total": lambda x: x.sum(),
    "column-maxima": lambda x: x.amax(0),
    "row-maxima": lambda x: x.amax(1),
    "largest": lambda x: x.amax(),
    "transposed": lambda x: x.t().contiguous(),
    "gathered": lambda table, rows: table.index_select(0, rows),
    "product": lambda a, b: a @ b,
    "products": lambda a, b: a @ b,
    "convolution": lambda x, w: F.conv2d(x, w, padding=1),
    "stem": lambda x, w: F.conv2d(x, w, stride=2, padding=3),
    "prefill": lambda q, k, v: attention(q, k, v, causal=True),
    "prefill-all": attention,
    "decode": attention,
    "digits-loss": lambda x, target, w1, b1, w2, b2: F.cross_entropy(torch.relu(x @ w1 + b1) @ w2 + b2, target),
    "transformer-block": block,
    "transformer-blocks": blocks,
    "transformer-block-768": block,
    "resnet-18": lambda x, *parameters: resnet.resnet_18(ImageLayers, x, parameters),
}
OUT = {
    "rows-softmax": lambda out, x: torch.softmax(x, -1, out=out),
    "column-sums": lambda out, x: torch.sum(x, 0, out=out),
    "row-sums": lambda out, x: torch.sum(x, 1, out=out),
    "column-maxima": lambda out, x: torch.amax(x, 0, out=out),
    "row-maxima": lambda out, x: torch.amax(x, 1, out=out),
    "transposed": lambda out, x: out.copy_(x.t()),
    "gathered": lambda out, table, rows: torch.index_select(table, 0, rows, out=out),
    "product": lambda out, a, b: torch.matmul(a, b, out=out),
    "products": lambda out, a, b: torch.matmul(a, b, out=out),
}
PACKED = {"row-by-int8": packed_bytes, "row-by-q4-0": packed_halves}  # weights are constants there
PARAMETERS_KNOWN = {"resnet-18"}  # inference: what follows the first input may be constants of the program
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16, "i64": torch.int64, "i8": torch.int8, "u8": torch.uint8}


def arguments_of(spec, inputs):
    plain = [torch.from_numpy(inputs[name]).to(DTYPES[dtype]) for name, dtype, _ in spec["inputs"]]
    return PACKED.get(spec["composite"], lambda *values: values)(*plain)


def runner(spec, function, arguments):
    """A call of the function, with cotangents where they are wanted."""
    if not spec["wrt"]:
        def run():
            with torch.no_grad():
                return (function(*arguments),)
        return run
    names = [name for name, _, _ in spec["inputs"]]
    varied = [arguments[names.index(name)].requires_grad_() for name in spec["wrt"]]

    def run():
        value = function(*arguments[:-1])
        return (value, *torch.autograd.grad(value, varied, arguments[-1]))

    return run


class WithConstants(torch.nn.Module):
    """The function of its first argument; inductor may fold and pack the others."""

    def __init__(self, function, constants):
        super().__init__()
        self.function = function
        self.constants = torch.nn.ParameterList([torch.nn.Parameter(value, requires_grad=False) for value in constants])

    def forward(self, x):
        return self.function(x, *self.constants)


def frozen(function, arguments):
    module = torch.compile(WithConstants(function, arguments[1:]).eval(), options={"freezing": True})

    def run():
        with torch.no_grad():
            return (module(arguments[0]),)

    return run


@functools.cache
def warm_up():
    add = torch.compile(lambda x: x + 1)
    for differentiated in (False, True):
        x = torch.zeros(8, requires_grad=differentiated)
        if differentiated:
            add(x).sum().backward()
        else:
            add(x)


def compile_program(spec):
    function, arguments = WORKLOADS[spec["composite"]], arguments_of(spec, protocol.values(spec))
    warm_up()
    torch._dynamo.reset()
    run = runner(spec, torch.compile(function), arguments)
    start = time.perf_counter()
    run()
    first = 1000 * (time.perf_counter() - start)
    return first - min(protocol.milliseconds(run) for _ in range(3))  # the first call computes too


def prepare(spec, inputs):
    function, arguments = WORKLOADS[spec["composite"]], arguments_of(spec, inputs)
    eager = runner(spec, function, arguments)
    results = eager()
    ways = [eager]
    if not spec.get("lean"):
        ways.append(runner(spec, torch.compile(function), arguments))
        if spec["composite"] in PARAMETERS_KNOWN:
            ways.append(frozen(function, arguments))
    calls = {"fresh": protocol.fastest_of(ways)}
    if spec["composite"] in OUT and not spec["wrt"]:
        out = torch.empty_like(results[0])

        def planned():
            with torch.no_grad():
                OUT[spec["composite"]](out, *arguments)

        calls["planned"] = planned
    return [r.detach().float().numpy() if r.is_floating_point() else r.numpy() for r in results], calls


def ways(x, y):
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    out, compiled = torch.empty_like(x), torch.compile(torch.add)
    torch.set_grad_enabled(False)
    return {"eager, out=": lambda: torch.add(x, y, out=out), "eager": lambda: torch.add(x, y), "compiled": lambda: compiled(x, y)}


protocol.main(prepare, ways, compile_program)
