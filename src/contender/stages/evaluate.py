"""Stage 5: what the challenger does on the holdout, as numbers for people; the gate judges apart."""

import csv
import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contender import files
from contender.errors import PredictionError
from contender.inference import Predictor
from contender.params import EvaluateParams, Params
from contender.paths import Paths
from contender.problem import artifacts, frames
from contender.problem.curves import Table, draw_curves
from contender.problem.explanations import explain
from contender.problem.fairness import compare_groups
from contender.problem.metrics import compute_metrics
from contender.problem.schema import Schema, Task, load_schema
from contender.problem.slices import label_rows, sensitive_columns, sliced_columns


def run(params: Params, paths: Paths) -> str:
    """Write metrics, slices, fairness, explanations and curves; the headline in one sentence."""
    schema = load_schema(paths.schema)
    manifest = files.read_json(paths.manifest, made_by="dvc repro train")
    files.verify(paths.model, manifest["model"]["sha256"], made_by="dvc repro train")
    files.verify(paths.estimator, manifest["estimator"]["sha256"], made_by="dvc repro train")
    digest = manifest["split"]["holdout_sha256"]
    holdout = pq.read_table(files.verify(paths.holdout, digest, made_by="dvc repro split"))
    columns = frames.feature_columns(holdout, schema)
    target = frames.encode_target(holdout, schema)
    predictions = Predictor(paths.model.read_bytes()).predict(columns)
    require_range(predictions, schema)
    settings = params.evaluate
    labels = row_labels(holdout, schema, sliced_columns(schema))
    groups = row_labels(holdout, schema, sensitive_columns(schema))
    metrics = _steady(compute_metrics(schema.task, target, predictions, settings))
    fairness = compare_groups(
        schema.task, target, predictions, groups, threshold=settings.threshold
    )
    files.write_json(paths.metrics, metrics)
    slices = measure_slices(target, predictions, labels, schema, settings)
    files.write_json(paths.slices, {"slices": slices})
    files.write_json(paths.fairness, fairness)
    files.write_json(
        paths.explanations, explain_some(holdout, columns, labels, schema, params, paths)
    )
    write_curves(target, predictions, schema, params, paths)
    shown = ", ".join(f"{name} {value:.4g}" for name, value in list(metrics.items())[:3])
    return f"{shown} on {holdout.num_rows:,} rows"


def require_range(predictions: np.ndarray, schema: Schema) -> None:
    """Nothing, once every probability is one.

    Raises:
        PredictionError: a probability lies outside 0 to 1.
    """
    if schema.task is Task.REGRESSION:
        return
    outside = (predictions < 0) | (predictions > 1)
    if outside.any():
        raise PredictionError(
            f"{int(outside.sum())} predictions lie outside 0 to 1, such as "
            f"`{predictions[outside][0]:.6g}`; expected probabilities.",
            hint="choose a classifier, or calibrate it",
        )


def row_labels(table: pa.Table, schema: Schema, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """For each column of `names` the label of every row."""
    return {name: label_rows(schema.columns[name], table[name].to_numpy()) for name in names}


def measure_slices(
    target: np.ndarray,
    predictions: np.ndarray,
    labels: dict[str, np.ndarray],
    schema: Schema,
    settings: EvaluateParams,
) -> list[dict[str, Any]]:
    """All metrics on the rows of each level of each sliced column, or why there are none."""
    found = []
    for column, levels in labels.items():
        for level in sorted(set(levels)):
            rows = levels == level
            reason = too_small(target[rows], schema, settings)
            metrics = (
                {}
                if reason
                else _steady(
                    compute_metrics(schema.task, target[rows], predictions[rows], settings)
                )
            )
            found.append(
                {
                    "column": column,
                    "level": level,
                    "rows": int(rows.sum()),
                    "evaluated": reason is None,
                    "reason": reason,
                    "metrics": metrics,
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
        return None
    counts = np.bincount(target, minlength=len(schema.classes))
    rarest = int(counts.argmin())
    if counts[rarest] < settings.min_slice_class_rows:
        name = schema.classes[rarest]
        return f"{counts[rarest]} rows of `{name}`, fewer than {settings.min_slice_class_rows}"
    return None


def explain_some(
    holdout: pa.Table,
    columns: dict[str, np.ndarray],
    labels: dict[str, np.ndarray],
    schema: Schema,
    params: Params,
    paths: Paths,
) -> dict[str, Any]:
    """The explanations of evenly spaced holdout rows."""
    count = min(holdout.num_rows, params.evaluate.explain_rows)
    rows = np.linspace(0, holdout.num_rows - 1, count).astype(np.int64)
    return explain(
        artifacts.load(paths.estimator.read_bytes()),
        {name: values[rows] for name, values in columns.items()},
        holdout[schema.id].to_numpy()[rows],
        {name: values[rows] for name, values in labels.items()},
        schema,
        examples=params.evaluate.explain_examples,
    )


def write_curves(
    target: np.ndarray, predictions: np.ndarray, schema: Schema, params: Params, paths: Paths
) -> None:
    """One CSV file a curve, for `dvc plots` and for the report."""
    curves = draw_curves(
        schema.task,
        target,
        predictions,
        classes=schema.classes,
        threshold=params.evaluate.threshold,
        bins=params.evaluate.calibration_bins,
    )
    for name, table in curves.items():
        files.write_text(paths.curves / f"{name}.csv", to_csv(table))


def to_csv(table: Table) -> str:
    """The table as CSV text with a header."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    return stream.getvalue()
