#!/usr/bin/env python3
"""A stage of a pipeline: a random-feature kernel in place of the NTK.

k(x, x') = (1/M) Σ_m φ_m(x) φ_m(x') with φ_m(x) = √2 cos(w_m · x / h + b_m), where w_m is normal and b_m
uniform on [0, 2π): as M grows it tends to the Gaussian kernel exp(-|x - x'|² / 2h²) (Rahimi & Recht
2007). The features are drawn from the pipeline's seed. See docs/stages.md.
"""

import json
import math
import random
import sys
from pathlib import Path

DESCRIPTION = {
    "contract": "2.0",
    "name": "random-features",
    "version": "1",
    "summary": "A kernel of random cosine features of the inputs, for every checkpoint of a training run.",
    "inputs": [{"name": "dataset", "kind": "dataset"}, {"name": "training", "kind": "training"}],
    "output": "kernel",
    "uses_seed": True,
    "parameters": {"type": "object", "additionalProperties": False, "properties": {
        "features": {"type": "integer", "minimum": 1, "default": 256, "description": "M, how many features."},
        "bandwidth": {"type": "number", "exclusiveMinimum": 0, "default": 0.5, "description": "h, a distance."},
    }},
}


def say(kind, **content):
    print(json.dumps({kind: content}), flush=True)


def run(request):
    import polars as pl  # `describe` does without

    dataset, training = (Path(request["inputs"][port][0]["directory"]) for port in ("dataset", "training"))
    output, parameters = Path(request["output"]), request["parameters"]

    samples = pl.read_parquet(dataset / "samples.parquet").sort(pl.col("split") != "train", "sample")
    points = pl.DataFrame(samples["x"].to_list(), orient="row", infer_schema_length=None)

    draw = random.Random(request["seed"])
    features = {}
    for feature in range(parameters["features"]):
        weights = [draw.gauss(0, 1) / parameters["bandwidth"] for _ in points.columns]
        phase = sum((pl.col(name) * weight for name, weight in zip(points.columns, weights)), pl.lit(draw.uniform(0, 2 * math.pi)))
        features[str(feature)] = (phase.cos() * math.sqrt(2 / parameters["features"])).alias(str(feature))
    mapped = points.select(features.values()).transpose()  # one column a sample: sums run down a column
    train = mapped[:, : samples.filter(split="train").height]

    def row(sample):  # k(x, ·) against the training samples
        return [(sample * other).sum() for other in train.iter_columns()]

    rows = [row(sample) for sample in mapped.iter_columns()]
    count = train.width
    gram = samples.select("split", "sample", pl.lit(0, pl.UInt32).alias("output"),
                          pl.Series("values", rows, dtype=pl.List(pl.Float32)))

    history = pl.read_parquet(training / "history.parquet")
    rates = dict(zip(history["step"], history["learning_rate"]))
    steps = sorted(int(file.stem.removeprefix("step-")) for file in training.glob("checkpoints/step-*.parquet"))
    (output / "gram").mkdir()
    for done, step in enumerate(steps, 1):
        numbered = gram.select(pl.lit(step, pl.UInt64).alias("step"), pl.all())
        numbered.write_parquet(output / f"gram/step-{step:010}.parquet")
        say("progress", done=done, total=len(steps), unit="checkpoint", note="")

    trace = sum(row[index] for index, row in enumerate(rows[:count]))
    frobenius = math.sqrt(sum(value * value for row in rows[:count] for value in row))
    pl.DataFrame(
        [(step, 0, rates.get(step), trace, frobenius, count, count, samples.height - count, "trace", "f32")
         for step in steps],
        schema={"step": pl.UInt64, "output": pl.UInt32, "learning_rate": pl.Float64, "trace": pl.Float64,
                "frobenius_norm": pl.Float64, "samples": pl.UInt32, "rows": pl.UInt32, "test_rows": pl.UInt32,
                "reduction": pl.String, "precision": pl.String},  # f32: the values are stored in it
        orient="row",
    ).write_parquet(output / "kernels.parquet")

    known = json.loads((training / "manifest.json").read_text())["outline"]
    known.update(checkpoints=steps, kernel_rows=count, kernel_blocks=1, reduction="trace")
    say("done", outline=known)


if sys.argv[1:] == ["describe"]:
    print(json.dumps(DESCRIPTION))
elif sys.argv[1:2] == ["run"] and len(sys.argv) == 3:
    try:
        run(json.loads(Path(sys.argv[2]).read_text()))
    except Exception as error:
        say("error", message=f"{type(error).__name__}: {error}")
        sys.exit(1)
else:
    sys.exit("usage: random_features.py describe | run REQUEST.json")
