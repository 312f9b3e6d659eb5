# /// script
# requires-python = ">=3.11"
# dependencies = ["duckdb==2.0.0", "numpy==2.4.6", "pandas==3.1.1", "pillow==13.0.0", "polars==2.1.0", "pyarrow==26.0.1"]
# ///
"""Files as people have them, and what each must be read as: a value, or an error that helps.

`uv run tests/corpus/make.py` writes the files beside this script, and `cases.json`: for each file
a source of the stage `dataset` and either the samples or parts of the error. Files and cases are
kept; the test `tests/corpus.rs` reads them.
"""

import gzip
import json
import os
import shutil
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

HERE = Path(__file__).parent
FILES = HERE / "files"
CASES = []


def case(kind, name, options, rows=None, levels=None, error=None, tolerance=0.0):
    """Reads the file `name` as a source of this kind: `rows` are x and then y (a class last, where
    there are classes), `levels` the grey levels of 6 × 6 cells, `error` parts of what is said."""
    assert sum(part is not None for part in (rows, levels, error)) == 1
    found = {"file": name, "source": kind, "options": options}
    if rows is not None:
        found["rows"] = rows
    if levels is not None:
        found |= {"levels": levels, "tolerance": tolerance}
    if error is not None:
        found["error"] = error
    CASES.append(found)


def table(name, inputs, targets=None, label=None, rows=None, error=None, **options):
    options = {"inputs": inputs, "standardize_inputs": False, "standardize_targets": False} | options
    options |= {"targets": targets} if targets else {"label": label}
    case("table", name, options, rows=rows, error=error)


def digits(name, rows=None, error=None, **options):
    case("digits", name, options, rows=rows, error=error)


def picture(name, levels=None, error=None, tolerance=1e-6, **options):
    case("image", name, options, levels=levels, error=error, tolerance=tolerance)


def write(name, content):
    """Writes a file of text or bytes; returns its name."""
    (FILES / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return name


# Parquet


def parquet_of_duckdb():
    query = """SELECT i AS whole, i / 4.0 AS real, (i * 1.25)::DECIMAL(9, 2) AS price, i % 2 = 0 AS flag,
        (ARRAY['rose', 'aster', 'lily'])[1 + i % 3] AS kind, i::HUGEINT AS huge, i::UTINYINT AS tiny,
        ((ARRAY['lo', 'hi'])[1 + i % 2])::ENUM('lo', 'hi') AS level, DATE '2024-01-01' + i::INT AS day,
        [i, i + 1] AS list, [i, 2 * i, 3 * i]::INTEGER[3] AS vector, {'a': i} AS struct,
        '1.5' AS text FROM range(1, 5) t(i)"""
    for codec in ["", "zstd", "gzip", "lz4_raw", "brotli", "uncompressed"]:
        name = f"duckdb{'-' if codec else ''}{codec}.parquet"
        options = f"FORMAT parquet{', COMPRESSION ' if codec else ''}{codec}"
        duckdb.sql(f"COPY ({query}) TO '{FILES / name}' ({options})")
        table(name, ["whole", "real", "price", "flag", "huge"], ["tiny"],
              rows=[[i, i / 4, i * 1.25, i % 2 == 0, i, i] for i in range(1, 5)])
    name = "duckdb.parquet"
    table(name, ["vector", "whole"], ["list"], rows=[[i, 2 * i, 3 * i, i, i, i + 1] for i in range(1, 5)])
    table(name, ["whole"], label="kind", rows=[[1, 0], [2, 1], [3, 2], [4, 0]])
    table(name, ["whole"], label="level", rows=[[1, 0], [2, 1], [3, 0], [4, 1]])
    table(name, ["whole", "day"], ["real"], error=["`day`", name, "holds dates, not numbers"])
    table(name, ["struct"], ["real"], error=["`struct`", "holds structs"])
    table(name, ["text"], ["real"], error=["`text`", "holds text, not numbers"])
    table(name, ["whole"], label="day", error=["`day`", "holds dates"])


def parquet_of_pandas():
    frame = pd.DataFrame({
        "a": [1.5, 2.5, 3.5], "gap": [1.0, None, 3.0], "count": pd.array([1, None, 3], dtype="Int64"),
        "small": pd.array([1, 2, 3], dtype="UInt8"), "flag": [True, False, True],
        "kind": pd.Categorical(["b", "a", "b"], categories=["b", "a"]),
        "level": pd.Categorical([10, 9, 10]), "day": pd.to_datetime(["2024-01-01"] * 3),
        "vector": [np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([5.0, 6.0])],
    }, index=["x", "y", "z"])
    name = "pandas.parquet"
    frame.to_parquet(FILES / name)
    table(name, ["a", "small", "flag"], ["vector"],
          rows=[[1.5, 1, 1, 1, 2], [2.5, 2, 0, 3, 4], [3.5, 3, 1, 5, 6]])
    table(name, ["a"], label="kind", rows=[[1.5, 1], [2.5, 0], [3.5, 1]])
    table(name, ["a"], label="level", rows=[[1.5, 1], [2.5, 0], [3.5, 1]])
    table(name, ["level"], ["a"], rows=[[10, 1.5], [9, 2.5], [10, 3.5]])
    table(name, ["gap"], ["a"], error=["row 2", "`gap`", name, "remove or fill"])
    table(name, ["count"], ["a"], error=["row 2", "`count`", "NULL"])
    table(name, ["day"], ["a"], error=["`day`", "holds points in time"])
    name = "pandas-index.parquet"
    pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [3, 4, 6]}, index=[7, 8, 9]).to_parquet(FILES / name)
    table(name, ["a"], ["b"], rows=[[1, 3], [2, 4], [4, 6]])
    table(name, ["*"], ["b"], error=["`*`", "column 3", name, "`__index_level_0__`", "index=False"])
    for codec in ["gzip", "brotli", "lz4", "zstd"]:
        name = f"pandas-{codec}.parquet"
        pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4]}).to_parquet(FILES / name, compression=codec)
        table(name, ["a"], ["b"], rows=[[1, 3], [2, 4]])


def parquet_of_polars():
    name = "polars.parquet"
    pl.DataFrame({
        "a": [1.5, 2.5, 3.5], "kind": ["b", "a", "b"], "list": [[1, 2], [3, 4], [5, 6]],
        "picture": [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]], [[9.0, 0.0], [1.0, 2.0]]],
        "ragged": [[1], [2, 3], [4]], "price": ["1.25", "-3.50", "0.75"], "nan": [1.0, float("nan"), 2.0],
    }, schema_overrides={
        "kind": pl.Categorical, "picture": pl.Array(pl.Float32, (2, 2)), "list": pl.List(pl.UInt8),
    }).with_columns(
        pl.col("price").cast(pl.Decimal(10, 2)), pl.col("kind").cast(pl.Enum(["b", "a"])).alias("enum"),
    ).write_parquet(FILES / name)
    table(name, ["a", "picture"], ["price"],
          rows=[[1.5, 1, 2, 3, 4, 1.25], [2.5, 5, 6, 7, 8, -3.5], [3.5, 9, 0, 1, 2, 0.75]])
    table(name, ["list"], label="kind", rows=[[1, 2, 1], [3, 4, 0], [5, 6, 1]])
    table(name, ["list"], label="enum", rows=[[1, 2, 1], [3, 4, 0], [5, 6, 1]])
    table(name, ["ragged"], ["a"], error=["row 2", "`ragged`", name, "a list of 2, not a list of 1"])
    table(name, ["nan"], ["a"], error=["row 2", "`nan`", "NaN"])


def parquet_of_arrow():
    name = "arrow.parquet"
    pq.write_table(pa.table({
        "half": pa.array(np.array([0.5, 1.5, 2.5], dtype=np.float16)),
        "word": pa.array([10, 9, 10], pa.int16()).dictionary_encode(),
        "large": pa.array([[1, 2], [3, 4], [5, 6]], pa.large_list(pa.int64())),
        "id": pa.array([2**60, 2**60 + 1, 2**60 + 2], pa.uint64()),
        "blob": pa.array([b"a", b"b", b"c"]), "time": pa.array([1, 2, 3], pa.time32("s")),
        "part": ["train", "test", "validation"],
    }), FILES / name, compression="snappy", data_page_version="2.0", use_dictionary=False,
        column_encoding={"id": "DELTA_BINARY_PACKED"})
    table(name, ["half", "large"], ["word"], rows=[[0.5, 1, 2, 10], [1.5, 3, 4, 9], [2.5, 5, 6, 10]])
    # Neighbours that are one f64 are three classes, and no column of numbers.
    table(name, ["half"], label="id", rows=[[0.5, 0], [1.5, 1], [2.5, 2]])
    table(name, ["id"], ["half"], error=["row 1", "`id`", name, "overflow"])
    table(name, ["half"], ["blob"], error=["`blob`", "holds bytes"])
    table(name, ["time"], ["half"], error=["`time`", "holds times of day"])
    table(name, ["half"], ["word"], split="part", rows=[[0.5, 10], [1.5, 9]])

    name = "cut.parquet"
    write(name, (FILES / "duckdb.parquet").read_bytes()[:700])
    table(name, ["whole"], ["real"], error=[name, "not a readable Parquet file"])
    name = "spark.parquet"
    (FILES / name).mkdir()
    part = "part-00000-5b2c.snappy.parquet"
    pq.write_table(pa.table({"a": [1, 2], "b": [3, 4]}), FILES / name / part)
    write(f"{name}/_SUCCESS", "")
    table(name, ["a"], ["b"], error=[name, "is a folder, not a file", part])
    table(f"{name}/{part}", ["a"], ["b"], rows=[[1, 3], [2, 4]])
    name = "duckdb.parquet.gz"
    write(name, gzip.compress((FILES / "duckdb.parquet").read_bytes(), mtime=0))
    table(name, ["whole"], ["real"], error=[name, "compressed as a whole by gzip", "gunzip"])
    digits("duckdb.parquet", error=["duckdb.parquet", "is a Parquet file", "source: { table:"])


# Text

RIGHT = [[1, 0.5, 10], [2, -1.5, 20], [3, 2e-3, 40]]


def csv(name, text, rows=None, error=None, inputs=("a", "b"), **options):
    table(write(name, text), list(inputs), ["t"], rows=RIGHT if rows is error is None else rows,
          error=error, **options)


def text_that_is_right():
    plain = "a,b,t\n1,0.5,10\n2,-1.5,20\n3,2e-3,40\n"
    csv("plain.csv", plain)
    csv("no-end.csv", plain[:-1])
    csv("crlf.csv", plain.replace("\n", "\r\n"))
    csv("cr.csv", plain.replace("\n", "\r"))
    csv("bom.csv", "\ufeff" + plain.replace("\n", "\r\n"))
    csv("blank-lines.csv", "\n" + plain.replace("\n", "\n\n") + "\n  \n\n")
    csv("spaces.csv", plain.replace(",", " , "))
    csv("tab.tsv", plain.replace(",", "\t"), delimiter="\t")
    csv("bar.csv", plain.replace(",", "|"), delimiter="|")
    csv("german.csv", plain.replace(",", ";").replace(".", ","), delimiter=";", decimal=",")
    csv("quoted.csv", 'a,note,b,t\n"1","two\nlines, and ""quotes""",0.5,10\n2,"",-1.5,20\n3, "x" ,"2e-3",40\n')
    csv("quoted-crlf.csv", 'a,note,b,t\r\n1,"two\r\nlines",0.5,10\r\n2,,-1.5,20\r\n3,x,2e-3,40\r\n')
    csv("numeric-header.csv", plain.replace("a,b,t", "0,1,t"), inputs=["0", "1"])
    csv("pandas-index.csv", pd.DataFrame(RIGHT, columns=["a", "b", "t"]).to_csv())
    csv("plain.csv.gz", gzip.compress(plain.encode(), mtime=0))
    csv("truth.csv", "a,b,t\nTrue,false,1\nFalse,true,2\nTRUE,FALSE,3\n", rows=[[1, 0, 1], [0, 1, 2], [1, 0, 3]])
    # A header of parameters that begins as Parquet does.
    csv("par1.csv", plain.replace("a,b,t", "PAR1,PAR2,t"), inputs=["PAR1", "PAR2"])
    name = "duckdb.csv"
    duckdb.sql(f"COPY (SELECT i AS a, i % 3 / 4.0 AS b, i * 10 AS t, 'x,' || i AS note FROM range(1, 4) t(i)) TO '{FILES / name}'")
    table(name, ["a", "b"], ["t"], rows=[[i, i % 3 / 4, 10 * i] for i in range(1, 4)])
    name = "polars.csv"
    pl.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.5, -1.5, 2e-3], "t": [10, 20, 40], "s": ["x", 'y"', ""]}).write_csv(FILES / name)
    table(name, ["a", "b"], ["t"], rows=RIGHT)
    name = write("classes.csv", "a,whole,word,mixed\n1,1,b,1\n2,1.0,a,x\n3,2,b,1.0\n4,2.0,a,x\n5, 01 ,b,2\n")
    table(name, ["a"], label="whole", rows=[[1, 0], [2, 0], [3, 1], [4, 1], [5, 0]])
    table(name, ["a"], label="word", rows=[[1, 1], [2, 0], [3, 1], [4, 0], [5, 1]])
    table(name, ["a"], label="mixed", rows=[[1, 0], [2, 2], [3, 0], [4, 2], [5, 1]])
    name = write("pixels.csv", "kind,pixel0,pixel1,pixel10,pixel2,note\n3,0,0,9,1,x\n7,0,8,2,4,y\n")
    table(name, ["pixel*"], label="kind", rows=[[0, 0, 9, 1, 0], [0, 8, 2, 4, 1]])
    table(name, ["*"], label="kind", error=["line 2", "`note`", name, "`x`"])


def text_that_is_wrong():
    csv("ragged-crlf.csv", "a,b,t\r\n1,0.5,10\r\n2,1\r\n3,2,40\r\n", error=["2 cells in line 3, but 3 in line 1"])
    csv("ragged-long.csv", "\n\na,b,t\n1,0.5,10,7\n", error=["4 cells in line 4, but 3 in line 3"])
    csv("trailing-comma.csv", "a,b,t\n1,2,3,\n4,5,6,\n", error=["4 cells in line 2"])
    csv("footer.csv", "a,b,t\n1,0.5,10\n2,1,20\nSum,,30\n", error=["line 4", "`a`", "`Sum`"])
    for number, word in enumerate(["NA", "NaN", "", "null", "inf", "-", "n.d.", "12 kg", "5%", "$3", "1/2", "1 234", "2024-01-05"]):
        name = f"word-{number}.csv"
        csv(name, f"a,b,t\n1,0.5,10\n\n2,{word},20\n", error=["line 4", "`b`", name, f"`{word}`" if word else "nothing"])
    csv("thousands.csv", 'a,b,t\n1,"1,234.5",10\n2,7,20\n', error=["line 2", "`b`", "`1,234.5`", "separators of thousands"])
    csv("german-as-plain.csv", "a;b;t\n1,5;2,5;3\n", error=["3 cells in line 2, but 1 in line 1"])
    csv("semicolons.csv", "a;b;t\n1;2;3\n4;5;6\n", error=["no column `a`", 'delimiter: ";"'])
    csv("german-points.csv", "a;b;t\n1;1.234,5;3\n4;5;6\n", delimiter=";", decimal=",", error=["line 2", "`b`", "`1.234,5`"])
    csv("german-without-decimal.csv", "a;b;t\n1;2,5;3\n4;5;6\n", delimiter=";", error=["line 2", "`2,5`", 'decimal: ","'])
    csv("windows-1252.csv", "a,b,t,ort\r\n1,0.5,10,Köln\r\n".encode("cp1252"), error=["0xf6 in line 2, column 4", "iconv"])
    csv("utf-16.csv", "a,b,t\n1,2,3\n".encode("utf-16"), error=["UTF-16", "iconv -f UTF-16"])
    csv("utf-16-without-mark.csv", "a,b,t\n1,2,3\n".encode("utf-16-le"), error=["zero byte in line 1", "iconv -f UTF-16"])
    csv("open-quote.csv", 'a,b,t\n1,0.5,10\n2,"1,20\n3,1,40\n', error=["opens a quote in line 3 that never closes"])
    csv("backslash.csv", 'a,note,b,t\n1,"x \\" y",0.5,10\n', error=["line 2, column 2"])
    csv("mixed-truth.csv", "a,b,t\n1,0,1\n2,True,2\n", error=["line 3", "`b`", "`True`"])
    csv("empty.csv", "", error=["empty.csv", "is empty"])
    csv("header-only.csv", "a,b,t\n", error=["0 rows"])
    csv("no-header.csv", "1,0.5,10\n2,-1.5,20\n", error=["no column `a`", "the columns are 1, 0.5, 10"])
    csv("twice.csv", "a,b,b,t\n1,2,3,4\n", error=["2 columns `b`"])
    csv("unicode-minus.csv", "a,b,t\n1,−2,3\n", error=["line 2", "`−2`"])
    name = write("unnamed.csv", ",a,b,t\n0,1,2,3\n1,4,5,6\n")
    table(name, ["*"], ["t"], error=["column 1", name, "without a name", "index=False"])
    outlier = "a,b,t\n" + "".join(f"{i},{i * i % 7},{i}\n" for i in range(30)) + "1e200,3,5\n"
    csv("outlier.csv", outlier, standardize_inputs=True, error=["`a`", "1e200 in line 32", "remove its row"])
    csv("outlier-plain.csv", outlier, error=["line 32", "`a`", "1e200", "overflow"])
    seconds = "a,b,t\n" + "".join(f"{1_700_000_000 + i},1,{i}\n" for i in range(30))
    csv("seconds.csv", seconds, inputs=["a"], error=["`a`", "30 different values", "f32 keeps 1", "standardize the column"])
    name = write("missing-class.csv", "a,kind\n1,x\n2,NA\n3,y\n")
    table(name, ["a"], label="kind", error=["line 3", "`kind`", "`NA`", "give the class another one"])
    name = write("half-class.csv", "a,kind\n1,1\n2,1.5\n")
    table(name, ["a"], label="kind", error=["line 3", "`kind`", "`1.5`", "`targets`"])
    name = "cut.csv.gz"
    noise = np.random.default_rng(0).random(300)
    content = gzip.compress(("a,b,t\n" + "".join(f"1,{value},2\n" for value in noise)).encode(), mtime=0)
    csv(name, content[: len(content) // 2], error=[name, "cannot be read beyond line", "cut off"])
    csv("book.xlsx", b"PK\x03\x04\x14\x00\x06\x00", error=["is a ZIP archive, as Excel", "save it as CSV"])
    csv("array.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<f8'", error=["is a NumPy array", "savetxt"])
    csv("feather.arrow", b"ARROW1\x00\x00\xff\xff\xff\xff", error=["is an Arrow (Feather) file", "Parquet"])
    csv("plain.csv.zst", b"\x28\xb5\x2f\xfd\x04\x00\x01", error=["compressed by Zstandard", "zstd -d"])


# Digits


def idx(code, *sizes, content=b""):
    return bytes([0, 0, code, len(sizes)]) + b"".join(size.to_bytes(4, "big") for size in sizes) + content


def idx_files():
    pictures = idx(8, 3, 2, 2, content=bytes([0, 255, 51, 102, 5, 6, 7, 8, 0, 0, 51, 0]))
    labels = idx(8, 3, content=bytes([7, 3, 7]))
    rows = [[0, 1, 0.2, 0.4, 1], [5 / 255, 6 / 255, 7 / 255, 8 / 255, 0], [0, 0, 0.2, 0, 1]]

    def pair(name, pictures, labels, **expected):
        write(f"{name}-images-idx3", pictures)
        write(f"{name}-labels-idx1", labels)
        digits(f"{name}-images-idx3", **expected)

    pair("mnist", pictures, labels, rows=rows)
    pair("packed", gzip.compress(pictures, mtime=0), gzip.compress(labels, mtime=0), rows=rows)
    pair("cut", pictures[:-5], labels, error=["cut-images-idx3", "has 7 elements", "3 × 2 × 2", "fetch it again"])
    pair("cut-header", pictures[:9], labels, error=["ends at offset 9 within its header"])
    pair("other-magic", b"\x01" + pictures[1:], labels, error=["other-magic-images-idx3", "zero byte in line 1"])
    pair("floats", b"\0\0\x0d" + pictures[3:], labels, error=["0x0d at offset 2"])
    pair("swapped", labels, pictures, error=["holds 3 numbers, not pictures", "looks like the file of labels"])
    pair("fewer-labels", pictures, idx(8, 2, content=bytes([7, 3])), error=["holds 2 labels", "3 pictures"])
    pair("cut-gzip", gzip.compress(pictures, mtime=0)[:-9], labels, error=["cut-gzip-images-idx3", "cannot be decompressed"])
    write("alone-images-idx3", pictures)
    digits("alone-images-idx3", error=["alone-labels-idx1", "cannot be read", "digits.labels=FILE"])


def digits_as_text():
    rows = [[0, 1, 0.2, 0.4, 1], [0, 0, 0.2, 0, 0]]
    plain = "7,0,255,51,102\n3,0,0,51,0\n"
    digits(write("digits.csv", plain), rows=rows)
    digits(write("digits-header.csv", "label,1x1,1x2,2x1,2x2\n" + plain), rows=rows)
    digits(write("digits-numeric-header.csv", "0,1,2,3,4\n" + plain), rows=rows)
    digits(write("digits-crlf.csv", "\ufefflabel,0,1,2,3\r\n" + plain.replace("\n", "\r\n")), rows=rows)
    digits(write("digits-real.csv", "7.0,0.0,255.0,51.0,1.02e2\n3.0,0,0,51,0\n"), rows=rows)
    digits(write("digits-semicolon.csv", plain.replace(",", ";")), delimiter=";", rows=rows)
    digits(write("digits-semicolon-as-comma.csv", plain.replace(",", ";")), error=["single cell in line 1", "delimiter"])
    last = "pixel1,pixel2,pixel3,pixel4,class\n0,255,51,102,7\n0,0,51,0,3\n"
    digits(write("digits-last.csv", last), label_column="last", rows=rows)
    digits("digits-last.csv", label_column={"named": "class"}, rows=rows)
    digits("digits-last.csv", error=["`class`", "`pixel1` would be taken as the label", "label_column: { named: class }"])
    frame = pd.DataFrame({"label": [7, 3], "p0": [200, 10], "p1": [255, 0]})
    digits(write("digits-pandas.csv", frame.to_csv()), error=["line 1, column 1", "an index is neither", "index=False"])
    digits(write("digits-pandas-again.csv", frame.to_csv().replace(",label", "Unnamed: 0,label", 1)), error=["`Unnamed: 0` in line 1, column 1"])
    counted = "".join(f"{i},{i * 5 % 3},{i * 7 % 11},{i * 3 % 13}\n" for i in range(20))
    digits(write("digits-counted.csv", counted), error=["counts its lines in column 1"])
    digits(write("digits-id.csv", "label,p0,p1,p2,p3,patient\n7,0,255,51,102,1001\n3,0,0,51,0,1002\n"), error=["`patient` in line 1, column 6"])
    digits(write("digits-bright.csv", "7,0,255,51,102\n3,0,1e30,51,0\n"), error=["`1e30` in line 2, column 3"])
    digits(write("digits-missing.csv", "7,0,255,51,102\n3,0,,51,0\n"), error=["line 2, column 3", "a pixel is a number"])
    digits(write("digits-word.csv", "7,0,255,51,102\nseven,0,0,51,0\n"), error=["the label `seven` in line 2"])


# Pictures

# Grey levels of two rows of three blocks, 16 pixels wide and high: no symmetry leaves it as it is.
BLOCKS = np.array([[0, 51, 102], [204, 255, 153]], dtype=np.uint8)
GREY = np.kron(BLOCKS, np.ones((16, 16), dtype=np.uint8))


def cells(blocks):
    """Levels of 6 × 6 cells over two rows of three blocks."""
    return (np.kron(blocks, np.ones((3, 2))) / 255).round(6).flatten().tolist()


def pictures():
    levels = cells(BLOCKS)
    grey = Image.fromarray(GREY)

    def save(name, image, **options):
        image.save(FILES / name, **options)
        return name

    picture(save("grey.png", grey), levels)
    picture(save("grey16.png", Image.fromarray(GREY.astype(np.uint16) * 257)), levels)
    picture(save("colour.png", Image.merge("RGB", [grey] * 3)), levels)
    red = Image.merge("RGB", [grey, Image.new("L", grey.size, 51), Image.new("L", grey.size, 102)])
    in_grey = 0.299 * BLOCKS + 0.587 * 51 + 0.114 * 102
    picture(save("red.png", red), cells(in_grey))
    palette = grey.convert("RGB").quantize(8)
    picture(save("palette.png", palette), levels)
    picture(save("interlaced.png", grey.convert("RGBA").convert("RGB"), optimize=True), levels)
    black_white = Image.fromarray(np.where(GREY > 128, 255, 0).astype(np.uint8)).convert("1")
    picture(save("bits.png", black_white), cells(np.where(BLOCKS > 128, 255, 0)))
    opaque = Image.merge("RGBA", [grey] * 3 + [Image.new("L", grey.size, 255)])
    picture(save("opaque.png", opaque), levels)
    # The right block of the first row shows what is behind it.
    alpha = Image.fromarray(np.kron([[255, 255, 0], [255] * 3], np.ones((16, 16))).astype(np.uint8))
    for name, image in [("alpha.png", Image.merge("RGBA", [grey] * 3 + [alpha])), ("grey-alpha.png", Image.merge("LA", [grey, alpha]))]:
        save(name, image)
        behind = BLOCKS.copy()
        behind[0, 2] = 255
        picture(name, cells(behind), background=1)
        picture(name, error=["transparent pixels, the first in row 1, column 33", "background: 1"])
    clear = palette.copy()
    picture(save("clear-palette.png", clear, transparency=clear.getpixel((40, 3))), error=["transparent pixels, the first in row 1, column 33"])

    quality = {"quality": 95}
    picture(save("grey.jpg", grey, **quality), levels, tolerance=0.02)
    picture(save("colour.jpg", red, subsampling=0, **quality), cells(in_grey), tolerance=0.02)
    picture(save("progressive.jpg", grey, progressive=True, **quality), levels, tolerance=0.02)
    nothing = Image.new("L", grey.size, 0)
    ink = Image.merge("CMYK", [nothing] * 3 + [Image.fromarray(255 - GREY)])
    picture(save("cmyk.jpg", ink, **quality), levels, tolerance=0.02)
    transposed = Image.Transpose
    stored = {1: None, 2: transposed.FLIP_LEFT_RIGHT, 3: transposed.ROTATE_180, 4: transposed.FLIP_TOP_BOTTOM,
              5: transposed.TRANSPOSE, 6: transposed.ROTATE_90, 7: transposed.TRANSVERSE, 8: transposed.ROTATE_270}
    for orientation, turn in stored.items():
        exif = Image.Exif()
        exif[0x112] = orientation
        image = grey if turn is None else grey.transpose(turn)
        picture(save(f"turned-{orientation}.jpg", image, exif=exif, **quality), levels, tolerance=0.02)
        if orientation == 6:
            picture(save("turned-6.png", image, exif=exif), levels)

    whole = (FILES / "grey.jpg").read_bytes()
    picture(write("cut.jpg", whole[: len(whole) // 2]), error=["cut.jpg", "is cut off"])
    picture(write("followed.jpg", whole + b"a film, as phones append it"), levels, tolerance=0.02)
    whole = (FILES / "grey.png").read_bytes()
    picture(write("cut.png", whole[: len(whole) // 2]), error=["cut.png", "not a readable PNG"])
    for ending in ["gif", "webp", "bmp", "tiff"]:
        picture(save(f"grey.{ending}", grey), error=[f"grey.{ending}", "not a readable PNG or JPEG", "converted where it is"])
    picture(write("text.png", "no picture"), error=["text.png", "not a readable PNG or JPEG"])
    table("grey.png", ["a"], ["b"], error=["grey.png", "is a picture", "source: { image:"])


def main():
    shutil.rmtree(FILES, ignore_errors=True)
    FILES.mkdir()
    parquet_of_duckdb()
    parquet_of_pandas()
    parquet_of_polars()
    parquet_of_arrow()
    text_that_is_right()
    text_that_is_wrong()
    idx_files()
    digits_as_text()
    pictures()
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in CASES)
    (HERE / "cases.json").write_text(f"[\n{lines}\n]\n")
    size = sum(os.path.getsize(path) for path in FILES.rglob("*") if path.is_file())
    print(f"{len(CASES)} cases, {size / 1024:.0f} KiB")


main()
