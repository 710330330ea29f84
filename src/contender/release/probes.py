"""How the challenger behaves when its input is changed: the predictions that the gate judges."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from contender.inference import Predictor
from contender.problem.schema import Schema, Task
from contender.release.gate.evidence import Expectation, Probe

ROWS: Final = 2_000
ALONE: Final = 100  # rows that are predicted one by one
Columns = Mapping[str, np.ndarray]


def probe(predictor: Predictor, columns: Columns, schema: Schema) -> Iterator[Probe]:
    """The predictions before and after each change, for at most `ROWS` rows of `columns`.

    `columns` holds the features and the id. Changes: another order of the rows, a row on its own,
    other ids, and for every column that the schema calls monotone a step up to the next quartile.
    Many classes have no up and down.
    """
    n_rows = len(columns[schema.id])
    few = _take(columns, np.unique(np.linspace(0, n_rows - 1, ROWS).astype(np.int64)))
    before = predictor.predict(few)
    back = np.arange(len(before))[::-1]
    alone = [predictor.predict(_take(few, back[i : i + 1])) for i in range(min(ALONE, len(back)))]
    other = {**few, schema.id: few[schema.id][back]}
    yield Probe("another order of rows", "same", before, predictor.predict(_take(few, back))[back])
    yield Probe("rows one by one", "same", before[back][:ALONE], np.concatenate(alone))
    yield Probe("other ids", "same", before, predictor.predict(other))
    for name in schema.numeric:
        direction = schema.columns[name].monotone
        if direction is not None and schema.task is not Task.MULTICLASS:
            rows, raised = _raise(few[name])
            after = predictor.predict({**_take(few, rows), name: raised}) if len(rows) else raised
            expects: Expectation = "no-lower" if direction == "increasing" else "no-higher"
            yield Probe(f"a higher {name}", expects, before[rows], after)


def _take(columns: Columns, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {name: values[rows] for name, values in columns.items()}


def _raise(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows whose value can be raised to the next quartile, and the raised values."""
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return np.zeros(0, dtype=np.int64), known
    steps = np.quantile(known, [0.25, 0.5, 0.75, 1.0])
    next_step = np.searchsorted(steps, values, side="right")  # NaN goes behind the last
    rows = np.flatnonzero(next_step < len(steps))
    return rows, steps[next_step[rows]]
