"""What estimator and graph see of a typed table: the same float32 numbers, texts and classes."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contender.errors import DataError
from contender.problem import frames
from tests.problem.test_schema import schema


def table(**columns: Any) -> pa.Table:
    """A table of the given columns."""
    return pa.table(columns)


@given(st.lists(st.one_of(st.none(), st.floats(-1e30, 1e30)), min_size=1))
@settings(deadline=None)
def test_numbers_are_those_the_graph_sees(values: list[float | None]) -> None:
    """Each number is the nearest float32, and a missing one is NaN."""
    columns = frames.feature_columns(table(size=pa.array(values, pa.float64())), schema())
    expected = np.asarray([np.nan if v is None else v for v in values], dtype=np.float32)
    assert columns["size"].dtype == np.float64
    np.testing.assert_array_equal(columns["size"], expected.astype(np.float64))


@given(st.lists(st.one_of(st.none(), st.text(min_size=1)), min_size=1), st.integers(1, 4))
@settings(deadline=None)
def test_texts_are_the_same_however_they_are_stored(values: list[str | None], parts: int) -> None:
    """Plain text, categories and categories in several chunks give the same objects."""
    made = schema(size={"dtype": "string"})
    plain = pa.array(values, pa.string())
    chunks = pa.chunked_array(
        [plain[start::parts].dictionary_encode() for start in range(min(parts, len(values)))]
    )
    ordered = [value for start in range(parts) for value in values[start::parts]]
    for column, expected in (
        (plain, values),
        (plain.dictionary_encode(), values),
        (chunks, ordered),
    ):
        got = frames.feature_columns(table(size=column), made)["size"]
        assert got.tolist() == [value or "" for value in expected]


@pytest.mark.parametrize("value", [1e39, -1e300])
def test_a_number_beyond_float32_is_named(value: float) -> None:
    """It would be an infinity in the graph: the column and the row are told."""
    with pytest.raises(DataError, match=r"`size` has `.*` in row 2"):
        frames.feature_columns(table(size=[1.0, value]), schema())


def test_targets_are_indices_of_classes() -> None:
    """The positive class of a binary target is 1; texts and categories are the same."""
    for values in (pa.array(["a", "b", "b"]), pa.array(["a", "b", "b"]).dictionary_encode()):
        target = frames.encode_target(table(kind=values), schema())
        assert target.tolist() == [0, 1, 1]
        assert target.dtype == np.int64


def test_targets_of_a_regression_are_themselves() -> None:
    """Numbers stay as they are, in full precision."""
    made = schema("regression", kind={"dtype": "float", "categories": None, "positive": None})
    target = frames.encode_target(table(kind=[1.0, 1e300]), made)
    assert target.tolist() == [1.0, 1e300]


@pytest.mark.parametrize("values", [["a", None], ["a", "z"], ["a", ""]])
def test_a_target_that_is_no_class_is_named(values: list[str | None]) -> None:
    """A missing or unknown target stops, with the row."""
    with pytest.raises(DataError, match="1 rows is missing or no class.*row 2"):
        frames.encode_target(table(kind=values), schema())


@given(st.integers(0, 300), st.integers(1, 300))
@settings(deadline=None)
def test_spaced_rows_are_spread(there: int, wanted: int) -> None:
    """As many as asked for or as there are, in order, none twice, both ends included."""
    kept = frames.spaced(table(size=list(range(there))), wanted)["size"].to_pylist()
    assert len(kept) == min(there, wanted)
    assert kept == sorted(set(kept))
    if kept and wanted > 1:
        assert (kept[0], kept[-1]) == (0, there - 1)


def test_a_frame_keeps_texts_and_numbers() -> None:
    """scikit-learn gets objects and floats, not a library's own string type."""
    columns = {"size": np.asarray([1.0, np.nan]), "name": np.asarray(["x", ""], dtype=object)}
    frame = frames.to_frame(columns)
    assert frame["name"].tolist() == ["x", ""]
    assert frame["name"].dtype == object
    assert frame["size"].dtype == np.float64
