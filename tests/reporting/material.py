"""Decisions and materials of every kind, with names that no data set has."""

from datetime import date
from typing import Any

from contender.reporting.material import (
    Curve,
    Explanations,
    Gap,
    Manifest,
    Material,
    Results,
    Slice,
    Validation,
)
from contender.release.gate.decision import (
    Check,
    CostFinding,
    Decision,
    Digests,
    Estimate,
    FairnessFinding,
    Group,
    HoldoutUse,
    Outcome,
    SliceFinding,
    Verdict,
)

TASKS = ("binary", "multiclass", "regression")
PRIMARY = {"binary": "roc_auc", "multiclass": "roc_auc", "regression": "rmse"}
VALUES = {
    "binary": {
        "roc_auc": (0.8471, 0.8402, 0.0069),
        "average_precision": (0.6612, 0.6498, 0.0114),
        "log_loss": (0.4102, 0.4171, 0.0069),
        "brier": (0.1339, 0.1351, 0.0012),
        "accuracy": (0.8017, 0.8031, -0.0014),
        "f1": (0.5871, 0.5712, 0.0159),
        "cost": (0.4932, 0.5103, 0.0171),
    },
    "multiclass": {
        "roc_auc": (0.9812, 0.9790, 0.0022),
        "log_loss": (0.2213, 0.2398, 0.0185),
        "accuracy": (0.9311, 0.9290, 0.0021),
        "macro_f1": (0.9304, 0.9281, 0.0023),
    },
    "regression": {
        "rmse": (53.18, 54.92, 1.74),
        "mae": (42.3, 43.1, 0.8),
        "r2": (0.4712, 0.4361, 0.0351),
        "pinball": (26.1, 26.4, 0.3),
    },
}
SPREAD = {"rmse": 1.2, "mae": 1.1, "pinball": 0.7}
CLASSES = {"binary": ("no", "yes"), "multiclass": ("red", "green", "blue"), "regression": ()}
WAIVER = "owner@example.invalid until 2030-12-31: the rates of the two regions differ in the data"
SUMMARIES = {
    Verdict.PROMOTE: "The challenger is proven better on roc_auc: +0.0069, at least +0.0031.",
    Verdict.BOOTSTRAP: "There is no champion; the challenger beats the baselines and every floor.",
    Verdict.HOLD: "The gain on roc_auc is not proven: +0.0069, at least -0.0008.",
    Verdict.REJECT: "Harm is proven: region=north loses 0.0512 of roc_auc, at least 0.0211.",
    Verdict.ERROR: "The holdout is not the one that was pinned; nothing was judged.",
}
CHECKS = {
    Verdict.PROMOTE: (),
    Verdict.BOOTSTRAP: (),
    Verdict.HOLD: (
        Check(
            family="quality",
            subject="roc_auc",
            outcome=Outcome.HOLD,
            code="not-proven-better",
            message="The gain of 0.0069 could be as low as -0.0008; it must be above 0.",
        ),
    ),
    Verdict.REJECT: (
        Check(
            family="slice",
            subject="region=north",
            outcome=Outcome.REJECT,
            code="slice-harm",
            message="roc_auc is lower by 0.0512, proven by at least 0.0211, on 402 rows.",
        ),
        Check(
            family="quality",
            subject="roc_auc",
            outcome=Outcome.HOLD,
            code="not-proven-better",
            message="The gain of 0.0069 could be as low as -0.0008; it must be above 0.",
        ),
    ),
    Verdict.ERROR: (
        Check(
            family="precondition",
            subject="holdout.parquet",
            outcome=Outcome.ERROR,
            code="holdout-changed",
            message="The holdout has the digest 5f3a, expected 91bc: it was changed.",
        ),
    ),
}


def make_estimate(metric: str, values: tuple[float, float, float], **changes: Any) -> Estimate:
    """One estimate with an interval as wide as its metric's usual one."""
    challenger, opponent, difference = values
    half = SPREAD.get(metric, 0.0051)
    fields = {
        "metric": metric,
        "challenger": challenger,
        "opponent": opponent,
        "difference": difference,
        "lower": difference - half,
        "upper": difference + half,
        "level": 0.975,
        "method": "delong" if metric == "roc_auc" else "paired-t",
        "rows": 1407,
    }
    return Estimate.model_validate(fields | changes)


def make_slices(task: str) -> tuple[SliceFinding, ...]:
    """A slice of each kind: passed, harmed, critical, too small."""
    primary = PRIMARY[task]
    challenger, opponent, _ = VALUES[task][primary]

    def found(column: str, level: str, change: float, **changes: Any) -> SliceFinding:
        half = 3 * SPREAD.get(primary, 0.0051)
        estimate = make_estimate(
            primary,
            (challenger, opponent, change * half),
            lower=(change - 1) * half,
            upper=(change + 1) * half,
        )
        fields = {
            "column": column,
            "level": level,
            "rows": 402,
            "critical": False,
            "outcome": Outcome.PASS,
            "message": "No harm is proven.",
            "estimate": estimate,
        }
        return SliceFinding.model_validate(fields | changes)

    return (
        found("colour", "red", 0.4),
        found("colour", "green", 1.3, critical=True),
        found("region", "north", -2.1, outcome=Outcome.REJECT, message="Harm is proven."),
        found("region", "south", 0.1, rows=871),
        found(
            "region",
            "",
            0.0,
            rows=14,
            outcome=Outcome.SKIPPED,
            message="14 rows; expected at least 100.",
            estimate=None,
        ),
    )


def make_fairness() -> tuple[FairnessFinding, ...]:
    """A finding of each status, one of them waived."""

    def found(metric: str, widest: float, status: str, **changes: Any) -> FairnessFinding:
        fields = {
            "column": "region",
            "metric": metric,
            "gap": widest,
            "lower": max(0.0, widest - 0.06),
            "upper": widest + 0.07,
            "limit": 0.1,
            "champion_gap": 0.05,
            "status": status,
            "waiver": None,
            "groups": (
                Group(level="north", rows=402, value=0.31),
                Group(level="south", rows=871, value=0.31 - widest),
            ),
            "outcome": Outcome.PASS,
        }
        return FairnessFinding.model_validate(fields | changes)

    return (
        found("selection_rate", 0.021, "safe"),
        found("true_positive_rate", 0.224, "safe", waiver=WAIVER, limit=0.35),
        found("false_positive_rate", 0.083, "inconclusive", outcome=Outcome.HOLD),
        found(
            "mean_error",
            0.0,
            "not-evaluated",
            gap=None,
            lower=None,
            upper=None,
            champion_gap=None,
            groups=(),
            outcome=Outcome.SKIPPED,
        ),
    )


def make_decision(
    verdict: Verdict = Verdict.PROMOTE, task: str = "binary", **changes: Any
) -> Decision:
    """A whole decision; `changes` replace its fields."""
    first = verdict is Verdict.BOOTSTRAP
    estimates = [make_estimate(name, values) for name, values in VALUES[task].items()]
    passed = Check(
        family="quality",
        subject=PRIMARY[task],
        outcome=Outcome.PASS,
        code="proven-better",
        message="The gain is above 0 with the error allowed to this look.",
    )
    skipped = passed.model_copy(
        update={"family": "behaviour", "outcome": Outcome.SKIPPED, "code": "none-declared"}
    )
    carried = (passed,) if verdict in (Verdict.PROMOTE, Verdict.BOOTSTRAP) else ()
    fields = {
        "verdict": verdict,
        "summary": SUMMARIES[verdict],
        "provisional": verdict is not Verdict.PROMOTE,
        "mode": "improve",
        "task": task,
        "primary": PRIMARY[task],
        "opponent": "linear baseline" if first else "champion",
        "as_of": date(2026, 11, 21),
        "digests": Digests(
            holdout="91bc" * 16,
            challenger="ab12" * 16,
            champion=None if first else "cd34" * 16,
            table_schema="ef56" * 16,
            gate_code="0123" * 16,
            gate_parameters="4567" * 16,
        ),
        "holdout": HoldoutUse(
            digest="91bc" * 16,
            rows=1420,
            judged_rows=1407,
            look=2,
            alpha=0.05 / 6,
            provable_gain=0.0121,
            equal_pass_probability=0.0083,
            rows_needed=9200,
        ),
        "estimates": tuple(estimates),
        "slices": make_slices(task),
        "fairness": make_fairness() if task == "binary" else (),
        "cost": (
            CostFinding(
                name="latency_p95_ms",
                challenger=0.061,
                champion=None if first else 0.055,
                ratio=None if first else 1.11,
                limit="at most 1.25 x the champion",
                outcome=Outcome.PASS,
            ),
            CostFinding(
                name="size_mb",
                challenger=0.21,
                champion=None,
                ratio=None,
                limit="at most 50 MB",
                outcome=Outcome.PASS,
            ),
        ),
        "checks": (*carried, *CHECKS[verdict], skipped),
    }
    if verdict is Verdict.ERROR:
        nothing: dict[str, Any] = {"digests": None, "holdout": None, "estimates": ()}
        fields |= nothing | {"slices": (), "fairness": (), "cost": ()}
    return Decision.model_validate(fields | changes)


def make_empty_decision(verdict: Verdict = Verdict.ERROR) -> Decision:
    """A decision in which every list is empty and every optional value missing."""
    nothing: dict[str, Any] = {"estimates": (), "slices": (), "fairness": (), "cost": ()}
    nothing |= {"checks": (), "digests": None, "holdout": None, "opponent": "none"}
    return make_decision(verdict, **nothing)


def make_manifest(task: str = "binary", *, classes: tuple[str, ...] | None = None) -> Manifest:
    """A manifest of a model with two features."""
    names = CLASSES[task] if classes is None else classes
    target: dict[str, Any] = {"role": "target", "dtype": "string", "categories": names}
    if task == "binary":
        target["positive"] = names[-1]
    if task == "regression":
        target = {"role": "target", "dtype": "float", "unit": "kg"}
    columns = {
        "key": {"role": "id", "dtype": "string", "meaning": "number of the parcel"},
        "outcome": target | {"meaning": "what became of the parcel"},
        "weight": {"role": "feature", "dtype": "float", "unit": "kg", "meaning": "its weight"},
        "region": {
            "role": "feature",
            "dtype": "string",
            "categories": ["north", "south"],
            "sensitive": True,
            "slice": "report",
            "meaning": "where it was posted",
        },
    }
    content = {"dataset": "parcels", "row": "one parcel", "task": task, "columns": columns}
    rule = {"method": "id", "column": "key", "holdout": 0.2, "salt": "pepper", "cutoff": None}
    return Manifest.model_validate(
        {
            "version": 1,
            "task": task,
            "features": {"weight": "number", "region": "text"},
            "classes": names,
            "prior": [0.7, 0.3],
            "schema": {"sha256": "ef56" * 16, "content": content},
            "model": {"file": "model.onnx", "sha256": "ab12" * 16, "bytes": 210_000},
            "estimator": {
                "name": "hist_gradient_boosting",
                "seed": 7,
                "hyperparameters": {"learning_rate": 0.03, "max_iter": 200},
            },
            "data": {"source": "data/raw/parcels.csv", "sha256": "aa" * 32, "rows": 7043},
            "split": {
                "rule": rule,
                "train_rows": 5636,
                "train_sha256": "bb" * 32,
                "holdout_rows": 1407,
                "holdout_sha256": "91bc" * 16,
            },
            "params": {"train": {"estimator": "linear", "hyperparameters": {"linear": {"c": 1}}}},
            "libraries": {"numpy": "2.4.6", "scikit-learn": "1.9.1"},
            "parity": {"rows": 5636, "max_difference": 4e-7},
        }
    )


def make_validation(*, success: bool = True) -> Validation:
    """Two checks of the data, the second failed unless `success`; and a warning."""
    results = [
        {"type": "expect_table_row_count_to_be_between", "column": None, "success": True},
        {
            "type": "expect_column_values_to_be_in_set",
            "column": "region",
            "success": success,
            "observed": None if success else "3 unexpected (east)",
            "unexpected": 0 if success else 3,
            "examples": [] if success else ["east"],
        },
        {
            "type": "expect_column_mean_to_be_between",
            "column": "weight",
            "success": False,
            "severity": "warning",
            "observed": "4.2",
        },
    ]
    checked = [{"severity": "critical"} | result for result in results]
    facts = {"success": success, "rows": 7043, "expectations": 3, "failed": int(not success)}
    return Validation.model_validate(facts | {"results": checked})


def make_explanations() -> Explanations:
    """Two features, one slice, one row."""
    return Explanations.model_validate(
        {
            "method": "tree paths",
            "unit": "log-odds",
            "rows": 500,
            "global": [
                {"feature": "weight", "mean_abs": 0.52, "mean": -0.11},
                {"feature": "region", "mean_abs": 0.21, "mean": 0.02},
            ],
            "slices": [
                {"column": "region", "level": "north", "rows": 120, "features": {"weight": 0.7}}
            ],
            "examples": [
                {
                    "id": "K-17",
                    "prediction": 1.1,
                    "base": -0.4,
                    "contributions": [
                        {"feature": "weight", "value": 12.5, "contribution": 1.8},
                        {"feature": "region", "value": "north", "contribution": -0.3},
                    ],
                }
            ],
        }
    )


def make_curves(task: str, classes: tuple[str, ...] = ("red", "green", "blue")) -> dict[str, Curve]:
    """Every curve of the task, short."""
    if task == "regression":
        return {
            "predicted_actual": Curve({"predicted": (1.0, 2.0, 3.0), "actual": (1.1, 1.9, 3.2)}),
            "residuals": Curve({"residual": (-1.0, 0.0, 1.0), "rows": (10.0, 50.0, 9.0)}),
        }
    several = task == "multiclass"
    labels = classes if several else ("",)
    repeated = tuple(label for label in labels for _ in range(3))
    lead = {"class": repeated} if several else {}
    names = classes if several else ("no", "yes")
    sides = ("other", "this") if several else names
    cells = [(actual, predicted) for actual in names for predicted in names]
    roc = {
        "false_positive_rate": (0.0, 0.2, 1.0) * len(labels),
        "true_positive_rate": (0.0, 0.7, 1.0) * len(labels),
    }
    recall = {"recall": (0.0, 0.5, 1.0) * len(labels), "precision": (1.0, 0.8, 0.3) * len(labels)}
    scores = {
        "score": (0.1, 0.5, 0.9, 0.1, 0.5, 0.9) * len(labels),
        "rows": (300.0, 80.0, 20.0, 30.0, 90.0, 140.0) * len(labels),
        "actual": sum(((name,) * 3 for name in sides), ()) * len(labels),
    }
    doubled = {"class": tuple(label for label in labels for _ in range(6))} if several else {}
    return {
        "roc": Curve(lead | roc),
        "precision_recall": Curve(lead | recall),
        "calibration": Curve(
            {"predicted": (0.1, 0.5, 0.9), "observed": (0.12, 0.46, 0.88), "rows": (300, 80, 20)}
        ),
        "confusion": Curve(
            {
                "actual": tuple(actual for actual, _ in cells),
                "predicted": tuple(predicted for _, predicted in cells),
                "rows": tuple(100.0 if a == p else 12.0 for a, p in cells),
            }
        ),
        "scores": Curve(doubled | scores),
    }


def make_results(task: str = "binary", **changes: Any) -> Results:
    """Everything the stages make; `changes` replace parts."""
    fields: dict[str, Any] = {
        "manifest": make_manifest(task),
        "metrics": {name: values[0] for name, values in VALUES[task].items()} | {"ece": 0.021},
        "validation": make_validation(),
        "slices": (
            Slice(column="region", level="north", rows=402, evaluated=True, metrics={"f1": 0.5}),
            Slice(column="region", level="", rows=14, evaluated=False, reason="14 rows"),
        ),
        "gaps": (Gap(column="region", metric="selection_rate", gap=0.021, ratio=0.94),),
        "explanations": make_explanations(),
        "curves": make_curves(task),
    }
    return Results(**(fields | changes))


def make_material(verdict: Verdict = Verdict.PROMOTE, task: str = "binary") -> Material:
    """Everything a report can have."""
    return Material(make_decision(verdict, task), make_results(task))
