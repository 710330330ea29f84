"""The controller, killed at every point of its road, one after the other, while calls come in."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from contender.bundle import Bundle
from contender.deploy.state import begin, step_back
from contender.deploy.target import Server
from tests.servers.bundles import make_bundle
from tests.servers.kills import Fate, make_context, run_doomed
from tests.servers.load import Outcomes, calling
from tests.servers.releases import Place, place
from tests.serving.records import BOXES

CONTEXT = make_context()


@pytest.fixture(scope="module")
def busy(
    old: Bundle, new: Bundle, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Place, Outcomes]]:
    """A place where `old` is in production, and callers that never rest."""
    folder = tmp_path_factory.mktemp("busy")
    with place(new.folder.parent, folder, canary_shares=[0.5]) as made:
        made.release(old)
        with calling(made.url, "/predict", {"records": BOXES}, callers=2) as outcomes:
            yield made, outcomes


def run_until_it_ends(where: Place, bundles: Path, *, lost: str = "") -> list[str]:
    """The points at which one controller after the other was killed, until one reached the end."""
    folder, settings = where.controller.path.parent, where.controller.params
    fate = Fate(folder / "fate", where.controller.path)
    fate.path.unlink(missing_ok=True)
    for _ in range(100):
        child = CONTEXT.Process(target=run_doomed, args=(bundles, folder, settings, lost))
        child.start()
        child.join(60)
        if child.exitcode != -signal.SIGKILL:
            assert child.exitcode == 0
            break
    assert len(fate.points) == len(set(fate.points))
    print(f"killed at {len(fate.points)} points, then at its end")
    return fate.points


def assert_all_is_well(where: Place, outcomes: Outcomes, digest: str) -> None:
    """`digest` alone runs, is the champion, gets all calls; and no call has failed so far."""
    assert where.controller.read().production == digest
    assert where.controller.target.fleet.running() == {Server(digest)}
    assert where.registrar.champions[-1] == digest
    assert where.route()["main"] == where.controller.target.fleet.address(Server(digest))
    assert where.route()["bound"] == "00000000"
    assert not outcomes.failures
    assert {answer.status_code for answer in outcomes.answers} == {200}


def test_a_rollout_killed_everywhere_comes_to_its_end(
    busy: tuple[Place, Outcomes], old: Bundle, new: Bundle
) -> None:
    """Before and after each server, each route, each line written, and the registry."""
    where, outcomes = busy

    where.controller.write(begin(where.controller.read(), new.digest))
    points = run_until_it_ends(where, new.folder.parent)

    assert len(points) >= 20
    assert where.registrar.champions == [old.digest, new.digest]
    assert_all_is_well(where, outcomes, new.digest)


def test_a_rollback_killed_everywhere_comes_to_its_end(
    busy: tuple[Place, Outcomes], made: Path, new: Bundle
) -> None:
    """A canary that lost the race is taken out of the traffic, by one controller after another."""
    where, outcomes = busy
    third = make_bundle(made, seed=10)

    where.controller.write(begin(where.controller.read(), third.digest))
    points = run_until_it_ends(where, made / "bundles", lost="it lost")

    assert len(points) >= 20
    assert where.controller.read().quarantine == {}
    assert_all_is_well(where, outcomes, new.digest)


def test_a_return_killed_everywhere_comes_to_its_end(
    busy: tuple[Place, Outcomes], old: Bundle, new: Bundle
) -> None:
    """The one before is back; the one that had to go may not come again."""
    where, outcomes = busy

    where.controller.write(step_back(where.controller.read(), to=None, reason="it was bad"))
    points = run_until_it_ends(where, old.folder.parent)

    assert len(points) >= 15
    assert where.controller.read().quarantine == {new.digest: "it was bad"}
    assert_all_is_well(where, outcomes, old.digest)
