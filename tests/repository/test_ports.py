"""The ports to other CI systems call the verbs that are there, in their order, and hide nothing."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from contender.verbs import COMMANDS
from tests.datasets import ROOT

GITLAB = "infra/ci/gitlab-ci.yml"
JENKINS = "infra/ci/Jenkinsfile"
STORY = (
    "make setup",
    "make lint",
    "make test",
    "make repro",
    "contender reproduce",
    "contender restore",
    "contender record",
    "contender gate --enforce",
    "contender summary",
    "contender report",
    "contender promote",
    "contender champion export",
)
HIDING = re.compile(r"\|\| *true|allow_failure: *true|catchError|returnStatus|set \+e|--local")


@pytest.mark.parametrize("port", [GITLAB, JENKINS])
def test_a_port_tells_the_whole_story_in_its_order(port: str) -> None:
    """Every step from the environment to the promotion."""
    text = (ROOT / port).read_text()

    places = [text.find(step) for step in STORY]

    assert -1 not in places, STORY[places.index(-1)]
    assert places == sorted(places)


@pytest.mark.parametrize("port", [GITLAB, JENKINS])
def test_a_port_calls_only_what_is_there(port: str) -> None:
    """Verbs of the Makefile and of the command line, and no logic of its own."""
    text = (ROOT / port).read_text()
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))

    called = re.findall(r"(?:- |script: |sh ')(make|contender) ([a-z-]+)", text)

    assert {verb for program, verb in called if program == "make"} <= targets
    assert {verb for program, verb in called if program == "contender"} <= set(COMMANDS)
    assert {program for program, _ in called} == {"make", "contender"}


@pytest.mark.parametrize("port", [GITLAB, JENKINS])
def test_a_port_hides_no_failure(port: str) -> None:
    """Only a HOLD, by its exit code, is let through."""
    text = (ROOT / port).read_text()

    assert not HIDING.search(text)
    assert "exit_codes: 10 #" in text or "--allow-hold" in text


@pytest.mark.parametrize(
    "spoil",
    [lambda text: text, lambda text: text.replace("script:", "scripts:"), lambda _: "x: ["],
    ids=["as it is", "a wrong key", "no YAML"],
)
def test_gitlab_would_take_its_file(spoil: Callable[[str], str], tmp_path: Path) -> None:
    """By the schema that GitLab publishes; a copy with a fault is refused."""
    text = (ROOT / GITLAB).read_text()
    path = tmp_path / "gitlab-ci.yml"
    path.write_text(spoil(text))

    command = ["check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode == 0) == (spoil(text) == text), done.stdout


@pytest.mark.parametrize(
    "spoil",
    [lambda text: text, lambda text: text.replace("steps {", "steps", 1), lambda text: text + "}"],
    ids=["as it is", "a brace too few", "a brace too many"],
)
def test_jenkins_would_read_its_file(spoil: Callable[[str], str]) -> None:
    """Every brace closes what was opened; a declarative pipeline is the one block of the file."""
    text = (ROOT / JENKINS).read_text()

    assert is_one_block(spoil(text)) == (spoil(text) == text)


def is_one_block(text: str) -> bool:
    """True when `text` is `pipeline { ... }` with known parts, and braces that match."""
    code = re.sub(r"(?m)//.*|'[^'\n]*'|\"[^\"\n]*\"", "", text).strip()
    depth, ends = 0, []
    for place, mark in enumerate(code):
        depth += {"{": 1, "}": -1}.get(mark, 0)
        if mark == "}" and depth == 0:
            ends.append(place)
    parts = re.findall(r"(?m)^    (\w+)", code)
    known = {"agent", "options", "environment", "stages", "post"}
    return code.startswith("pipeline {") and ends == [len(code) - 1] and set(parts) == known


def test_groovy_has_no_fault_in_it(tmp_path: Path) -> None:
    """By npm-groovy-lint, where somebody installed it."""
    linter = shutil.which("npm-groovy-lint")
    if linter is None:
        pytest.skip("npm-groovy-lint IS NOT INSTALLED: the Jenkinsfile was NOT parsed as Groovy")
    shutil.copyfile(ROOT / JENKINS, tmp_path / "Jenkinsfile")
    command = [linter, "--noserver", "--failon", "warning", str(tmp_path / "Jenkinsfile")]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout
