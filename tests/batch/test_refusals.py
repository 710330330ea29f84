"""What the schema of the model does not describe is refused by column and row, in any file."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from contender.batch.scoring import Scorer
from contender.bundle import Bundle
from contender.errors import CellError, DataError
from tests.batch.conftest import Score, params, unheard, write

BAD = [
    ("weight", "heavy", "not a number: `heavy` in row 200"),
    ("weight", "1e999", "not a finite number: `(inf|1e999)` in row 200"),
    ("weight", "-inf", "not a finite number: `-inf` in row 200"),
    ("weight", "1e39", r"not from 0 to 200: `1e\+39` in row 200"),
    ("weight", "-1", r"not from 0 to 200: `-1(\.0)?` in row 200"),
    ("items", "1.5", "not a whole number: `1.5` in row 200"),
    ("items", "nan", "not given .*: `None` in row 200"),
    ("items", "", "not given .*: `None` in row 200"),
    ("express", "maybe", "not a boolean .*: `maybe` in row 200"),
    ("express", "2", "not a boolean .*: `2` in row 200"),
    ("region", "east", "not one of north, south: `east` in row 200"),
    ("region", "", "not given .*: `None` in row 200"),
    ("box", "", "not an id: `None` in row 200"),
]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("bad", BAD)
def test_a_bad_cell_is_named_with_its_row(
    score: Score, boxes: pd.DataFrame, tmp_path: Path, suffix: str, bad: tuple[str, str, str]
) -> None:
    """In whichever chunk it is, rows count from the top of the file, and nothing is written."""
    column, value, said = bad
    boxes.loc[199, column] = value

    with pytest.raises(CellError, match=f"`{column}` has 1 values that are {said}"):
        score(boxes, suffix=suffix)
    assert not (tmp_path / f"predictions{suffix}").exists()


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("weight", float("inf"), "not a finite number: `inf` in row 200"),
        ("items", float("nan"), "not given"),
        ("items", 0.0, "not from 1 to 3.4"),
        ("express", 2.0, "not a boolean .*: `2.0` in row 200"),
        ("express", float("nan"), "not given"),
    ],
)
def test_a_bad_number_in_parquet_is_named_with_its_row(
    score: Score, boxes: pd.DataFrame, column: str, value: float, said: str
) -> None:
    """Columns that come typed are held to the same rules."""
    numbers = boxes.assign(express=(boxes["express"] == "true").astype(float))
    numbers[["weight", "items"]] = numbers[["weight", "items"]].apply(pd.to_numeric)
    numbers = numbers.astype({"items": float})
    assert score(numbers, suffix=".parquet").num_rows == 300
    numbers.loc[199, column] = value

    with pytest.raises(CellError, match=f"`{column}` has 1 values that are {said}"):
        score(numbers, suffix=".parquet")


def test_a_bad_number_far_down_a_csv_is_named_with_its_row(
    score: Score, boxes: pd.DataFrame
) -> None:
    """Rows are counted through all blocks of a large file."""
    boxes["notes"] = "n" * 100_000
    boxes.loc[290, "weight"] = "heavy"

    with pytest.raises(CellError, match="1 values that are not a number: `heavy` in row 291"):
        score(boxes)


def test_policies_are_those_of_the_service(score: Score, boxes: pd.DataFrame) -> None:
    """Where the service accepts unknown categories and numbers out of range, so does this."""
    boxes.loc[199, ["region", "weight"]] = ["east", "-1"]
    accepted = {"unknown_category": "accept", "out_of_range": "accept"}

    assert score(boxes, **accepted).num_rows == 300
    boxes.loc[199, "weight"] = "1e39"
    with pytest.raises(CellError, match="`weight` .* in row 200"):
        score(boxes, **accepted)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_columns_are_those_of_the_model(score: Score, boxes: pd.DataFrame, suffix: str) -> None:
    """Missing and unknown ones are named at once."""
    other = boxes.drop(columns="items").rename(columns={"weight": "Weight"})

    with pytest.raises(DataError, match="missing: `weight, items`; unknown: `Weight`"):
        score(other, suffix=suffix)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_no_rows_are_refused(score: Score, boxes: pd.DataFrame, suffix: str) -> None:
    """All columns and nothing below them is no table to predict."""
    with pytest.raises(DataError, match="has a header but no rows"):
        score(boxes.head(0), suffix=suffix)


def test_a_column_given_twice_is_refused(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    """Nobody could tell which of the two is meant."""
    names = "colour,region,weight,items,express,gift,weight"
    content = f"{names}\nred,north,1,1,true,1,2\n"

    with pytest.raises(DataError, match="given twice: `weight`"):
        score_bytes(bundles["boxes"], tmp_path, content.encode())


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rows.csv", b"", r"is empty \(0 bytes\)"),
        ("rows.parquet", b"", r"is empty \(0 bytes\)"),
        ("rows.csv", b"\n\n", "cannot be read as CSV"),
        ("rows.csv", b"colour,region,weight,items,express,gift\nred\n", "cannot be read as CSV"),
        ("rows.csv", b"col\xff\n", "is not utf-8"),
        ("rows.csv", b"\x00\x01\x02", "cannot be read as CSV"),
        ("rows.csv", b"a;b\n1;2\n", "does not have the columns"),
        ("rows.parquet", b"PAR1 and no more", "cannot be read as Parquet"),
        ("rows.csv", None, "is missing"),
    ],
)
def test_a_file_of_nothing_or_garbage_is_refused(
    bundles: dict[str, Bundle], tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    """Nothing there, no bytes, no rows, no table: each is said, and nothing is written."""
    with pytest.raises(DataError, match=said):
        score_bytes(bundles["boxes"], tmp_path, content, name)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(
    bundles: dict[str, Bundle], boxes: pd.DataFrame, tmp_path: Path, keep: float
) -> None:
    """Wherever a Parquet file ends early."""
    write(boxes, tmp_path / "whole.parquet")
    content = (tmp_path / "whole.parquet").read_bytes()

    with pytest.raises(DataError, match="it may be truncated"):
        score_bytes(bundles["boxes"], tmp_path, content[: int(keep * len(content))], "rows.parquet")


def test_damage_in_a_later_chunk_writes_nothing(
    bundles: dict[str, Bundle], boxes: pd.DataFrame, tmp_path: Path
) -> None:
    """When the first rows were read well and the next cannot be, the old output stays."""
    write(boxes, tmp_path / "whole.parquet")
    content = bytearray((tmp_path / "whole.parquet").read_bytes())
    middle = len(content) // 2
    content[middle - 3_000 : middle] = b"\xff" * 3_000
    (tmp_path / "out.csv").write_text("old")

    with pytest.raises(DataError, match="cannot be read as Parquet"):
        score_bytes(bundles["boxes"], tmp_path, bytes(content), "rows.parquet")
    assert (tmp_path / "out.csv").read_text() == "old"


@pytest.mark.parametrize("cells", [[[1.0]] * 3, [b"\xff"] * 3])
def test_values_that_are_no_cells_are_refused(
    score: Score, boxes: pd.DataFrame, cells: list[Any]
) -> None:
    """Lists and bytes are refused with the name of their column."""
    with pytest.raises(DataError, match="`weight`"):
        score(boxes.head(3).assign(weight=cells), suffix=".parquet")


def score_bytes(
    bundle: Bundle, folder: Path, content: bytes | None, name: str = "rows.csv"
) -> None:
    """Predict a file of these bytes; None for a file that is not there."""
    if content is not None:
        (folder / name).write_bytes(content)
    Scorer(bundle, params()).score(folder / name, folder / "out.csv", unheard)
