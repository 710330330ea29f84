"""Bundles of small models, fitted on the problems of every task."""

import json
from pathlib import Path
from typing import Any

from contender import files
from contender.bundle import Bundle, write_bundle
from contender.conversion import to_onnx
from contender.params import load_params
from contender.problem.schema import Schema, load_schema
from contender.stages import train
from tests.datasets import PROBLEMS, typed

CARD = "# A model for tests\n"


def make_bundle(
    folder: Path,
    problem: str = "boxes",
    *,
    estimator: str = "hist_gradient_boosting",
    seed: int = 7,
) -> Bundle:
    """A bundle below `folder` of `estimator`, fitted on all rows of `problem`."""
    paths = PROBLEMS[problem]().write(folder / f"{problem}-{estimator}-{seed}", train__seed=seed)
    schema, params = load_schema(paths.schema), load_params(paths.params)
    settings = dict(params.train.hyperparameters[estimator])
    if estimator == "hist_gradient_boosting":
        settings["max_iter"] = 10 + seed
    pipeline = train.fit(typed(paths), schema, name=estimator, settings=settings, params=params)
    graph = to_onnx(pipeline, train.feature_kinds(schema), n_classes=len(schema.classes))
    return write_bundle(write_parts(paths.models, graph, schema), folder / "bundles")


def write_parts(folder: Path, graph: bytes, schema: Schema, **more: Any) -> dict[str, Path]:
    """The parts of a bundle of `graph`, as files in `folder`; `more` goes into the manifest."""
    model = folder / "model.onnx"
    files.write_bytes(model, graph)
    content = schema.model_dump(mode="json")
    manifest = {
        "version": 1,
        "task": str(schema.task),
        "classes": list(schema.classes),
        "schema": {"sha256": files.sha256_of(content), "content": content},
        "model": {"file": model.name, "sha256": files.sha256(model), "bytes": len(graph)},
    }
    texts = {
        "manifest.json": json.dumps(manifest | more),
        "metrics.json": '{"roc_auc": 0.8}\n',
        "decision.json": '{"verdict": "PROMOTE"}\n',
        "MODEL_CARD.md": CARD,
    }
    for name, text in texts.items():
        files.write_text(folder / name, text)
    return {path.name: path for path in (model, *(folder / name for name in texts))}
