"""What goes wrong with models, each planted in a challenger that would be promoted without it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from contender.inference import Predictor
from contender.release.gate.decision import Decision, Outcome, Verdict
from contender.release.measure import latencies
from tests import datasets
from tests.pipeline.spoiling import flipped
from tests.sabotage import graphs
from tests.sabotage.project import FAST, Project, some

TARGET: Final = "late"
Change = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Case:
    """A fault, what the gate must say of it, and why that and nothing else.

    `late` faults happen between `contender record` and `contender gate`.
    """

    name: str
    plant: Callable[[Project], object]
    verdict: Verdict
    code: str
    why: str
    late: bool = False

    def judge(self, project: Project) -> Decision:
        """The verdict on the better challenger with the fault in it."""
        project.restore()
        if not self.late:
            self.plant(project)
        project.run("record")
        if self.late:
            self.plant(project)
        return project.judge()

    def is_caught(self, decision: Decision) -> bool:
        """True for the exact verdict, with the exact reason among those that carry it."""
        blocking = Outcome(self.verdict.lower())
        reasons = {check.code for check in decision.checks if check.outcome is blocking}
        return decision.verdict is self.verdict and self.code in reasons


def trained(change: Change) -> Callable[[Project], None]:
    """Train on other rows than the honest ones."""
    return lambda project: project.train(lambda table: change(some(-1)(table)), rate=FAST)


def edited(plant: Callable[[graphs.Graph], str]) -> Callable[[Project], None]:
    """Put nodes behind the honest prediction."""
    return lambda project: project.put(graphs.edit(project.paths.model.read_bytes(), plant))


def restated(column: str, change: Change, **facts: Any) -> Callable[[Project], None]:
    """Change a column in the data and in its schema, and train again."""

    def plant(project: Project) -> None:
        paths = project.paths
        content = datasets.read_yaml(paths.schema)
        named = facts.pop("name", column)
        content["columns"] = {
            named if name == column else name: (it | facts if name == column else it)
            for name, it in content["columns"].items()
        }
        datasets.dump_yaml(paths.schema, content)
        change(pd.read_parquet(paths.holdout)).to_parquet(paths.holdout)
        project.train(change, rate=FAST)

    return plant


def shuffle(table: pd.DataFrame) -> pd.DataFrame:
    """The answers of other rows."""
    order = np.random.default_rng(1).permutation(len(table))
    return table.assign(**{TARGET: table[TARGET].to_numpy()[order]})


def leak(project: Project) -> None:
    """Train on the holdout too."""
    holdout = pd.read_parquet(project.paths.holdout)
    trained(lambda table: pd.concat([table, holdout]))(project)


def lose_a_row(project: Project) -> None:
    """No prediction for one row of the holdout."""
    value = pd.read_parquet(project.paths.holdout)["load"].iloc[17]
    edited(graphs.blind("load", value))(project)


def split_again(project: Project) -> None:
    """Hold other rows out, and keep the model of before."""
    datasets.change_params(project.paths, split__salt="another")
    datasets.run_stages(project.paths, "split")


def break_a_slice(project: Project) -> None:
    """Take 5 points of ROC AUC from the parcels that go by road, by the noise that does it."""
    rows = pd.read_parquet(project.paths.holdout)
    columns = {name: rows[name].to_numpy() for name in rows.columns}
    road, honest = (rows["carrier"] == "road").to_numpy(), project.paths.model.read_bytes()

    def score(graph: bytes) -> float:
        return float(roc_auc_score(rows[TARGET][road], Predictor(graph).predict(columns)[road]))

    def scramble(noise: float) -> bytes:
        return graphs.edit(honest, graphs.scrambled("carrier", "road", "distance", by=noise))

    low, high = 0.0, 20.0
    for _ in range(10):
        middle = (low + high) / 2
        is_enough = score(honest) - score(scramble(middle)) > 0.05
        low, high = (low, middle) if is_enough else (middle, high)
    project.put(scramble(high))


def slow_down(project: Project) -> None:
    """Take at least twice as long for a row, by as many products of matrices as that needs."""
    rows, honest = pd.read_parquet(project.paths.holdout), project.paths.model.read_bytes()
    columns = {name: rows[name].to_numpy() for name in rows.columns}
    products, ratio = 2, 0.0
    while ratio < 2.2 and products < 2**12:
        products *= 2
        slow = graphs.edit(honest, graphs.slowed(products))
        fast_ms, slow_ms = latencies([honest, slow], columns)
        ratio = slow_ms / fast_ms
    project.put(slow)


def grow(project: Project) -> None:
    """Take ten times the bytes."""
    project.put(graphs.padded(project.paths.model.read_bytes(), times=10))


def renamed(table: pd.DataFrame) -> pd.DataFrame:
    """The load under another name."""
    return table.rename(columns={"load": "burden"})


def coded(table: pd.DataFrame) -> pd.DataFrame:
    """The region as a number."""
    return table.assign(region=(table["region"] == "south").astype("int64"))


_R, _E = Verdict.REJECT, Verdict.ERROR
_WORSE: Final = "The ranking is proven worse than the champion's."
_OTHER: Final = "The champion cannot score these rows, so nothing can be compared."
CASES: Final = (
    Case("shuffled labels", trained(shuffle), _R, "proven-worse", _WORSE),
    Case("constant predictor", edited(graphs.constant), _R, "proven-worse", _WORSE),
    Case("inverted score", edited(graphs.inverted), _R, "proven-worse", _WORSE),
    Case(
        "one feature dropped",
        trained(lambda table: table.assign(load=0.0)),
        _R,
        "proven-worse",
        _WORSE,
    ),
    Case(
        "one slice broken by 5 points",
        break_a_slice,
        _R,
        "slice-worse",
        "The whole may still be better; the loss on the slice is proven beyond its margin.",
    ),
    Case(
        "logits doubled",
        edited(graphs.doubled),
        _R,
        "calibration-worse",
        "The ranking is as good as before; the probabilities are proven worse.",
    ),
    Case("NaN in one row", lose_a_row, _E, "prediction-error", "No metric of a NaN is a metric."),
    Case(
        "predictions shifted by one row",
        edited(graphs.shifted),
        _R,
        "behaviour-broken",
        "A prediction depends on the row before it; the ranking is lost as well.",
    ),
    Case(
        "trained on holdout rows",
        leak,
        _E,
        "rows-shared",
        "The rows prove nothing of a model that has seen them.",
    ),
    Case(
        "stale holdout digest",
        split_again,
        _E,
        "holdout-digest",
        "These are not the rows that were held out from this model.",
        late=True,
    ),
    Case("column renamed", restated("load", renamed, name="burden"), _E, "champion-unfit", _OTHER),
    Case(
        "category type changed",
        restated("region", coded, dtype="integer", categories=[0, 1]),
        _E,
        "champion-unfit",
        _OTHER,
    ),
    Case("2x slower", slow_down, _R, "cost-exceeded", "Better, and above the limit on latency."),
    Case("10x larger", grow, _R, "cost-exceeded", "Better, and above the limit on size."),
    Case(
        "threshold shifted for one group",
        edited(graphs.favoured("region", "south", by=1.5)),
        _R,
        "gap-widened",
        "The groups are alike, and the champion selects them alike.",
    ),
    Case(
        "one byte of the artifact flipped",
        lambda project: flipped("models/model.onnx")(project.paths),
        _E,
        "model-digest",
        "These are not the bytes that were recorded, so they are not run.",
        late=True,
    ),
)
