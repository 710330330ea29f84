"""What is committed of the model on the sample is what the stages make, and is worth having."""

import json
import shutil
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from contender.inference import Predictor
from contender.params import load_params
from contender.paths import Paths
from contender.problem import frames
from contender.problem.metrics import compute_metrics
from contender.problem.schema import load_schema
from tests.data.test_sample import find_raw, moved_out
from tests.datasets import ROOT, run_stages

pytestmark = moved_out


@dataclass(frozen=True)
class Made:
    """What the stages made of the sample, and the holdout they were measured on."""

    paths: Paths
    target: np.ndarray
    challenger: np.ndarray
    baseline: np.ndarray

    def measure(self, predictions: np.ndarray) -> dict[str, float]:
        """The metrics of `predictions`."""
        task = load_schema(self.paths.schema).task
        settings = load_params(self.paths.params).evaluate
        return compute_metrics(task, self.target, predictions, settings)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The sample taken through every stage, apart from the work tree."""
    folder = tmp_path_factory.mktemp("sample")
    paths = Paths(root=folder, work=folder)
    for path in (paths.params, paths.schema, paths.expectations):
        path.parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / path.relative_to(folder), path)
    source = folder / load_params(paths.params).ingest.source
    source.parent.mkdir()
    shutil.copy2(find_raw(), source)
    run_stages(paths)
    schema, holdout = load_schema(paths.schema), pq.read_table(paths.holdout)
    columns = frames.feature_columns(holdout, schema)
    return Made(
        paths,
        frames.encode_target(holdout, schema),
        Predictor(paths.model.read_bytes()).predict(columns),
        Predictor(paths.baseline.read_bytes()).predict(columns),
    )


def committed(name: str) -> Any:
    """The value of a report in git."""
    return json.loads((ROOT / "reports" / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["metrics.json", "slices.json", "fairness.json"])
def test_committed_reports_are_those_of_the_model(name: str, made: Made) -> None:
    """The numbers in git are the numbers that come out, to the last digit that is kept."""
    again = json.loads((made.paths.reports / name).read_text(encoding="utf-8"))
    assert committed(name) == again


def test_committed_curves_are_those_of_the_model(made: Made) -> None:
    """And so is every point of every curve."""
    names = sorted(path.name for path in (ROOT / "reports/curves").glob("*.csv"))
    assert names == sorted(path.name for path in made.paths.curves.iterdir())
    for name in names:
        assert (ROOT / "reports/curves" / name).read_bytes() == (
            made.paths.curves / name
        ).read_bytes()


def test_the_model_beats_a_constant(made: Made) -> None:
    """Against the share of the training rows it ranks, and it is closer to the truth."""
    manifest = json.loads(made.paths.manifest.read_text(encoding="utf-8"))
    constant = np.full(len(made.target), manifest["prior"][-1])
    ours, theirs = made.measure(made.challenger), made.measure(constant)
    assert theirs["roc_auc"] == 0.5
    assert ours["roc_auc"] > 0.84
    assert ours["brier"] < 0.75 * theirs["brier"]
    assert ours["log_loss"] < 0.8 * theirs["log_loss"]
    assert ours["cost"] < theirs["cost"]


def test_a_line_is_about_as_good(made: Made) -> None:
    """Boosting and logistic regression are within .01 of each other, which the report says."""
    ours, theirs = made.measure(made.challenger), made.measure(made.baseline)
    assert abs(ours["roc_auc"] - theirs["roc_auc"]) < 0.01


def test_the_holdout_is_a_fifth(made: Made) -> None:
    """And its share of leavers is that of the sample."""
    assert 1350 < len(made.target) < 1500
    assert abs(made.target.mean() - 0.265) < 0.03


def test_the_committed_metrics_keep_the_floors(made: Made) -> None:
    """What is in git would pass its own gate's absolute limits, with room."""
    metrics, floors = committed("metrics.json"), load_params(made.paths.params).gate.floors
    assert metrics["roc_auc"] > floors["roc_auc"] + 0.1
    assert metrics["brier"] < floors["brier"] - 0.05


def test_every_waiver_is_about_a_gap_that_is_there(made: Made) -> None:
    """A waiver nobody needs any more has to go: without it the limit would be broken or open."""
    gaps = {
        (gap["column"], gap["metric"]): gap["gap"] for gap in committed("fairness.json")["gaps"]
    }
    fairness = load_params(made.paths.params).gate.fairness
    assert gaps["senior_citizen", "selection_rate"] > fairness.max_gap
    for waiver in fairness.waivers:
        gap = gaps[waiver.column, waiver.metric]
        assert fairness.max_gap / 2 < gap < waiver.max_gap


def test_the_contract_matters_most(made: Made) -> None:
    """What anybody in the trade would say: the term of the contract explains most."""
    explanations = json.loads(made.paths.explanations.read_text(encoding="utf-8"))
    strongest = [item["feature"] for item in explanations["global"][:3]]
    assert "contract" in strongest
