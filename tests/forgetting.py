"""Counts forgetting as the authors of the paper do, with NumPy, SciPy and scikit-learn alone, and compares.

Reads the results of tests/pipelines/forgetting.yaml: `presentations`, `samples`, `energy`, and what the stage
`forgetting` made of them.
"""

import pathlib
import sys

import numpy as np
import polars as pl
import scipy.stats
import sklearn.metrics

SMALL_IS_SUSPICIOUS = {"loo_margin", "misclassification_margin", "mean_margin", "confidence", "correctness"}

folder = pathlib.Path(sys.argv[1])


def table(name: str) -> pl.DataFrame:
    return pl.read_parquet(folder / f"{name}.parquet")


def authors_counts(correct: np.ndarray) -> tuple[int, float, int]:
    """Events, index of the first correct presentation (NaN without any), presentations until never wrong again."""
    falls = np.flatnonzero(np.diff(correct.astype(int)) == -1)
    right, wrong = np.flatnonzero(correct), np.flatnonzero(~correct)
    return len(falls), right[0] if len(right) else np.nan, wrong[-1] + 1 if len(wrong) else 0


def same(name: str, ours: float | None, theirs: float, tolerance: float = 0.0) -> None:
    ours = np.nan if ours is None else ours
    fine = (np.isnan(ours) and np.isnan(theirs)) or abs(ours - theirs) <= tolerance * max(1.0, abs(theirs))
    assert fine, f"{name}: {ours} against {theirs}"


scores = table("sample_scores").sort("sample")
samples = table("samples").filter(pl.col("split") == "train").sort("sample")
presentations = table("presentations").sort("step", maintain_order=True)
checked = 0
for row in scores.iter_rows(named=True):
    own = presentations.filter(pl.col("sample") == row["sample"])
    correct, margins = own["correct"].to_numpy(), own["margin"].to_numpy()
    events, first, needed = authors_counts(correct)
    name = f"sample {row['sample']}"
    assert row["presentations"] == len(correct), name
    same(f"{name}, events", row["events"], events)
    same(f"{name}, presentations needed", row["presentations_needed"], needed)
    same(f"{name}, first learned", row["first_learned"], first)
    same(f"{name}, score", row["score"], events if correct.any() else len(correct))
    assert row["unforgettable"] == (events == 0 and correct.any()), name
    falls = np.flatnonzero(np.diff(correct.astype(int)) == -1) + 1
    same(f"{name}, margin at events", row["misclassification_margin"], margins[falls].mean() if events else np.nan, 1e-12)
    same(f"{name}, mean margin", row["mean_margin"], margins.mean(), 1e-12)
    checked += 1

flipped = (samples["label"] != samples["clean_label"]).to_numpy()
assert 0 < flipped.sum() < len(flipped)
difficulty = table("difficulty")
agreed = 0
for row in table("agreement").iter_rows(named=True):
    if row["measure"] in scores.columns and row["step"] is None and row["k"] is None:
        values = scores[row["measure"]].cast(pl.Float64).to_numpy()
    else:
        own = difficulty.filter(
            (pl.col("measure") == row["measure"])
            & pl.col("step").eq_missing(row["step"])
            & pl.col("k").eq_missing(row["k"])
            & (pl.col("source") == row["source"])
        ).sort("sample")
        if own.height != len(flipped):
            continue
        values = own["value"].to_numpy()
    if np.isnan(values).any() or len(np.unique(values)) == 1:
        continue
    name = f"{row['source']} {row['measure']} {row['step']} {row['k']}"
    rank = scipy.stats.spearmanr(values, scores["score"].to_numpy()).statistic
    same(f"{name}, Spearman", row["spearman"], rank, 1e-12)
    sign = -1.0 if row["measure"] in SMALL_IS_SUSPICIOUS else 1.0
    area = sklearn.metrics.roc_auc_score(flipped, sign * values)
    same(f"{name}, area", row["auc_flipped"], area, 1e-12)
    agreed += 1

# The tail energies of all samples are what the energy of the target leaves, in the spectrum of the same kernel.
norm = np.square(np.stack(samples["y"].to_list()).astype(float)).sum()
tails = difficulty.filter((pl.col("measure") == "tail_energy") & (pl.col("source") == "ntk"))
energies = table("energy").filter((pl.col("signal") == "target") & (pl.col("split") == "train"))
told = 0
for (step, k), own in tails.group_by(["step", "k"]):
    energy = energies.filter((pl.col("step") == step) & (pl.col("k") == k))["relative_energy"]
    if energy.len() == 1:
        same(f"tail energies at step {step}, k {k}", np.square(own["value"].to_numpy()).sum(), (1 - energy[0]) * norm, 1e-9)
        told += 1

print(f"{checked} samples, {agreed} agreements, {told} energies")
