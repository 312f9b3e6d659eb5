"""Networks of layers for peers.py: a list of layers as in YAML, on the arrays of PyTorch or JAX.

Tensors come in the order of the layers, of a residual its `layers` before its `shortcut`; a convolution's
weight is k × k × c_in × c_out, images are n × h × w × c.
"""

import math

EPSILON = 1e-5


def padding(size, kernel, stride):
    """Rows before and after an image of `size` rows under `same`, as in TensorFlow and JAX."""
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def parts(given):
    """Layers and shortcut of a residual."""
    return (given["layers"], given["shortcut"]) if isinstance(given, dict) else (given, [])


class Network:
    """f(x) of a list of layers, each a method called as in YAML; `take` hands out the tensors in order.

    `bias` says whether convolutions and dense layers have one, `in_place` whether what nobody needs again
    may be overwritten.
    """

    def __init__(self, layers, bias, in_place=False):
        self.layers, self.bias, self.in_place = layers, bias, in_place

    def __call__(self, parameters, x):
        return self.through(self.layers, x, iter(parameters).__next__)

    def through(self, layers, x, take):
        for place, layer in enumerate(layers):
            kind, given = (layer, None) if isinstance(layer, str) else next(iter(layer.items()))
            if kind == "residual":
                inner, shortcut = parts(given)
                branch = self.through(inner, x, take)
                x = branch + self.through(shortcut, x, take)
            elif kind in ("conv", "dense"):
                weight = take()
                x = getattr(self, kind)(given, x, weight, take() if self.bias else None)
            elif kind == "batch_norm":
                x = self.batch_norm(x, take(), take())
            elif kind == "relu":
                # What comes first in a list may be needed elsewhere.
                x = self.relu(x, self.in_place and place > 0)
            elif kind == "average_pool":
                x = self.average_pool(x, given)
            else:
                x = getattr(self, kind)(x)
        return x


def torch_network(torch):
    """The class of networks in PyTorch: images n × c × h × w, weights c_out × c_in × k × k, both with
    channels last in memory."""
    functional = torch.nn.functional

    class Torch(Network):
        @staticmethod
        def conv(given, x, weight, bias):
            kernel, stride = given["kernel"], given.get("stride", 1)
            around = [0, 0]
            if given.get("padding", "same") == "same":
                sides = [padding(size, kernel, stride) for size in x.shape[2:]]
                if all(before == after for before, after in sides):
                    around = [before for before, _ in sides]
                else:
                    x = functional.pad(x, (*sides[1], *sides[0]))
            return functional.conv2d(x, weight, bias, stride, around)

        @staticmethod
        def dense(_given, x, weight, bias):
            return x @ weight if bias is None else torch.addmm(bias, x, weight)

        @staticmethod
        def batch_norm(x, scale, offset):
            return functional.batch_norm(x, None, None, scale, offset, training=True, eps=EPSILON)

        @staticmethod
        def relu(x, in_place):
            return functional.relu(x, inplace=in_place)

        @staticmethod
        def average_pool(x, window):
            return functional.avg_pool2d(x, window)

        @staticmethod
        def global_average_pool(x):
            return x.mean((2, 3))

        @staticmethod
        def flatten(x):
            return x.permute(0, 2, 3, 1).reshape(len(x), -1)

    return Torch


def to_torch(torch, x):
    """Inputs; of images the channels come second, but stay last in memory."""
    x = torch.from_numpy(x)
    return x.permute(0, 3, 1, 2) if x.ndim == 4 else x


def to_torch_weight(torch, array):
    """A parameter of one's own; weights of a convolution as oneDNN reads them."""
    weight = torch.from_numpy(array.copy())
    if weight.ndim == 4:
        weight = weight.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    return weight


def from_torch_weight(weight):
    """The same in the order in which it came."""
    return weight.permute(2, 3, 1, 0) if weight.ndim == 4 else weight


def jax_network(jax):
    """The class of networks in JAX: images n × h × w × c, weights k × k × c_in × c_out."""
    jnp, lax = jax.numpy, jax.lax

    class Jax(Network):
        @staticmethod
        def conv(given, x, weight, bias):
            stride, how = given.get("stride", 1), given.get("padding", "same").upper()
            z = lax.conv_general_dilated(
                x, weight, (stride, stride), how, dimension_numbers=("NHWC", "HWIO", "NHWC")
            )
            return z if bias is None else z + bias

        @staticmethod
        def dense(_given, x, weight, bias):
            return x @ weight if bias is None else x @ weight + bias

        @staticmethod
        def batch_norm(x, scale, offset):
            axes = tuple(range(x.ndim - 1))
            mean = x.mean(axes)
            variance = ((x - mean) ** 2).mean(axes)
            return (x - mean) * (scale * lax.rsqrt(variance + EPSILON)) + offset

        @staticmethod
        def relu(x, _in_place):
            return jax.nn.relu(x)

        @staticmethod
        def average_pool(x, window):
            sizes = (1, window, window, 1)
            return lax.reduce_window(x, 0.0, lax.add, sizes, sizes, "VALID") / window**2

        @staticmethod
        def global_average_pool(x):
            return x.mean((1, 2))

        @staticmethod
        def flatten(x):
            return x.reshape(len(x), -1)

    return Jax


def stax_kernel(stax, layers, init):
    """The function of both kernels of the infinite network in neural_tangents.stax, in the NTK parameterization."""
    given = init["ntk"]
    scales = {"W_std": given["weight_std"], "b_std": given["bias_std"]}
    known = {
        "relu": stax.Relu,
        "flatten": stax.Flatten,
        "global_average_pool": stax.GlobalAvgPool,
    }

    def layer(spec):
        if isinstance(spec, str):
            return known[spec]()
        ((kind, given),) = spec.items()
        if kind == "dense":
            return stax.Dense(1, **scales)
        side = given["kernel"]
        return stax.Conv(1, (side, side), padding="SAME", **scales)

    return stax.serial(*map(layer, layers))[2]
