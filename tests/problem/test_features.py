"""Raw columns become numbers the same way every time, whatever is missing or new."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from contender.problem.features import Diet, build_features, source_columns
from contender.problem.schema import Schema
from tests import datasets
from tests.problem.test_schema import schema


def frame(**columns: list[Any]) -> pd.DataFrame:
    """A frame of the given columns, texts as Python objects."""
    return pd.DataFrame(
        {
            name: np.asarray(values, dtype=object if isinstance(values[0], str) else float)
            for name, values in columns.items()
        }
    )


def colours(*, nullable: bool, categories: list[str] | None) -> Schema:
    """A schema of one number and one category."""
    facts = {"dtype": "string", "nullable": nullable, "categories": categories}
    return schema(colour=facts)


@pytest.mark.parametrize("nullable", [True, False])
def test_a_category_never_seen_is_all_zeros(nullable: bool) -> None:
    """A new category is no other category; a missing one has a column of its own if it may be."""
    made = build_features(colours(nullable=nullable, categories=["red", "blue"]), diet="raw")
    made.fit(frame(size=[1.0, 2.0], colour=["red", "blue"]))
    matrix = made.transform(frame(size=[3.0] * 4, colour=["red", "blue", "green", ""]))
    assert matrix[:2, 1:3].tolist() == [[1, 0], [0, 1]]
    assert matrix[2, 1:].sum() == 0
    assert matrix[3, 1:].sum() == int(nullable)
    assert matrix.shape == (4, 4 if nullable else 3)


def test_categories_may_be_learnt() -> None:
    """Without categories in the schema those of the training rows count."""
    made = build_features(colours(nullable=False, categories=None), diet="raw")
    made.fit(frame(size=[1.0, 2.0], colour=["red", "blue"]))
    matrix = made.transform(frame(size=[1.0], colour=["green"]))
    assert matrix.tolist() == [[1.0, 0.0, 0.0]]


@pytest.mark.parametrize(
    ("diet", "expected"),
    [("raw", [1.0, np.nan, 5.0]), ("imputed", [1, 3, 5]), ("scaled", [-1.2247, 0, 1.2247])],
)
def test_numbers_are_served_as_the_diet_says(diet: Diet, expected: list[float]) -> None:
    """Raw numbers keep NaN; imputed ones have the median; scaled ones have mean 0 and spread 1."""
    made = build_features(schema(), diet=diet)
    matrix = made.fit_transform(frame(size=[1.0, np.nan, 5.0]))
    np.testing.assert_allclose(matrix[:, 0], expected, atol=1e-4)


def test_every_column_of_the_matrix_has_its_source() -> None:
    """The columns that a category becomes are told to come from it, in the matrix's order."""
    made = build_features(datasets.boxes(50).schema, diet="raw").fit(
        frame(
            weight=[1.0],
            items=[1.0],
            express=[1.0],
            gift=[np.nan],
            colour=["red"],
            region=["north"],
        )
    )
    numbers = ["weight", "items", "express", "gift"]
    assert source_columns(made) == [*numbers, *["colour"] * 4, *["region"] * 2]


def test_names_that_look_alike_are_kept_apart() -> None:
    """A number called like a category's column, or two underscores in a name, confuse nothing."""
    made = schema(
        a_b={},
        a={"dtype": "string", "categories": ["b", "c"]},
        a__b={"dtype": "string", "categories": ["c"]},
        numbers={"dtype": "string", "categories": ["x"]},
        verbose={"dtype": "string", "categories": ["x"]},
    )
    features = build_features(made, diet="imputed")
    rows = frame(size=[1.0], a_b=[2.0], a=["b"], a__b=["c"], numbers=["x"], verbose=["x"])
    assert features.fit_transform(rows).tolist() == [[1, 2, 1, 0, 1, 1, 1]]
    assert source_columns(features) == ["size", "a_b", "a", "a", "a__b", "numbers", "verbose"]


def test_a_table_of_categories_alone_will_do() -> None:
    """Without a single number there is no part for numbers."""
    made = schema(size={"dtype": "string", "categories": ["s", "m"]})
    features = build_features(made, diet="scaled").fit(frame(size=["s", "m"]))
    assert features.transform(frame(size=["m"])).tolist() == [[0, 1]]
    assert source_columns(features) == ["size", "size"]
