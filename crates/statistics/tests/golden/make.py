"""Clusters, neighbours, regressions and assignments by scikit-learn and SciPy: `python make.py > golden.json`."""

import json

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

TRAIN, TEST, BITS, INPUTS, CLASSES, NEIGHBOURS = 150, 60, 203, 7, 4, 9


def mixed(i, j):
    return (i * 7919 + j * 104729 + i * i * j) % 1009


def bits(first, count):
    i, j = np.meshgrid(np.arange(first, first + count), np.arange(BITS), indexing="ij")
    prototype = ((i % CLASSES * 7 + 3) * (j * j + 11 * j + 5)) % 13 < 6
    return (prototype ^ (mixed(i, j) < 330)).astype(float)


def dense(first, count):
    i, j = np.meshgrid(np.arange(first, first + count), np.arange(INPUTS), indexing="ij")
    return (mixed(i, j) / 1009 + 0.25 * (i % CLASSES) * (j % 3)).astype(np.float32).astype(float)


def regression(x, y):
    fit = LogisticRegression(C=0.7, tol=1e-10, solver="newton-cg", max_iter=100000).fit(x, y)
    intercept = fit.intercept_ - fit.intercept_.mean()
    return {"weights": fit.coef_.T.ravel().tolist(), "intercepts": intercept.tolist()}


def clusters(x):
    fit = KMeans(CLASSES, init=x[:CLASSES], n_init=1, tol=0, max_iter=300, algorithm="lloyd").fit(x)
    table = np.zeros((CLASSES, CLASSES))
    np.add.at(table, (fit.labels_, labels), 1)
    pairs = linear_sum_assignment(-table)
    return {
        "inertia": fit.inertia_,
        "assigned": fit.labels_.tolist(),
        "purity": table.max(1).sum() / len(x),
        "best_assignment": table[pairs].sum() / len(x),
    }


def neighbours(x, queries, metric):
    fit = KNeighborsClassifier(NEIGHBOURS, metric=metric, algorithm="brute").fit(x, labels)
    distances, _ = fit.kneighbors(queries, NEIGHBOURS + 1)
    # Of equally near samples at the border scikit-learn takes any: such votes are not compared.
    certain = distances[:, NEIGHBOURS] > distances[:, NEIGHBOURS - 1] + 1e-9
    return {
        "distances": distances[:, :NEIGHBOURS].ravel().tolist(),
        "votes": fit.predict(queries).tolist(),
        "certain": certain.tolist(),
    }


labels = np.arange(TRAIN) % CLASSES
codes, x = bits(0, TRAIN), dense(0, TRAIN)
# Some codes twice.
codes[140:] = codes[20:30]
print(
    json.dumps(
        {
            "distinct": len(np.unique(codes, axis=0)),
            "codes": {
                "regression": regression(codes, labels),
                "clusters": clusters(codes),
                "neighbours": neighbours(codes, bits(TRAIN, TEST), "hamming"),
            },
            "dense": {
                "regression": regression(x, labels),
                "clusters": clusters(x),
                "neighbours": neighbours(x, dense(TRAIN, TEST), "euclidean"),
            },
        }
    )
)
