"""A pipeline written is the pipeline read, to the last digit; anything else is not trusted."""

import io
import zipfile
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from contender.errors import IntegrityError
from contender.problem import artifacts
from contender.problem.model import ESTIMATORS, build_model
from tests.problem.test_model import SETTINGS, schema_of


class Own(BaseEstimator):  # type: ignore[misc]
    """An estimator of a fork's own that nobody has allowed yet."""


FRAME = pd.DataFrame({"size": np.linspace(0, 1, 90)})
TARGET = {
    "binary": np.arange(90) % 2,
    "multiclass": np.arange(90) % 3,
    "regression": np.linspace(0, 3, 90),
}


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("task", TARGET)
def test_what_is_read_predicts_the_same(name: str, task: str) -> None:
    """Every estimator of every task comes back from its bytes, with the types that are trusted."""
    model = build_model(schema_of(task), name=name, settings=SETTINGS[name], seed=7)
    model.fit(FRAME, TARGET[task])
    content = artifacts.dump(model)
    again = artifacts.load(content)
    np.testing.assert_array_equal(again.predict(FRAME), model.predict(FRAME))
    assert artifacts.dump(model) == content


def test_numbers_of_the_pipeline_are_not_renamed() -> None:
    """Long seeds, long fractions and categories of ten digits are no memory addresses."""
    codes = np.asarray([["1234567890"], ["9876543210"]], dtype=object)
    model = make_pipeline(
        OneHotEncoder(sparse_output=False), Ridge(alpha=0.12345678901234, random_state=2**31 - 1)
    ).fit(codes, [0.0, 1.0])
    again = artifacts.load(artifacts.dump(model))
    assert again[0].categories_[0].tolist() == ["1234567890", "9876543210"]
    assert again[1].alpha == 0.12345678901234
    assert again[1].random_state == 2**31 - 1
    np.testing.assert_array_equal(again.predict(codes), model.predict(codes))


def test_two_fits_give_the_same_bytes() -> None:
    """Neither memory addresses nor the time are in them."""
    contents = {
        artifacts.dump(
            build_model(schema_of("binary"), name="linear", settings={"strength": 1.0}, seed=7).fit(
                FRAME, TARGET["binary"]
            )
        )
        for _ in range(2)
    }
    assert len(contents) == 1


@pytest.mark.parametrize("model", [FunctionTransformer(print), Own()])
def test_a_type_that_is_not_trusted_is_named(model: Any) -> None:
    """An estimator or function nobody allowed does not come to life."""
    with pytest.raises(IntegrityError, match="cannot be trusted"):
        artifacts.load(artifacts.dump(model))


def broken() -> dict[str, bytes]:
    """Bytes that are no artifact, by what is wrong with them."""
    whole = artifacts.dump(Ridge().fit([[0.0], [1.0]], [0.0, 1.0]))
    cases = {"empty": b"", "text": b"not a zip", "truncated": whole[: len(whole) // 2]}
    for name, entry, content in (
        ("no schema", "other.json", b"{}"),
        ("empty schema", "schema.json", b""),
        ("schema of nothing", "schema.json", b"{}"),
        ("list for a schema", "schema.json", b"[]"),
    ):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(entry, content)
        cases[name] = stream.getvalue()
    return cases


@pytest.mark.parametrize("name", broken())
def test_damaged_bytes_are_no_pipeline(name: str) -> None:
    """Nothing, text, a cut-off archive or one without its parts is an integrity error."""
    with pytest.raises(IntegrityError, match="cannot be trusted"):
        artifacts.load(broken()[name])
