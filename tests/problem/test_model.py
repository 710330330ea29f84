"""Every estimator by name, for every task, built from settings that are checked."""

from typing import Any

import numpy as np
import pytest

from contender.errors import ParameterError
from contender.problem.model import ESTIMATORS, build_model
from contender.problem.schema import Schema
from tests import datasets
from tests.problem.test_schema import schema

SETTINGS: dict[str, dict[str, Any]] = {
    "hist_gradient_boosting": {"max_iter": 5},
    "random_forest": {"n_estimators": 5},
    "linear": {"strength": 1.0},
}
REGRESSION = {"kind": {"dtype": "float", "categories": None, "positive": None}}


def schema_of(task: str) -> Schema:
    """A schema with one number, for each task."""
    if task == "regression":
        return schema(task, **REGRESSION)
    classes = ["a", "b"] if task == "binary" else ["a", "b", "c"]
    return schema(task, kind={"categories": classes, "positive": "b"})


def test_the_documented_estimators_are_those_there_are() -> None:
    """The three of the parameters, and no other."""
    assert set(ESTIMATORS) == set(datasets.ESTIMATORS)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_estimator_learns_every_task(name: str, task: str) -> None:
    """On numbers that decide the target, each one finds out."""
    frame = datasets.pd.DataFrame({"size": np.repeat([1.0, 2.0, 3.0], 60)})
    target = {
        "binary": np.repeat([0, 1, 1], 60),
        "multiclass": np.repeat([0, 1, 2], 60),
        "regression": np.repeat([1.0, 2.0, 3.0], 60),
    }[task]
    model = build_model(schema_of(task), name=name, settings=SETTINGS[name], seed=7)
    model.fit(frame, target)
    error = np.abs(model.predict(frame) - target)
    assert error.mean() < 0.6
    assert np.corrcoef(model.predict(frame), target)[0, 1] > 0.9


@pytest.mark.parametrize("name", ESTIMATORS)
def test_one_seed_gives_one_model(name: str) -> None:
    """The same rows and seed give the same predictions, to the last bit."""
    rng = np.random.default_rng(3)
    frame = datasets.pd.DataFrame({"size": rng.normal(size=200)})
    target = (rng.random(200) < 0.5).astype(int)
    answers = [
        build_model(schema(), name=name, settings=SETTINGS[name], seed=7)
        .fit(frame, target)
        .predict_proba(frame)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*answers)


def test_missing_numbers_are_taken_by_all() -> None:
    """NaN in a number stops no estimator, in training or after."""
    frame = datasets.pd.DataFrame({"size": np.tile([1.0, 2.0, np.nan], 60)})
    for name, settings in SETTINGS.items():
        model = build_model(schema(), name=name, settings=settings, seed=7)
        predictions = model.fit(frame, np.tile([0, 1, 1], 60)).predict_proba(frame)
        assert np.isfinite(predictions).all()


@pytest.mark.parametrize("name", ["", "linear ", "LogisticRegression", "svm"])
def test_an_unknown_estimator_is_named(name: str) -> None:
    """The message lists those there are."""
    with pytest.raises(ParameterError, match="expected one of `hist_gradient_boosting"):
        build_model(schema(), name=name, settings={}, seed=7)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("hist_gradient_boosting", {"depth": 3}),
        ("hist_gradient_boosting", {"random_state": 3}),
        ("random_forest", {"n_jobs": 4}),
        ("linear", {}),
        ("linear", {"alpha": 1.0}),
        ("linear", {"strength": 0}),
        ("linear", {"strength": None}),
        ("linear", {"strength": "strong"}),
    ],
)
def test_settings_an_estimator_does_not_take_are_named(name: str, settings: dict[str, Any]) -> None:
    """Unknown, missing or impossible settings are told by the path they have in params.yaml."""
    with pytest.raises(ParameterError, match=rf"train\.hyperparameters\.{name}"):
        build_model(schema(), name=name, settings=settings, seed=7)
