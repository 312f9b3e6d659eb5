"""The experiment of pipelines/lr-decay.yaml as one plain script on jitted JAX, neural-tangents and SciPy.

  python lr_decay.py EXPERIMENT.json THREADS RESULTS

Trains by full-batch gradient descent and measures the NTK at every checkpoint: what the stage `spectrum`
writes by default, except frequencies, the baseline of sinusoids and descent with frozen kernels. What
nobody but a later stage would read (the Gramians) stays in memory, and no report is drawn. So the
script does somewhat less than the pipeline. The last line is JSON: seconds of the work alone, of
importing and compiling before it, and of its parts.

Each choice is the fastest that was found: eigenpairs by LAPACK's syevd through SciPy (twice as fast
as NumPy's own at N = 1024), neural-tangents' structured derivatives vectorized over samples, steps in
one compiled loop from record to record (no slower than calls from Python), and everything compiled
once.
"""

import json
import os
import sys
import time

started = time.perf_counter()

THREADS = int(sys.argv[2])
# Before any library starts its threads. XLA takes as many as there are cores to run on.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(THREADS)
os.environ["JAX_PLATFORMS"] = "cpu"

import ctypes
import types
import warnings

try:
    # Linux ends this program when the bench ends, and before the bench where memory runs out.
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
except (OSError, AttributeError):
    pass

warnings.filterwarnings("ignore")

# neural-tangents imports its TensorFlow bridge eagerly; nothing here uses it.
sys.modules["neural_tangents.experimental"] = types.ModuleType("neural_tangents.experimental")

import jax
import jax.numpy as jnp
import neural_tangents
import numpy as np
import scipy.linalg

experiment = json.load(open(sys.argv[1]))
results = sys.argv[3]
SLOPE = experiment["slope"]
STEPS = experiment["steps"]


def array(given):
    return np.fromfile(given["path"], np.float32).reshape(given["shape"])


def network(parameters, x):
    h = x
    for l, (weight, bias) in enumerate(parameters):
        h = h @ weight + bias
        if l + 1 < len(parameters):
            h = jax.nn.leaky_relu(h, SLOPE)
    return h


def loss(parameters, x, y):
    return 0.5 / len(x) * jnp.sum((network(parameters, x) - y) ** 2)


def updated(parameters, x, y, rate):
    gradient = jax.grad(loss)(parameters, x, y)
    return jax.tree_util.tree_map(lambda p, g: p - rate * g, parameters, gradient)


def descended(parameters, x, y, rate, count):
    """The parameters `count` steps later."""
    return jax.lax.fori_loop(0, count, lambda _, p: updated(p, x, y, rate), parameters)


def recorded(parameters, x, y, x_test, y_test, rate):
    """One step, and what the history and a checkpoint keep of the parameters before it."""

    def value(parameters):
        f = network(parameters, x)
        return 0.5 / len(x) * jnp.sum((f - y) ** 2), f

    (train_loss, f), gradient = jax.value_and_grad(value, has_aux=True)(parameters)
    norm = jnp.sqrt(sum(jnp.sum(g**2) for g in jax.tree_util.tree_leaves(gradient)))
    f_test = network(parameters, x_test)
    test_loss = 0.5 / len(x_test) * jnp.sum((f_test - y_test) ** 2)
    after = jax.tree_util.tree_map(lambda p, g: p - rate * g, parameters, gradient)
    return after, (train_loss, test_loss, norm), f[:, 0], f_test[:, 0]


kernel = neural_tangents.empirical_ntk_fn(
    lambda parameters, x: network(parameters, x),
    trace_axes=(-1,),
    # Without this the same takes ten times as long.
    vmap_axes=0,
    implementation=neural_tangents.NtkImplementation.STRUCTURED_DERIVATIVES,
)


def rate_at(step):
    """δ of the update that leaves `step`; the last step keeps the rate that led there."""
    return [rate for since, rate in experiment["rates"] if since <= min(step, STEPS - 1)][-1]


def next_change(step):
    """The first step after `step` from which another rate holds."""
    return min((since for since, _ in experiment["rates"] if since > step), default=STEPS)


def energies(vectors, signals):
    """Relative energies of each of `signals` (rows) in the leading `vectors` (columns)."""
    signals = np.asarray(signals, np.float64)
    shares = (signals @ vectors.astype(np.float64)) ** 2 / np.sum(signals**2, 1, keepdims=True)
    return np.cumsum(shares, axis=1)


def alignment(gram, target):
    return target @ (gram @ target) / (np.linalg.norm(gram) * (target @ target))


def centred(gram):
    means = gram.mean(0)
    return gram - means - means[:, None] + means.mean()


def measured(step, gram, cross, f, f_test, f_after, earlier):
    """Everything that is kept of a checkpoint, and what later ones are compared with."""
    n, rate = len(gram), rate_at(step)
    values, vectors = scipy.linalg.eigh(gram, driver="evd", check_finite=False)
    values, vectors = values[::-1].astype(np.float64), vectors[:, ::-1]
    noise = n * np.finfo(np.float32).eps * values[0]
    resolved = int(np.sum(values > noise))
    stored = min(experiment["eigenvectors"], n)
    test_count = min(max(stored, experiment["test_energies"]), resolved)
    # Nyström: υᵢ(x) = (1/λᵢ) Σⱼ g(x, xⱼ) υᵢ(xⱼ).
    extended = cross @ vectors[:, :test_count] / values[:test_count]
    basis, _ = np.linalg.qr(extended[:, : experiment["test_energies"]])
    residual = f - y_train
    trace, norm = np.trace(gram, dtype=np.float64), np.linalg.norm(gram)
    positive = values[values > 0] / values[values > 0].sum()
    change, foretold = f_after - f, -rate / n * (gram @ residual)
    top = vectors[:, : max(experiment["overlap"])]
    target = y_train - y_train.mean()
    kept = {
        "eigenvalues": values,
        "resolved": resolved,
        "energy": energies(vectors, [y_train, f, residual]),
        "test_energy": energies(basis, [y_test, f_test, f_test - y_test]),
        "eigenvectors": vectors[:, :stored],
        "test_eigenvectors": extended[:, :stored].astype(np.float32),
        "dynamics": [
            rate,
            values[0],
            2 * n / rate,
            trace,
            norm,
            np.exp(-np.sum(positive * np.log(positive))),
            trace**2 / norm**2,
            np.linalg.norm(change - foretold) / np.linalg.norm(change),
            change @ foretold / (np.linalg.norm(change) * np.linalg.norm(foretold)),
            values[-1],
        ],
        "alignment": [alignment(gram, y_train), alignment(centred(gram), target)],
        "mode_speeds": 1 - np.abs(1 - rate * values / n),
        "kernel_distance": [1 - np.vdot(gram, g) / (norm * m) for g, m, _ in earlier],
        # Cosines of the principal angles; the mean of their squares is the eigenspace's overlap.
        **{
            f"cosines_{k}": [
                np.linalg.svd(top[:, :k].T @ v[:, :k], compute_uv=False) for _, _, v in earlier
            ]
            for k in experiment["overlap"]
        },
        "outputs": f,
        "test_outputs": f_test,
    }
    return kept, (gram, norm, top)


x_train, y_train = array(experiment["x_train"]), array(experiment["y_train"])[:, 0]
x_test, y_test = array(experiment["x_test"]), array(experiment["y_test"])[:, 0]
tensors = [jnp.asarray(array(tensor)) for tensor in experiment["parameters"]]
parameters = list(zip(tensors[::2], tensors[1::2]))
x, y = jnp.asarray(x_train), jnp.asarray(y_train[:, None])
xt, yt = jnp.asarray(x_test), jnp.asarray(y_test[:, None])


def compiled(function, *examples):
    return jax.jit(function).lower(*examples).compile()


rate = jnp.float32(0)
descended = compiled(descended, parameters, x, y, rate, 0)
recorded = compiled(recorded, parameters, x, y, xt, yt, rate)
outputs = compiled(lambda p, x: network(p, x)[:, 0], parameters, x)
square = compiled(lambda x, p: kernel(x, None, p), x, parameters)
# Batches of at most 600: a fifth faster than all of 2304 test samples at once.
size = max(size for size in range(1, 601) if len(xt) % size == 0)
batches = jnp.split(xt, len(xt) // size)
cross = compiled(lambda a, b, p: kernel(a, b, p), batches[0], x, parameters)
ready = time.perf_counter()

spent = {"train": 0.0, "ntk": 0.0, "spectrum": 0.0, "write": 0.0}
clock = ready


def account(part):
    global clock
    now = time.perf_counter()
    spent[part] += now - clock
    clock = now


os.makedirs(results)
checkpoints = set(experiment["checkpoints"])
every = experiment["history_every"]
records = sorted(checkpoints | set(range(0, STEPS + 1, every)))
history, kept, first, previous = [], {}, None, None
for step, following in zip(records, records[1:] + [None]):
    rate = jnp.float32(rate_at(step))
    after, numbers, f, f_test = recorded(parameters, x, y, xt, yt, rate)
    train_loss, test_loss, norm = map(float, numbers)
    history.append((step, rate_at(step), train_loss, test_loss, norm, rate_at(step) * norm))
    if step in checkpoints:
        f, f_test, f_after = map(np.asarray, (f, f_test, outputs(after, x)))
        account("train")
        gram = np.asarray(square(x, parameters))
        test_rows = np.concatenate([cross(batch, x, parameters) for batch in batches])
        account("ntk")
        earlier = [kernel for kernel in (first, previous) if kernel is not None]
        tables, this = measured(step, gram, test_rows, f, f_test, f_after, earlier)
        if first is None:
            first = this
        else:
            previous = this
        account("spectrum")
        flat = {f"parameter_{i}": p for i, p in enumerate(jax.tree_util.tree_leaves(parameters))}
        np.savez(os.path.join(results, f"step-{step:010}.npz"), **tables, **flat)
        kept[step] = (tables["eigenvalues"][0], tables["energy"][0][experiment["compared"] - 1])
        account("write")
    parameters, step = after, step + 1
    # The rate changes at a step that need not be a record.
    while following is not None and step < following:
        until = min(following, next_change(step))
        parameters = descended(parameters, x, y, jnp.float32(rate_at(step)), until - step)
        step = until
np.save(os.path.join(results, "history.npy"), np.array(history))
account("write")

print(
    json.dumps(
        {
            "seconds": clock - ready,
            "start_seconds": ready - started,
            "parts": spent,
            "losses": [row[2] for row in history],
            "first": kept[0],
            "last": kept[STEPS],
        }
    )
)
