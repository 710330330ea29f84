"""Every gate of the repository against every kind of nothing: the one table of what is fed how."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from contender.paths import Paths
from contender.release.gate.evidence import Cost, Scored, Seal
from contender.tracking import PROMOTED, Registry
from tests.pipeline import spoiling
from tests.release.gate import cases
from tests.release.workspace import make_schema
from tests.servers import results
from tests.vacuity.cells import (
    WINNER,
    Cell,
    Ground,
    judged,
    registry,
    sealed,
    stage,
    workspace,
)

FEEDS: Final = ("empty", "all null", "NaN", "Inf", "missing", "unreachable", "tampered")
SCHEMA: Final = "data/schema.yaml"
LOCAL: Final = "read from the work tree: what cannot be reached is missing"
NUMBERS: Final = "holds no numbers"
CLOSED: Final = "http://127.0.0.1:9"


def scored(value: float, *, rows: slice = slice(0, 1)) -> Scored:
    """The winner with another prediction in some rows."""
    predictions = WINNER.challenger.predictions.copy()
    predictions[rows] = value
    return cases.scored("b", predictions)


def costs(champion: float | None) -> tuple[Cost, ...]:
    """What the champion costs."""
    return tuple(replace(cost, champion=champion) for cost in cases.cheap())


def lose_alias(opened: Registry) -> object:
    """Ask for the champion after its alias was deleted by hand."""
    folder = Path(opened.address.removeprefix("sqlite:///")).parent
    version = opened.log(results.make_result(folder / "result"))
    opened.tag(version, {PROMOTED: "2026-01-31T12:00:00+00:00"})
    return opened.champion()


def unname(opened: Registry) -> object:
    """Ask for the versions when one has no digest."""
    folder = Path(opened.address.removeprefix("sqlite:///")).parent
    version = opened.log(results.make_result(folder / "result"))
    return opened.tag(version, {"sha256.model.onnx": "null"})


def overwrite(paths: Paths) -> None:
    """Put garbage where the database was."""
    paths.registry.write_bytes(b"garbage" * 500)


SLICED: Final = cases.halves(2_000, slices="critical")
GROUPS: Final = cases.halves(2_000, sensitive=True)
NOBODY: Final = np.full(2_000, -1)

# A text says why that cell does not apply.
MATRIX: Final[dict[str, dict[str, Cell | str]]] = {
    "schema": {
        "empty": stage("ingest", spoiling.text(SCHEMA, lambda _: "")),
        "all null": stage("ingest", spoiling.text(SCHEMA, lambda _: "columns: null")),
        "NaN": stage("ingest", spoiling.text(SCHEMA, lambda t: t.replace("200", ".nan"))),
        "Inf": stage("ingest", spoiling.text(SCHEMA, lambda t: t.replace("200", ".inf"))),
        "missing": stage("ingest", lambda paths: paths.schema.unlink()),
        "unreachable": LOCAL,
        "tampered": workspace(lambda it: replace(it, schema=make_schema(size={"unit": "kg"}))),
    },
    "expectations": {
        "empty": stage("validate", spoiling.rules(lambda _: [])),
        "all null": stage("validate", spoiling.table(lambda t: t.assign(weight=np.nan))),
        "NaN": "is a missing value in a table",
        "Inf": stage("validate", spoiling.table(lambda t: t.assign(weight=np.inf))),
        "missing": stage("validate", lambda paths: paths.expectations.unlink()),
        "unreachable": LOCAL,
        "tampered": stage("validate", lambda paths: paths.table.write_bytes(b"PAR1")),
    },
    "split": {
        "empty": stage("split", spoiling.params(split__holdout=1e-9)),
        "all null": stage("split", spoiling.params(split=None)),
        "NaN": stage("split", spoiling.params(split__holdout=float("nan"))),
        "Inf": stage("split", spoiling.params(split__holdout=float("inf"))),
        "missing": stage("split", lambda paths: paths.table.unlink()),
        "unreachable": LOCAL,
        "tampered": stage("split", spoiling.flipped("data/interim/table.parquet")),
    },
    "train": {
        "empty": stage("train", sealed(lambda t: t.head(0))),
        "all null": stage("train", sealed(lambda t: t.assign(kept=None))),
        "NaN": "is a missing value, which the graph fills as the estimator does",
        "Inf": stage("train", sealed(lambda t: t.assign(weight=np.inf))),
        "missing": stage("train", lambda paths: paths.train.unlink()),
        "unreachable": LOCAL,
        "tampered": stage("train", spoiling.flipped("data/prepared/train.parquet")),
    },
    "quality": {
        "empty": judged("quality", WINNER.take(np.arange(0))),
        "all null": judged("quality", challenger=scored(np.nan, rows=slice(None))),
        "NaN": judged("quality", challenger=scored(np.nan)),
        "Inf": judged("quality", challenger=scored(np.inf)),
        "missing": judged("quality", champion=None),
        "unreachable": "see registry",
        "tampered": "see digest",
    },
    "slices": {
        "empty": judged("slice", labels=()),
        "all null": "is one slice, of all rows, and judged as such",
        "NaN": NUMBERS,
        "Inf": NUMBERS,
        "missing": judged("slice", labels=(replace(SLICED, codes=SLICED.codes[:5]),)),
        "unreachable": LOCAL,
        "tampered": "see digest",
    },
    "fairness": {
        "empty": judged("fairness", labels=()),
        "all null": judged("fairness", labels=(replace(GROUPS, codes=NOBODY),)),
        "NaN": NUMBERS,
        "Inf": NUMBERS,
        "missing": judged("fairness", labels=(replace(GROUPS, codes=GROUPS.codes[:5]),)),
        "unreachable": LOCAL,
        "tampered": "see digest",
    },
    "cost": {
        "empty": judged("cost", costs=()),
        "all null": judged("cost", costs=costs(0.0)),
        "NaN": judged("cost", costs=costs(float("nan"))),
        "Inf": judged("cost", costs=costs(float("inf"))),
        "missing": judged("cost", costs=costs(None)),
        "unreachable": LOCAL,
        "tampered": "of other models than these it is measured again",
    },
    "registry": {
        "empty": "is no champion yet: the challenger must beat the baselines",
        "all null": registry(lambda _: None, unname),
        "NaN": NUMBERS,
        "Inf": NUMBERS,
        "missing": registry(lambda _: None, lose_alias),
        "unreachable": registry(lambda _: CLOSED, lambda it: it.champion()),
        "tampered": registry(overwrite, lambda it: it.champion()),
    },
    "digest": {
        "empty": judged("quality", seals=(Seal("model-digest", "the challenger", "", ""),)),
        "all null": workspace(lambda place: place.paths.split.write_text("null")),
        "NaN": NUMBERS,
        "Inf": NUMBERS,
        "missing": workspace(lambda place: place.paths.split.write_text("{}")),
        "unreachable": LOCAL,
        "tampered": workspace(lambda place: spoiling.flipped("models/model.onnx")(place.paths)),
    },
}


def cells() -> Iterator[tuple[str, str, Cell]]:
    """Gate, feed and cell of all that applies."""
    for gate, row in MATRIX.items():
        for feed in FEEDS:
            cell = row[feed]
            if not isinstance(cell, str):
                yield gate, feed, cell


def feed_all(ground: Ground) -> Iterator[tuple[str, str, str]]:
    """Gate, feed and what was said, for each cell that applies."""
    for gate, feed, cell in cells():
        own = ground.folder / f"{gate} {feed}"
        own.mkdir()
        yield gate, feed, cell(replace(ground, folder=own))
