"""A project with a champion in its own MLflow, and a challenger that would be promoted."""

import contextlib
import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from contender import cli, files
from contender.paths import Paths
from contender.release.gate.decision import Decision
from tests import datasets
from tests.conftest import git
from tests.sabotage.parcels import parcels

ROWS: Final = 14_000
SHARE: Final = 0.98  # of the training rows that one honest model sees
SLOW: Final = 0.04  # the learning rate of the champion and of its equals
FAST: Final = 0.15
_KEPT: Final = ("data/prepared", "models", "reports", "data/schema.yaml", "params.yaml")
_LIMITS: Final = {
    "split__holdout": 0.4,
    "gate__cost__free_latency_ms": 0.0,  # its models are small, and twice as slow must show
    "evaluate__min_slice_rows": 100,
    "evaluate__min_slice_class_rows": 20,
    "gate__min_rows": 200,
    "gate__floors": {"roc_auc": 0.7, "brier": 0.2},
}


@dataclass(frozen=True)
class Project:
    """A work tree whose commands are the real ones, run in this process."""

    paths: Paths

    @classmethod
    def make(cls, folder: Path) -> "Project":
        """A project with a champion, and in its work tree a challenger that is better."""
        paths = parcels(ROWS).write(folder / "work", **_LIMITS)
        git(paths.root, "init", "--quiet", "--initial-branch=main")
        made = cls(paths)
        datasets.run_stages(paths, "ingest")
        valid = {"success": True, "rows": ROWS, "expectations": 0, "failed": 0, "results": []}
        valid["table_sha256"] = files.sha256(paths.table)
        files.write_json(paths.validation, valid)
        datasets.run_stages(paths, "split")
        shutil.copyfile(paths.train, folder / "all.parquet")
        # What a run says of its own model is recorded, and never read by the gate.
        files.write_json(paths.metrics, {"roc_auc": 0.999})
        made.train(some(-1), rate=SLOW)
        made.run("record")
        assert made.run("promote", "--local") == 0, "there is no champion to compare with"
        made.train(some(-1), rate=FAST)
        for name in _KEPT:
            source, copy = paths.root / name, folder / "kept" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copyfile)(source, copy)
        return made

    def restore(self) -> None:
        """Bring the better challenger back, and all that was made for it."""
        for name in _KEPT:
            place, copy = self.paths.root / name, self.paths.root.parent / "kept" / name
            if place.is_dir():
                shutil.rmtree(place)
                shutil.copytree(copy, place)
            else:
                shutil.copyfile(copy, place)

    def run(self, *arguments: str) -> int:
        """The exit code of a command, what it says on stdout left out."""
        quiet = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
        with contextlib.chdir(self.paths.root), quiet[0], quiet[1] as said:
            code = cli.main(list(arguments))
        assert code in (0, 10, 20, 30), said.getvalue()
        return code

    def judge(self) -> Decision:
        """The verdict of `contender gate` on what is recorded; provisional, so looks are not spent.

        Otherwise the holdout would be exhausted after twenty, and every verdict a HOLD.
        """
        self.run("gate")
        return Decision.model_validate(files.read_json(self.paths.decision, made_by="the gate"))

    def train(self, change: Callable[[pd.DataFrame], pd.DataFrame], *, rate: float) -> None:
        """Train on the training rows after `change`, by the real stage, with digests that agree."""
        paths = self.paths
        settings = {"learning_rate": rate, "max_iter": 200, "max_leaf_nodes": 5}
        datasets.change_params(paths, train__hyperparameters__hist_gradient_boosting=settings)
        change(pd.read_parquet(paths.root.parent / "all.parquet")).to_parquet(paths.train)
        self.seal()
        datasets.run_stages(paths, "train")

    def seal(self) -> None:
        """Let split.json name the rows that are there."""
        split = files.read_json(self.paths.split, made_by="the split")
        facts = {
            "train_sha256": files.sha256(self.paths.train),
            "holdout_sha256": files.sha256(self.paths.holdout),
        }
        files.write_json(self.paths.split, split | facts)

    def put(self, graph: bytes) -> None:
        """Make `graph` the challenger, with a manifest that agrees."""
        files.write_bytes(self.paths.model, graph)
        manifest = files.read_json(self.paths.manifest, made_by="train")
        facts: dict[str, Any] = {"sha256": files.sha256(self.paths.model), "bytes": len(graph)}
        files.write_json(self.paths.manifest, manifest | {"model": manifest["model"] | facts})


def some(seed: int) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Nearly all rows, others left out for every seed."""
    return lambda table: table.sample(frac=SHARE, random_state=seed + 1)
