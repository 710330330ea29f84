"""Who wrote an entry: as GitHub says, or as the clone says."""

from pathlib import Path

import pytest

from contender.errors import ParameterError
from contender.ledger import Protection, find_circumstances
from tests.conftest import git
from tests.servers.entries import make_origin

RUN = {
    "GITHUB_ACTOR": "ada",
    "GITHUB_SHA": "c" * 40,
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "a/b",
    "GITHUB_RUN_ID": "7",
    "ENVIRONMENT_PROTECTION": "PROTECTED",
}


def test_a_run_names_itself(tmp_path: Path) -> None:
    """Actor, commit, address of the run, and what was found out of the environment."""
    found = find_circumstances(tmp_path, RUN)

    assert (found.actor, found.commit) == ("ada", "c" * 40)
    assert found.run_url == "https://github.com/a/b/actions/runs/7"
    assert found.protection is Protection.PROTECTED
    assert found.facts()["time"].endswith("Z")


def test_elsewhere_git_is_asked(tmp_path: Path) -> None:
    """Its user, or nobody in particular; nobody looked at the protection."""
    make_origin(tmp_path)
    clone = tmp_path / "first"

    git(clone, "config", "user.name", "grace")

    found = find_circumstances(clone, {})
    assert (found.actor, found.run_url) == ("grace", None)
    assert found.commit == git(clone, "rev-parse", "HEAD").strip()
    assert found.protection is Protection.UNKNOWN


def test_a_protection_that_is_no_word_is_refused(tmp_path: Path) -> None:
    """Not taken for UNKNOWN: somebody meant something."""
    with pytest.raises(ParameterError, match="`maybe`; expected one of `PROTECTED"):
        find_circumstances(tmp_path, {"ENVIRONMENT_PROTECTION": "maybe"})
