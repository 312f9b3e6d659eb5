#!/usr/bin/env python3
"""A study of one's own: on how many samples does each eigenvector of a kernel live?

The participation ratio 1 / (N Σⱼ υᵢ(xⱼ)⁴) is 1 where |υᵢ| is the same on all N samples and 1/N where it lives
on one. One table, one finding, one figure: docs/stages.md and docs/figures.md.
"""

import json
import sys
from pathlib import Path

COLUMNS = [
    {"name": "step", "type": "uint64", "about": "Updates made before the checkpoint."},
    {"name": "index", "type": "uint32", "about": "i, counted from 1."},
    {"name": "eigenvalue_share", "type": "float64", "about": "λᵢ / tr G."},
    {"name": "participation", "type": "float64", "about": "1 / (N Σⱼ υᵢ(xⱼ)⁴), the share of samples on which υᵢ lives."},
]
DESCRIPTION = {
    "contract": "2.0", "name": "localization", "version": "1",
    "summary": "The share of the samples on which each eigenvector lives.",
    "inputs": [{"name": "kernel", "kind": "kernel"}, {"name": "spectrum", "kind": "spectrum"}],
    "output": {"name": "localization", "about": "How localized the eigenvectors of a kernel are.",
               "tables": [{"name": "localization", "about": "One row for each eigenvector.", "columns": COLUMNS}]},
    "parameters": {"type": "object", "additionalProperties": False, "properties": {
        "top": {"type": "integer", "minimum": 1, "default": 10, "description": "Leading eigenvectors of the finding."}}},
}
FIGURE = {
    "name": "localization", "title": "On how many samples an eigenvector lives", "table": "localization",
    "x": "step", "y": {"column": "participation", "label": "participation ratio", "scale": "log"},
    "where": {"index": [1, 2, 3, 10]}, "series": {"column": "index", "label": "υ{subscript}"},
}


def run(request):
    import polars as pl  # `describe` does without

    kernel, spectrum = (Path(request["inputs"][port][0]["directory"]) for port in ("kernel", "spectrum"))
    output, top = Path(request["output"]), request["parameters"]["top"]
    traces = pl.read_parquet(kernel / "kernels.parquet").filter(output=0).select("step", "trace")
    values = pl.read_parquet(spectrum / "eigenvalues.parquet").filter(output=0, resolved=True)
    vectors = pl.read_parquet(spectrum / "eigenvectors.parquet").filter(output=0, split="train")
    fourth = pl.col("values").list.eval(pl.element().cast(pl.Float64) ** 4).list.sum()
    table = vectors.join(values, on=["step", "index"]).join(traces, on="step").sort("step", "index").select(
        "step", "index", (pl.col("eigenvalue") / pl.col("trace")).alias("eigenvalue_share"),
        (1 / (pl.col("values").list.len() * fourth)).alias("participation"))
    table.write_parquet(output / "localization.parquet")

    leading = table.filter(pl.col("index") <= top)
    before, after = leading.group_by("step", maintain_order=True).agg(pl.mean("participation"))["participation"][[0, -1]]
    pl.DataFrame([{
        "finding": "eigenvectors_localize", "statement": f"Training localizes the top {top} eigenvectors.",
        "measure": f"mean participation ratio of υ₁ … υ_{top} at the first and at the last checkpoint",
        "before": before, "after": after, "margin": 0.9 * before - after, "rule": "it falls by a tenth or more",
        "verdict": "holds" if after <= 0.9 * before else "does not hold",
    }]).write_parquet(output / "findings.parquet")
    (output / "study.json").write_text(json.dumps({"figures": [FIGURE]}))
    return {"done": {"outline": json.loads((spectrum / "manifest.json").read_text())["outline"]}}


if sys.argv[1:] == ["describe"]:
    print(json.dumps(DESCRIPTION))
else:
    try:
        print(json.dumps(run(json.loads(Path(sys.argv[2]).read_text()))))
    except Exception as error:
        print(json.dumps({"error": {"message": f"{type(error).__name__}: {error}"}}))
        sys.exit(1)
