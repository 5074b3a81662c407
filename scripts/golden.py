#!/usr/bin/env python3
"""Golden numbers: what PyTorch computes for every operation, forward, backward and backward again.

    pip install torch numpy
    python scripts/golden.py

writes crates/striate-graph/tests/golden/FAMILY.json, one case a line; crates/striate-graph/tests/golden.rs holds them
against the interpreter. Run it again only to add cases: the same PyTorch writes the same files.

A case is a layer (as in model.toml) or an operation (as serde writes it), its inputs and parameters, and what came out:

    outputs     y_k
    gradients   g_i = ∂/∂i Σ_k Σ weights_k · y_k        for each input and parameter i of real numbers
    second      ∂/∂i Σ_j Σ g_j²                         where PyTorch has a second derivative

Everything is computed in 64 bits.
"""

import json
import math
import pathlib

import torch
import torch.nn.functional as F

FOLDER = pathlib.Path(__file__).parent.parent / "crates/striate-graph/tests/golden"
FAMILIES = {}


# ---------------------------------------------------------------------------------------------------- cases as data


class Numbers:
    """Random numbers with three decimals, so that they are the same in text, in f32 and in f64."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def normal(self, *shape):
        x = torch.randn(shape, generator=self.generator, dtype=torch.float64)
        return torch.round(x * 1000) / 1000

    def positive(self, *shape):
        x = 0.25 + 1.5 * torch.rand(shape, generator=self.generator, dtype=torch.float64)
        return torch.round(x * 1000) / 1000

    def below(self, bound, *shape):
        return torch.randint(0, bound, shape, generator=self.generator)


def tensor(t):
    t = t.detach()
    if t.is_floating_point():
        return {"shape": list(t.shape), "real": [float(f"{v:.9g}") for v in t.flatten().tolist()]}
    return {"shape": list(t.shape), "index": t.flatten().tolist(), "dtype": "i32"}


def case(family, name, what, inputs, function, parameters=None, states=None, mode="train", second=True, fixed=()):
    """`what` is {"layer": kind, …}, {"op": …} or {"loss": name, …}; `function(*inputs, **parameters, **states)` returns
    the outputs, and after them as a dict the next states. Inputs numbered in `fixed` are not differentiated."""
    seed = sum(ord(c) * (i + 1) for i, c in enumerate(family + name))
    inputs = [x.clone().requires_grad_(x.is_floating_point() and i not in fixed) for i, x in enumerate(inputs)]
    parameters = {k: p.clone().requires_grad_(True) for k, p in (parameters or {}).items()}
    states = states or {}
    outputs = function(*inputs, **parameters, **states)
    outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
    next_states = outputs.pop() if isinstance(outputs[-1], dict) else {}
    numbers = Numbers(seed)
    weights = [numbers.normal(*y.shape) if y.is_floating_point() else None for y in outputs]
    loss = sum((w * y).sum() for w, y in zip(weights, outputs) if w is not None)
    slots = [(f"x{i}", x) for i, x in enumerate(inputs) if x.requires_grad] + list(parameters.items())

    def gradients(scalar, graph):
        if not scalar.requires_grad:
            return [torch.zeros_like(v) for _, v in slots]
        found = torch.autograd.grad(scalar, [v for _, v in slots], create_graph=graph, allow_unused=True)
        return [torch.zeros_like(v) if g is None else g + torch.zeros_like(v) for g, (_, v) in zip(found, slots)]

    record = {"name": name, **what, "mode": mode}
    record["inputs"] = [tensor(x) for x in inputs]
    record["parameters"] = {k: tensor(p) for k, p in parameters.items()}
    record["states"] = {k: tensor(s) for k, s in states.items()}
    record["next_states"] = {k: tensor(s) for k, s in next_states.items()}
    record["outputs"] = [tensor(y) for y in outputs]
    record["weights"] = [None if w is None else tensor(w) for w in weights]
    second = second and bool(slots)
    first = gradients(loss, graph=second)
    record["gradients"] = {k: tensor(g) for (k, _), g in zip(slots, first)}
    if second:
        record["second"] = {k: tensor(g) for (k, _), g in zip(slots, gradients(sum((g * g).sum() for g in first), False))}
    FAMILIES.setdefault(family, []).append(record)


def write():
    FOLDER.mkdir(exist_ok=True)
    for family, records in FAMILIES.items():
        lines = ",\n".join(json.dumps(r, separators=(",", ":"), ensure_ascii=False) for r in records)
        (FOLDER / f"{family}.json").write_text(f"[\n{lines}\n]\n")
    total = sum(f.stat().st_size for f in FOLDER.glob("*.json"))
    print(f"{sum(map(len, FAMILIES.values()))} cases, {total} bytes, torch {torch.__version__}")


# -------------------------------------------------------------------------------------- convolution and local layers

CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


def each(value, rank):
    return list(value) if isinstance(value, (tuple, list)) else [value] * rank


def sides(padding, rank):
    """[(before, after), …] of 1, [1, 0] or [[0, 1], 2]."""
    return [tuple(p) if isinstance(p, (tuple, list)) else (p, p) for p in each(padding, rank)]


def padded(x, padding, rank, value=0.0):
    flat = [p for side in reversed(sides(padding, rank)) for p in side]
    return F.pad(x, flat, value=value)


def same(size, kernel, stride, dilation):
    """Padding that makes the output ⌈size/stride⌉ long, the odd one after."""
    pairs = []
    for n, k, s, d in zip(size, kernel, stride, dilation):
        total = max((math.ceil(n / s) - 1) * s + (k - 1) * d + 1 - n, 0)
        pairs.append([total // 2, total - total // 2])
    return pairs


def dense_weight(w, table, channels):
    """The rows of a connection table as a dense kernel with zeros where there is no link."""
    rows = iter(w)
    dense = [
        torch.stack([next(rows) if i in inputs else torch.zeros_like(w[0]) for i in range(channels)])
        for inputs in table
    ]
    return torch.stack(dense)


def patches(x, kernel, stride, dilation, rank):
    """N×I×positions×taps of a padded input."""
    for axis in range(rank):
        extent = (kernel[axis] - 1) * dilation[axis] + 1
        x = x.unfold(2 + axis, extent, stride[axis])[..., :: dilation[axis]]
    positions = x.shape[2 : 2 + rank]
    return x.reshape(x.shape[0], x.shape[1], math.prod(positions), math.prod(kernel)), positions


def convolution(name, size, channels, kernel, batch=2, inputs=2, local=False, **attributes):
    rank = len(size)
    kernels = each(kernel, rank)
    stride = each(attributes.get("stride", 1), rank)
    dilation = each(attributes.get("dilation", 1), rank)
    padding = attributes.get("padding", 0)
    padding = same(size, kernels, stride, dilation) if padding == "same" else padding
    padding = 0 if padding == "valid" else padding
    groups, table = attributes.get("groups", 1), attributes.get("table")
    bias, flipped = attributes.get("bias", True), attributes.get("flipped", False)
    numbers = Numbers(len(name) + 1000 * rank)
    x = numbers.normal(batch, inputs, *size)
    rows = [sum(map(len, table))] if table else [channels, inputs // groups]
    positions = [
        (n + sum(p) - (k - 1) * d - 1) // s + 1
        for n, k, s, d, p in zip(size, kernels, stride, dilation, sides(padding, rank))
    ]
    weight = numbers.normal(*([math.prod(positions)] if local else []), *rows, *kernels)
    parameters = {"weight": weight}
    if bias:
        parameters["bias"] = numbers.normal(channels, *(positions if local else []))

    def function(x, weight, bias=None):
        w = weight
        if flipped:
            w = w.flip(list(range(w.dim() - rank, w.dim())))
        x = padded(x, padding, rank)
        if not local:
            w = dense_weight(w, table, inputs) if table else w
            return CONV[rank](x, w, bias, stride=stride, dilation=dilation, groups=groups)
        if table:
            w = torch.stack([dense_weight(at, table, inputs) for at in w])
        seen, shape = patches(x, kernels, stride, dilation, rank)
        seen = seen.reshape(batch, groups, inputs // groups, math.prod(shape), -1)
        w = w.reshape(math.prod(shape), groups, channels // groups, inputs // groups, -1)
        y = torch.einsum("ngipt,pgoit->ngop", seen, w).reshape(batch, channels, *shape)
        return y if bias is None else y + bias

    kind = f"{'local' if local else 'conv'}{rank}d"
    what = {"layer": kind, "attributes": {"channels": channels, "kernel": kernel, **attributes}}
    case("local" if local else "conv", f"{kind} {name}", what, [x], function, parameters)


TABLE = [[0, 1], [1, 2], [0, 1, 2], [2]]

convolution("plain", [5, 4], 2, [3, 2])
convolution("without bias", [4, 4], 3, 2, bias=False)
convolution("stride 2x1", [7, 5], 2, 3, stride=[2, 1])
convolution("padding 1", [4, 3], 2, 3, padding=1)
convolution("padding of each side", [4, 4], 2, [3, 2], padding=[[0, 2], [1, 0]])
convolution("same, odd kernel", [5, 4], 2, 3, padding="same")
convolution("same, even kernel, stride 2", [5, 7], 2, [4, 2], padding="same", stride=2)
convolution("dilation 2x1", [7, 4], 2, [3, 2], dilation=[2, 1])
convolution("stride, padding and dilation", [8, 8], 2, 3, stride=3, padding=2, dilation=2)
convolution("groups", [4, 4], 4, 2, inputs=4, groups=2)
convolution("depthwise", [4, 4], 3, 3, inputs=3, groups=3, padding=1)
convolution("depthwise with two outputs a channel", [4, 4], 4, 2, inputs=2, groups=2)
convolution("flipped", [4, 5], 2, [2, 3], flipped=True)
convolution("flipped with padding of each side", [4, 4], 2, 3, flipped=True, padding=[[1, 0], [2, 1]])
convolution("connection table", [4, 4], 4, 2, inputs=3, table=TABLE)
convolution("one by one", [3, 3], 3, 1, inputs=4)
convolution("kernel as large as the input", [3, 4], 2, [3, 4])
convolution("plain", [7], 3, 3)
convolution("stride 2, padding 1+2", [8], 2, 3, stride=2, padding=[[1, 2]])
convolution("dilation 3", [9], 2, 3, dilation=3)
convolution("groups", [5], 4, 2, inputs=4, groups=2)
convolution("connection table, flipped", [5], 4, 3, inputs=3, table=TABLE, flipped=True)
convolution("plain", [3, 4, 3], 2, [2, 3, 2], batch=1)
convolution("stride and padding", [4, 3, 4], 2, 2, batch=1, stride=[2, 1, 2], padding=[1, 0, 1])
convolution("dilation and groups", [4, 3, 3], 2, 2, batch=1, groups=2, dilation=[2, 1, 1])

convolution("plain", [4, 3], 2, 2, local=True)
convolution("stride, padding of each side", [5, 4], 2, [3, 2], local=True, stride=[2, 1], padding=[[1, 0], [0, 1]])
convolution("dilation, without bias", [5, 4], 2, 2, local=True, dilation=[2, 1], bias=False)
convolution("groups, flipped", [3, 3], 4, 2, inputs=4, local=True, groups=2, flipped=True)
convolution("connection table", [3, 3], 4, 2, inputs=3, batch=1, local=True, table=TABLE)
convolution("stride 2", [7], 3, 3, local=True, stride=2)
convolution("plain", [3, 2, 3], 2, 2, batch=1, local=True)


def window(size, kernel, stride=1, dilation=1, padding=(0, 0)):
    return {
        "input": size, "kernel": kernel, "stride": stride, "dilation": dilation,
        "before": padding[0], "after": padding[1],
    }  # fmt: skip


def transposed_convolution():
    numbers = Numbers(77)
    conv = {
        "in_channels": 2, "out_channels": 3, "connections": {"groups": 1}, "flipped": False,
        "windows": [window(6, 3, 2, 1, (1, 1)), window(5, 2, 1)],
    }  # fmt: skip
    w, y, x = numbers.normal(3, 2, 3, 2), numbers.normal(2, 3, 3, 4), numbers.normal(2, 2, 6, 5)
    back = lambda w, y: F.conv_transpose2d(y, w, stride=(2, 1), padding=(1, 0), output_padding=(1, 0))
    case("conv", "conv_grad_input", {"op": {"conv_grad_input": conv}}, [w, y], back)
    weight = lambda x, y: torch.nn.grad.conv2d_weight(x, (3, 2, 3, 2), y, stride=(2, 1), padding=(1, 0))
    case("conv", "conv_grad_weight", {"op": {"conv_grad_weight": conv}}, [x, y], weight)


transposed_convolution()

CONV_TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def transposed(name, size, channels, kernel, batch=2, inputs=2, **attributes):
    rank = len(size)
    groups, numbers = attributes.get("groups", 1), Numbers(len(name) + 3000 * rank)
    x = numbers.normal(batch, inputs, *size)
    parameters = {"weight": numbers.normal(inputs, channels // groups, *each(kernel, rank))}
    if attributes.get("bias", True):
        parameters["bias"] = numbers.normal(channels)
    stride, dilation = each(attributes.get("stride", 1), rank), each(attributes.get("dilation", 1), rank)
    padding = attributes.get("padding", 0)

    def function(x, weight, bias=None):
        if padding == "same":
            # PyTorch has none: the whole, of which n·stride remain.
            y = CONV_TRANSPOSE[rank](x, weight, bias, stride, 0, 0, groups, dilation)
            for axis, n in enumerate(size):
                longer = max(y.shape[2 + axis] - n * stride[axis], 0)
                y = y.narrow(2 + axis, longer // 2, min(n * stride[axis], y.shape[2 + axis]))
            return y
        longer = attributes.get("output_padding", 0)
        return CONV_TRANSPOSE[rank](x, weight, bias, stride, padding, longer, groups, dilation)

    kind = f"conv_transpose{rank}d"
    what = {"layer": kind, "attributes": {"channels": channels, "kernel": kernel, **attributes}}
    case("conv", f"{kind} {name}", what, [x], function, parameters)


transposed("plain", [3, 4], 3, [3, 2])
transposed("twice as wide", [3, 2], 2, 2, inputs=4, stride=2)
transposed("stride, padding, output padding", [3, 4], 2, 3, stride=[2, 3], padding=[1, 0], output_padding=[1, 2])
transposed("groups, dilation, without bias", [3, 3], 4, 2, groups=2, dilation=[2, 1], bias=False)
transposed("same, stride 2", [3, 2], 2, [4, 3], stride=2, padding="same")
transposed("stride beyond the kernel", [4], 3, 2, stride=3)
transposed("stride 2, padding 1", [5], 2, 4, stride=2, padding=1)
transposed("twice as wide", [2, 2, 3], 2, 2, batch=1, stride=2)

# ------------------------------------------------------------------------------------------------------------ pooling

MAX_POOL = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
MEAN_POOL = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
ADAPTIVE_MAX = {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}
ADAPTIVE_MEAN = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}


def distinct(numbers, *shape):
    """Numbers of which no two are nearly equal, so that a maximum stays where it is."""
    count = math.prod(shape)
    order = torch.randperm(count, generator=numbers.generator).reshape(shape)
    return (order.double() - count // 2) / 16


def taps_of(flat, size, starts, dilation, kernel):
    """PyTorch's index into the input plane as our index into the window."""
    tap = torch.zeros_like(flat)
    rest = flat
    places = []
    for n in reversed(size):
        places.append(rest % n)
        rest = rest // n
    for axis, q in enumerate(reversed(places)):
        shape = [1] * flat.dim()
        shape[2 + axis] = -1
        start = torch.tensor(starts[axis]).reshape(shape)
        tap = tap * kernel[axis] + (q - start) // dilation[axis]
    return tap


def max_pool(name, size, kernel, stride=None, padding=0, dilation=1):
    rank = len(size)
    k, s, d = each(kernel, rank), each(stride or kernel, rank), each(dilation, rank)
    p = sides(padding, rank)
    attributes = {"window": kernel, "padding": padding, "dilation": dilation}
    attributes |= {} if stride is None else {"stride": stride}

    def function(x):
        x = padded(x, padding, rank, value=-math.inf)
        y, flat = MAX_POOL[rank](x, k, s, 0, d, return_indices=True)
        inside = [n + before + after for n, (before, after) in zip(size, p)]
        starts = [[o * step for o in range(y.shape[2 + axis])] for axis, step in enumerate(s)]
        return y, taps_of(flat, inside, starts, d, k)

    x = distinct(Numbers(len(name) + rank), 2, 2, *size)
    outputs = {"layer": f"max_pool{rank}d", "attributes": attributes}
    case("pool", f"max_pool{rank}d {name}", outputs, [x], function)


def mean_pool(name, size, kernel, stride=None, padding=0, count_padding=False):
    rank = len(size)
    k, s, p = each(kernel, rank), each(stride or kernel, rank), each(padding, rank)
    attributes = {"window": kernel, "padding": padding, "count_padding": count_padding}
    attributes |= {} if stride is None else {"stride": stride}
    x = Numbers(len(name) + rank).normal(2, 2, *size)
    function = lambda x: MEAN_POOL[rank](x, k, s, p, count_include_pad=count_padding)
    case("pool", f"mean_pool{rank}d {name}", {"layer": f"mean_pool{rank}d", "attributes": attributes}, [x], function)


max_pool("2", [4, 6], 2)
max_pool("3 stride 2 padding 1", [5, 4], 3, 2, 1)
max_pool("2x3 stride 1x2", [4, 5], [2, 3], [1, 2])
max_pool("padding of each side", [4, 4], 3, [2, 1], [[0, 1], [1, 0]])
max_pool("dilation 2", [6, 5], 2, 1, 0, 2)
max_pool("3 stride 2", [8], 3, 2)
max_pool("2", [2, 4, 3], [2, 2, 1])
for count in (False, True):
    counted = "padding counted" if count else "padding not counted"
    mean_pool(f"3 stride 2 padding 1, {counted}", [5, 4], 3, 2, 1, count)
    mean_pool(f"2x3 stride 1x2 padding 1x0, {counted}", [3, 5], [2, 3], [1, 2], [1, 0], count)
    mean_pool(f"3 padding 1, {counted}", [6], 3, 1, 1, count)
    mean_pool(f"2 padding 1, {counted}", [2, 3, 2], 2, 2, 1, count)
mean_pool("2", [4, 4], 2)


def adaptive(kind, size, sizes, **attributes):
    rank = len(size)
    out = each(sizes, rank)
    numbers = Numbers(sum(size) + rank)

    def maximum(x):
        y, flat = ADAPTIVE_MAX[rank](x, out, return_indices=True)
        starts = [[p * n // o for p in range(o)] for n, o in zip(size, out)]
        widest = [max(-(-(p + 1) * n // o) - p * n // o for p in range(o)) for n, o in zip(size, out)]
        return y, taps_of(flat, size, starts, [1] * rank, widest)

    function = maximum if "max" in kind else lambda x: ADAPTIVE_MEAN[rank](x, out)
    x = distinct(numbers, 2, 2, *size)
    text = "x".join(map(str, size)) + " to " + "x".join(map(str, out))
    case("pool", f"{kind} {text}", {"layer": kind, "attributes": attributes}, [x], function)


for kind in ("adaptive_max_pool", "adaptive_mean_pool"):
    adaptive(kind, [5, 7], [2, 3], output=[2, 3])
    adaptive(kind, [4, 3], 2, output=2)
    adaptive(kind, [7], [3], output=[3])
    adaptive(kind, [3, 2, 4], [2, 1, 3], output=[2, 1, 3])
for kind in ("global_max_pool", "global_mean_pool"):
    adaptive(kind, [3, 4], 1)
    adaptive(kind, [5], 1)
    adaptive(kind, [2, 3, 2], 1)


def subsampling(name, size, window, stride=None):
    rank = len(size)
    k, s = each(window, rank), each(stride or window, rank)
    numbers = Numbers(len(name))
    channels = [3] + [1] * rank
    parameters = {"coefficient": numbers.normal(*channels), "bias": numbers.normal(*channels)}
    taps = math.prod(k)
    function = lambda x, coefficient, bias: coefficient * (MEAN_POOL[rank](x, k, s) * taps) + bias
    attributes = {"window": window} | ({} if stride is None else {"stride": stride})
    what = {"layer": f"subsample{rank}d", "attributes": attributes}
    case("pool", f"subsample{rank}d {name}", what, [numbers.normal(2, 3, *size)], function, parameters)


subsampling("2", [4, 4], 2)
subsampling("3x2 stride 1x2", [4, 4], [3, 2], [1, 2])
subsampling("2", [6], 2)
subsampling("2x1x2", [2, 2, 4], [2, 1, 2])

# ------------------------------------------------------------------------------------- upsampling and blurred pooling

LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


def upsample(name, size, scale=None, to=None, mode="nearest"):
    rank = len(size)
    x = Numbers(len(name) + 100 * rank + 7).normal(2, 2, *size)
    target = to or [n * s for n, s in zip(size, each(scale, rank))]
    options = {"mode": "nearest"} if mode == "nearest" else {"mode": LINEAR[rank], "align_corners": False}
    attributes = ({"scale": scale} if scale else {"size": to}) | ({} if mode == "nearest" else {"mode": mode})
    what = {"layer": f"upsample{rank}d", "attributes": attributes}
    case("resample", f"upsample{rank}d {mode} {name}", what, [x], lambda x: F.interpolate(x, target, **options))


for mode in ("nearest", "linear"):
    upsample("2", [3, 4], 2, mode=mode)
    upsample("2x3", [2, 3], [2, 3], mode=mode)
    upsample("to 7x5", [3, 2], to=[7, 5], mode=mode)
    upsample("3", [5], 3, mode=mode)
    upsample("2x1x3", [2, 3, 2], [2, 1, 3], mode=mode)


def blur_pool(name, size, window=2, filter=3, stride=None, pool="max"):
    rank = len(size)
    x = Numbers(len(name) + 100 * rank + 9).normal(2, 2, *size)
    row = torch.tensor({3: [1.0, 2, 1], 5: [1.0, 4, 6, 4, 1]}[filter], dtype=torch.float64)
    row = row / row.sum()
    s = each(stride or window, rank)

    def function(x):
        if pool == "max":
            x = MAX_POOL[rank](x, window, 1)
        if pool == "mean":
            x = MEAN_POOL[rank](x, window, 1)
        x = F.pad(x, [filter // 2] * (2 * rank), mode="reflect")
        kernel = row
        for _ in range(rank - 1):
            kernel = kernel[..., None] * row
        return CONV[rank](x, kernel.expand(x.shape[1], 1, *kernel.shape), stride=s, groups=x.shape[1])

    attributes = {"window": window, "filter": filter} | ({"stride": stride} if stride else {})
    attributes |= {} if pool == "max" else {"pool": pool}
    what = {"layer": f"blur_pool{rank}d", "attributes": attributes}
    case("resample", f"blur_pool{rank}d {name}", what, [x], function)


blur_pool("2", [6, 5])
blur_pool("mean, 5 taps", [6, 7], filter=5, pool="mean")
blur_pool("blur alone, stride 1x2", [3, 4], stride=[1, 2], pool="none")
blur_pool("3 stride 2", [9], window=3, stride=2)
blur_pool("2", [4, 3, 4])

# -------------------------------------------------------------------------------------------------------- activations

ACTIVATIONS = {
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "relu6": F.relu6,
    "tanh": torch.tanh,
    "scaled_tanh": lambda x: 1.7159 * torch.tanh(2 * x / 3),
    "logistic": torch.sigmoid,
    "softplus": F.softplus,
    "gelu": F.gelu,
    "silu": F.silu,
    "elu": F.elu,
    "hard_tanh": F.hardtanh,
    "hard_logistic": F.hardsigmoid,
    "hard_silu": lambda x: x * torch.clamp(x / 6 + 0.5, 0, 1),
}
for name, function in ACTIVATIONS.items():
    x = torch.tensor([-7.5, -4.1, -2.9, -1.4, -0.9, -0.5, -0.01, 0.02, 0.3, 0.7, 1.2, 2.5, 2.8, 5.9, 6.4, 9.0])
    x = x.double().mul(1000).round().div(1000).reshape(2, 8)
    second = name != "hard_logistic"  # PyTorch has no second derivative of it
    case("activation", name, {"layer": name, "attributes": {}}, [x], function, second=second)
x = Numbers(5).normal(3, 4)
case("activation", "leaky_relu 0.2", {"layer": "leaky_relu", "attributes": {"alpha": 0.2}}, [x], lambda x: F.leaky_relu(x, 0.2))
case("activation", "elu 0.5", {"layer": "elu", "attributes": {"alpha": 0.5}}, [x], lambda x: F.elu(x, 0.5))

# ---------------------------------------------------------------------------------------------------- elementwise maps


def program(inputs, *instructions, outputs=None):
    last = [inputs + len(instructions) - 1]
    return {"op": {"map": {"program": {"inputs": inputs, "instructions": list(instructions), "outputs": outputs or last}}}}


def elementwise():
    n = Numbers(9)
    binary = {
        "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div,
        "max": torch.maximum, "min": torch.minimum, "pow": torch.pow,
    }  # fmt: skip
    for name, f in binary.items():
        draw = n.positive if name in ("div", "pow") else n.normal
        for a, b in (([3, 4], [3, 4]), ([2, 3, 2], [3, 1]), ([2, 1, 3], [2, 1])):
            text = f"{name} {'x'.join(map(str, a))} with {'x'.join(map(str, b))}"
            case("map", text, program(2, {"binary": [name, 0, 1]}), [draw(*a), draw(*b)], f)
    unary = {
        "neg": torch.neg, "abs": torch.abs, "exp": torch.exp, "ln": torch.log, "sqrt": torch.sqrt, "tanh": torch.tanh,
        "logistic": torch.sigmoid, "erf": torch.erf, "softplus": F.softplus, "relu": F.relu,
        "step": lambda x: (x > 0).double() + 0 * x, "sign": torch.sign,
    }  # fmt: skip
    for name, f in unary.items():
        x = n.positive(2, 5) if name in ("ln", "sqrt") else n.normal(2, 5)
        case("map", name, program(1, {"unary": [name, 0]}), [x], f)
    select = program(3, {"select": [0, 1, 2]})
    case("map", "select", select, [n.normal(2, 5), n.normal(2, 5), n.normal(5)], lambda c, a, b: torch.where(c > 0, a, b))
    clamp = program(1, {"const": -0.5}, {"const": 0.5}, {"binary": ["max", 0, 1]}, {"binary": ["min", 3, 2]})
    case("map", "clamp", clamp, [n.normal(3, 5)], lambda x: torch.clamp(x, -0.5, 0.5))
    two = program(2, {"binary": ["mul", 0, 1]}, {"binary": ["sub", 2, 0]}, {"unary": ["tanh", 3]}, outputs=[4, 2])
    case("map", "two outputs", two, [n.normal(2, 3), n.normal(2, 3)], lambda a, b: (torch.tanh(a * b - a), a * b))


elementwise()

# --------------------------------------------------------------------------------- reductions and moving elements about


def dims(*sizes):
    return [{"size": size, "batched": False} for size in sizes]


def moves():
    n = Numbers(21)
    reductions = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}
    for name, f in reductions.items():
        for axes in ([0], [1], [0, 2], [0, 1, 2]):
            x = distinct(n, 2, 3, 4) if name == "max" else n.normal(2, 3, 4)
            what = {"op": {"reduce": {"reduction": name, "axes": axes}}}
            case("reduce", f"{name} {axes}", what, [x], lambda x: f(x, dim=axes, keepdim=True))
    ties = torch.tensor([[1.0, 3.0, 3.0], [2.0, 0.0, 2.0]], dtype=torch.float64)
    what = {"op": {"reduce": {"reduction": "max", "axes": [1]}}}
    case("reduce", "max [1] with ties", what, [ties], lambda x: torch.amax(x, dim=1, keepdim=True))
    for shared in (False, True):
        what = {"op": {"expand": {"dims": dims(4, 3, 2), "shared": shared}}}
        back = 8 if shared else 1
        case("reduce", f"expand, shared {shared}", what, [n.normal(1, 3, 1)], lambda x: x.expand(4, 3, 2) / back)

    x = n.normal(2, 3, 2, 4)
    case("shape", "flatten", {"layer": "flatten", "attributes": {}}, [x], lambda x: x.flatten(1))
    case("shape", "reshape 4x6", {"layer": "reshape", "attributes": {"to": [4, 6]}}, [x], lambda x: x.reshape(2, 4, 6))
    what = {"layer": "transpose", "attributes": {"order": [2, 3, 1]}}
    case("shape", "transpose layer [2, 3, 1]", what, [x], lambda x: x.permute(0, 2, 3, 1))
    for order in ([1, 0, 2], [2, 0, 1], [0, 2, 1]):
        what = {"op": {"transpose": {"order": order}}}
        case("shape", f"transpose {order}", what, [n.normal(2, 3, 4)], lambda x: x.permute(order))
    what = {"op": {"slice": {"ranges": [None, [1, 3], [0, 2]]}}}
    case("shape", "slice", what, [n.normal(2, 4, 3)], lambda x: x[:, 1:3, 0:2])
    what = {"layer": "slice", "attributes": {"axis": 2, "start": 1}}
    case("shape", "slice layer", what, [n.normal(2, 2, 4)], lambda x: x[:, :, 1:])
    what = {"op": {"pad_zeros": {"sides": [[0, 0], [1, 2], [0, 1]]}}}
    case("shape", "pad_zeros", what, [n.normal(2, 2, 3)], lambda x: F.pad(x, [0, 1, 1, 2]))
    what = {"layer": "pad", "attributes": {"by": [[1, 0], 2]}}
    case("shape", "pad layer", what, [n.normal(2, 2, 2, 3)], lambda x: F.pad(x, [2, 2, 1, 0]))
    what = {"layer": "crop", "attributes": {"by": [[1, 0], 1]}}
    case("shape", "crop layer", what, [n.normal(2, 2, 3, 4)], lambda x: x[:, :, 1:, 1:-1])
    for axis, shapes in ((1, ([2, 3], [2, 1], [2, 2])), (0, ([2, 2], [1, 2])), (2, ([2, 2, 1], [2, 2, 3]))):
        what = {"op": {"concat": {"axis": axis}}}
        case("shape", f"concat axis {axis}", what, [n.normal(*s) for s in shapes], lambda *xs: torch.cat(xs, axis))
    three = [n.normal(2, 3, 2) for _ in range(3)]
    what = {"layer": "add", "attributes": {"with": ["a", "b"]}}
    case("shape", "add layer", what, three, lambda a, b, c: a + b + c)
    what = {"layer": "concat", "attributes": {"with": "a"}}
    case("shape", "concat layer", what, [n.normal(2, 3, 2), n.normal(2, 1, 2)], lambda a, b: torch.cat([a, b], 1))


moves()

# ------------------------------------------------------------------------------- units, normalisation, scores and losses


def dense_layers():
    n = Numbers(31)
    what = {"layer": "dense", "attributes": {"units": 4}}
    parameters = {"weight": n.normal(4, 3), "bias": n.normal(4)}
    case("units", "dense", what, [n.normal(5, 3)], lambda x, weight, bias: F.linear(x, weight, bias), parameters)
    what = {"layer": "dense", "attributes": {"units": 2, "bias": False}}
    case("units", "dense without bias", what, [n.normal(3, 4)], lambda x, weight: F.linear(x, weight), {"weight": n.normal(2, 4)})
    for a_transposed in (False, True):
        for b_transposed in (False, True):
            a = n.normal(*([4, 3] if a_transposed else [3, 4]))
            b = n.normal(*([2, 4] if b_transposed else [4, 2]))
            product = lambda a, b, *c: (a.T if a_transposed else a) @ (b.T if b_transposed else b) + sum(c)
            what = {"op": {"mat_mul": {"a_transposed": a_transposed, "b_transposed": b_transposed}}}
            name = f"matmul {'at' if a_transposed else 'a'} {'bt' if b_transposed else 'b'}"
            case("units", name, what, [a, b], product)
            case("units", f"{name} with a row added", what, [a, b, n.normal(2)], product)
    apart = lambda x, w: ((x[:, None] - w[None]) ** 2).sum(-1)
    case("units", "rbf", {"op": {"rbf": None}}, [n.normal(3, 5), n.normal(4, 5)], apart)
    what = {"layer": "rbf", "attributes": {"units": 4}}
    case("units", "rbf layer", what, [n.normal(3, 5)], lambda x, weight: -apart(x, weight), {"weight": n.normal(4, 5)})


def normalisation():
    n = Numbers(41)

    def function(training, momentum, epsilon):
        def norm(x, weight=None, bias=None, running_mean=None, running_var=None):
            mean, var = running_mean.clone(), running_var.clone()
            y = F.batch_norm(x, mean, var, weight, bias, training=training, momentum=momentum, eps=epsilon)
            return y, {"running_mean": mean, "running_var": var}

        return norm

    for shape in ([4, 3, 2, 3], [6, 2], [3, 2, 4], [2, 2, 2, 1, 3]):
        channels = shape[1]
        text = "x".join(map(str, shape))
        parameters = {"weight": n.normal(channels), "bias": n.normal(channels)}
        states = {"running_mean": n.normal(channels), "running_var": n.positive(channels)}
        for mode in ("train", "infer"):
            what = {"layer": "batch_norm", "attributes": {}}
            f = function(mode == "train", 0.1, 1e-5)
            case("norm", f"batch_norm {mode} {text}", what, [n.normal(*shape)], f, parameters, states, mode)
    what = {"layer": "batch_norm", "attributes": {"epsilon": 0.01, "momentum": 0.3, "affine": False}}
    states = {"running_mean": n.normal(2), "running_var": n.positive(2)}
    for mode in ("train", "infer"):
        f = function(mode == "train", 0.3, 0.01)
        case("norm", f"batch_norm {mode} without affine", what, [n.normal(5, 2, 2)], f, None, states, mode)

    def all_outputs(x, gamma, beta):
        axes = [0, 2]
        mean, v = x.mean(axes), x.var(axes, unbiased=False)
        y = F.batch_norm(x, None, None, gamma, beta, training=True, eps=1e-3)
        return y, mean, 1 / torch.sqrt(v + 1e-3), x.var(axes, unbiased=True)

    inputs = [n.normal(4, 2, 3), n.normal(2), n.normal(2)]
    case("norm", "batch_norm with its statistics", {"op": {"batch_norm": {"epsilon": 1e-3}}}, inputs, all_outputs)


def scores():
    n = Numbers(51)
    for shape in ([4, 5], [2, 3, 2, 2]):
        text = "x".join(map(str, shape))
        case("loss", f"softmax {text}", {"layer": "softmax", "attributes": {}}, [n.normal(*shape)], lambda x: F.softmax(x, 1))
        what = {"layer": "log_softmax", "attributes": {}}
        case("loss", f"log_softmax {text}", what, [n.normal(*shape)], lambda x: F.log_softmax(x, 1))
    great = n.normal(3, 4) * 100
    case("loss", "log_softmax of great numbers", {"layer": "log_softmax", "attributes": {}}, [great], lambda x: F.log_softmax(x, 1))
    one_hot = lambda t: F.one_hot(t, 5).double()
    case("loss", "one_hot", {"op": {"one_hot": {"classes": 5}}}, [n.below(5, 6)], one_hot, second=False)
    for smoothing in (0, 0.1):
        what = {"loss": "cross_entropy", "attributes": {"smoothing": smoothing}}
        f = lambda z, t: F.cross_entropy(z, t, label_smoothing=smoothing)
        for shape, places in (([5, 4], [5]), ([2, 3, 2, 2], [2, 2, 2])):
            text = f"{'x'.join(map(str, shape))}, smoothing {smoothing}"
            case("loss", f"cross_entropy of labels {text}", what, [n.normal(*shape), n.below(shape[1], *places)], f)
            targets = torch.round(F.softmax(n.normal(*shape), 1) * 1000) / 1000
            targets[:, 0] += 1 - targets.sum(1)
            # PyTorch's ε/K does not depend on targets that are smoothed; ours is ε/K of their sum.
            fixed = (1,) if smoothing else ()
            name = f"cross_entropy of probabilities {text}"
            case("loss", name, what, [n.normal(*shape), targets], f, fixed=fixed)
    right = lambda z, t: (z.argmax(1) == t).double().sum() + 0 * z.sum()
    case("loss", "correct", {"loss": "correct", "attributes": {}}, [n.normal(9, 3), n.below(3, 9)], right)
    what = {"loss": "mean_squared_error", "attributes": {}}
    case("loss", "mean_squared_error", what, [n.normal(4, 3), n.normal(4, 3)], F.mse_loss)
    what = {"loss": "binary_cross_entropy_with_logits", "attributes": {}}
    yes = torch.round(torch.sigmoid(n.normal(4, 3)) * 1000) / 1000
    bce = F.binary_cross_entropy_with_logits
    case("loss", "binary_cross_entropy_with_logits", what, [n.normal(4, 3), yes], bce)
    great = n.normal(2, 4) * 60
    case("loss", "binary_cross_entropy_with_logits of great numbers", what, [great, n.below(2, 2, 4).double()], bce)

    def radial(z, t):
        rubbish = torch.full((z.shape[0], 1), -0.7, dtype=z.dtype)
        return F.cross_entropy(torch.cat([z, rubbish], 1), t)

    what = {"loss": "rbf_loss", "attributes": {"j": 0.7}}
    case("loss", "rbf_loss", what, [n.normal(5, 4), n.below(4, 5)], radial)


dense_layers()
normalisation()
scores()

# --------------------------------------------------------------------------------------------------------- recurrence


def recurrent(kind, name, steps, features, units, batch=2, lengths=None, **attributes):
    """torch.nn's RNN, LSTM and GRU, over packed sequences where there are lengths."""
    make = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[kind]
    options = {k: attributes[k] for k in ("bidirectional", "bias") if k in attributes}
    options |= {"nonlinearity": "relu"} if attributes.get("relu") else {}
    module = make(features, units, attributes.get("layers", 1), batch_first=True, dtype=torch.float64, **options)
    n = Numbers(len(name) + 71)
    parameters = {k: n.normal(*p.shape) / 2 for k, p in module.named_parameters()}
    names = list(parameters)

    def function(x, *length, **parameters):
        if length:
            x = torch.nn.utils.rnn.pack_padded_sequence(x, length[0], batch_first=True, enforce_sorted=False)
        y, end = torch.func.functional_call(module, parameters, (x,))
        if attributes.get("returns") == "last":
            end = end[0] if kind == "lstm" else end
            ways = 2 if attributes.get("bidirectional") else 1
            return torch.cat(list(end[-ways:]), 1)
        return torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=steps)[0] if length else y

    assert names == list(dict(module.named_parameters()))
    inputs = [n.normal(batch, steps, features)]
    if lengths:
        attributes["lengths"] = "lengths"
        inputs.append(torch.tensor(lengths))
    what = {"layer": kind, "attributes": {"units": units, **attributes}}
    case("recurrent", f"{kind} {name}", what, inputs, function, parameters)


def jordan(name, steps, features, units, outputs, **attributes):
    n = Numbers(81)
    parameters = {
        "weight_ih": n.normal(units, features), "bias_ih": n.normal(units), "weight_yh": n.normal(units, outputs),
        "weight_hy": n.normal(outputs, units), "bias_hy": n.normal(outputs),
    }  # fmt: skip
    squash = {"logistic": torch.sigmoid, "tanh": torch.tanh, "identity": lambda x: x}[attributes.get("function", "logistic")]

    def function(x, weight_ih, bias_ih, weight_yh, weight_hy, bias_hy):
        y = s = torch.zeros(x.shape[0], outputs, dtype=x.dtype)
        results = []
        for t in range(steps):
            s = y + attributes.get("decay", 0.0) * s
            h = torch.tanh(F.linear(x[:, t], weight_ih, bias_ih) + F.linear(s, weight_yh))
            y = squash(F.linear(h, weight_hy, bias_hy))
            results.append(y)
        return torch.stack(results, 1)

    what = {"layer": "jordan", "attributes": {"units": units, "outputs": outputs, **attributes}}
    case("recurrent", f"jordan {name}", what, [n.normal(2, steps, features)], function, parameters)


for kind in ("rnn", "lstm", "gru"):
    recurrent(kind, "plain", 4, 3, 2)
    recurrent(kind, "one step, last state", 1, 2, 3, returns="last")
    recurrent(kind, "two layers, both directions", 3, 2, 2, layers=2, bidirectional=True)
    recurrent(kind, "lengths", 4, 2, 3, batch=3, lengths=[2, 4, 1])
    recurrent(kind, "lengths, two layers, both directions", 4, 2, 2, batch=3, lengths=[3, 1, 4], layers=2, bidirectional=True)
    recurrent(kind, "lengths, both directions, last state", 4, 3, 2, batch=3, lengths=[4, 2, 3], bidirectional=True, returns="last")
    recurrent(kind, "without bias", 3, 2, 3, bias=False)
recurrent("rnn", "relu", 4, 3, 2, relu=True)
jordan("plain", 4, 3, 2, 2)
jordan("decay, tanh", 4, 2, 3, 1, function="tanh", decay=0.4)
jordan("identity", 3, 2, 2, 3, function="identity", decay=0.25)

# --------------------------------------------------------------------------------------------------------- optimisers


def optimiser(name, make, **attributes):
    """Five steps along given gradients, the learning rate halved after the second."""
    n = Numbers(61)
    parameters = {"weight": n.normal(3, 2), "bias": n.normal(3)}
    record = {"name": name, "optimizer": attributes, "start": {k: tensor(p) for k, p in parameters.items()}, "steps": []}
    parameters = {k: p.clone().requires_grad_(True) for k, p in parameters.items()}
    rule = make(parameters.values())
    for step in range(5):
        rate = 0.1 if step < 2 else 0.05
        for group in rule.param_groups:
            group["lr"] = rate
        gradients = {k: n.normal(*p.shape) for k, p in parameters.items()}
        for k, p in parameters.items():
            p.grad = gradients[k].clone()
        rule.step()
        after = {k: tensor(p) for k, p in parameters.items()}
        record["steps"].append({"rate": rate, "gradients": {k: tensor(g) for k, g in gradients.items()}, "after": after})
    FAMILIES.setdefault("optimizer", []).append(record)


SGD, ADAM, ADAMW = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
optimiser("sgd", lambda p: SGD(p), kind="sgd", momentum=0.0)
optimiser("sgd decay", lambda p: SGD(p, weight_decay=0.1), kind="sgd", momentum=0.0, weight_decay=0.1)
optimiser("sgd momentum", lambda p: SGD(p, momentum=0.9), kind="sgd", momentum=0.9)
optimiser(
    "sgd momentum decay",
    lambda p: SGD(p, momentum=0.8, weight_decay=0.02),
    kind="sgd", momentum=0.8, weight_decay=0.02,
)  # fmt: skip
optimiser(
    "sgd nesterov decay",
    lambda p: SGD(p, momentum=0.9, nesterov=True, weight_decay=0.01),
    kind="sgd", momentum=0.9, nesterov=True, weight_decay=0.01,
)  # fmt: skip
optimiser("adam", lambda p: ADAM(p), kind="adam")
optimiser(
    "adam decay",
    lambda p: ADAM(p, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
    kind="adam", beta1=0.8, beta2=0.95, epsilon=1e-3, weight_decay=0.1,
)  # fmt: skip
optimiser("adamw", lambda p: ADAMW(p, weight_decay=0.01), kind="adamw")
optimiser(
    "adamw decay",
    lambda p: ADAMW(p, betas=(0.7, 0.9), eps=1e-4, weight_decay=0.2),
    kind="adamw", beta1=0.7, beta2=0.9, epsilon=1e-4, weight_decay=0.2,
)  # fmt: skip

if __name__ == "__main__":
    write()
