"""Three releases and a rollback, one run each on a clean machine, in a fork with no secret."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import git
from tests.pipeline.projects import run
from tests.workflows.runs import Fork, Run

REASON = "it is late; $(touch planted) `touch planted`"

pytestmark = pytest.mark.soak


def release(fork: Fork) -> Run:
    """release.yml for what was pushed."""
    done = fork.run("release", "push", {"ref": "refs/heads/main"})
    assert done.code == 0, done.said[-6000:]
    assert set(done.jobs.values()) == {"success"}
    return done


def entries(fork: Fork) -> list[dict[str, Any]]:
    """The ledger as anybody reads it."""
    text = git(fork.folder / "origin.git", "show", "ledger:ledger.jsonl")
    return [json.loads(line) for line in text.splitlines()]


def improve(root: Path) -> None:
    """A better model than the linear one."""
    path = root / "params.yaml"
    text = path.read_text(encoding="utf-8")
    better = re.sub(r"(estimator: )linear", r"\1hist_gradient_boosting", text)
    assert better != text
    path.write_text(better, encoding="utf-8")
    assert run(root, "dvc", "repro", "--quiet", source=root / "src").code == 0


def new_code(root: Path) -> None:
    """A change that no model notices."""
    path = root / "src/contender/serving/release.py"
    path.write_text(path.read_text(encoding="utf-8") + "\n# told anew\n", encoding="utf-8")


@pytest.mark.timeout(1800)
def test_a_fork_releases_improves_mends_and_goes_back(fork: Fork) -> None:
    """Each run finds the champion of the one before; HOLD ships new code around it."""
    fork.commit("Begin", lambda root: None)
    release(fork)
    (first,) = fork.github.releases.values()
    sha = git(fork.work, "rev-parse", "HEAD").strip()
    assert f"ghcr.io/ada/boxes:{sha}" in fork.images()
    assert [it["kind"] for it in entries(fork)] == ["verdict", "promote"]
    assert {it["protection"] for it in entries(fork)} == {"UNKNOWN", "UNPROTECTED"}
    assert first["tag_name"] == f"model-{entries(fork)[-1]['bundle'][:12]}"
    assert first["assets"][0]["name"] == f"bundle-{entries(fork)[-1]['bundle']}.tar.gz"
    assert "BOOTSTRAP" in first["name"]

    fork.commit("Learn more", improve)
    release(fork)
    kinds = [(it["kind"], it["verdict"]) for it in entries(fork)]
    assert kinds[2:] == [("verdict", "PROMOTE"), ("promote", "PROMOTE")]
    assert entries(fork)[-1]["champion"] == entries(fork)[1]["model"]
    assert len(fork.github.releases) == 2

    fork.commit("Mend the service", new_code)
    release(fork)
    assert entries(fork)[-1]["verdict"] == "HOLD"
    assert len(fork.github.releases) == 2
    sha = git(fork.work, "rev-parse", "HEAD").strip()
    mended = fork.images()[f"ghcr.io/ada/boxes:{sha}"]
    assert mended["pushed"]
    assert f"BUNDLE_DIGEST={entries(fork)[3]['bundle']}" in mended["told"]

    back = fork.run("rollback", "workflow_dispatch", {}, reason=REASON)
    assert back.code == 0, back.said[-6000:]
    last = entries(fork)[-1]
    assert (last["kind"], last["model"]) == ("rollback", entries(fork)[1]["model"])
    assert not fork.planted()
    assert last["reason"] == REASON
