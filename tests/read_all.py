"""Opens every Parquet table below a folder in DuckDB and in Polars and compares what they see."""

import pathlib
import sys

import duckdb
import polars


def check(name: str, pattern: str) -> None:
    rows = duckdb.sql(f"SELECT count(*) FROM '{pattern}'").fetchall()[0][0]
    frame = polars.read_parquet(pattern)
    assert frame.height == rows, f"{name}: {frame.height} rows in Polars, {rows} in DuckDB"
    seen = duckdb.sql(f"SELECT * FROM '{pattern}' LIMIT 1")
    assert seen.columns == frame.columns, f"{name}: {seen.columns} against {frame.columns}"
    for column, kind in zip(frame.columns, frame.dtypes):
        if kind == polars.Float64:
            count = duckdb.sql(f"SELECT count(*) FROM '{pattern}' WHERE isnan({column})").fetchall()[0][0]
            assert count == 0, f"{name}: {column} holds NaN"
            total = duckdb.sql(f"SELECT sum({column}) FROM '{pattern}'").fetchall()[0][0]
            ours = frame[column].sum() if frame[column].null_count() < frame.height else None
            assert (total is None) == (ours is None), f"{name}: {column}"
            if total is not None:
                assert abs(total - ours) <= 1e-9 * max(1.0, abs(total)), f"{name}: {column}"
        elif kind.base_type() in (polars.List, polars.Array):
            lengths = duckdb.sql(f"SELECT min(len({column})), max(len({column})) FROM '{pattern}'").fetchall()[0]
            ours = frame[column].list.len()
            assert lengths == (ours.min(), ours.max()), f"{name}: lengths of {column}"
            element = duckdb.sql(f"SELECT {column}[1] FROM '{pattern}' LIMIT 1").fetchall()[0][0]
            assert element == frame[column].list.first()[0], f"{name}: {column}[1]"
    metadata = duckdb.sql(f"SELECT decode(key), decode(value) FROM parquet_kv_metadata('{pattern}')").fetchall()
    assert "artifact.table_version" in dict(metadata), f"{name}: no version in its metadata"
    print(f"{name}: {rows} rows, {', '.join(frame.columns)}")


def main(data: pathlib.Path) -> None:
    tables = set()
    for path in sorted((data / "store").rglob("*.parquet")):
        per_step = path.name.startswith("step-")
        pattern = str(path.parent / "*.parquet") if per_step else str(path)
        name = path.parent.name if per_step else path.stem
        if name not in tables:
            check(name, pattern)
        tables.add(name)
    print(f"{len(tables)} tables")


main(pathlib.Path(sys.argv[1]))
