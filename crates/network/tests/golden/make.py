"""Golden networks: outputs, gradients and kernels of tiny networks of layers, from PyTorch in f64.

  python make.py         writes networks.json beside this file (wants PyTorch)
  python make.py check   compares it with neural-tangents in f64 (wants neural-tangents; see check())

For each network the file has

  name          what it covers
  architecture  as in YAML
  shape         of a sample: [h, w, c], or [d]
  x, y          inputs and targets of n samples, row-major
  tensors       name, shape, values, and the gradient of L = ½ Σ (f − y)²
  outputs       f, n × o
  ntk           Θ = J Jᵀ, (n o) × (n o), rows and columns sample-major
  statistics    mean and (biased) variance of each batch norm, in their order; absent without any

Tensors stand in the order of the layers, a residual's `layers` before its `shortcut`, and weights
before biases (of norms: γ before β). Names follow the places in the architecture.

Meanings that frameworks do not agree on:
  images        rows, columns, channels last; `flatten` keeps this order
  same          ⌈n / stride⌉ windows; of the padding the smaller half lies before the image
  circular      as many windows, on a torus
  pools         windows within the image; what is left of it is not seen
  layer norm    over the channels of each position; of vectors over the vector
  group norm    over all positions and the channels of a group
  batch norm    over samples and positions. f and gradient are those of training mode, Θ is that of
                inference with the statistics of this batch
  NTK           z = weight_std / √fan_in · (h ∗ W) + bias_std · c, fan_in = k² c_in; norms have no such factor

Inputs and parameters have two decimals, so that a file is short and everyone reads the same numbers;
results are rounded to 12 digits.
"""

import json
import math
import pathlib
import random
import sys

PATH = pathlib.Path(__file__).with_name("networks.json")
EPSILON = 1e-5


def conv(channels, kernel, stride=1, padding="same"):
    given = {"channels": channels, "kernel": kernel}
    given |= {} if stride == 1 else {"stride": stride}
    return {"conv": given | ({} if padding == "same" else {"padding": padding})}


def local(channels, kernel, stride=1, padding="same"):
    given = conv(channels, kernel, stride, padding)
    return {"locally_connected": given["conv"]}


def pool(kind, window, stride):
    return {kind: {"window": window, "stride": stride}}


def dense(width):
    return {"dense": width}


GAP, FLAT = "global_average_pool", "flatten"
NTK = {"ntk": {"weight_std": 1.3, "bias_std": 0.4}}
BATCH, LAYER, GROUP = {"batch_norm": {}}, {"layer_norm": {}}, {"group_norm": {"groups": 2}}


def network(name, shape, *layers, init="he", bias=True, samples=3):
    architecture = {"layers": list(layers), "init": init, "bias": bias}
    return {"name": name, "architecture": architecture, "shape": shape, "samples": samples}


NETWORKS = [
    network("conv same 3", [5, 4, 2], conv(3, 3), "relu", GAP, dense(2)),
    network("conv same 3 stride 2, even and odd", [6, 5, 2], conv(3, 3, 2), "tanh", FLAT, dense(2)),
    network("conv same 3 stride 3", [7, 6, 1], conv(3, 3, 3), "erf", conv(2, 1), "sigmoid", GAP, dense(2)),
    network("conv same 5", [5, 6, 1], conv(2, 5), "softplus", GAP, dense(2)),
    network("conv same 5 stride 2", [6, 7, 1], conv(2, 5, 2), "gelu", GAP, dense(2)),
    network("conv same 2", [4, 5, 2], conv(2, 2), "sine", conv(2, 2, 2), GAP, dense(2)),
    network("conv same 1, strides 1, 2, 3", [7, 5, 2], conv(3, 1), "relu", conv(3, 1, 2), "tanh", conv(2, 1, 3), FLAT, dense(2)),
    network("conv valid 3, then 2", [5, 6, 2], conv(3, 3, 1, "valid"), {"leaky_relu": 0.1}, conv(2, 2, 1, "valid"), "gelu", FLAT, dense(2)),
    network("conv valid 2 stride 3, with a rest", [7, 9, 1], conv(3, 2, 3, "valid"), "sine", GAP, dense(2)),
    network("conv valid as large as the image", [3, 3, 2], conv(3, 3, 1, "valid"), "tanh", FLAT, dense(2)),
    network("conv circular 3, strides 1 and 2", [4, 5, 2], conv(3, 3, 1, "circular"), "relu", conv(2, 3, 2, "circular"), "tanh", FLAT, dense(2)),
    network("conv circular 5 and 2", [5, 6, 1], conv(2, 5, 1, "circular"), "tanh", conv(2, 2, 2, "circular"), "erf", FLAT, dense(2)),
    network("conv circular 3 stride 3", [7, 5, 1], conv(2, 3, 3, "circular"), "sigmoid", FLAT, dense(2)),
    network("conv as the output", [4, 4, 1], conv(3, 3), "relu", conv(2, 3), GAP),
    network("conv on one sample of one channel, one output", [4, 3, 1], conv(2, 3), "relu", GAP, dense(1), samples=1),
    network("linear on pixels", [2, 3, 2], FLAT, dense(2)),
    network("locally connected same 3", [3, 4, 1], local(2, 3), "relu", FLAT, dense(2)),
    network("locally connected valid 2 stride 2", [5, 4, 2], local(2, 2, 2, "valid"), "tanh", GAP, dense(2)),
    network("locally connected circular 3, same stride 2", [4, 3, 1], local(2, 3, 2, "circular"), "erf", local(2, 2, 2), FLAT, dense(2)),
    network("average pool 2", [5, 4, 2], conv(3, 3), "relu", {"average_pool": 2}, conv(2, 3), "relu", GAP, dense(2)),
    network("average pool 3 stride 2, then 2 stride 1", [8, 7, 1], conv(2, 3), pool("average_pool", 3, 2), "tanh", pool("average_pool", 2, 1), FLAT, dense(2)),
    network("max pool 2", [5, 6, 1], conv(3, 3), {"max_pool": 2}, "relu", FLAT, dense(2)),
    network("max pool 3 stride 2, then 2 stride 1", [8, 7, 1], conv(2, 3), pool("max_pool", 3, 2), "tanh", pool("max_pool", 2, 1), FLAT, dense(2)),
    network("residual identity", [4, 3, 2], conv(3, 3), "relu", {"residual": [conv(3, 3), "relu", conv(3, 3)]}, "relu", GAP, dense(2)),
    network("residual identity on the input", [4, 3, 2], {"residual": ["relu", conv(2, 3)]}, FLAT, dense(2)),
    network("residual projection", [5, 4, 2], {"residual": {"layers": [conv(3, 3, 2), "relu", conv(3, 3)], "shortcut": [conv(3, 1, 2)]}}, "relu", GAP, dense(2)),
    network("residual within a residual", [3, 4, 2], {"residual": [conv(2, 3), "tanh", {"residual": [conv(2, 1), "relu"]}]}, GAP, dense(2)),
    network("residual of vectors", [3], dense(4), "softplus", {"residual": [dense(4), "tanh", dense(4)]}, dense(2)),
    network("layer norm of images", [4, 3, 2], conv(3, 3), LAYER, "relu", conv(2, 3), "tanh", LAYER, GAP, dense(2)),
    network("layer norm of vectors", [3], dense(5), LAYER, "relu", dense(4), "tanh", LAYER, dense(2)),
    network("group norm", [4, 3, 2], conv(4, 3), GROUP, "relu", GAP, dense(2)),
    network("batch norm of images", [4, 3, 2], conv(3, 3), BATCH, "relu", GAP, dense(2)),
    network("batch norm of vectors", [3], dense(4), BATCH, "tanh", dense(3), BATCH, "relu", dense(2), samples=5),
    network("batch norm in a residual", [4, 4, 2], conv(2, 3), BATCH, "relu", {"residual": {"layers": [conv(3, 3, 2), BATCH, "relu", conv(3, 3), BATCH], "shortcut": [conv(3, 1, 2), BATCH]}}, "relu", GAP, dense(2)),
    network("NTK parameterization", [5, 4, 2], conv(3, 3), "relu", conv(2, 2, 2), "tanh", GAP, dense(2), init=NTK),
    network("NTK parameterization, locally connected", [3, 4, 1], local(2, 3), "relu", FLAT, dense(2), init=NTK),
    network("NTK parameterization, residual with norms", [4, 3, 2], conv(2, 3), {"residual": [LAYER, "relu", conv(2, 3)]}, BATCH, "tanh", FLAT, dense(2), init=NTK),
    network("NTK parameterization without biases", [5, 4, 2], conv(3, 3), "relu", FLAT, dense(2), init=NTK, bias=False),
    network("without biases", [5, 4, 2], conv(3, 3), "relu", {"residual": {"layers": [conv(2, 3)], "shortcut": [conv(2, 1)]}}, "relu", GAP, dense(2), bias=False),
    network("locally connected without biases", [3, 3, 1], local(2, 2, 1, "valid"), "relu", FLAT, dense(2), bias=False),
    network("activations", [2], dense(3), "relu", dense(3), {"leaky_relu": 0.1}, dense(3), "tanh", dense(3), "erf", dense(3), "linear", dense(2)),
    network("more activations", [2], dense(3), "sigmoid", dense(3), "softplus", dense(3), "gelu", dense(3), "sine", dense(2), init=NTK),
]


def windows(layer):
    """Kernel or window, stride and padding of a layer with windows."""
    (kind, given), = layer.items()
    if kind in ("average_pool", "max_pool"):
        if isinstance(given, int):
            given = {"window": given, "stride": given}
        return given["window"], given["stride"], "valid"
    return given["kernel"], given.get("stride", 1), given.get("padding", "same")


def count(size, kernel, stride, padding):
    """Windows along a side, and rows before and after the image that they see."""
    if padding == "valid":
        return (size - kernel) // stride + 1, 0, 0
    number = -(-size // stride)
    total = max((number - 1) * stride + kernel - size, 0)
    return number, total // 2, total - total // 2


def walk(layers, shape, bias, at="layers"):
    """Names and shapes of all tensors, and the shape of the output."""
    tensors = []

    def add(name, weight, offset):
        tensors.append((name + ".weight", weight))
        if offset:
            tensors.append((name + ".bias", offset))

    for i, layer in enumerate(layers):
        name = f"{at}.{i}"
        kind = layer if isinstance(layer, str) else next(iter(layer))
        if kind in ("conv", "locally_connected", "average_pool", "max_pool"):
            kernel, stride, padding = windows(layer)
            outside = [count(size, kernel, stride, padding)[0] for size in shape[:2]]
            channels = layer[kind]["channels"] if "pool" not in kind else shape[2]
            own = outside if kind == "locally_connected" else []
            if "pool" not in kind:
                add(name, own + [kernel, kernel, shape[2], channels], bias and own + [channels])
            shape = outside + [channels]
        elif kind == "dense":
            add(name, [shape[0], layer["dense"]], bias and [layer["dense"]])
            shape = [layer["dense"]]
        elif kind in ("batch_norm", "layer_norm", "group_norm"):
            add(name, [shape[-1]], [shape[-1]])
        elif kind == "residual":
            parts = layer[kind] if isinstance(layer[kind], dict) else {"layers": layer[kind], "shortcut": []}
            tensors += walk(parts["layers"], shape, bias, f"{name}.layers")[0]
            more, shape = walk(parts["shortcut"], shape, bias, f"{name}.shortcut")
            tensors += more
            if not parts["shortcut"]:
                shape = walk(parts["layers"], shape, bias)[1]
        elif kind == GAP:
            shape = [shape[2]]
        elif kind == FLAT:
            shape = [math.prod(shape)]
    return tensors, shape


class Net:
    """A network of layers on some library's arrays, whose layers are methods called like them.

    `take` hands out the tensors in their order.
    """

    def __init__(self, given):
        architecture = given["architecture"]
        self.layers, self.bias = architecture["layers"], architecture["bias"]
        self.ntk = architecture["init"]["ntk"] if architecture["init"] != "he" else None

    def scales(self, fan_in):
        if self.ntk is None:
            return 1.0, 1.0
        return self.ntk["weight_std"] / math.sqrt(fan_in), self.ntk["bias_std"]

    def run(self, layers, x, take):
        for layer in layers:
            kind, given = (layer, None) if isinstance(layer, str) else next(iter(layer.items()))
            if kind == "residual":
                parts = given if isinstance(given, dict) else {"layers": given, "shortcut": []}
                inner = self.run(parts["layers"], x, take)
                x = inner + self.run(parts["shortcut"], x, take)
            elif kind in ("conv", "locally_connected"):
                weight = take()
                x = getattr(self, kind)(layer, x, weight, take() if self.bias else None)
            elif kind == "dense":
                weight = take()
                x = self.dense(x, weight, take() if self.bias else None)
            elif kind in ("batch_norm", "layer_norm", "group_norm"):
                weight = take()
                x = getattr(self, kind)(given, x) * weight + take()
            elif kind in ("average_pool", "max_pool"):
                x = getattr(self, kind)(layer, x)
            elif kind == "leaky_relu":
                x = self.leaky_relu(x, given)
            else:
                x = getattr(self, kind)(x)
        return x

    @staticmethod
    def linear(x):
        return x

    @staticmethod
    def flatten(x):
        return x.reshape(len(x), -1)

    @staticmethod
    def global_average_pool(x):
        return x.mean((1, 2))

    # Over so many axes that are written out: what is one call in each library, but with other meanings.

    def batch_norm(self, _given, x):
        mean, variance = self.statistics(x)
        return (x - mean) / (variance + EPSILON) ** 0.5

    @staticmethod
    def layer_norm(_given, x):
        mean = x.mean(-1, keepdims=True)
        return (x - mean) / (((x - mean) ** 2).mean(-1, keepdims=True) + EPSILON) ** 0.5

    @staticmethod
    def group_norm(given, x):
        n, h, w, c = x.shape
        parts = x.reshape(n, h * w, given["groups"], c // given["groups"])
        mean = parts.mean((1, 3), keepdims=True)
        variance = ((parts - mean) ** 2).mean((1, 3), keepdims=True)
        return ((parts - mean) / (variance + EPSILON) ** 0.5).reshape(n, h, w, c)


def torch_net(torch):
    F = torch.nn.functional

    class Torch(Net):
        """Layers from PyTorch, in its order of axes; norms from its own functions as well."""

        training = True
        seen = None

        def padded(self, layer, x):
            """x as n × c × h × w with what windows see beyond it; kernel and stride."""
            kernel, stride, padding = windows(layer)
            x = x.permute(0, 3, 1, 2)
            (top, bottom), (left, right) = (
                count(size, kernel, stride, padding)[1:] for size in x.shape[2:]
            )
            mode = "circular" if padding == "circular" else "constant"
            if max(top, bottom, left, right) > 0:
                x = F.pad(x, (left, right, top, bottom), mode=mode)
            return x, kernel, stride

        def conv(self, layer, x, weight, bias):
            x, _, stride = self.padded(layer, x)
            s, t = self.scales(math.prod(weight.shape[:3]))
            bias = None if bias is None else t * bias
            z = F.conv2d(x, s * weight.permute(3, 2, 0, 1), bias, stride=stride)
            return z.permute(0, 2, 3, 1)

        def locally_connected(self, layer, x, weight, bias):
            x, kernel, stride = self.padded(layer, x)
            s, t = self.scales(math.prod(weight.shape[2:5]))
            # n × c × h_out × w_out × k × k.
            patches = x.unfold(2, kernel, stride).unfold(3, kernel, stride)
            z = s * torch.einsum("nchwyx,hwyxcd->nhwd", patches, weight)
            return z if bias is None else z + t * bias

        def dense(self, x, weight, bias):
            s, t = self.scales(len(weight))
            z = s * x @ weight
            return z if bias is None else z + t * bias

        def average_pool(self, layer, x):
            x, kernel, stride = self.padded(layer, x)
            return F.avg_pool2d(x, kernel, stride).permute(0, 2, 3, 1)

        def max_pool(self, layer, x):
            x, kernel, stride = self.padded(layer, x)
            return F.max_pool2d(x, kernel, stride).permute(0, 2, 3, 1)

        def batch_norm(self, _given, x):
            channels_second = x.movedim(-1, 1)
            axes = tuple(range(x.ndim - 1))
            if self.training:
                mean, variance = x.detach().mean(axes), x.detach().var(axes, correction=0)
                self.seen.append((mean, variance))
                result = F.batch_norm(channels_second, None, None, training=True, eps=EPSILON)
            else:
                mean, variance = self.seen.pop(0)
                result = F.batch_norm(channels_second, mean, variance, training=False, eps=EPSILON)
            return result.movedim(1, -1)

        @staticmethod
        def layer_norm(_given, x):
            return F.layer_norm(x, x.shape[-1:], eps=EPSILON)

        @staticmethod
        def group_norm(given, x):
            return F.group_norm(x.movedim(-1, 1), given["groups"], eps=EPSILON).movedim(1, -1)

        relu, sigmoid, softplus, gelu = map(staticmethod, (F.relu, F.sigmoid, F.softplus, F.gelu))
        tanh, erf, sine, leaky_relu = map(
            staticmethod, (torch.tanh, torch.erf, torch.sin, F.leaky_relu)
        )

    return Torch


def make():
    """Writes the file."""
    import torch

    torch.set_default_dtype(torch.float64)
    made = []
    for number, given in enumerate(NETWORKS):
        draw = random.Random(number)
        n, shape = given.pop("samples"), given["shape"]
        names, (o,) = walk(given["architecture"]["layers"], shape, given["architecture"]["bias"])

        def values(sizes, low=-1.0, high=1.0):
            numbers = [round(draw.uniform(low, high), 2) for _ in range(math.prod(sizes))]
            return torch.tensor(numbers).reshape(sizes)

        tensors = []
        for name, sizes in names:
            # Of a vector to one of its own length: γ of a norm.
            norm = len(sizes) == 1 and name.endswith("weight")
            bound = 1.0 if given["architecture"]["init"] != "he" else min(1.0, 2.5 / math.sqrt(math.prod(sizes[:-1])))
            tensors.append(values(sizes, *((0.5, 1.5) if norm else (-bound, bound))).requires_grad_())
        x, y = values([n, *shape]), values([n, o])
        net = torch_net(torch)(given)

        def outputs(training):
            net.training = training
            rest = list(tensors)
            f = net.run(net.layers, x, lambda: rest.pop(0))
            assert not rest and f.shape == (n, o), (given["name"], f.shape)
            return f

        net.seen = []
        f = outputs(True)
        gradient = torch.autograd.grad(0.5 * ((f - y) ** 2).sum(), tensors, retain_graph=True)
        statistics = list(net.seen)
        fixed = outputs(False)
        assert torch.allclose(f, fixed, rtol=1e-12, atol=1e-12)
        rows = [
            torch.cat([g.ravel() for g in torch.autograd.grad(entry, tensors, retain_graph=True)])
            for entry in fixed.ravel()
        ]
        jacobian = torch.stack(rows)

        def flat(tensor):
            entries = tensor.detach().ravel().tolist()
            # What cancels, as the gradient of a bias before a batch norm, is 0, not rounding.
            numbers = [float(f"{value:.12g}") if abs(value) > 1e-14 else 0.0 for value in entries]
            return [int(value) if value == int(value) else value for value in numbers]

        entry = {
            **given,
            "x": flat(x),
            "y": flat(y),
            "tensors": [
                {"name": name, "shape": sizes, "values": flat(t), "gradient": flat(g)}
                for (name, sizes), t, g in zip(names, tensors, gradient)
            ],
            "outputs": flat(f),
            "ntk": flat(jacobian @ jacobian.T),
        }
        if statistics:
            entry["statistics"] = [
                {"mean": flat(mean), "variance": flat(variance)} for mean, variance in statistics
            ]
        made.append(entry)
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in made)
    PATH.write_text(f"[\n{lines}\n]\n")
    print(f"{len(made)} networks, {PATH.stat().st_size / 1000:.0f} KB")


def check():
    """Compares the file with neural-tangents: layers from its `stax` where it has them.

    It has no max pool, batch norm and group norm, no scale and offset of a layer norm, and other
    definitions of some activations; there the layer is JAX, and the kernel still neural-tangents'.
    """
    import types

    import jax

    jax.config.update("jax_enable_x64", True)
    # Its TensorFlow bridge is imported eagerly; nothing here uses it.
    bridge = "neural_tangents.experimental"
    sys.modules[bridge] = types.ModuleType(bridge)
    import jax.numpy as jnp
    import neural_tangents
    import numpy
    from neural_tangents import stax

    class Jax(Net):
        training = True
        fixed = None

        def stax_scales(self):
            given = self.ntk or {"weight_std": 1.0, "bias_std": 1.0}
            scheme = "standard" if self.ntk is None else "ntk"
            bias = given["bias_std"] if self.bias else None
            return {"W_std": given["weight_std"], "b_std": bias, "parameterization": scheme}

        def convolution(self, make_layer, layer, x, weight, bias):
            kernel, stride, padding = windows(layer)
            _, apply, _ = make_layer(
                weight.shape[-1], (kernel, kernel), (stride, stride), padding.upper(), **self.stax_scales()
            )
            return apply((weight, bias), x)

        def conv(self, layer, x, weight, bias):
            return self.convolution(stax.Conv, layer, x, weight, bias)

        def locally_connected(self, layer, x, weight, bias):
            h, w, k, _, c, d = weight.shape
            # It wants channels before the places of the window.
            weight = weight.transpose(0, 1, 4, 2, 3, 5).reshape(h, w, c * k * k, d)
            bias = None if bias is None else bias[None]
            return self.convolution(stax.ConvLocal, layer, x, weight, bias)

        def dense(self, x, weight, bias):
            return stax.Dense(weight.shape[1], **self.stax_scales())[1]((weight, bias), x)

        def average_pool(self, layer, x):
            kernel, stride, _ = windows(layer)
            return stax.AvgPool((kernel, kernel), (stride, stride))[1]((), x)

        def max_pool(self, layer, x):
            kernel, stride, _ = windows(layer)
            sizes = (1, kernel, kernel, 1), (1, stride, stride, 1)
            return jax.lax.reduce_window(x, -numpy.inf, jax.lax.max, *sizes, "VALID")

        def statistics(self, x):
            axes = tuple(range(x.ndim - 1))
            if self.training:
                mean = x.mean(axes)
                return mean, ((x - mean) ** 2).mean(axes)
            given = self.fixed.pop(0)
            return jnp.array(given["mean"]), jnp.array(given["variance"])

        def layer_norm(self, _given, x):
            return stax.LayerNorm(axis=-1, eps=EPSILON)[1]((), x)

        @staticmethod
        def global_average_pool(x):
            return stax.GlobalAvgPool()[1]((), x)

        @staticmethod
        def relu(x):
            return stax.Relu()[1]((), x)

        @staticmethod
        def leaky_relu(x, slope):
            return stax.LeakyRelu(slope)[1]((), x)

        @staticmethod
        def gelu(x):
            return stax.Gelu()[1]((), x)

        erf, sine, tanh = map(staticmethod, (jax.scipy.special.erf, jnp.sin, jnp.tanh))
        sigmoid, softplus = map(staticmethod, (jax.nn.sigmoid, jax.nn.softplus))

    worst = 0.0
    for given in json.loads(PATH.read_text()):
        n = len(given["x"]) // math.prod(given["shape"])
        o = len(given["outputs"]) // n
        x = jnp.array(given["x"]).reshape(n, *given["shape"])
        y = jnp.array(given["y"]).reshape(n, o)
        tensors = [jnp.array(t["values"], float).reshape(t["shape"]) for t in given["tensors"]]
        net = Jax(given)

        def outputs(tensors, x, training=False):
            rest = list(tensors)
            net.training, net.fixed = training, list(given.get("statistics", []))
            return net.run(net.layers, x, lambda: rest.pop(0))

        def loss(tensors):
            return 0.5 * jnp.sum((outputs(tensors, x, True) - y) ** 2)

        kernel = neural_tangents.empirical_ntk_fn(
            lambda tensors, x: outputs(tensors, x), trace_axes=(), vmap_axes=0
        )
        ntk = numpy.asarray(kernel(x, None, tensors)).transpose(0, 2, 1, 3)
        gradient = numpy.concatenate([numpy.ravel(g) for g in jax.grad(loss)(tensors)])
        wanted = [entry for t in given["tensors"] for entry in t["gradient"]]
        for what, found, exact in (
            ("outputs", outputs(tensors, x, True), given["outputs"]),
            ("gradient", gradient, wanted),
            ("ntk", ntk, given["ntk"]),
        ):
            exact = numpy.array(exact)
            distance = numpy.abs(numpy.ravel(found) - exact).max() / numpy.abs(exact).max()
            # Written so that NaN is no match.
            assert distance <= 1e-10, f"{given['name']}: {what} {distance:.1e}"
            worst = max(worst, distance)
    print(f"neural-tangents agrees to {worst:.0e} of the largest entry")


check() if sys.argv[1:] == ["check"] else make()
