"""A peer: the same work in PyTorch, JAX, neural-tangents, SciPy or NumPy, at its best.

  python peers.py PEER THREADS

Started by the bench and asked over standard input, one JSON object a line:

  {"id": 1, "do": "version"}                                    -> {"version": text}
  {"id": 2, "do": "prepare", "work": ..., "rate": ..., "top": k or null, "network": ...,
   "fits": {"ridges": [...], "times": [...]} or null,
   "arrays": [{"path": ..., "shape": [...]}, ...]}              -> {}
  {"id": 3, "do": "result", "path": ...}                        -> {}         (raw f32)
  {"id": 4, "do": "run", "times": n}                            -> {"seconds": ...}
  {"id": 5, "do": "forget"}                                     -> {}

A network is {"slope": ...}, fully connected with leaky relus, or {"layers": [...], "bias": ...}, on images
n × h × w × c, or, in the limit of infinite width, {"layers": [...], "init": ...}. Each answer repeats the id. Where something fails it is {"error": message}, where a package cannot be
imported {"missing": message}. Arrays are raw little-endian f32 in row-major order. Time is taken here,
around the work alone: neither compilation nor the exchange of data is in it.
"""

import json
import os
import sys

NAME, THREADS = sys.argv[1], int(sys.argv[2])
# Another way to use the same library has a name of its own.
LIBRARY = NAME.removesuffix("-cholesky")
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

import layers

warnings.filterwarnings("ignore")


def end_with_the_bench():
    """Has Linux end this program when the bench ends, and before the bench where memory runs out."""
    try:
        ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    except (OSError, AttributeError):
        pass


def pairs(parameters):
    """(weight, bias) of each dense layer from W_0, c_0, W_1, ..."""
    return list(zip(parameters[::2], parameters[1::2]))


def flat(arrays):
    """The entries of all arrays as one vector."""
    return numpy.concatenate([numpy.asarray(array).ravel() for array in arrays])


def torch_function(network, in_place):
    """f(parameters, x) in PyTorch."""
    if "layers" in network:
        return layers.torch_network(torch)(**network, in_place=in_place)

    def dense(parameters, h):
        all_pairs = pairs(parameters)
        for l, (weight, bias) in enumerate(all_pairs):
            h = torch.addmm(bias, h, weight)
            if l + 1 < len(all_pairs):
                h = torch.nn.functional.leaky_relu(h, network["slope"], inplace=in_place)
        return h

    return dense


class TorchStep:
    """Eager PyTorch: autograd and fused parameter updates.

    Convolutions have their channels last: with the channels first a step of the bench's takes half as
    long again, and compiled (torch.compile) a fifth longer.
    """

    def __init__(self, task, x, y, *parameters):
        self.rate = task["rate"]
        self.x, self.y = layers.to_torch(torch, x), torch.from_numpy(y)
        self.network = torch_function(task["network"], in_place=True)
        self.parameters = [layers.to_torch_weight(torch, p).requires_grad_() for p in parameters]

    def gradients(self):
        f = self.network(self.parameters, self.x)
        loss = torch.nn.functional.mse_loss(f, self.y, reduction="sum") * (0.5 / len(self.x))
        return torch.autograd.grad(loss, self.parameters)

    def run(self):
        gradients = self.gradients()
        with torch.no_grad():
            torch._foreach_add_(self.parameters, gradients, alpha=-self.rate)

    def result(self):
        return flat(map(layers.from_torch_weight, self.gradients()))


class JaxStep:
    """One jitted function from parameters to updated parameters."""

    def __init__(self, task, x, y, *parameters):
        rate, network = task["rate"], jax_function(task["network"])

        def loss(parameters, x, y):
            f = network(parameters, x)
            return 0.5 / len(x) * jnp.sum((f - y) ** 2)

        def step(parameters, x, y):
            gradients = jax.grad(loss)(parameters, x, y)
            return jax.tree_util.tree_map(lambda p, g: p - rate * g, parameters, gradients)

        self.gradient = jax.jit(jax.grad(loss))
        self.step = jax.jit(step)
        self.x, self.y = jnp.asarray(x), jnp.asarray(y)
        self.parameters = list(map(jnp.asarray, parameters))

    def run(self):
        self.parameters = self.step(self.parameters, self.x, self.y)
        # Waited for here although only the last run of a reading would need it: a training loop
        # that looks at its loss waits too, and ours does.
        jax.block_until_ready(self.parameters)

    def result(self):
        return flat(self.gradient(self.parameters, self.x, self.y))


def jax_function(network):
    """f(parameters, x) in JAX."""
    if "layers" in network:
        return layers.jax_network(jax)(**network)

    def dense(parameters, h):
        all_pairs = pairs(parameters)
        for l, (weight, bias) in enumerate(all_pairs):
            h = h @ weight + bias
            if l + 1 < len(all_pairs):
                h = jax.nn.leaky_relu(h, network["slope"])
        return h

    return dense


class NeuralTangents:
    """The empirical kernel, jitted, by the fastest of the three implementations."""

    # Samples on which they are compared.
    TRIAL = 16

    def __init__(self, task, x, _y, *parameters):
        self.x, self.parameters = jnp.asarray(x), list(map(jnp.asarray, parameters))
        network = jax_function(task["network"])
        ways = neural_tangents.NtkImplementation
        if "layers" not in task["network"]:
            # The fastest of fully connected networks at all sizes of the bench.
            self.kernel = self.by(ways.STRUCTURED_DERIVATIVES, network)
            return
        some = self.x[: self.TRIAL]
        known = (ways.JACOBIAN_CONTRACTION, ways.STRUCTURED_DERIVATIVES, ways.NTK_VECTOR_PRODUCTS)
        kernels = [self.by(way, network) for way in known]
        self.kernel = min(kernels, key=lambda kernel: self.seconds(kernel, some))

    @staticmethod
    def by(implementation, network):
        kernel = neural_tangents.empirical_ntk_fn(
            network,
            # All outputs against all: nothing is summed or divided.
            trace_axes=(),
            # Without this the same takes ten times as long.
            vmap_axes=0,
            implementation=implementation,
        )
        return jax.jit(lambda x, parameters: kernel(x, None, parameters))

    def seconds(self, kernel, x):
        """The shorter of two runs after the one that compiles."""
        times = []
        for _ in range(3):
            start = time.perf_counter()
            jax.block_until_ready(kernel(x, self.parameters))
            times.append(time.perf_counter() - start)
        return min(times[1:])

    def run(self):
        return jax.block_until_ready(self.kernel(self.x, self.parameters))

    def result(self):
        # (n, n, o, o) to sample-major rows and columns.
        return numpy.asarray(self.run()).transpose(0, 2, 1, 3)


class TorchJacobians:
    """The empirical kernel by torch.func: Jacobians of single samples, vectorized, times themselves."""

    # Rows of the Jacobian that are computed at once: half or twice as many take longer.
    AT_ONCE = 64

    def __init__(self, task, x, _y, *parameters):
        network = torch_function(task["network"], in_place=False)
        self.x = layers.to_torch(torch, x)
        self.parameters = [layers.to_torch_weight(torch, p) for p in parameters]
        self.outputs = task["arrays"][1]["shape"][1]
        if self.outputs == 1:
            of_sample = torch.func.grad(lambda parameters, x: network(parameters, x[None])[0, 0])
        else:
            of_sample = torch.func.jacrev(lambda parameters, x: network(parameters, x[None])[0])
        self.jacobians = torch.func.vmap(of_sample, (None, 0))
        columns = sum(p.numel() for p in self.parameters)
        self.jacobian = torch.empty(len(x) * self.outputs, columns)

    @property
    def samples_at_once(self):
        return max(1, self.AT_ONCE // self.outputs)

    def run(self):
        with torch.no_grad():
            rows = self.jacobian.split(self.samples_at_once * self.outputs)
            for rows, x in zip(rows, self.x.split(self.samples_at_once)):
                parts = self.jacobians(self.parameters, x)
                torch.cat([part.reshape(len(rows), -1) for part in parts], 1, out=rows)
            return self.jacobian @ self.jacobian.T

    def result(self):
        return self.run()


class InfiniteLimit:
    """Both kernels of an infinite network from one call, jitted.

    Batches of `neural_tangents.batch` take as long for dense layers, and longer for pooled images.
    """

    def __init__(self, task, x):
        kernel = layers.stax_kernel(stax, **task["network"])
        self.kernels = jax.jit(lambda x: kernel(x, None, ("nngp", "ntk")))
        self.x = jnp.asarray(x)

    def run(self):
        return jax.block_until_ready(self.kernels(self.x))

    def result(self):
        return flat(self.run())


class EighRegression:
    """Kernel regression in f64 by one eigendecomposition, at all ridges and times together."""

    def __init__(self, task, *arrays):
        self.kernel, self.cross, self.y = (array.astype(numpy.float64) for array in arrays)
        self.ridges, self.times = (numpy.array(task["fits"][name]) for name in ("ridges", "times"))

    def eigenpairs(self):
        return scipy.linalg.eigh(self.kernel, check_finite=False)

    def run(self):
        s, u = self.eigenpairs()
        return self.predictions(numpy.concatenate([self.of_ridges(s), self.of_times(s)]), u)

    def of_ridges(self, s):
        return 1 / (s + self.ridges[:, None])

    def of_times(self, s):
        return -numpy.expm1(-s * self.times[:, None]) / s

    def predictions(self, gains, u):
        """Test samples × outputs of each row of gains, from one product for all."""
        signal = u.T @ self.y
        weighted = (gains.T[:, :, None] * signal[:, None, :]).reshape(len(u), -1)
        return ((self.cross @ u) @ weighted).reshape(len(self.cross), len(gains), -1)

    def result(self):
        return self.run().transpose(1, 0, 2)


class NumpyRegression(EighRegression):
    """The same by NumPy's eigendecomposition: divide and conquer from an OpenBLAS of its own, not SciPy's MRRR."""

    def eigenpairs(self):
        return numpy.linalg.eigh(self.kernel)


class CholeskyRegression(EighRegression):
    """The same with a solve for each ridge, as one writes it down; times by the eigendecomposition."""

    def run(self):
        fits = [self.solved(ridge)[:, None] for ridge in self.ridges]
        s, u = self.eigenpairs()
        return numpy.concatenate([*fits, self.predictions(self.of_times(s), u)], 1)

    def solved(self, ridge):
        shifted = self.kernel + ridge * numpy.eye(len(self.kernel))
        factor = scipy.linalg.cho_factor(shifted, overwrite_a=True, check_finite=False)
        return self.cross @ scipy.linalg.cho_solve(factor, self.y, check_finite=False)


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
    ("gramian", "torch"): TorchJacobians,
    ("infinite", "neural-tangents"): InfiniteLimit,
    ("regression", "scipy"): EighRegression,
    ("regression", "numpy"): NumpyRegression,
    ("regression", "scipy-cholesky"): CholeskyRegression,
    ("eigenpairs", "scipy"): ScipyEigh,
    ("eigenpairs", "numpy"): NumpyEigh,
    ("eigenpairs", "torch"): TorchEigh,
}


def import_libraries():
    """The libraries of this peer, as globals of their usual names."""
    global jax, jnp, neural_tangents, numpy, scipy, stax, torch
    import numpy

    if LIBRARY == "scipy":
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
        from neural_tangents import stax


def version():
    own = importlib.metadata.version(LIBRARY)
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
