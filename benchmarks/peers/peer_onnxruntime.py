"""ONNX Runtime: the workloads that its ops express, results bound to memory that is there (planned) or taken anew (fresh)."""
import os

import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import protocol
import resnet


def constant(name, value, dtype=numpy.float32):
    return numpy_helper.from_array(numpy.asarray(value, dtype), name)


def node(op, inputs, output="y", **attributes):
    return helper.make_node(op, inputs.split(), [output], **attributes)


def reduction(op, axes):
    axes = [] if axes is None else [constant("axes", axes, numpy.int64)]
    return [node(op, "x axes" if axes else "x", keepdims=0)], axes


def attention(causal):
    """Needs opset 23."""
    return lambda: ([node("Unsqueeze", "q zero", "q4"), node("Unsqueeze", "k zero", "k4"), node("Unsqueeze", "v zero", "v4"),
                     node("Attention", "q4 k4 v4", "y4", is_causal=int(causal)), node("Squeeze", "y4 zero")], [constant("zero", [0], numpy.int64)])


class ImageLayers:
    """Nodes instead of values; a value is its name."""

    def __init__(self):
        self.nodes = []

    def node(self, op, *inputs, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [f"v{len(self.nodes)}"], **attributes))
        return self.nodes[-1].output[0]

    def conv_norm(self, x, parameters, stride):
        w, mean, variance, scale, shift = parameters
        size = 7 if w == "w0" else 1 if w.endswith("c") else 3
        y = self.node("Conv", x, w, kernel_shape=[size] * 2, pads=[size // 2] * 4, strides=[stride] * 2)
        return self.node("BatchNormalization", y, scale, shift, mean, variance, epsilon=1e-5)

    def relu(self, x):
        return self.node("Relu", x)

    def add(self, x, y):
        return self.node("Add", x, y)

    def max_pool(self, x):
        return self.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)

    def classify(self, x, w, b):
        return self.node("Gemm", self.node("Flatten", self.node("GlobalAveragePool", x)), w, b, transB=1)


def resnet_18(names):
    layers = ImageLayers()
    resnet.resnet_18(layers, names[0], names[1:])
    layers.nodes[-1].output[0] = "y"
    return layers.nodes, []


PARAMETERS_KNOWN = {"resnet-18"}  # inference: what follows the first input is part of the model, as models have it
WORKLOADS = {
    "addition": lambda: ([node("Add", "a b")], []),
    "chain": lambda: ([node("Mul", "x scale", "a"), node("Add", "a shift", "b"), node("Tanh", "b", "c"), node("Abs", "x", "d"),
                       node("Neg", "d", "e"), node("Exp", "e", "f"), node("Mul", "c f")], [constant("scale", 1.5), constant("shift", 0.25)]),
    "rows-softmax": lambda: ([node("Softmax", "x", axis=-1)], []),
    "norm-gelu": lambda: ([node("LayerNormalization", "x weight bias", "n", epsilon=1e-5), node("Gelu", "n")], []),
    "column-sums": lambda: reduction("ReduceSum", [0]),
    "row-sums": lambda: reduction("ReduceSum", [1]),
    "total": lambda: reduction("ReduceSum", None),
    "column-maxima": lambda: reduction("ReduceMax", [0]),
    "row-maxima": lambda: reduction("ReduceMax", [1]),
    "largest": lambda: reduction("ReduceMax", None),
    "transposed": lambda: ([node("Transpose", "x", perm=[1, 0])], []),
    "gathered": lambda: ([node("Gather", "table rows")], []),
    "product": lambda: ([node("MatMul", "a b")], []),
    "products": lambda: ([node("MatMul", "a b")], []),
    "convolution": lambda: ([node("Conv", "x weight", pads=[1] * 4)], []),
    "stem": lambda: ([node("Conv", "x weight", pads=[3] * 4, strides=[2, 2])], []),
    "prefill": attention(True),
    "prefill-all": attention(False),
    "decode": attention(False),
}


def prepare(spec, inputs):
    if spec["wrt"] or any(dtype == "bf16" for _, dtype, _ in spec["inputs"]):
        raise KeyError("neither gradients nor bf16 are defined here")
    names = [name for name, _, _ in spec["inputs"]]
    nodes, constants = resnet_18(names) if spec["composite"] == "resnet-18" else WORKLOADS[spec["composite"]]()
    if spec["composite"] in PARAMETERS_KNOWN:
        constants += [constant(name, inputs.pop(name)) for name in names[1:]]
    return opened(nodes, constants, inputs)


def opened(nodes, constants, inputs):
    """A session, as prepare gives it."""
    types = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}
    values = [helper.make_tensor_value_info(name, types[value.dtype.name], value.shape) for name, value in inputs.items()]
    graph = helper.make_graph(nodes, "workload", values, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count()
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    result = session.run(None, inputs)[0]
    out = numpy.empty_like(result)
    binding = session.io_binding()
    for name, value in inputs.items():
        binding.bind_cpu_input(name, value)
    binding.bind_output("y", "cpu", 0, numpy.float32, out.shape, out.ctypes.data)

    def planned():
        session.run_with_iobinding(binding)
        return out  # which the binding does not keep

    return [result], {"fresh": lambda: session.run(None, inputs), "planned": planned}


def ways(x, y):
    _, calls = opened(*WORKLOADS["addition"](), {"a": x, "b": y})
    return {"io binding": calls["planned"], "run": lambda: calls["fresh"]()[0]}


protocol.main(prepare, ways)
