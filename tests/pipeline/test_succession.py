"""Released through GitHub, found there by a clean machine, and brought back from there."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from contender.ledger import open_ledger
from contender.paths import Paths
from tests import datasets
from tests.conftest import git
from tests.pipeline.machines import Machine, make_home, make_machine
from tests.servers.github import GitHub, running_github


@pytest.fixture(scope="module")
def github() -> Iterator[GitHub]:
    """The API of the repository, for all machines."""
    with running_github() as host:
        before = dict(os.environ)
        os.environ |= host.environment
        yield host
        for name in host.environment:
            os.environ.pop(name)
        os.environ |= before


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, empty_database: Path, github: GitHub) -> Machine:
    """A machine that released its model, each step twice."""
    home = make_home(tmp_path_factory.mktemp("machines"), empty_database)
    assert home.run("gate", "--final", "--enforce") == 0
    assert home.run("report") == 0
    for _ in range(2):
        assert home.run("bundle", "--winner", "--to", "ship") == 0
        assert home.run("publish", "--image", "ghcr.io/ada/boxes@sha256:1") == 0
        assert home.run("crown") == 0
    assert len(github.releases) == 1
    return home


@pytest.fixture
def away(home: Machine, tmp_path: Path, empty_database: Path) -> Machine:
    """A clean machine with an origin of its own that holds all that `home` pushed."""
    git(tmp_path, "clone", "--quiet", "--mirror", str(home.folder.parent / "origin.git"), "o.git")
    return make_machine(tmp_path / "o.git", "away", empty_database)


def test_a_release_is_found_by_the_next_machine(
    home: Machine, away: Machine, github: GitHub
) -> None:
    """Verdict and promotion are in the ledger once, and the Release holds the bundle."""
    entries = open_ledger(away.folder, local=False).read().entries
    assert [entry.kind for entry in entries] == ["verdict", "promote"]
    bundle = entries[1].bundle
    assert bundle
    (told,) = github.releases.values()
    assert [asset["name"] for asset in told["assets"]] == [f"bundle-{bundle}.tar.gz"]
    assert "ghcr.io/ada/boxes@sha256:1" in told["body"]

    assert away.run("restore", "--from", "github") == 0

    assert (away.folder / "bundles" / bundle / "model.onnx").exists()
    assert (home.folder / "bundles/current").resolve().name == bundle


def test_what_holds_ships_the_champion(away: Machine) -> None:
    """A model that is no better leaves the champion's bundle to be built into the next image."""
    assert away.run("restore", "--from", "github") == 0
    bundle = open_ledger(away.folder, local=False).read().entries[1].bundle
    paths = Paths(root=away.folder, work=away.folder)
    datasets.change_params(paths, train__hyperparameters__linear__strength=0.9)
    datasets.run_stages(paths)
    assert away.run("record") == 0
    assert away.run("gate", "--final", "--enforce") in (10, 20)

    assert away.run("bundle", "--winner") == 0

    assert paths.current.resolve().name == bundle
    assert away.run("crown") == 0
    assert len(open_ledger(away.folder, local=False).read().entries) == 3


def test_what_did_not_win_for_good_is_not_crowned(
    away: Machine, github: GitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    """A provisional verdict makes nobody champion, and nothing public."""
    datasets.run_stages(Paths(root=away.folder, work=away.folder))
    assert away.run("record") == 0
    assert away.run("gate") == 0
    assert away.run("report") == 0
    assert away.run("bundle") == 0

    assert away.run("crown") == 1
    assert away.run("publish") == 1

    assert "was judged provisional" in capsys.readouterr().err
    assert len(github.releases) == 1


def test_one_flipped_byte_of_a_release_is_refused(
    away: Machine, github: GitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    """The clean machine takes nothing from it; a file cut short is not overwritten either."""
    (name,) = github.files
    sound = github.files[name]
    try:
        github.files[name] = sound[:50] + bytes([sound[50] ^ 1]) + sound[51:]
        assert away.run("restore", "--from", "github") == 1
    finally:
        github.files[name] = sound

    assert "is not the archive of a bundle that may be used" in capsys.readouterr().err
    assert not (away.folder / "bundles").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["reinstate", "--from", "github", "--reason", "late"], "the registry `none`"),
        (["bundle", "--from", "ship"], "nothing says which bundle"),
        (["bundle", "--from", "github", "--digest", "0" * 64], "is missing in the Release"),
        (["bundle", "--winner"], "decision.json` is missing"),
        (["publish"], "is missing"),
        (["crown"], "is missing"),
    ],
)
def test_nothing_is_released_from_nothing(
    arguments: list[str], expected: str, away: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each step needs the one before."""
    assert away.run(*arguments) == 1

    assert expected in capsys.readouterr().err


def test_a_repository_that_refuses_is_no_missing_release(
    away: Machine, github: GitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    """A token that may not read is an error, not "no champion yet"."""
    github.refused |= {path: 403 for path in [f"releases/tags/{tag}" for tag in github.releases]}
    try:
        assert away.run("restore", "--from", "github") == 1
    finally:
        github.refused.clear()

    assert "is denied" in capsys.readouterr().err
