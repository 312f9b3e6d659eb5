#!/usr/bin/env python3
"""A stage of a pipeline: the Gaussian kernel exp(-|x - x'|² / 2h²) in place of the NTK.

It depends on the inputs alone, so its Gramian is the same at every step. See docs/stages.md.
"""

import json
import math
import sys
from pathlib import Path

DESCRIPTION = {
    "contract": "2.0",
    "name": "rbf-kernel",
    "version": "1", "summary": "The Gaussian kernel of the inputs, for every checkpoint of a training run.",
    "inputs": [{"name": "dataset", "kind": "dataset"}, {"name": "training", "kind": "training"}],
    "output": "kernel",
    "parameters": {"type": "object", "additionalProperties": False, "properties": {
        "bandwidth": {"type": "number", "exclusiveMinimum": 0, "default": 0.5, "description": "h, a distance."},
    }},
}


def say(kind, **content):
    print(json.dumps({kind: content}), flush=True)


def run(request):
    import polars as pl  # `describe` does without

    dataset, training = (Path(request["inputs"][port][0]["directory"]) for port in ("dataset", "training"))
    output, bandwidth = Path(request["output"]), request["parameters"]["bandwidth"]

    samples = pl.read_parquet(dataset / "samples.parquet").sort(pl.col("split") != "train", "sample")
    points = pl.DataFrame(samples.filter(split="train")["x"].to_list(), orient="row", infer_schema_length=None)

    def row(x):  # k(x, ·) against the training samples
        squares = [(pl.col(name) - v) ** 2 for name, v in zip(points.columns, x)]
        return points.select((-pl.sum_horizontal(squares) / (2 * bandwidth**2)).exp()).to_series()

    rows = [row(x) for x in samples["x"].to_list()]
    count = points.height
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

    frobenius = math.sqrt(sum((row**2).sum() for row in rows[:count]))
    pl.DataFrame(
        [(step, 0, rates.get(step), float(count), frobenius, count, count, samples.height - count, "trace", "f32")
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
    sys.exit("usage: rbf_kernel.py describe | run REQUEST.json")
