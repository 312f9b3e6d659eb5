#!/usr/bin/env python3
"""A stage of a pipeline: gradient descent in NumPy in place of `train`.

A fully connected network with tanh units, Glorot's initial weights, and least squares
L = 1/(2N) Σ |f(x) - y|², whole batches at a constant rate. It goes on from the newest checkpoint that a
killed run has left: its parameters are all that the next step needs. See docs/stages.md.
"""

import json
import os
import sys
from pathlib import Path

DESCRIPTION = {
    "contract": "2.0",
    "name": "numpy-train",
    "version": "1",
    "summary": "Gradient descent on a network with tanh units, in NumPy.",
    "inputs": [{"name": "dataset", "kind": "dataset"}],
    "output": "training",
    "uses_seed": True,
    "resumes": True,
    "parameters": {"type": "object", "additionalProperties": False, "properties": {
        "hidden": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "default": [24, 24],
                   "description": "Units of each hidden layer."},
        "learning_rate": {"type": "number", "exclusiveMinimum": 0, "default": 0.1, "description": "δ of every step."},
        "steps": {"type": "integer", "minimum": 1, "default": 120, "description": "Updates to make."},
        "every": {"type": "integer", "minimum": 1, "default": 20, "description": "Steps from checkpoint to checkpoint."},
    }},
}


def say(kind, **content):
    print(json.dumps({kind: content}), flush=True)


def run(request):
    # Sums of several threads may differ in their last bit from those of one: same request, same bytes.
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = "1"
    import numpy as np
    import polars as pl  # `describe` does without both

    dataset, output = Path(request["inputs"]["dataset"][0]["directory"]), Path(request["output"])
    parameters, rate = request["parameters"], request["parameters"]["learning_rate"]
    samples = pl.read_parquet(dataset / "samples.parquet").sort(pl.col("split") != "train", "sample")
    x, y = (np.array(samples[name].to_list(), np.float32) for name in "xy")
    count = samples.filter(split="train").height
    widths = [x.shape[1], *parameters["hidden"], y.shape[1]]
    names = [f"layers.{layer}.{part}" for layer in range(len(widths) - 1) for part in ("weight", "bias")]
    steps = [step for step in range(parameters["steps"] + 1)
             if step % parameters["every"] == 0 or step == parameters["steps"]]

    def initial():
        draw = np.random.Generator(np.random.PCG64(request["seed"]))
        for fan_in, fan_out in zip(widths, widths[1:]):
            bound = np.sqrt(6 / (fan_in + fan_out))
            yield draw.uniform(-bound, bound, (fan_in, fan_out)).astype(np.float32)
            yield np.zeros(fan_out, np.float32)

    def forward(theta, inputs):  # what enters each layer, and f last
        entering = [inputs]
        for layer in range(len(widths) - 1):
            z = entering[-1] @ theta[2 * layer] + theta[2 * layer + 1]
            entering.append(z if layer == len(widths) - 2 else np.tanh(z))
        return entering

    def gradient(theta):
        entering = forward(theta, x[:count])
        back, found = (entering[-1] - y[:count]) / np.float32(count), []
        for layer in reversed(range(len(widths) - 1)):
            found = [entering[layer].T @ back, back.sum(0)] + found
            if layer > 0:
                back = (back @ theta[2 * layer].T) * (1 - entering[layer] ** 2)
        return found

    def norm(tensors):
        return float(np.sqrt(sum(float((t.astype(np.float64) ** 2).sum()) for t in tensors)))

    def file(step):
        return output / f"checkpoints/step-{step:010}.parquet"

    def write(frame, path):  # under another name first: what has its name is whole
        frame.write_parquet(path.with_suffix(".new"))
        path.with_suffix(".new").rename(path)

    def read(step):
        return [np.array(values, np.float32).reshape(shape)
                for shape, values in pl.read_parquet(file(step)).select("shape", "values").iter_rows()]

    (output / "checkpoints").mkdir(exist_ok=True)
    there = [step for step in steps if file(step).exists()]
    first = there[-1] if there else 0
    theta = read(first) if there else list(initial())
    for step in range(first, parameters["steps"] + 1):
        if step in steps and not file(step).exists():
            write(pl.DataFrame([(step, name, list(t.shape), t.ravel().tolist()) for name, t in zip(names, theta)],
                               schema={"step": pl.UInt64, "parameter": pl.String, "shape": pl.List(pl.UInt32),
                                       "values": pl.List(pl.Float32)}, orient="row"), file(step))
            say("progress", done=step, total=parameters["steps"], unit="step", note="")
        if step < parameters["steps"]:
            theta = [t - np.float32(rate) * g for t, g in zip(theta, gradient(theta))]

    # The other tables follow from the checkpoints, so that a run that goes on writes the same.
    history, outputs = [], []
    for step in steps:
        theta = read(step)
        f = forward(theta, x)[-1]
        losses = [float(((f[part] - y[part]).astype(np.float64) ** 2).sum(1).mean() / 2) if len(y[part]) else None
                  for part in (slice(count), slice(count, None))]
        last = step == parameters["steps"]
        length = None if last else norm(gradient(theta))
        history.append((step, rate, *losses, None, None, length, None if last else rate * length, None))
        outputs += [(step, split, sample, f[row].tolist())
                    for row, (split, sample) in enumerate(samples.select("split", "sample").iter_rows())]
    optional = ("test_loss", "train_accuracy", "test_accuracy", "gradient_norm", "update_norm", "sharpness")
    write(pl.DataFrame(history, schema={"step": pl.UInt64, "learning_rate": pl.Float64, "train_loss": pl.Float64,
                                        **dict.fromkeys(optional, pl.Float64)}, orient="row"), output / "history.parquet")
    write(pl.DataFrame(outputs, schema={"step": pl.UInt64, "split": pl.String, "sample": pl.UInt32,
                                        "output": pl.List(pl.Float32)}, orient="row"), output / "outputs.parquet")

    known = json.loads((dataset / "manifest.json").read_text())["outline"]
    known.update(last_step=parameters["steps"], checkpoints=steps, parameter_count=sum(t.size for t in theta),
                 network={"hidden": parameters["hidden"], "activation": "tanh", "init": "glorot", "bias": True},
                 loss="least_squares", optimizer="gradient_descent",
                 learning_rates=[{"step": 0, "learning_rate": rate}])
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
    sys.exit("usage: numpy_train.py describe | run REQUEST.json")
