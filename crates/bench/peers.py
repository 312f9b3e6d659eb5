"""A peer: the same work in PyTorch, JAX, neural-tangents, SciPy or NumPy, at its best.

  python peers.py PEER THREADS

Started by the bench and asked over standard input, one JSON object a line:

  {"id": 1, "do": "version"}                                    -> {"version": text}
  {"id": 2, "do": "prepare", "work": ..., "rate": ..., "slope": ..., "top": k or null,
   "arrays": [{"path": ..., "shape": [...]}, ...]}              -> {}
  {"id": 3, "do": "result", "path": ...}                        -> {}         (raw f32)
  {"id": 4, "do": "run", "times": n}                            -> {"seconds": ...}
  {"id": 5, "do": "forget"}                                     -> {}

Each answer repeats the id. Where something fails it is {"error": message}, where a package cannot be
imported {"missing": message}. Arrays are raw little-endian f32 in row-major order. Time is taken here,
around the work alone: neither compilation nor the exchange of data is in it.
"""

import json
import os
import sys

NAME, THREADS = sys.argv[1], int(sys.argv[2])
# Before any library starts its threads. XLA takes as many as there are cores to run on.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(THREADS)
os.environ["JAX_PLATFORMS"] = "cpu"

import ctypes
import importlib.metadata
import time
import types
import warnings

warnings.filterwarnings("ignore")


def end_with_the_bench():
    """Has Linux end this program when the bench ends, and before the bench where memory runs out."""
    try:
        ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    except (OSError, AttributeError):
        pass


def layers(arrays):
    """(weight, bias) of each layer from W_0, c_0, W_1, ..."""
    return list(zip(arrays[::2], arrays[1::2]))


def flat(gradients):
    """Gradients of all layers as one vector, W_0, c_0, W_1, ..."""
    return numpy.concatenate([numpy.asarray(g).ravel() for layer in gradients for g in layer])


class TorchStep:
    """Eager PyTorch: autograd and fused parameter updates."""

    def __init__(self, task, x, y, *parameters):
        self.rate, self.slope = task["rate"], task["slope"]
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)
        self.start = parameters
        self.parameters = [torch.from_numpy(p.copy()).requires_grad_() for p in parameters]

    def gradients(self):
        h = self.x
        pairs = layers(self.parameters)
        for l, (weight, bias) in enumerate(pairs):
            h = torch.addmm(bias, h, weight)
            if l + 1 < len(pairs):
                h = torch.nn.functional.leaky_relu(h, self.slope, inplace=True)
        loss = torch.nn.functional.mse_loss(h, self.y, reduction="sum") * (0.5 / len(self.x))
        return torch.autograd.grad(loss, self.parameters)

    def run(self):
        gradients = self.gradients()
        with torch.no_grad():
            torch._foreach_add_(self.parameters, gradients, alpha=-self.rate)

    def result(self):
        return flat(layers(self.gradients()))


class JaxStep:
    """One jitted function from parameters to updated parameters."""

    def __init__(self, task, x, y, *parameters):
        rate, slope = task["rate"], task["slope"]

        def loss(parameters, x, y):
            f = network(parameters, x, slope)
            return 0.5 / len(x) * jnp.sum((f - y) ** 2)

        def step(parameters, x, y):
            gradients = jax.grad(loss)(parameters, x, y)
            return jax.tree_util.tree_map(lambda p, g: p - rate * g, parameters, gradients)

        self.gradient = jax.jit(jax.grad(loss))
        self.step = jax.jit(step)
        self.x, self.y = jnp.asarray(x), jnp.asarray(y)
        self.parameters = [(jnp.asarray(w), jnp.asarray(b)) for w, b in layers(parameters)]

    def run(self):
        self.parameters = self.step(self.parameters, self.x, self.y)
        # Waited for here although only the last run of a reading would need it: a training loop
        # that looks at its loss waits too, and ours does.
        jax.block_until_ready(self.parameters)

    def result(self):
        return flat(self.gradient(self.parameters, self.x, self.y))


def network(parameters, x, slope):
    h = x
    for l, (weight, bias) in enumerate(parameters):
        h = h @ weight + bias
        if l + 1 < len(parameters):
            h = jax.nn.leaky_relu(h, slope)
    return h


class NeuralTangents:
    """The empirical kernel by structured derivatives, its fastest for these networks, jitted."""

    def __init__(self, task, x, _y, *parameters):
        kernel = neural_tangents.empirical_ntk_fn(
            lambda parameters, x: network(parameters, x, task["slope"]),
            # All outputs against all: nothing is summed or divided.
            trace_axes=(),
            # Without this the same takes ten times as long.
            vmap_axes=0,
            implementation=neural_tangents.NtkImplementation.STRUCTURED_DERIVATIVES,
        )
        self.kernel = jax.jit(lambda x, parameters: kernel(x, None, parameters))
        self.x = jnp.asarray(x)
        self.parameters = [(jnp.asarray(w), jnp.asarray(b)) for w, b in layers(parameters)]

    def run(self):
        return jax.block_until_ready(self.kernel(self.x, self.parameters))

    def result(self):
        # (n, n, o, o) to sample-major rows and columns.
        return numpy.asarray(self.run()).transpose(0, 2, 1, 3)


class Decomposition:
    """Eigenpairs of a symmetric matrix; `solve` gives values in rising order and columns."""

    def __init__(self, task, gram):
        self.gram = self.taken(gram)
        self.top = task["top"] or len(gram)

    @staticmethod
    def taken(gram):
        return gram

    def run(self):
        return self.solve()

    def result(self):
        values, vectors = (numpy.asarray(part) for part in self.solve())
        values, vectors = values[::-1][: self.top], vectors[:, ::-1][:, : self.top]
        return numpy.concatenate([values, vectors.T.ravel()])


class ScipyEigh(Decomposition):
    def solve(self):
        n = len(self.gram)
        top = [n - self.top, n - 1]
        return scipy.linalg.eigh(self.gram, subset_by_index=top, check_finite=False)


class NumpyEigh(Decomposition):
    def solve(self):
        return numpy.linalg.eigh(self.gram)


class TorchEigh(Decomposition):
    @staticmethod
    def taken(gram):
        return torch.from_numpy(gram)

    def solve(self):
        return torch.linalg.eigh(self.gram)


PEERS = {
    ("step", "torch"): TorchStep,
    ("step", "jax"): JaxStep,
    ("gramian", "neural-tangents"): NeuralTangents,
    ("eigenpairs", "scipy"): ScipyEigh,
    ("eigenpairs", "numpy"): NumpyEigh,
    ("eigenpairs", "torch"): TorchEigh,
}


def import_libraries():
    """The libraries of this peer, as globals of their usual names."""
    global jax, jnp, neural_tangents, numpy, scipy, torch
    import numpy

    if NAME == "scipy":
        import scipy.linalg
    elif NAME == "torch":
        import torch

        torch.set_num_threads(THREADS)
    elif NAME in ("jax", "neural-tangents"):
        import jax
        import jax.numpy as jnp
    if NAME == "neural-tangents":
        # Its TensorFlow bridge is imported eagerly; nothing here uses it.
        bridge = "neural_tangents.experimental"
        sys.modules[bridge] = types.ModuleType(bridge)
        import neural_tangents


def version():
    own = importlib.metadata.version(NAME)
    if NAME == "neural-tangents":
        return f"{own}, jax {importlib.metadata.version('jax')}"
    return own


def array(given):
    return numpy.fromfile(given["path"], numpy.float32).reshape(given["shape"])


def answer(task, prepared):
    do = task["do"]
    if do == "version":
        return {"version": version()}
    if do == "prepare":
        prepared["work"] = PEERS[task["work"], NAME](task, *map(array, task["arrays"]))
    elif do == "result":
        result = prepared["work"].result()
        numpy.ascontiguousarray(result, numpy.float32).tofile(task["path"])
    elif do == "run":
        run = prepared["work"].run
        start = time.perf_counter()
        for _ in range(task["times"]):
            run()
        return {"seconds": time.perf_counter() - start}
    elif do == "forget":
        prepared.clear()
        if "jax" in globals():
            # Compiled programs would pile up over the curves.
            jax.clear_caches()
    else:
        raise ValueError(f"nothing is known of {do!r}")
    return {}


def main():
    end_with_the_bench()
    # What libraries print must not come between answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    missing = None
    try:
        import_libraries()
    except ImportError as error:
        missing = f"{type(error).__name__}: {error}"
    prepared = {}
    for line in sys.stdin:
        task = json.loads(line)
        try:
            reply = {"missing": missing} if missing else answer(task, prepared)
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps({"id": task["id"], **reply}), file=answers, flush=True)


main()
