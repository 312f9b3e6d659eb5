"""Kernels of infinite networks in f64, by neural-tangents where it knows the layer, else from the formula.

    python3 -m venv env && env/bin/pip install jax==0.4.25 jaxlib==0.4.25 'numpy<2' 'scipy<1.13' neural-tangents==0.6.5
    env/bin/python make.py > networks.json

neural-tangents has no quadrature that reaches 1e-10, no trained scale and shift of layer norm, and no group
norm: these are worked out here by a trapezoidal rule in two dimensions and by hand.
"""
import json
import sys
import types

sys.modules["neural_tangents.experimental"] = types.ModuleType("x")
import jax

jax.config.update("jax_enable_x64", True)
import numpy as np
from neural_tangents import stax

random = np.random.default_rng(0)
W, B = 1.3, 0.4
NTK = {"ntk": {"weight_std": W, "bias_std": B}}
cases = []


def add(name, network, x, y, kernel):
    both = kernel(x, y)
    own = kernel(x, x)
    flat = lambda a: np.asarray(a, np.float64).reshape(-1).tolist()
    shape = list(x.shape[1:]) if x.ndim == 4 else None
    cases.append({
        "name": name, "network": network, "shape": shape,
        "left": flat(x), "right": flat(y), "dimension": int(np.prod(x.shape[1:])),
        "nngp": flat(both[0]), "ntk": flat(both[1]), "own_nngp": flat(own[0]), "own_ntk": flat(own[1]),
    })


def tangents(*layers):
    kernel = stax.serial(*layers)[2]

    def of(x, y):
        if x is y:
            k = kernel(x, None, ("nngp", "ntk"))
        else:
            k = kernel(x, y, ("nngp", "ntk"))
        return np.asarray(k.nngp), np.asarray(k.ntk)

    return of


def dense(units=1, parameterization="ntk", w=W, b=B):
    return stax.Dense(units, w, b, parameterization=parameterization)


# Fully connected, every activation that neural-tangents has in closed form.
x, y = random.normal(size=(5, 6)), random.normal(size=(4, 6))
for name, key, layer in [
    ("relu", "relu", stax.Relu()),
    ("leaky relu", {"leaky_relu": 0.2}, stax.LeakyRelu(0.2)),
    ("erf", "erf", stax.Erf()),
    ("gelu", "gelu", stax.Gelu()),
    ("sine", "sine", stax.Sin()),
    ("linear", "linear", stax.Identity()),
]:
    network = {"hidden": [7, 7, 7], "activation": key, "init": NTK}
    add(f"dense {name}", network, x, y, tangents(*[l for _ in range(3) for l in (dense(), layer)], dense()))


# The others by a trapezoidal rule.
def expectation(f, g, c, q, r):
    z = np.arange(-12, 12.01, 0.08)
    weight = 0.08 * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    rho = np.clip(c / np.sqrt(q * r), -1, 1)
    u = np.sqrt(q) * z[:, None]
    v = np.sqrt(r) * (rho * z[:, None] + np.sqrt(1 - rho**2) * z[None, :])
    return (weight[:, None] * weight[None, :] * f(u) * g(v)).sum()


def by_rule(value, slope, depth):
    def of(x, y):
        d = x.shape[1]
        k, t = x @ y.T / d, np.zeros((len(x), len(y)))
        q, r = (x * x).sum(1) / d, (y * y).sum(1) / d
        for layer in range(depth + 1):
            k, q, r = (W * W * a + B * B for a in (k, q, r))
            t = k + W * W * t
            if layer < depth:
                pairs = [(i, j) for i in range(len(x)) for j in range(len(y))]
                dot = np.array([expectation(slope, slope, k[p], q[p[0]], r[p[1]]) for p in pairs]).reshape(k.shape)
                k = np.array([expectation(value, value, k[p], q[p[0]], r[p[1]]) for p in pairs]).reshape(k.shape)
                q, r = (np.array([expectation(value, value, a, a, a) for a in v]) for v in (q, r))
                t = t * dot
        return k, t

    return of


sigmoid = lambda z: 1 / (1 + np.exp(-z))
for name, value, slope in [
    ("tanh", np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    ("sigmoid", sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    ("softplus", lambda z: np.logaddexp(0, z), sigmoid),
]:
    add(f"dense {name}", {"hidden": [7, 7], "activation": name, "init": NTK}, x, y, by_rule(value, slope, 2))

# The standard parameterization of finite widths; biases start at 0, whose factor there is √(1/σ_w²) of ours.
for init, w in [("he", np.sqrt(2)), ("lecun", 1.0)]:
    for bias in (True, False):
        b = 0.0 if bias else None
        layers = []
        for width in (11, 9):
            layers += [dense(width, "standard", w, b), stax.Relu()]
        network = {"hidden": [11, 9], "activation": "relu", "init": init, "bias": bias}
        add(f"standard {init} bias {bias}", network, x, y, tangents(*layers, dense(1, "standard", w, b)))

# Convolutional.
x, y = random.normal(size=(3, 6, 5, 2)), random.normal(size=(2, 6, 5, 2))


def conv(kernel=3, stride=1, padding="same", local=False):
    ours = {"channels": 4, "kernel": kernel, "stride": stride, "padding": padding}
    make = stax.ConvLocal if local else stax.Conv
    theirs = make(1, (kernel, kernel), (stride, stride), padding.upper(), W, B)
    return {"locally_connected" if local else "conv": ours}, theirs


def pool(side, stride):
    ours = {"average_pool": {"window": side, "stride": stride}}
    return ours, stax.AvgPool((side, side), (stride, stride), "VALID")


RELU, ERF = ("relu", stax.Relu()), ("erf", stax.Erf())
HEADS = {"flatten": ("flatten", stax.Flatten()), "gap": ("global_average_pool", stax.GlobalAvgPool())}


def residual(inside, shortcut=()):
    ours = {"residual": {"layers": [a for a, _ in inside], "shortcut": [a for a, _ in shortcut]}}
    other = stax.serial(*[b for _, b in shortcut]) if shortcut else stax.Identity()
    theirs = stax.serial(
        stax.FanOut(2), stax.parallel(stax.serial(*[b for _, b in inside]), other), stax.FanInSum())
    return ours, theirs


def networks():
    for padding in ("same", "circular", "valid"):
        for kernel in (2, 3):
            yield f"{padding} {kernel}", [conv(kernel, 1, padding), RELU, conv(3, 1, padding), RELU]
        yield f"{padding} stride 2", [conv(3, 2, padding), RELU, conv(1, 1, padding), RELU]
    yield "stride 3", [conv(3), RELU, conv(3, 3), RELU]
    yield "pool", [conv(), RELU, pool(2, 2), conv(), RELU]
    yield "pool last", [conv(), RELU, pool(3, 1)]
    yield "pool first", [pool(2, 1), conv(), RELU]
    yield "erf", [conv(), ERF, conv(), ERF]
    yield "residual", [conv(), residual([RELU, conv(), RELU, conv()]), RELU]
    yield "projection", [conv(), residual([RELU, conv(3, 2)], [conv(1, 2)]), RELU, conv(), RELU]
    yield "residual of the input", [residual([conv(), RELU, conv()], [conv(1)]), RELU]
    yield "local", [conv(3, 1, "same", True), RELU, conv(), RELU]
    yield "local last", [conv(), RELU, conv(2, 1, "valid", True), RELU]


for name, layers in networks():
    for head, end in HEADS.items():
        if name == "pool last" and head == "gap":
            continue
        all_layers = layers + [end, ({"dense": 1}, dense())]
        network = {"layers": [a for a, _ in all_layers], "init": NTK}
        add(f"{head} {name}", network, x, y, tangents(*[b for _, b in all_layers]))

# Dense layers after the head, and images read by `hidden`.
ends = [conv(), RELU, HEADS["gap"], ({"dense": 3}, dense(3)), RELU, ({"dense": 1}, dense())]
add("dense after pooling", {"layers": [a for a, _ in ends], "init": NTK}, x, y, tangents(*[b for _, b in ends]))
add("hidden of images", {"hidden": [3], "activation": "relu", "init": NTK}, x, y,
    tangents(stax.Flatten(), dense(3), stax.Relu(), dense()))


# Norms with trained scale γ = 1 and shift β = 0, each before a relu.
def relu_dual(c, q, r):
    root = np.sqrt(np.maximum(q * r - c * c, 0))
    dot = 0.5 - np.arctan2(root, c) / (2 * np.pi)
    return root / (2 * np.pi) + dot * c, dot


def window_sum(a, axes):
    for first, second in axes:
        pads = [(0, 0)] * a.ndim
        pads[first] = pads[second] = (1, 1)
        n, m = a.shape[first], a.shape[second]
        p = np.pad(a, pads)
        total = 0
        for tap in range(3):
            at = [slice(None)] * a.ndim
            at[first], at[second] = slice(tap, tap + n), slice(tap, tap + m)
            total = total + p[tuple(at)]
        a = total
    return a / 9


def normed(whole, epsilon, pooled):
    """conv, norm, relu, conv, norm, relu, head, dense on all pairs of places (h, i, w, v)."""

    def of(x, y):
        axes = [(2, 3), (4, 5)]
        start = lambda a, b: np.einsum("nhwc,mivc->nmhiwv", a, b) / a.shape[-1]
        k, own, other = start(x, y), start(x, x), start(y, y)
        t = np.zeros_like(k)
        for _ in range(2):
            k, own, other = (W * W * window_sum(a, axes) + B * B for a in (k, own, other))
            t = k + W * W * window_sum(t, axes)
            variances = lambda a: np.einsum("nnhhww->nhw", a)

            def scales(a):
                q = variances(a)
                return np.broadcast_to(q.mean((1, 2), keepdims=True), q.shape) if whole else q

            def divide(a, q, r):
                left, right = 1 / np.sqrt(q + epsilon), 1 / np.sqrt(r + epsilon)
                return a * left[:, None, :, None, :, None] * right[None, :, None, :, None, :]

            q, r = scales(own), scales(other)
            k, t, own, other = divide(k, q, r), divide(t, q, r), divide(own, q, q), divide(other, r, r)
            t = t + 1
            q, r = variances(own), variances(other)
            spread = lambda q, r: (q[:, None, :, None, :, None], r[None, :, None, :, None, :])
            k, dot = relu_dual(k, *spread(q, r))
            # What γ adds: E[u φ'(u) v φ'(v)] = E[φφ], since u is what φ' is taken of.
            t = t * dot + k
            own, other = relu_dual(own, *spread(q, q))[0], relu_dual(other, *spread(r, r))[0]
        if pooled:
            k, t = k.mean((2, 3, 4, 5)), t.mean((2, 3, 4, 5))
        else:
            places = x.shape[1] * x.shape[2]
            k, t = (np.einsum("nmhhww->nm", a) / places for a in (k, t))
        k = W * W * k + B * B
        return k, k + W * W * t

    return of


for head in HEADS:
    for whole, norm in [(False, {"layer_norm": {"epsilon": 0.01}}), (True, {"group_norm": {"groups": 2, "epsilon": 0.01}})]:
        c = {"conv": {"channels": 4, "kernel": 3}}
        layers = [c, norm, "relu", c, norm, "relu", HEADS[head][0], {"dense": 1}]
        add(f"{head} {list(norm)[0]}", {"layers": layers, "init": NTK}, x, y, normed(whole, 0.01, head == "gap"))

json.dump(cases, sys.stdout)
