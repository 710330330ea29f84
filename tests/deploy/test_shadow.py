"""The shadow of a rollout: who answers its copies well goes on, who does not is sent back."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from contender.bundle import Bundle
from contender.deploy.controller import Controller
from contender.deploy.detached import Detached
from contender.deploy.local import Processes
from contender.deploy.probe import read_shadow
from contender.deploy.rollout import Phase, Rollout, fail
from contender.deploy.target import Server, Target
from contender.errors import DeployError
from tests.servers.bundles import make_bundle
from tests.servers.load import calling
from tests.servers.relay import Passing, relaying
from tests.servers.releases import Place, place
from tests.servers.speaker import http, speaking


@dataclass(frozen=True)
class Diverted(Processes):
    """Processes of which some are reached by a detour."""

    detours: dict[str, str] = field(default_factory=dict)

    def address(self, server: Server) -> str | None:
        """Where the server, or the detour to it, listens."""
        return self.detours.get(server.name) or super().address(server)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the bundles are."""
    return tmp_path_factory.mktemp("shadow")


@pytest.fixture(scope="module")
def champion(folder: Path) -> Bundle:
    """What is in production."""
    return make_bundle(folder)


@pytest.fixture(scope="module")
def there(champion: Bundle, folder: Path) -> Iterator[Place]:
    """A place where the champion is in production, and a challenger must answer 50 copies."""
    with place(champion.folder.parent, folder / "place", shadow_answers=50) as there:
        there.release(champion)
        yield there
        for server in there.fleet.running():  # nobody calls any more: there is nothing to finish
            Detached(folder / "place" / "servers" / server.name).stop(seconds=0.2)


def follow(controller: Controller, bundle: Bundle) -> list[Rollout]:
    """The rollout of `bundle` after each turn, up to its canary or its end."""
    champion = controller.read().production
    controller.write(Rollout(name=bundle.digest[:8], champion=champion, challenger=bundle.digest))
    seen: list[Rollout] = []
    while (rollout := controller.read().rollout) and rollout.phase is not Phase.CANARY:
        if rollout.is_over:
            break
        seen.append(rollout)
        controller.write(controller.turn(rollout, 0.1))
        time.sleep(0.1)
    assert rollout
    return [*seen, rollout]


def test_a_shadow_that_answers_goes_on_to_the_canary(
    there: Place, champion: Bundle, folder: Path
) -> None:
    """Under load, once it has answered as many copies as were wanted; no caller sees any of it."""
    controller, challenger = there.controller, make_bundle(folder, seed=8)
    with calling(there.url, "/predict", {"records": champion.golden().records}) as outcomes:
        seen = follow(controller, challenger)
        shadow = controller.target.shadow(Server(champion.digest, copies_to=challenger.digest))
    controller.write(fail(seen[-1], "stopped", "seen enough"))

    phases = [rollout.phase for rollout in seen]
    assert list(dict.fromkeys(phases)) == [Phase.STAGING, Phase.SHADOW, Phase.CANARY]
    assert shadow.failed == 0
    assert shadow.different >= 50
    assert not outcomes.failures
    assert {answer.status_code for answer in outcomes.answers} == {200}
    assert {answer.headers["x-model-digest"] for answer in outcomes.answers} == {champion.digest}


def test_who_counts_no_copies_is_named(there: Place, champion: Bundle) -> None:
    """A server without a shadow, one that talks nonsense, and none at all: never zero failures."""
    half = http(b'contender_shadow_total{outcome="same"} 3.0\n')
    with speaking(half, b"220 smtp ready\r\n") as nonsense:
        for address in (there.fleet.address(Server(champion.digest)), nonsense, nonsense, ""):
            with pytest.raises(DeployError, match="does not count copies as `different, dropped"):
                read_shadow(address or "")


def break_copies(passing: Passing) -> None:
    """Let every copy of a call fail, and nothing else."""
    if passing.headers["x-request-id"].startswith("shadow-"):
        passing.status = 500


def test_a_shadow_that_fails_is_rolled_back(there: Place, champion: Bundle, folder: Path) -> None:
    """A challenger that is ready but breaks at real calls never gets one that matters."""
    challenger = make_bundle(folder, seed=9)
    server = Server(challenger.digest)
    there.fleet.start(server)
    with relaying(f"http://{there.fleet.address(server)}", break_copies) as detour:
        fleet = Diverted(there.fleet.folder, there.fleet.bundles, {challenger.digest: detour})
        target = Target(fleet, there.controller.target.proxy)
        controller = replace(there.controller, target=target)
        with calling(there.url, "/predict", {"records": champion.golden().records}) as outcomes:
            seen = follow(controller, challenger)

    assert (seen[-1].phase, seen[-1].reason) == (Phase.ROLLED_BACK, "shadow")
    assert seen[-2].phase is Phase.SHADOW
    assert not outcomes.failures
    assert {answer.status_code for answer in outcomes.answers} == {200}
    assert there.controller.read().production == champion.digest
    assert challenger.digest in there.controller.read().quarantine
