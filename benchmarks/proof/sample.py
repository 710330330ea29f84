"""The repository's own rows as populations: models of its own recipe, fitted on other rows."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa
from measure import ROOT
from proof.worlds import World

from contender.params import Params, load_params
from contender.paths import Paths
from contender.problem import frames, slices
from contender.problem.model import build_model
from contender.problem.schema import Column, Schema, Task, load_schema
from contender.release.gate.evidence import Labels
from contender.stages.ingest import read_raw, type_table

SEED: Final = 2
FEW: Final = 10  # the weaker model is fitted on one row in so many


def sample_worlds(models: int) -> Iterator[World]:
    """The rows for the task they are for, with so many `models`, and for two tasks of their own.

    Three classes or more are made of the feature with the most categories, numbers of the first
    feature that is a float: predicted from all the others, as the real target is.
    """
    paths = Paths(root=ROOT)
    params, schema = load_params(paths.params), load_schema(paths.schema)
    table = type_table(read_raw(ROOT / params.ingest.source, schema, params.ingest), schema)
    yield _world(table, schema, params, models)
    known = {name: schema.columns[name] for name in schema.features}
    most = max(known, key=lambda name: len(known[name].categories or ()))
    numbers = [name for name, it in known.items() if it.dtype == "float" and not it.nullable]
    for task, name in ((Task.MULTICLASS, most), (Task.REGRESSION, numbers[0])):
        if task is not schema.task:
            yield _world(table, retarget(schema, task, name), params, 2)


def retarget(schema: Schema, task: Task, name: str) -> Schema:
    """The same table with another target; the old one is ignored."""
    plain = {"slice": "no", "sensitive": False}
    changed: dict[str, Column] = {
        schema.target: schema.columns[schema.target].model_copy(update={"role": "ignored"} | plain),
        name: schema.columns[name].model_copy(update={"role": "target"} | plain),
    }
    return schema.model_copy(update={"task": task, "columns": schema.columns | changed})


def _world(table: pa.Table, schema: Schema, params: Params, models: int) -> World:
    """Every row predicted by models that were fitted on rows of the other half."""
    rng = np.random.default_rng(SEED)
    halves = np.array_split(rng.permutation(table.num_rows), 2)
    predictions: list[list[np.ndarray]] = [[] for _ in range(models + 1)]
    for fitted_on, predicted in (halves, halves[::-1]):
        for number, found in enumerate(predictions):
            size = len(fitted_on) // (FEW if number == models else 1)
            rows = rng.choice(fitted_on, size=size)
            found.append(_predict(table, schema, params, rows, predicted))
    order = np.concatenate(halves[::-1])
    joined = [np.concatenate(found) for found in predictions]
    target = frames.encode_target(table, schema)[order]
    labels = tuple(_labels(table, schema, order))
    equals, weaker = np.array(joined[:-1]), joined[-1]
    return World("sample", schema.task, target, equals, weaker, schema.classes, labels)


def _predict(
    table: pa.Table, schema: Schema, params: Params, fitted_on: np.ndarray, predicted: np.ndarray
) -> np.ndarray:
    """What the recipe of params.yaml, fitted on some rows, predicts for others."""
    name = params.train.estimator
    settings = params.train.hyperparameters.get(name, {})
    pipeline = build_model(schema, name=name, settings=settings, seed=params.train.seed)
    frame = frames.to_frame(frames.feature_columns(table, schema))
    pipeline.fit(frame.iloc[fitted_on], frames.encode_target(table, schema)[fitted_on])
    if schema.task is Task.REGRESSION:
        return np.asarray(pipeline.predict(frame.iloc[predicted]))
    found: Any = pipeline.predict_proba(frame.iloc[predicted])
    return np.asarray(found[:, 1] if schema.task is Task.BINARY else found)


def _labels(table: pa.Table, schema: Schema, order: np.ndarray) -> Iterator[Labels]:
    for name in slices.sliced_columns(schema):
        column = schema.columns[name]
        values = table[name].to_numpy() if column.is_numeric else table[name].to_pylist()
        levels, codes = np.unique(slices.label_rows(column, values)[order], return_inverse=True)
        yield Labels(name, tuple(map(str, levels)), codes, column.slice)
