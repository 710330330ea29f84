"""Every row has exactly one label in every column, whatever stands in it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contender.problem.schema import Column
from contender.problem.slices import label_rows, sensitive_columns, sliced_columns
from tests import datasets

NUMBERS = st.floats(allow_nan=True, allow_infinity=False, width=32)
EDGES = st.lists(
    st.floats(-1e6, 1e6, allow_nan=False, width=32), min_size=1, max_size=6, unique=True
).map(sorted)


def column(**facts: object) -> Column:
    """A feature with the given facts."""
    return Column.model_validate({"role": "feature", "dtype": "float", "meaning": "m"} | facts)


@given(EDGES, st.lists(NUMBERS, min_size=1))
@settings(deadline=None)
def test_ranges_cover_every_number_once(edges: list[float], values: list[float]) -> None:
    """A number's label is the range it lies in; a label that says `>= 2` never holds a 1."""
    labels = label_rows(column(edges=edges), np.asarray(values))
    assert len(labels) == len(values)
    for value, label in zip(values, labels, strict=True):
        if np.isnan(value):
            assert label == ""
            continue
        position = sum(value >= edge for edge in edges)
        if position == 0:
            assert label.startswith("< ")
        elif position == len(edges):
            assert label.startswith(">= ")
        else:
            low, high = label.split(" to ")
            assert float(low) <= value < float(high)


@given(EDGES)
@settings(deadline=None)
def test_every_range_has_its_own_label(edges: list[float]) -> None:
    """No two ranges share a label, so no slice holds two."""
    inside = [edges[0] - 1, *edges]
    assert len(set(label_rows(column(edges=edges), np.asarray(inside)))) == len(edges) + 1


@given(st.lists(st.one_of(st.none(), st.text(min_size=1)), min_size=1))
@settings(deadline=None)
def test_categories_are_their_own_labels(values: list[str | None]) -> None:
    """A text is its label, and what is missing has the empty one."""
    labels = label_rows(column(dtype="string"), np.asarray(values, dtype=object))
    assert labels.tolist() == [value or "" for value in values]


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1))
@settings(deadline=None)
def test_whole_numbers_without_edges_stay_apart(values: list[int]) -> None:
    """Codes of many digits are not rounded into one label."""
    labels = label_rows(column(dtype="integer", categories=[0]), np.asarray(values, dtype=float))
    assert labels.tolist() == [str(value) for value in values]


@pytest.mark.parametrize("values", [[np.nan, np.nan], [0.0, 1.0, np.nan]])
def test_booleans_are_zero_one_or_missing(values: list[float]) -> None:
    """A boolean's levels are 0, 1 and the empty text."""
    labels = label_rows(column(dtype="boolean"), np.asarray(values))
    assert labels.tolist() == ["" if np.isnan(v) else str(int(v)) for v in values]


def test_no_rows_have_no_labels() -> None:
    """An empty column gives an empty answer."""
    for made in (column(dtype="string"), column(edges=[1.0]), column(dtype="boolean")):
        assert label_rows(made, np.asarray([])).shape == (0,)


def test_columns_are_found_by_their_marks() -> None:
    """Sliced and sensitive columns are those the schema marks, in its order."""
    schema = datasets.boxes(50).schema
    assert sliced_columns(schema) == ("colour", "region", "weight")
    assert sensitive_columns(schema) == ("region", "express")
