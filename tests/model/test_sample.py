"""What the committed results say of the sample's model."""

import json
from pathlib import Path

import pytest

from contender.params import load_params
from contender.paths import Paths
from contender.problem.schema import load_schema

SAMPLE = "telco_churn"
PATHS = Paths(root=Path(__file__).parents[2], work=Path(__file__).parents[2])

pytestmark = pytest.mark.skipif(
    load_schema(PATHS.schema).dataset != SAMPLE, reason="another table has moved in"
)


def test_the_committed_metrics_keep_the_floors() -> None:
    """What is in git would pass its own gate's absolute limits, with room."""
    metrics = json.loads(PATHS.metrics.read_text(encoding="utf-8"))
    floors = load_params(PATHS.params).gate.floors

    assert metrics["roc_auc"] > floors["roc_auc"] + 0.1
    assert metrics["brier"] < floors["brier"] - 0.05


def test_every_waiver_is_about_a_gap_that_is_there() -> None:
    """A waiver nobody needs any more has to go: without it the limit would be broken or open."""
    gaps = {
        (gap["column"], gap["metric"]): gap["gap"]
        for gap in json.loads(PATHS.fairness.read_text(encoding="utf-8"))["gaps"]
    }
    fairness = load_params(PATHS.params).gate.fairness

    for waiver in fairness.waivers:
        gap = gaps[waiver.column, waiver.metric]
        assert gap < waiver.max_gap
        assert gap > fairness.max_gap / 2
