"""Releases on real servers behind a real proxy, with callers that never rest."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contender.bundle import Bundle
from contender.deploy.detached import Detached
from contender.deploy.rollout import Phase
from contender.deploy.state import Deployment, write_deployment
from contender.deploy.target import Server
from tests.servers.load import Outcomes, calling
from tests.servers.releases import Place, place
from tests.servers.serving import wait_until
from tests.serving.records import BOXES


@pytest.fixture(scope="module")
def where(old: Bundle, new: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A place where `old` was the first release."""
    with place(new.folder.parent, tmp_path_factory.mktemp("place")) as made:
        made.release(old)
        yield made


@pytest.fixture
def outcomes(where: Place, old: Bundle) -> Iterator[Outcomes]:
    """Callers, while `old` is in production and nothing ever happened."""
    write_deployment(where.controller.path, Deployment(production=old.digest))
    where.controller.settle()
    with calling(where.url, "/predict", {"records": BOXES}, callers=2) as found:
        yield found


def kill_in_canary(where: Place, process: Detached) -> threading.Thread:
    """What kills `process` as soon as the canary has traffic."""

    def kill() -> None:
        wait_until(lambda: where.route()["bound"] != "00000000", seconds=30)
        os.killpg(int((process.folder / "process").read_text()), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def test_a_release_and_its_return_cost_no_call(
    where: Place, outcomes: Outcomes, old: Bundle, new: Bundle
) -> None:
    """Every answer is by the one or the other; the registry hears of both, once each."""
    told = len(where.registrar.champions)

    released = where.release(new)
    returned = where.return_to()

    assert (released.production, released.previous) == (new.digest, old.digest)
    assert (returned.production, returned.previous) == (old.digest, new.digest)
    assert returned.quarantine == {new.digest: "it was bad"}
    assert where.registrar.champions[told:] == [new.digest, old.digest]
    assert where.fleet.running() == {Server(old.digest)}
    assert not outcomes.failures
    assert {answer.status_code for answer in outcomes.answers} == {200}
    digests = {answer.headers["x-model-digest"] for answer in outcomes.answers}
    assert digests == {old.digest, new.digest}


def test_a_champion_that_is_killed_costs_only_the_calls_it_had(
    where: Place, outcomes: Outcomes, old: Bundle, new: Bundle
) -> None:
    """It is started again; meanwhile the canary stands in."""
    killer = kill_in_canary(where, where.process(old.digest))

    deployment = where.release(new)
    killer.join()

    assert (deployment.rollout and deployment.rollout.phase) == Phase.DONE
    failed = [answer for answer in outcomes.answers if answer.status_code != 200]
    assert len(failed) + len(outcomes.failures) <= 2
    assert where.fleet.running() == {Server(new.digest)}


def test_a_proxy_that_is_killed_is_back_at_the_next_turn(
    where: Place, outcomes: Outcomes, new: Bundle
) -> None:
    """It goes on with the same route and the same log."""
    killer = kill_in_canary(where, Detached(where.controller.path.parent / "proxy"))

    deployment = where.release(new)
    killer.join()

    assert (deployment.rollout and deployment.rollout.phase) == Phase.DONE
    assert {answer.status_code for answer in outcomes.answers} == {200}


def test_without_calls_nothing_passes(old: Bundle, new: Bundle, tmp_path: Path) -> None:
    """Waited for twice as long as a step may take: inconclusive, and nobody is to blame."""
    with place(new.folder.parent, tmp_path, step_s=0.5) as quiet:
        quiet.release(old)

        deployment = quiet.release(new)

        assert deployment.rollout is not None
        assert deployment.rollout.reason == "inconclusive"
        assert "0 answers of the canary" in deployment.rollout.message
        assert (deployment.production, deployment.quarantine) == (old.digest, {})
        assert quiet.fleet.running() == {Server(old.digest)}
