"""What the documentation says the gate was measured to do is what the results in git say."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.datasets import ROOT

SCRIPT = ROOT / "benchmarks/gate_page.py"
EXPLAINED = {
    ("refresh, worse by just epsilon: passed", "regression mae"),
    ("other slice worse by 5 points, half the rows: called harmed", "binary roc_auc"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copies of the results and of the pages made of them."""
    shutil.copytree(ROOT / "benchmarks/results", tmp_path / "results")
    shutil.copytree(ROOT / "docs/concepts", tmp_path / "docs")
    return tmp_path


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The script, over the copies."""
    places = ["--results", str(folder / "results"), "--docs", str(folder / "docs")]
    command = [sys.executable, str(SCRIPT), *options, *places]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_pages_in_git_are_made_of_the_results_in_git(folder: Path) -> None:
    """Tables and plots, to the last byte."""
    found = run(folder, "--check")

    assert (found.returncode, found.stdout) == (0, "")


def test_another_result_makes_every_page_stale(folder: Path) -> None:
    """One rate changed: the check names the pages, writing them again satisfies it."""
    path = folder / "results/gate_errors.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    for row in content["rows"]:
        row["rate"] += 0.001
    path.write_text(json.dumps(content), encoding="utf-8")

    found = run(folder, "--check")

    names = ("gate.md", "gate-errors.md", "gate-tries.svg", "gate-power.svg")
    assert found.returncode == 1
    assert all(f"docs/concepts/{name} is not" in found.stdout for name in names)
    assert run(folder).returncode == 0
    assert run(folder, "--check").returncode == 0


def test_a_page_without_a_place_for_the_table_is_an_error(folder: Path) -> None:
    """Nothing is put anywhere else, and nothing passes for having been compared."""
    (folder / "docs/gate.md").write_text("# The gate\n", encoding="utf-8")

    found = run(folder, "--check")

    assert found.returncode == 1
    assert "has no `<!-- measured -->`" in found.stderr


def test_no_bar_is_missed_but_those_the_page_explains(folder: Path) -> None:
    """And there are bars to meet: an empty file proves nothing."""
    content = json.loads((folder / "results/gate_errors.json").read_text(encoding="utf-8"))
    held = [row for row in content["rows"] if row["met"] is not None]
    missed = {(row["claim"], row["metric"]) for row in held if not row["met"]}

    assert len(held) > 100
    assert missed <= EXPLAINED
    assert content["same_bytes"]["same"] == content["same_bytes"]["decisions"] > 0
