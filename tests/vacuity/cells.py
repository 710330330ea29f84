"""How one gate is fed one kind of nothing, and what it said: a reason by name, or `PASSED`."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from contender import files
from contender.errors import ContenderError
from contender.paths import Paths
from contender.release.gate.decision import Decision
from contender.release.gate.evidence import Evidence
from contender.tracking import Registry, open_registry
from tests import datasets
from tests.pipeline.projects import copy
from tests.pipeline.spoiling import Spoil
from tests.release.gate import cases
from tests.release.workspace import POOR, Workspace, make_workspace

PASSED: Final = "PASSED"
WINNER: Final = cases.binary(2_000, gain=0.5)


@dataclass(frozen=True)
class Ground:
    """A finished project and an empty MLflow database to copy, and a folder of its own."""

    finished: Paths
    database: Path
    folder: Path

    @classmethod
    def make(cls, folder: Path, database: Path) -> "Ground":
        """A project of 300 boxes after the stages that are gates."""
        paths = datasets.boxes(300).write(folder / "boxes")
        datasets.run_stages(paths, "ingest", "validate", "split", "train")
        return cls(paths, database, folder)


Cell = Callable[[Ground], str]


def stage(name: str, spoil: Spoil) -> Cell:
    """Run a stage on a project that was spoilt."""

    def feed(ground: Ground) -> str:
        paths = copy(ground.finished, ground.folder / "project")
        spoil(paths)
        return refusal(lambda: datasets.run_stages(paths, name))

    return feed


def refusal(act: Callable[[], object]) -> str:
    """The class of the error that `act` ends with."""
    try:
        act()
    except ContenderError as error:
        return type(error).__name__
    return PASSED


def sealed(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Spoil:
    """Change the training rows, with a digest that agrees."""

    def spoil(paths: Paths) -> None:
        change(pd.read_parquet(paths.train)).to_parquet(paths.train)
        split = files.read_json(paths.split, made_by="a test")
        files.write_json(paths.split, split | {"train_sha256": files.sha256(paths.train)})

    return spoil


def judged(family: str, case: Evidence = WINNER, **changes: Any) -> Cell:
    """Show the gate evidence that would be promoted but for `changes`."""
    return lambda _: said(cases.judge(replace(case, **changes)), family)


def said(decision: Decision, family: str) -> str:
    """What stands against the challenger, or was not judged: outcome and code of that family."""
    checks = [c for c in decision.checks if c.family in (family, "precondition")]
    if any(check.outcome == "pass" for check in checks):
        checks = [check for check in checks if check.outcome != "skipped"]
    against = [check for check in checks if check.outcome != "pass"]
    return f"{against[0].outcome}: {against[0].code}" if against else PASSED


def workspace(spoil: Callable[[Workspace], object]) -> Cell:
    """Judge a work tree that was spoilt, against a champion that is poorer."""

    def feed(ground: Ground) -> str:
        place = make_workspace(ground.folder / "place")
        champion = place.champion(POOR)
        changed = spoil(place)
        judge = changed.judge if isinstance(changed, Workspace) else place.judge
        return said(judge(champion=champion), "quality")

    return feed


def registry(spoil: Callable[[Paths], str | None], ask: Callable[[Registry], object]) -> Cell:
    """Ask a registry that was spoilt; `spoil` may name another address."""

    def feed(ground: Ground) -> str:
        paths = Paths(work=ground.folder)
        shutil.copyfile(ground.database, paths.registry)
        return refusal(lambda: ask(open_registry(paths, uri=spoil(paths), name="boxes")))

    return feed
