"""Stage 5: what the challenger does on the holdout, for people; the gate judges apart."""

import csv
import io
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contender import files
from contender.inference import Predictor
from contender.params import EvaluateParams, Params
from contender.paths import Paths
from contender.problem import artifacts, frames
from contender.problem.curves import Table, draw_curves
from contender.problem.explanations import Sample, explain
from contender.problem.fairness import compare_groups
from contender.problem.metrics import compute_metrics
from contender.problem.schema import Schema, Task, load_schema
from contender.problem.slices import label_rows, sensitive_columns, sliced_columns

TRAIN: Final = "dvc repro train"
MANIFEST_KEYS: Final = ("model.sha256", "estimator.sha256", "split.holdout_sha256")


@dataclass(frozen=True)
class Scored:
    """The holdout and what the challenger says of it; every array has one entry a row."""

    columns: dict[str, np.ndarray]
    ids: np.ndarray
    labels: dict[str, np.ndarray]
    target: np.ndarray
    predictions: np.ndarray


def run(params: Params, paths: Paths) -> str:
    """Write metrics, slices, fairness, explanations and curves; the headline in one sentence."""
    schema, settings = load_schema(paths.schema), params.evaluate
    manifest = files.read_json(paths.manifest, made_by=TRAIN, keys=MANIFEST_KEYS)
    files.verify(paths.model, manifest["model"]["sha256"], made_by=TRAIN)
    files.verify(paths.estimator, manifest["estimator"]["sha256"], made_by=TRAIN)
    digest = manifest["split"]["holdout_sha256"]
    holdout = pq.read_table(files.verify(paths.holdout, digest, made_by="dvc repro split"))
    scored = score(holdout, paths.model.read_bytes(), schema)
    target, predictions = scored.target, scored.predictions
    groups = row_labels(holdout, schema, sensitive_columns(schema))
    metrics = _steady(compute_metrics(schema.task, target, predictions, settings))
    fairness = compare_groups(
        schema.task, target, predictions, groups, threshold=settings.threshold
    )
    curves = draw_curves(schema.task, target, predictions, schema.classes, settings)
    explanations = explain_some(
        scored, artifacts.load(paths.estimator.read_bytes()), schema, settings
    )
    files.write_json(paths.metrics, metrics)
    files.write_json(paths.slices, {"slices": measure_slices(scored, schema, settings)})
    files.write_json(paths.fairness, fairness)
    files.write_json(paths.explanations, explanations)
    for name, table in curves.items():
        files.write_text(paths.curves / f"{name}.csv", to_csv(table))
    shown = ", ".join(f"{name} {value:.4g}" for name, value in list(metrics.items())[:3])
    return f"{shown} on {holdout.num_rows:,} rows"


def score(holdout: pa.Table, graph: bytes, schema: Schema) -> Scored:
    """The rows of `holdout` with the predictions of `graph`."""
    columns = frames.feature_columns(holdout, schema)
    return Scored(
        columns=columns,
        ids=holdout[schema.id].to_numpy(),
        labels=row_labels(holdout, schema, sliced_columns(schema)),
        target=frames.encode_target(holdout, schema),
        predictions=Predictor(graph).predict(columns),
    )


def row_labels(table: pa.Table, schema: Schema, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """For each column of `names` the label of every row."""
    return {name: label_rows(schema.columns[name], table[name].to_numpy()) for name in names}


def measure_slices(
    scored: Scored, schema: Schema, settings: EvaluateParams
) -> list[dict[str, Any]]:
    """All metrics on the rows of each level of each sliced column, or why there are none."""
    found = []
    for column, levels in scored.labels.items():
        for level in sorted(set(levels)):
            rows = levels == level
            target, predictions = scored.target[rows], scored.predictions[rows]
            reason = too_small(target, schema, settings)
            metrics = {} if reason else compute_metrics(schema.task, target, predictions, settings)
            found.append(
                {
                    "column": column,
                    "level": level,
                    "rows": int(rows.sum()),
                    "evaluated": reason is None,
                    "reason": reason,
                    "metrics": _steady(metrics),
                }
            )
    return found


def _steady(metrics: dict[str, float]) -> dict[str, float]:
    """Ten decimals: what is left of the sixteen when another machine adds in another order."""
    return {name: round(value, 10) for name, value in metrics.items()}


def too_small(target: np.ndarray, schema: Schema, settings: EvaluateParams) -> str | None:
    """Why a slice with these targets says nothing, or None."""
    if len(target) < settings.min_slice_rows:
        return f"{len(target)} rows, fewer than {settings.min_slice_rows}"
    if schema.task is Task.REGRESSION:
        return None if np.ptp(target) > 0 else f"every target is {target[0]:g}"
    counts = np.bincount(target, minlength=len(schema.classes))
    rarest = int(counts.argmin())
    if counts[rarest] < settings.min_slice_class_rows:
        name = schema.classes[rarest]
        return f"{counts[rarest]} rows of `{name}`, fewer than {settings.min_slice_class_rows}"
    return None


def explain_some(
    scored: Scored, pipeline: Any, schema: Schema, settings: EvaluateParams
) -> dict[str, Any]:
    """The explanations of evenly spaced rows."""
    count = min(len(scored.ids), settings.explain_rows)
    rows = np.linspace(0, len(scored.ids) - 1, count).astype(np.int64)
    sample = Sample(
        columns={name: values[rows] for name, values in scored.columns.items()},
        ids=scored.ids[rows],
        labels={name: values[rows] for name, values in scored.labels.items()},
    )
    return explain(pipeline, sample, schema, examples=settings.explain_examples)


def to_csv(table: Table) -> str:
    """The table as CSV text with a header."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    return stream.getvalue()
