"""Stage 4: fit the challenger, turn it into one ONNX graph, and prove that the graph is it."""

import platform
from importlib import metadata
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contender import files
from contender.conversion import to_onnx
from contender.errors import ParameterError, ParityError
from contender.inference import Predictor
from contender.params import Params, TrainParams
from contender.paths import Paths
from contender.problem import artifacts, frames
from contender.problem.model import build_model
from contender.problem.schema import Schema, Task, load_schema

SPLIT_KEYS: Final = ("table_sha256", "train_rows", "train_sha256", "holdout_rows", "holdout_sha256")
LIBRARIES: Final = ("numpy", "scikit-learn", "skl2onnx", "onnx", "onnxruntime")


def run(params: Params, paths: Paths) -> str:
    """Write the model, its baseline and its manifest; what was done in one sentence."""
    schema = load_schema(paths.schema)
    split = files.read_json(paths.split, made_by="dvc repro split", keys=SPLIT_KEYS)
    files.verify(paths.train, split["train_sha256"], made_by="dvc repro split")
    table = pq.read_table(paths.train)
    settings = params.train.hyperparameters.get(params.train.estimator, {})
    pipeline = fit(table, schema, name=params.train.estimator, settings=settings, params=params)
    graph = to_onnx(pipeline, feature_kinds(schema), n_classes=len(schema.classes))
    parity = prove_parity(graph, pipeline, frames.spaced(table, params.train.parity_rows), schema)
    require_parity(parity, params.train)
    sample = frames.spaced(table, params.train.baseline_rows)
    baseline = fit(sample, schema, name="linear", settings=_baseline(params), params=params)
    baseline_graph = to_onnx(baseline, feature_kinds(schema), n_classes=len(schema.classes))
    files.write_bytes(paths.model, graph)
    files.write_bytes(paths.baseline, baseline_graph)
    files.write_bytes(paths.estimator, artifacts.dump(pipeline))
    manifest = describe(table, schema, params, paths, split) | {"parity": parity}
    files.write_json(paths.manifest, manifest)
    facts = manifest["estimator"] | {
        "rows": table.num_rows,
        "features": len(schema.features),
        "parity": parity,
        "baseline": {"name": "linear", "rows": sample.num_rows, "bytes": len(baseline_graph)},
        "bytes": len(graph),
    }
    files.write_json(paths.training, facts)
    return (
        f"{params.train.estimator} on {table.num_rows:,} rows; ONNX within "
        f"{parity['max_difference']:.0e} of it on {parity['rows']:,} rows"
    )


def feature_kinds(schema: Schema) -> dict[str, Any]:
    """What the graph takes for each feature: a number or a text."""
    return {name: "number" if name in schema.numeric else "text" for name in schema.features}


def fit(
    table: pa.Table, schema: Schema, *, name: str, settings: dict[str, Any], params: Params
) -> Any:
    """The pipeline `name`, fitted on the rows of `table`.

    Raises:
        ParameterError: a hyperparameter has a value that the estimator refuses.
    """
    pipeline = build_model(schema, name=name, settings=settings, seed=params.train.seed)
    frame = frames.to_frame(frames.feature_columns(table, schema))
    target = frames.encode_target(table, schema)
    try:
        return pipeline.fit(frame, target)
    except ValueError as error:
        raise ParameterError(
            f"`{name}` cannot be fitted with `{settings}`: {error}",
            hint=f"change `train.hyperparameters.{name}` in params.yaml",
        ) from error


def prove_parity(graph: bytes, pipeline: Any, table: pa.Table, schema: Schema) -> dict[str, Any]:
    """How far graph and pipeline are apart on the rows of `table`, at most.

    In probability for a classifier, in standard deviations of the target for a regression.
    """
    columns = frames.feature_columns(table, schema)
    served = Predictor(graph).predict(columns)
    frame = frames.to_frame(columns)
    scale = 1.0
    if schema.task is Task.REGRESSION:
        fitted = pipeline.predict(frame)
        scale = float(np.std(frames.encode_target(table, schema))) or 1.0
    else:
        fitted = pipeline.predict_proba(frame)
        fitted = fitted[:, 1] if schema.task is Task.BINARY else fitted
    largest = float(np.max(np.abs(served - fitted))) / scale
    return {"rows": table.num_rows, "max_difference": largest}


def require_parity(parity: dict[str, Any], params: TrainParams) -> None:
    """Nothing, once the graph is the model.

    Raises:
        ParityError: they differ by more than `train.max_parity_error`, or by NaN.
    """
    if not parity["max_difference"] <= params.max_parity_error:
        raise ParityError(
            f"the ONNX graph of `{params.estimator}` differs from scikit-learn by "
            f"`{parity['max_difference']:.2g}` on {parity['rows']:,} training rows; "
            f"expected at most {params.max_parity_error:g}.",
            hint="do not scale numbers before trees, and keep them within float32's seven digits",
        )


def describe(
    table: pa.Table, schema: Schema, params: Params, paths: Paths, split: dict[str, Any]
) -> dict[str, Any]:
    """The manifest: what the model is, what it was made of, and the digests that pin both."""
    target = frames.encode_target(table, schema)
    counts = np.bincount(target, minlength=len(schema.classes)) if schema.classes else None
    prior = [float(target.mean())] if counts is None else (counts / counts.sum()).tolist()
    content = schema.model_dump(mode="json")
    chosen = {"name": params.train.estimator, "seed": params.train.seed}
    tuned = params.train.hyperparameters.get(params.train.estimator, {})
    return {
        "version": 1,
        "task": str(schema.task),
        "features": feature_kinds(schema),
        "classes": list(schema.classes),
        "prior": prior,
        "schema": {"sha256": files.sha256_of(content), "content": content},
        "model": _facts(paths.model),
        "baseline": _facts(paths.baseline),
        "estimator": chosen | {"hyperparameters": tuned, "sha256": files.sha256(paths.estimator)},
        "data": {
            "source": params.ingest.source,
            "sha256": split["table_sha256"],
            "rows": split["train_rows"] + split["holdout_rows"],
        },
        "split": {key: value for key, value in split.items() if key != "table_sha256"},
        "params": {"train": params.train.model_dump(mode="json")},
        "libraries": {name: metadata.version(name) for name in LIBRARIES}
        | {"python": platform.python_version()},
    }


def _facts(path: Any) -> dict[str, Any]:
    return {"file": path.name, "sha256": files.sha256(path), "bytes": path.stat().st_size}


def _baseline(params: Params) -> dict[str, Any]:
    return params.train.hyperparameters.get("linear", {"strength": 1.0})
