"""Measures and principal angles of two kernels by NumPy and SciPy, in f64: `python make.py > golden.json`."""

import json

import numpy as np
from scipy.linalg import subspace_angles

N, TOP = 12, 3


def kernel(frequency):
    place = np.arange(N)[:, None] * 5 + np.arange(4)[None, :]
    features = np.sin(frequency * place) + 0.2 * np.cos(0.3 * place)
    return features @ features.T + 0.1 * np.eye(N)


def inner(a, b):
    return float((a * b).sum())


a, b = kernel(0.8), kernel(0.5)
h = np.eye(N) - 1 / N
centred = [h @ m @ h for m in (a, b)]
vectors = [np.linalg.eigh(m)[1][:, ::-1][:, :TOP] for m in (a, b)]
print(
    json.dumps(
        {
            "alignment": inner(a, b) / np.sqrt(inner(a, a) * inner(b, b)),
            "centred_alignment": inner(*centred)
            / np.sqrt(inner(centred[0], centred[0]) * inner(centred[1], centred[1])),
            "distance": float(np.linalg.norm(a - b) / np.linalg.norm(b)),
            "trace_ratio": float(np.trace(a) / np.trace(b)),
            "angles": sorted(map(float, subspace_angles(*vectors))),
        },
        indent=1,
    )
)
