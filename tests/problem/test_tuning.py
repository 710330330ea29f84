"""The search is seeded, finds what is better, and names what cannot be searched."""

from pathlib import Path
from typing import Any

import pytest

from contender.errors import ParameterError
from contender.params import Params, load_params
from contender.paths import Paths
from contender.problem import frames
from contender.problem.schema import Task
from contender.problem.tuning import search
from contender.stages.ingest import type_table
from tests import datasets


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A project of boxes whose forest has one poor setting in the parameters."""
    paths = datasets.boxes(400).write(tmp_path / "boxes")
    datasets.change_params(
        paths,
        train__estimator="random_forest",
        train__hyperparameters__random_forest={"n_estimators": 5, "min_samples_leaf": 150},
        tune__space__random_forest={"n_estimators": [10], "min_samples_leaf": [5, 10]},
        tune__trials=5,
    )
    return paths


def run(name: str, params: Params) -> dict[str, Any]:
    """The search on a problem's whole table."""
    problem = datasets.PROBLEMS[name]()
    table = type_table(datasets.pa.Table.from_pandas(problem.table), problem.schema)
    columns = frames.feature_columns(table, problem.schema)
    return search(columns, frames.encode_target(table, problem.schema), problem.schema, params)


def test_the_search_finds_the_better_setting_again(paths: Paths) -> None:
    """The same seed gives the same trials; the best beats what was there before."""
    params = load_params(paths.params)
    result = run("boxes", params)
    assert result == run("boxes", params)
    assert result["best"]["score"] > result["before"]["score"]
    assert result["before"]["settings"] == {"n_estimators": 5, "min_samples_leaf": 150}
    scores = [trial["score"] for trial in result["trials"]]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 3
    assert result["best"] == result["trials"][0]


@pytest.mark.parametrize("name", ["wine", "diabetes"])
def test_every_task_is_searched_by_its_metric(name: str, tmp_path: Path) -> None:
    """For a loss the lowest score is best, and scores are the metric itself."""
    paths = datasets.PROBLEMS[name]().write(tmp_path / name)
    params = datasets.change_params(
        paths, train__estimator="linear", tune__space__linear={"strength": [1e6]}
    )
    result = run(name, params)
    regression = datasets.PROBLEMS[name]().task is Task.REGRESSION
    assert result["metric"] == ("rmse" if regression else "roc_auc")
    assert result["best"] == result["before"]
    if regression:
        assert 0 < result["best"]["score"] < result["trials"][-1]["score"]
    else:
        assert 0.9 < result["best"]["score"] <= 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tune__space__random_forest": {}}, r"`tune\.space\.random_forest` is empty"),
        ({"tune__space": {}}, r"`tune\.space\.random_forest` is empty"),
        ({"tune__space__random_forest": {"max_depth": []}}, "is empty"),
        ({"tune__space__random_forest": {"depth": [3]}}, "'depth'"),
        ({"tune__space__random_forest": {"max_depth": [-3]}}, "cannot be fitted"),
        ({"gate__primary": "rmse"}, "`gate.primary` is `rmse`; expected a metric of a binary"),
        ({"train__estimator": "oracle", "tune__space__oracle": {"a": [1]}}, "`oracle` is unknown"),
    ],
)
def test_what_cannot_be_searched_is_named(paths: Paths, changes: dict[str, Any], said: str) -> None:
    """An empty space, an unknown setting, an impossible value, a metric of another task."""
    with pytest.raises(ParameterError, match=said):
        run("boxes", datasets.change_params(paths, **changes))
