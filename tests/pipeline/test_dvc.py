"""DVC runs what changed and nothing else, in a real clone; interrupted or damaged, it recovers."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contender.params import read_yaml
from tests.conftest import git
from tests.data.test_sample import moved_out
from tests.datasets import STAGES
from tests.pipeline.projects import Said, outputs, run

TABLE = "data/interim/table.parquet"


@dataclass(frozen=True)
class Clone:
    """A clone of the work tree, whose commands run its own modules."""

    folder: Path

    def dvc(self, *arguments: str) -> Said:
        """`dvc` with `arguments`."""
        return self.run("dvc", *arguments)

    def run(self, *command: str) -> Said:
        """Any command."""
        return run(self.folder, *command, source=self.folder / "src")

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """Any command, leading a session of its own and not waited for; all it says is stdout."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(self.folder / "src")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def stale(self) -> set[str]:
        """The stages of which some input or parameter is another one than in dvc.lock."""
        return set(json.loads(self.dvc("status", "--json").out))

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace the first `old` in a file."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def changes(self) -> list[str]:
        """Tracked files that are not as they were committed; dvc.lock and metrics are tracked."""
        return git(self.folder, "status", "--porcelain").splitlines()

    def leftovers(self) -> list[Path]:
        """Temporary files that some process left behind."""
        return [path for path in self.folder.rglob("*.tmp") if ".git" not in path.parts]


@pytest.fixture(scope="session")
def fresh(snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A fresh clone after `dvc pull` of the data and `dvc repro`; to be read, or copied."""
    clone = Clone(tmp_path_factory.mktemp("fresh") / "clone")
    git(snapshot, "clone", "--quiet", str(snapshot), str(clone.folder))
    pointers = [str(path) for path in (clone.folder / "data/raw").glob("*.dvc")]
    assert clone.dvc("pull", *pointers).code == 0
    done = clone.dvc("repro")
    assert done.code == 0, done.err
    assert re.findall("Running stage '(.*)'", done.out) == list(STAGES)
    return clone


@pytest.fixture
def clone(fresh: Clone, tmp_path: Path) -> Clone:
    """A copy of the fresh clone, with its cache, that a test may change."""
    shutil.copytree(fresh.folder, tmp_path / "clone", symlinks=True)
    return Clone(tmp_path / "clone")


def test_a_fresh_clone_reproduces_what_is_committed(fresh: Clone) -> None:
    """dvc.lock, metrics, slices, fairness and curves come out to the byte as git has them."""
    assert fresh.changes() == []
    assert fresh.leftovers() == []


def test_a_second_run_runs_nothing(fresh: Clone) -> None:
    """Nothing is stale, nothing runs, and nothing is written."""
    before = outputs(fresh.folder)
    assert fresh.stale() == set()
    again = fresh.dvc("repro")
    assert again.code == 0
    assert "Running stage" not in again.out
    assert outputs(fresh.folder) == before


@contextlib.contextmanager
def changed(clone: Clone, name: str, old: str, new: str) -> Iterator[None]:
    """A file with another text for the block."""
    path = clone.folder / name
    before = path.read_bytes()
    clone.edit(name, old, new)
    try:
        yield
    finally:
        path.write_bytes(before)


ALL = set(STAGES)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('missing: [""', 'missing: ["none", ""', {"ingest"}),
        ("min_rows: ", "min_rows: 1", {"validate"}),
        ("salt: ", "salt: x", {"split"}),
        ("seed: 7\n  max_parity", "seed: 8\n  max_parity", {"train"}),
        ("threshold: 0.5", "threshold: 0.4", {"evaluate"}),
        ("trials: ", "trials: 1", set()),
        ("mode: improve", "mode: refresh", set()),
        ("# Every number", "# Each number", set()),
    ],
)
def test_a_parameter_makes_its_stage_stale(
    old: str, new: str, expected: set[str], fresh: Clone
) -> None:
    """A section is the stage of its name; search, gate and comments are no stage's."""
    with changed(fresh, "params.yaml", old, new):
        assert fresh.stale() == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["cells.py"], {"ingest"}),
        (["problem/expectations.py", "stages/validate.py"], {"validate"}),
        (["partition.py"], {"split"}),
        (["conversion.py"], {"train"}),
        (["problem/features.py"], {"train", "evaluate"}),
        (["inference.py"], {"train", "evaluate"}),
        (["problem/metrics.py", "problem/curves.py"], {"evaluate"}),
        (["stages/evaluate.py"], {"evaluate"}),
        (["files.py"], ALL),
        (["problem/schema.py"], ALL),
        (["errors.py", "params.py", "cli.py", "release/promote.py", "tracking/registry.py"], set()),
    ],
)
def test_a_module_makes_those_who_use_it_stale(
    names: list[str], expected: set[str], fresh: Clone
) -> None:
    """Each stage hangs on the modules that could change what it writes, and on no others."""
    with contextlib.ExitStack() as stack:
        for name in names:
            stack.enter_context(changed(fresh, f"src/contender/{name}", "\n", "\n# a comment\n"))
        assert fresh.stale() == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("data/schema.yaml", ALL), ("data/expectations.json", {"validate"}), ("README.md", set())],
)
def test_what_people_write_makes_its_readers_stale(
    name: str, expected: set[str], fresh: Clone
) -> None:
    """The schema is read by all, the suite by one, the rest by none."""
    with changed(fresh, name, "\n", "\n\n"):
        assert fresh.stale() == expected


@moved_out
def test_two_commits_can_be_compared(clone: Clone, tmp_path: Path) -> None:
    """Parameters, metrics and plots show what changed between them, and only that."""
    clone.edit("params.yaml", "threshold: 0.5", "threshold: 0.3")
    done = clone.dvc("repro")
    assert re.findall("Running stage '(.*)'", done.out) == ["evaluate"]
    git(clone.folder, "commit", "--all", "--quiet", "--message=Lower the threshold")

    params = json.loads(clone.dvc("params", "diff", "HEAD~1", "--json").out)
    assert list(params["params.yaml"]) == ["evaluate.threshold"]
    assert params["params.yaml"]["evaluate.threshold"]["old"] == 0.5
    assert params["params.yaml"]["evaluate.threshold"]["new"] == 0.3

    metrics = json.loads(clone.dvc("metrics", "diff", "HEAD~1", "--json").out)
    moved = metrics["reports/metrics.json"]
    assert set(moved) == {"accuracy", "f1", "cost"}
    assert moved["cost"]["diff"] == pytest.approx(moved["cost"]["new"] - moved["cost"]["old"])

    plots = clone.dvc("plots", "diff", "HEAD~1", "--out", str(tmp_path / "plots"))
    assert plots.code == 0, plots.err
    page = (tmp_path / "plots/index.html").read_text(encoding="utf-8")
    drawn = set(re.findall(r"reports_curves_(\w+)_csv", page))
    assert drawn >= {"roc", "precision_recall", "calibration", "scores", "confusion"}
    assert '"rev": "HEAD~1"' in page
    assert '"rev": "workspace"' in page


def wait_for(process: "subprocess.Popen[str]", words: str) -> None:
    """Return once `process` has said `words`."""
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(f"it ended without saying {words!r}")


def test_a_killed_run_can_be_run_again(clone: Clone) -> None:
    """SIGKILL in the middle of `train`: the next run goes on from there, to the same result."""
    before = outputs(clone.folder)
    shutil.rmtree(clone.folder / ".dvc/cache/runs")
    for name in ("models/model.onnx", "models/manifest.json"):
        remove(clone, name)
    process = clone.start("dvc", "repro")
    wait_for(process, "Running stage 'train'")
    time.sleep(1.5)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (clone.folder / "models/manifest.json").exists()
    done = clone.dvc("repro")
    assert done.code == 0, done.err
    assert re.findall("Running stage '(.*)'", done.out) == ["train"]
    assert outputs(clone.folder) == before
    assert clone.changes() == []
    assert clone.leftovers() == []


def test_two_runs_at_once_do_not_mix(clone: Clone) -> None:
    """The second is told that the first is at work, or waits; the result is that of one."""
    before = outputs(clone.folder)
    shutil.rmtree(clone.folder / ".dvc/cache/runs")
    remove(clone, "models/model.onnx")
    first = clone.start("dvc", "repro")
    wait_for(first, "Running stage 'train'")
    second = clone.dvc("repro")
    said, _ = first.communicate()
    assert first.returncode == 0, said
    assert second.code == 0 or re.search("lock|busy|blocked", second.err), second.err
    assert clone.dvc("repro").code == 0
    assert outputs(clone.folder) == before
    assert clone.changes() == []
    assert clone.leftovers() == []


def cached(clone: Clone, name: str) -> Path:
    """DVC's copy of an output."""
    stages = read_yaml(clone.folder / "dvc.lock")["stages"].values()
    (digest,) = {out["md5"] for stage in stages for out in stage["outs"] if out["path"] == name}
    return clone.folder / ".dvc/cache/files/md5" / digest[:2] / digest[2:]


def remove(clone: Clone, name: str) -> None:
    """Remove an output and DVC's copy of it, so that only its stage can make it again."""
    (clone.folder / name).unlink()
    cached(clone, name).unlink()


def test_a_damaged_cache_is_found_and_the_way_out_works(clone: Clone) -> None:
    """DVC restores a damaged table without a word; its next reader refuses it, with a way out."""
    before = outputs(clone.folder)
    damage(cached(clone, TABLE))
    (clone.folder / TABLE).unlink()
    assert clone.dvc("checkout").code == 0
    assert clone.stale() == set()
    refused = clone.run("python", "-m", "contender", "split")
    assert (refused.code, refused.error) == (1, "IntegrityError"), refused.err
    assert f"`{TABLE}` has the digest" in refused.err
    way_out = re.search("hint: `(.*)`", refused.err)
    assert way_out
    assert clone.run("sh", "-c", way_out[1]).code == 0
    assert clone.run("python", "-m", "contender", "split").code == 0
    assert outputs(clone.folder) == before
    assert clone.changes() == []


def damage(path: Path) -> None:
    """Flip one bit of a file as a failing disk would: size and permissions stay."""
    mode = path.stat().st_mode
    content: Any = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(mode)
