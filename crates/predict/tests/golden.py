"""Makes golden.json: predictions of scikit-learn and neural-tangents that `golden.rs` compares with.

    python3 -m venv v && v/bin/pip install "jax==0.4.25" "jaxlib==0.4.25" "numpy<2" "scipy<1.13" \
        neural-tangents==0.6.5 scikit-learn
    v/bin/python golden.py > golden.json

neural-tangents takes ½ the mean over samples *and* outputs for its loss, so that its time t is
tau = t / (N o) here; its `diag_reg` is our relative ridge.
"""

import json
import sys
import types

sys.modules["neural_tangents.experimental"] = types.ModuleType("x")

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)

import neural_tangents as nt  # noqa: E402
import numpy as np  # noqa: E402
from neural_tangents import stax  # noqa: E402
from sklearn.kernel_ridge import KernelRidge  # noqa: E402

RIDGES = [1e-4, 1e-2, 1.0]
TAUS = [0.05, 0.7, 20.0]
N, M, D, O = 12, 5, 3, 2

rng = np.random.default_rng(0)
x, x_test = rng.normal(size=(N, D)), rng.normal(size=(M, D))
# Targets go through f32, as the table `samples` keeps them.
y = rng.normal(size=(N, O)).astype(np.float32).astype(np.float64)

_, _, kernel_fn = stax.serial(stax.Dense(1, 1.5, 0.3), stax.Erf(), stax.Dense(1, 1.5, 0.3))
train, cross, test = (kernel_fn(a, b, ("nngp", "ntk")) for a, b in ((x, x), (x_test, x), (x_test, x_test)))


def numbers(array):
    return np.asarray(array, dtype=np.float64).tolist()


def ensemble(diag_reg, t, get):
    predict = nt.predict.gradient_descent_mse_ensemble(kernel_fn, x, y, diag_reg=diag_reg)
    found = predict(x_test=x_test, get=get, t=t, compute_cov=True)
    return {"mean": numbers(found.mean), "variance": numbers(np.diag(found.covariance))}


def scikit(kernel, cross, ridge):
    alpha = ridge * np.trace(kernel) / N
    model = KernelRidge(alpha=alpha, kernel="precomputed").fit(kernel, y)
    left_out = np.zeros_like(y)
    for j in range(N):
        rest = [i for i in range(N) if i != j]
        part = KernelRidge(alpha=alpha, kernel="precomputed").fit(kernel[np.ix_(rest, rest)], y[rest])
        left_out[j] = part.predict(kernel[j : j + 1, rest])[0]
    return {"mean": numbers(model.predict(cross)), "left_out": numbers(left_out)}


def descent(kernel, cross, tau):
    """The mean by `gradient_descent_mse`, which knows no ensemble: another route to the flow."""
    predict = nt.predict.gradient_descent_mse(kernel, y)
    _, found = predict(tau * N * O, np.zeros((N, O)), np.zeros((M, O)), cross)
    return numbers(found)


golden = {
    "targets": numbers(y),
    "nngp": {"train": numbers(train.nngp), "cross": numbers(cross.nngp), "diagonal": numbers(np.diag(test.nngp))},
    "ntk": {"train": numbers(train.ntk), "cross": numbers(cross.ntk)},
    "ridges": [
        {
            "ridge": ridge,
            "nngp": ensemble(ridge, None, "nngp"),
            "ntk": ensemble(ridge, None, "ntk"),
            "scikit_nngp": scikit(np.asarray(train.nngp), np.asarray(cross.nngp), ridge),
            "scikit_ntk": scikit(np.asarray(train.ntk), np.asarray(cross.ntk), ridge),
        }
        for ridge in RIDGES
    ],
    "times": [
        {
            "tau": tau,
            "nngp": ensemble(0.0, tau * N * O, "nngp"),
            "ntk": ensemble(0.0, tau * N * O, "ntk"),
            "descent_ntk": descent(train.ntk, cross.ntk, tau),
        }
        for tau in TAUS
    ],
}
print(json.dumps(golden, indent=1))
