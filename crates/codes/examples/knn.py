"""The peers of knn.rs on codes of the same sizes: `knn.py N QUERIES BITS NEIGHBOURS [THREADS] [sklearn]`, best of three.

Needs numpy and faiss-cpu; with `sklearn`, scikit-learn's brute force as well, on as many queries as it answers in
reasonable time, scaled to all.
"""

import sys
import time

import faiss
import numpy as np

n, m, bits, count = map(int, sys.argv[1:5])
threads = int(sys.argv[5]) if len(sys.argv) > 5 else 2
faiss.omp_set_num_threads(threads)
random = np.random.default_rng(0)
table = random.integers(0, 256, (n, -(-bits // 64) * 8), dtype=np.uint8)
queries = random.integers(0, 256, (m, table.shape[1]), dtype=np.uint8)


def best(run, repeats=3):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


index = faiss.IndexBinaryFlat(table.shape[1] * 8)
index.add(table)
print(f"faiss {best(lambda: index.search(queries, count)):.3f} s")
if "sklearn" in sys.argv:
    from sklearn.neighbors import NearestNeighbors

    few = min(m, 500)
    unpacked = [np.unpackbits(x, axis=1).astype(bool) for x in (table, queries[:few])]
    found = NearestNeighbors(n_neighbors=count, metric="hamming", algorithm="brute", n_jobs=threads)
    found.fit(unpacked[0])
    print(f"sklearn {best(lambda: found.kneighbors(unpacked[1]), 1) * m / few:.3f} s, from {few} queries")
