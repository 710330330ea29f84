"""Stage 1: whatever way a table is delivered, it is typed the same, or refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from contender.errors import DataError
from contender.params import load_params
from contender.paths import Paths
from contender.problem.schema import Task
from contender.stages import ingest
from tests import datasets


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A project of 300 boxes, of which no stage ran."""
    return datasets.boxes(300).write(tmp_path / "boxes")


@pytest.mark.parametrize("name", datasets.PROBLEMS)
def test_columns_have_the_types_their_roles_ask_for(name: str, tmp_path: Path) -> None:
    """Numbers and booleans are float64, texts are categories or text, times are timestamps."""
    problem = datasets.PROBLEMS[name]()
    paths = problem.write(tmp_path / name)
    datasets.run_stages(paths, "ingest")
    table, schema = pq.read_table(paths.table), problem.schema
    assert table.num_rows == len(problem.table)
    assert table.column_names == [c for c in schema.columns if c not in schema.named("ignored")]
    for column in schema.numeric:
        assert table[column].type == pa.float64()
    for column in schema.categorical:
        assert table[column].type == pa.dictionary(pa.int32(), pa.string())
    for column in schema.named("time"):
        assert table[column].type == pa.timestamp("us")
    regression = schema.task is Task.REGRESSION
    assert (table[schema.target].type == pa.float64()) is regression
    assert table[schema.id].type == pa.string()


def test_cells_keep_their_values(paths: Paths) -> None:
    """What was written is what is read: numbers, texts beyond ASCII, times, and what is missing."""
    datasets.run_stages(paths, "ingest")
    given, table = datasets.boxes(300).table, pq.read_table(paths.table)
    assert table["box"].to_pylist() == given["box"].tolist()
    colours = [text if isinstance(text, str) else None for text in given["colour"]]
    assert table["colour"].to_pylist() == colours
    np.testing.assert_array_equal(table["weight"].to_numpy(), given["weight"])
    assert table["express"].to_pylist() == [float(text == "true") for text in given["express"]]
    assert table["gift"].to_pylist() == [float(text) if text else None for text in given["gift"]]
    assert [str(time) for time in table["placed"].to_pylist()] == given["placed"].tolist()


def test_parquet_is_read_like_csv(paths: Paths) -> None:
    """The same table delivered as Parquet gives the same typed table."""
    expected = datasets.typed(paths)
    table = pd.read_csv(paths.raw / "boxes.csv").convert_dtypes()
    table.to_parquet(paths.raw / "boxes.parquet")
    datasets.change_params(paths, ingest__source="data/raw/boxes.parquet")
    assert datasets.typed(paths).to_pylist() == expected.to_pylist()


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(";", "utf-8"), ("\t", "cp1252"), (",", "utf-16")]
)
def test_delimiter_and_encoding_are_as_parameters_say(
    paths: Paths, delimiter: str, encoding: str
) -> None:
    """A table in another dialect gives the same typed table."""
    expected = datasets.typed(paths)
    table = pd.read_csv(paths.raw / "boxes.csv", dtype=str, keep_default_na=False)
    table.to_csv(paths.raw / "boxes.csv", sep=delimiter, encoding=encoding, index=False)
    datasets.change_params(paths, ingest__delimiter=delimiter, ingest__encoding=encoding)
    assert datasets.typed(paths).to_pylist() == expected.to_pylist()


@pytest.mark.parametrize("change", ["\ufeff{}", "{}\n\n", "{}"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_harmless_bytes_change_nothing(paths: Paths, change: str, ending: str) -> None:
    """A byte-order mark, empty lines at the end and Windows line endings are read over."""
    expected = datasets.typed(paths)
    source = paths.raw / "boxes.csv"
    text = source.read_text(encoding="utf-8")
    source.write_bytes(change.format(text).replace("\n", ending).encode())
    assert datasets.typed(paths).to_pylist() == expected.to_pylist()


def test_quoted_empty_cells_are_missing(paths: Paths) -> None:
    """A writer that quotes every cell leaves no empty text that passes for a value."""
    expected = datasets.typed(paths)
    table = pd.read_csv(paths.raw / "boxes.csv", dtype=str, keep_default_na=False)
    table.to_csv(paths.raw / "boxes.csv", index=False, quoting=1)
    assert datasets.typed(paths).to_pylist() == expected.to_pylist()


def test_a_quoted_word_for_missing_is_a_category(paths: Paths) -> None:
    """`"NA"` in quotes is the category NA; without quotes nothing is there."""
    source = paths.raw / "boxes.csv"
    table = pd.read_csv(source, dtype=str, keep_default_na=False)
    table.loc[0, "colour"], table.loc[1, "colour"] = "<quoted>", "NA"
    text = table.to_csv(index=False).replace("<quoted>", '"NA"')
    source.write_text(text, encoding="utf-8")
    assert datasets.typed(paths)["colour"].to_pylist()[:2] == ["NA", None]


def test_columns_may_come_in_any_order(paths: Paths) -> None:
    """The schema says the order of the table, not the file."""
    expected = datasets.typed(paths)
    table = pd.read_csv(paths.raw / "boxes.csv", dtype=str, keep_default_na=False)
    table[table.columns[::-1]].to_csv(paths.raw / "boxes.csv", index=False)
    assert datasets.typed(paths).to_pylist() == expected.to_pylist()


def test_a_file_of_many_blocks_is_one_table(paths: Paths) -> None:
    """Categories that first appear in a later block of the file are the same categories."""
    table = datasets.boxes(300).table.drop(columns="notes")
    many = pd.concat([table] * 120, ignore_index=True).assign(notes="n" * 40)
    many["box"] = [f"b{number}" for number in range(len(many))]
    many["colour"] = ["red"] * (len(many) - 1) + ["green"]
    many.to_csv(paths.raw / "boxes.csv", index=False)
    assert (paths.raw / "boxes.csv").stat().st_size > 3 << 20
    typed = datasets.typed(paths)
    assert typed.num_rows == len(many)
    assert pc.value_counts(typed["colour"]).to_pylist() == [
        {"values": "red", "counts": len(many) - 1},
        {"values": "green", "counts": 1},
    ]


def test_a_boolean_target_is_two_classes(paths: Paths) -> None:
    """Truths written in words are the classes 0 and 1 that the schema names as booleans."""
    datasets.change_column(paths, "kept", dtype="boolean", categories=[False, True], positive=True)
    table = pd.read_csv(paths.raw / "boxes.csv", dtype=str, keep_default_na=False)
    table.to_csv(paths.raw / "boxes.csv", index=False)
    expected = ["1" if text == "yes" else "0" for text in table["kept"]]
    assert datasets.typed(paths)["kept"].to_pylist() == expected


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("weight", pa.array([[1.0]] * 300)),
        ("colour", pa.array([b"\xff"] * 300)),
        ("placed", pa.array([True] * 300)),
    ],
)
def test_values_that_are_no_cells_are_refused(paths: Paths, column: str, values: pa.Array) -> None:
    """Lists, bytes and booleans for a time are refused with the name of their column."""
    table = pa.Table.from_pandas(pd.read_csv(paths.raw / "boxes.csv"), preserve_index=False)
    table = table.set_column(table.column_names.index(column), column, values)
    pq.write_table(table, paths.raw / "boxes.parquet")
    datasets.change_params(paths, ingest__source="data/raw/boxes.parquet")
    with pytest.raises(DataError, match=f"`{column}`"):
        datasets.run_stages(paths, "ingest")
    assert not paths.table.exists()


def test_integers_beyond_float64_are_rounded(paths: Paths) -> None:
    """A 64-bit integer becomes the nearest float64, as it does when it comes as text."""
    table = pa.Table.from_pandas(pd.read_csv(paths.raw / "boxes.csv"), preserve_index=False)
    large = pa.array([2**53 + 1] * 300)
    table = table.set_column(table.column_names.index("items"), "items", large)
    pq.write_table(table, paths.raw / "boxes.parquet")
    datasets.change_params(paths, ingest__source="data/raw/boxes.parquet")
    assert set(datasets.typed(paths)["items"].to_pylist()) == {float(2**53)}


@pytest.mark.parametrize("rows", [1, 7, 200, 299, 300, 5000])
def test_a_subset_is_spread_over_the_table(paths: Paths, rows: int) -> None:
    """A smoke run keeps the asked number of rows, in order, from the first part and the last."""
    ingest.run(load_params(paths.params), paths, subset=rows)
    kept = [int(text[1:]) for text in pq.read_table(paths.table)["box"].to_pylist()]
    assert len(kept) == min(rows, 300)
    assert kept == sorted(set(kept))
    gaps = np.diff([*kept, 300])
    assert gaps.max() - gaps.min() <= 1


def test_the_same_file_gives_the_same_bytes(paths: Paths) -> None:
    """Two runs write identical files."""
    datasets.run_stages(paths, "ingest")
    first = paths.table.read_bytes()
    datasets.run_stages(paths, "ingest")
    assert paths.table.read_bytes() == first
