"""Contributions add up: to the model's own score, and from one-hot columns to raw ones."""

import json
from typing import Any

import numpy as np
import pytest

from contender.problem import frames
from contender.problem.explanations import Sample, explain, shap_values
from contender.problem.model import build_model
from contender.problem.schema import Task
from contender.stages.ingest import type_table
from tests import datasets

SETTINGS: dict[str, dict[str, Any]] = {
    "hist_gradient_boosting": {"max_iter": 10, "max_leaf_nodes": 5},
    "random_forest": {"n_estimators": 8, "max_depth": 4},
    "linear": {"strength": 1.0},
}


def fitted(name: str, estimator: str) -> tuple[Any, dict[str, np.ndarray], Any]:
    """A pipeline, the columns it was fitted on, and the schema."""
    problem = datasets.PROBLEMS[name]()
    table = type_table(datasets.pa.Table.from_pandas(problem.table), problem.schema)
    columns = frames.feature_columns(table, problem.schema)
    target = frames.encode_target(table, problem.schema)
    model = build_model(problem.schema, name=estimator, settings=SETTINGS[estimator], seed=7)
    return model.fit(frames.to_frame(columns), target), columns, problem.schema


def own_score(pipeline: Any, frame: Any, task: Task) -> np.ndarray:
    """What SHAP explains, shape (n_rows, n_outputs)."""
    if task is Task.REGRESSION:
        scores = pipeline.predict(frame)
    elif hasattr(pipeline, "decision_function"):
        scores = pipeline.decision_function(frame)
    else:
        scores = pipeline.predict_proba(frame)
    return scores.reshape(len(frame), -1)


@pytest.mark.parametrize("estimator", SETTINGS)
@pytest.mark.parametrize("name", ["boxes", "wine", "diabetes"])
def test_shap_values_add_up_to_the_score(name: str, estimator: str) -> None:
    """For every row and output: base plus contributions is what the estimator computes."""
    pipeline, columns, schema = fitted(name, estimator)
    frame = frames.to_frame({key: values[:50] for key, values in columns.items()})
    matrix = pipeline[0].transform(frame)
    values, base, method, _ = shap_values(pipeline[-1], matrix, schema.task)
    scores = own_score(pipeline, frame, schema.task)
    assert method.startswith("shap.")
    np.testing.assert_allclose(values.sum(axis=1) + base, scores, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("estimator", SETTINGS)
def test_raw_columns_get_the_sum_of_what_they_became(estimator: str) -> None:
    """Over raw columns the same score is reached as over the matrix, for every example."""
    pipeline, columns, schema = fitted("boxes", estimator)
    chosen = {key: values[:30] for key, values in columns.items()}
    ids = np.asarray([f"i{number}" for number in range(30)])
    result = explain(pipeline, Sample(chosen, ids, {}), schema, examples=30)
    assert len(result["examples"]) == 30
    scores = own_score(pipeline, frames.to_frame(chosen), schema.task)[:, -1]
    for example in result["examples"]:
        assert {part["feature"] for part in example["contributions"]} == set(schema.features)
        total = example["base"] + sum(part["contribution"] for part in example["contributions"])
        assert total == pytest.approx(scores[int(example["id"][1:])], abs=1e-4)


def test_examples_go_from_the_highest_prediction_to_the_lowest() -> None:
    """Both ends are among them, and the order is that of the predictions."""
    pipeline, columns, schema = fitted("diabetes", "linear")
    ids = np.asarray([str(number) for number in range(442)])
    result = explain(pipeline, Sample(columns, ids, {}), schema, examples=5)
    shown = [example["prediction"] for example in result["examples"]]
    predictions = pipeline.predict(frames.to_frame(columns))
    assert shown == sorted(shown, reverse=True)
    assert shown[0] == pytest.approx(predictions.max(), abs=1e-4)
    assert shown[-1] == pytest.approx(predictions.min(), abs=1e-4)


def test_the_strongest_feature_comes_first_and_slices_have_their_own() -> None:
    """Features are ordered by strength; a slice's strengths are means over its rows."""
    pipeline, columns, schema = fitted("boxes", "hist_gradient_boosting")
    count = len(columns["weight"])
    levels = np.asarray(["even", "odd"] * (count // 2), dtype=object)
    ids = np.arange(count).astype(str)
    result = explain(pipeline, Sample(columns, ids, {"parity": levels}), schema, examples=2)
    strengths = [item["mean_abs"] for item in result["global"]]
    assert strengths == sorted(strengths, reverse=True)
    even, odd = result["slices"]
    assert (even["level"], odd["level"]) == ("even", "odd")
    for item in result["global"]:
        parts = (even["features"][item["feature"]], odd["features"][item["feature"]])
        assert np.mean(parts) == pytest.approx(item["mean_abs"], abs=1e-5)


def test_a_missing_value_is_shown_as_none_and_all_is_json() -> None:
    """NaN and the empty text become null; nothing else would be JSON."""
    pipeline, columns, schema = fitted("boxes", "linear")
    rows = np.flatnonzero(np.isnan(columns["weight"]) & (columns["colour"] == ""))
    chosen = {key: values[rows[:1]] for key, values in columns.items()}
    result = explain(pipeline, Sample(chosen, np.asarray(["x"]), {}), schema, examples=6)
    (example,) = result["examples"]
    shown = {part["feature"]: part["value"] for part in example["contributions"]}
    assert (shown["weight"], shown["colour"]) == (None, None)
    assert json.loads(json.dumps(result, allow_nan=False)) == result
