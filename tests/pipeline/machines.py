"""Machines that share an origin and nothing else, as the runners of workflows do."""

import contextlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from contender.cli import main
from contender.paths import Paths
from tests import datasets
from tests.conftest import git
from tests.pipeline.projects import OUTPUTS

IGNORED = "\n".join((".contender/", "bundles/", "mlartifacts/", "mlflow.db*", *OUTPUTS))
EASY = {
    "train__estimator": "linear",
    "gate__fairness__max_gap": 0.9,
    "gate__epsilon": 0.1,
}


@dataclass(frozen=True)
class Machine:
    """A clone with a registry of its own."""

    folder: Path

    def run(self, *arguments: str) -> int:
        """The exit code of `contender` with `arguments` here."""
        with contextlib.chdir(self.folder):
            return main(list(arguments))

    def decision(self) -> dict[str, object]:
        """What the gate wrote last."""
        text = Paths(work=self.folder).decision.read_text(encoding="utf-8")
        found: dict[str, object] = json.loads(text)
        return found

    def archive(self) -> Path:
        """The archive that was exported."""
        (found,) = (self.folder / "bundles").glob("bundle-*.tar.gz")
        return found


def make_machine(origin: Path, name: str, database: Path) -> Machine:
    """A fresh clone beside `origin`, with an empty registry."""
    git(origin.parent, "clone", "--quiet", str(origin), name)
    shutil.copyfile(database, origin.parent / name / "mlflow.db")
    return Machine(origin.parent / name)


def make_home(folder: Path, database: Path) -> Machine:
    """A machine that ran the pipeline and recorded its model; its origin is beside it."""
    paths = datasets.boxes(600).write(folder / "seed", **EASY)
    (paths.root / ".gitignore").write_text(IGNORED, encoding="utf-8")
    git(paths.root, "init", "--quiet", "--initial-branch=main")
    git(paths.root, "add", ".")
    git(paths.root, "commit", "--quiet", "--message=First")
    git(folder, "clone", "--quiet", "--bare", str(paths.root), "origin.git")
    home = make_machine(folder / "origin.git", "home", database)
    datasets.run_stages(Paths(root=home.folder, work=home.folder))
    assert home.run("record") == 0
    return home
