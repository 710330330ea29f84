"""The controller's decisions, turn by turn, on servers that are imagined."""

import errno
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contender import files
from contender.commands import rollout as commands
from contender.deploy.controller import Hooks
from contender.deploy.probe import Fault, Shadow
from contender.deploy.rollout import Phase, Rollout, enter
from contender.deploy.target import Server
from contender.errors import (
    BusyError,
    DeployError,
    IntegrityError,
    RaceError,
    RegistryError,
    WriteError,
)
from contender.paths import Paths
from tests.servers.imagined import NEW, OLD, World, imagine

BROKEN = Fault("golden", "it predicts otherwise")
DOWN = RegistryError("the registry is down", hint="")


def ends(world: World) -> tuple[Any, ...]:
    """What the rollout ended with, what is in production, runs, and gets the calls."""
    deployment = world.controller.read()
    rollout = deployment.rollout
    assert rollout is not None
    route = world.target.proxy.routes[-1]
    alive = {server.digest for server in world.target.fleet.alive}
    return (rollout.phase, rollout.reason, deployment.production, alive, (route.main, route.share))


def test_a_good_challenger_takes_every_step(tmp_path: Path) -> None:
    """A quarter, a half, all; the registry is told once; the champion of before is remembered."""
    world = imagine(tmp_path)

    deployment = world.release()

    assert ends(world) == (Phase.DONE, "", NEW, {NEW}, (NEW, 0.0))
    assert [route.share for route in world.target.proxy.routes if route.canary == NEW] == [
        *(0.25, 0.5, 0.5),
        *(0.0, 0.0),
    ]
    assert world.registrar.champions == [NEW]
    assert deployment.previous == OLD


def test_a_rollout_of_what_is_in_production_is_done(tmp_path: Path) -> None:
    """It only sees to it that it serves."""
    world = imagine(tmp_path)

    world.release(OLD)

    assert ends(world) == (Phase.DONE, "", OLD, {OLD}, (OLD, 0.0))
    assert world.registrar.champions == []


def test_a_canary_that_fails_is_quarantined_and_stays_out(tmp_path: Path) -> None:
    """A second try of the same bundle is refused before anything is started."""
    world = imagine(tmp_path)
    world.target.statuses[NEW] = 500

    world.release()

    assert ends(world) == (Phase.ROLLED_BACK, "errors", OLD, {OLD}, (OLD, 0.0))
    with pytest.raises(DeployError, match="quarantined: errors"):
        world.release()
    assert world.target.fleet.alive == {Server(OLD)}


def test_a_second_challenger_waits_for_its_turn(tmp_path: Path) -> None:
    """A rollout under way is not replaced by another; the same one goes on."""
    world = imagine(tmp_path, approval=True)
    under_way = world.release().rollout

    with pytest.raises(DeployError, match="is being rolled out"):
        world.release("c" * 64)
    assert under_way is not None
    again = world.release().rollout
    assert again is not None
    assert (again.name, again.phase) == (under_way.name, Phase.APPROVAL)


def test_an_approval_is_waited_for(tmp_path: Path) -> None:
    """The canary keeps its share; after it, the road goes on."""
    world = imagine(tmp_path, approval=True)

    waiting = world.release().rollout

    assert waiting is not None
    assert ends(world) == (Phase.APPROVAL, "", OLD, {OLD, NEW}, (OLD, 0.5))
    world.controller.write(waiting.model_copy(update={"approved_by": "somebody"}))
    world.controller.run()
    assert ends(world) == (Phase.DONE, "", NEW, {NEW}, (NEW, 0.0))


def test_a_canary_that_waits_for_approval_is_still_judged(tmp_path: Path) -> None:
    """Approved or not, what it answered meanwhile counts."""
    world = imagine(tmp_path, approval=True)
    waiting = world.release().rollout
    assert waiting is not None
    world.target.statuses[NEW] = 500

    world.controller.write(waiting.model_copy(update={"approved_by": "somebody"}))
    world.controller.run()

    assert ends(world) == (Phase.ROLLED_BACK, "errors", OLD, {OLD}, (OLD, 0.0))


def test_a_first_release_needs_no_traffic(tmp_path: Path) -> None:
    """There is nobody to compare with, and nobody is called before it is ready."""
    world = imagine(tmp_path, production=None)

    world.release()

    assert ends(world) == (Phase.DONE, "", NEW, {NEW}, (NEW, 0.0))
    assert {route.main for route in world.target.proxy.routes} == {NEW}


def test_a_first_release_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Nothing in production, nothing running, no call sent anywhere."""
    world = imagine(tmp_path, production=None)
    world.target.faults[NEW] = BROKEN

    deployment = world.release()

    assert deployment.production is None
    assert NEW in deployment.quarantine
    assert not world.target.fleet.alive
    assert not world.target.proxy.routes


def test_a_registry_that_is_down_for_a_while_is_waited_for(tmp_path: Path) -> None:
    """Callers are sent to the challenger only once it is the champion."""
    world = imagine(tmp_path, step_s=60)
    seen = []

    def promote(rollout: Rollout) -> None:
        seen.append(world.target.proxy.routes[-1].main)
        if len(seen) < 5:
            raise DOWN
        world.registrar.promote(rollout)

    controller = replace(world.controller, hooks=Hooks(lambda *_: "", promote))
    replace(world, controller=controller).release()

    assert ends(world) == (Phase.DONE, "", NEW, {NEW}, (NEW, 0.0))
    assert seen == [OLD] * 5


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [(DOWN, "registry"), (RaceError("another was first", hint=""), "race")],
)
def test_a_registry_that_refuses_keeps_the_champion(
    tmp_path: Path, refusal: Exception, reason: str
) -> None:
    """It says nothing against the challenger, which may be tried again."""
    world = imagine(tmp_path)
    world.registrar.refusal = refusal

    deployment = world.release()

    assert ends(world) == (Phase.ROLLED_BACK, reason, OLD, {OLD}, (OLD, 0.0))
    assert deployment.quarantine == {}
    world.registrar.refusal = None
    assert world.release().production == NEW


def test_of_eight_rollouts_at_once_one_wins(tmp_path: Path) -> None:
    """All are at the registry at once, which lets one pass; elsewhere the champion serves on."""
    start = threading.Barrier(8)

    def promote(_: Rollout) -> None:
        start.wait(60)
        try:
            (tmp_path / "taken").touch(exist_ok=False)
        except FileExistsError:
            raise RaceError("another was first", hint="") from None

    def release(number: int) -> tuple[Any, ...]:
        folder = tmp_path / str(number)
        folder.mkdir()
        world = imagine(folder, step_s=60)
        controller = replace(world.controller, hooks=Hooks(lambda *_: "", promote))
        replace(world, controller=controller).release()
        return ends(world)

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(release, range(8)))

    assert found.count((Phase.DONE, "", NEW, {NEW}, (NEW, 0.0))) == 1
    assert found.count((Phase.ROLLED_BACK, "race", OLD, {OLD}, (OLD, 0.0))) == 7


@pytest.mark.parametrize(
    "command",
    [
        lambda: commands.rollout(None, local=True),
        lambda: commands.approve("somebody", local=True),
        lambda: commands.rollback(None, "it was bad", local=True),
    ],
)
def test_who_comes_second_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[[], object]
) -> None:
    """One command at a time leads a deployment; the other changes nothing."""
    monkeypatch.chdir(tmp_path)

    with files.only_run(Paths().rollout_lock), pytest.raises(BusyError):
        command()

    assert not (Paths().rollout / "state.json").exists()


def test_a_return_does_not_wait_for_the_one_that_must_go(tmp_path: Path) -> None:
    """What is broken in production is left at once, and quarantined."""
    world = imagine(tmp_path)
    world.release()
    world.target.faults[NEW] = BROKEN

    deployment = world.return_to()

    assert ends(world) == (Phase.DONE, "", OLD, {OLD}, (OLD, 0.0))
    assert deployment.quarantine == {NEW: "it was bad"}
    assert world.registrar.champions == [NEW, OLD]
    with pytest.raises(DeployError, match="quarantined"):
        world.return_to()


def test_a_return_does_not_wait_for_the_registry(tmp_path: Path) -> None:
    """Calls are back first; the next run tells the registry."""
    world = imagine(tmp_path)
    world.release()
    world.registrar.refusal = DOWN

    for _ in range(2):  # who asks again is not sent back to what must go
        with pytest.raises(RegistryError, match="down"):
            world.return_to()
        assert ends(world)[-1] == (OLD, 0.0)

    world.registrar.refusal = None
    world.controller.run()
    assert ends(world) == (Phase.DONE, "", OLD, {OLD}, (OLD, 0.0))
    assert world.registrar.champions == [NEW, OLD]


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_challenger_that_breaks_as_it_is_promoted_is_undone(
    tmp_path: Path, by_hand: bool
) -> None:
    """A controller was killed after the registry was told: it is told again."""
    world = imagine(tmp_path)
    deployed = Rollout(name="killed", champion=OLD, challenger=NEW)
    world.controller.write(enter(deployed, Phase.PRODUCTION))
    world.registrar.promote(deployed)
    world.target.faults[NEW] = BROKEN

    deployment = world.return_to() if by_hand else world.controller.run()

    assert ends(world) == (Phase.DONE, "", OLD, {OLD}, (OLD, 0.0))
    assert world.registrar.champions == [NEW, OLD]
    assert set(deployment.quarantine) == {NEW}


def test_a_rollback_under_way_ends_the_rollout(tmp_path: Path) -> None:
    """Stopped by somebody: the bundle may be tried again."""
    world = imagine(tmp_path, approval=True)
    world.release()

    deployment = world.return_to()

    assert ends(world) == (Phase.ROLLED_BACK, "stopped", OLD, {OLD}, (OLD, 0.0))
    assert deployment.quarantine == {}


def test_there_is_nothing_to_go_back_to(tmp_path: Path) -> None:
    """Before the second release."""
    world = imagine(tmp_path)

    with pytest.raises(DeployError, match="nothing to go back to"):
        world.return_to()


@pytest.mark.parametrize("phase", [None, Phase.CANARY, Phase.PRODUCTION])
def test_a_return_to_what_is_in_production_mends_the_registry(
    tmp_path: Path, phase: Phase | None
) -> None:
    """It names another, for whatever reason; what was on its way is ended, nobody is to blame."""
    world = imagine(tmp_path)
    astray = Rollout(name="astray", champion=OLD, challenger=NEW)
    world.registrar.promote(astray)
    if phase:
        world.controller.write(enter(astray, phase, share=0.5))

    deployment = world.return_to(OLD)

    assert ends(world) == (Phase.DONE, "", OLD, {OLD}, (OLD, 0.0))
    assert world.registrar.champions == [NEW, OLD]
    assert (deployment.previous, deployment.quarantine) == (None, {})


def test_a_log_that_was_changed_ends_the_rollout(tmp_path: Path) -> None:
    """Evidence that cannot be trusted keeps the champion, and blames nobody."""
    world = imagine(tmp_path)
    world.target.damage.append(IntegrityError("a line of it is `x`", hint=""))

    deployment = world.release()

    assert ends(world) == (Phase.ROLLED_BACK, "integrity", OLD, {OLD}, (OLD, 0.0))
    assert deployment.quarantine == {}


def test_a_champion_that_is_broken_lets_nobody_pass(tmp_path: Path) -> None:
    """The canary has nothing to be compared with; then the champion is named."""
    world = imagine(tmp_path)
    world.target.faults[OLD] = BROKEN
    waiting = Rollout(name="x", champion=OLD, challenger=NEW, elapsed_s=99, is_extended=True)
    world.controller.write(waiting)

    with pytest.raises(DeployError, match="should be in production, but it predicts otherwise"):
        world.controller.run()

    rollout = world.controller.read().rollout
    assert rollout is not None
    assert (rollout.phase, rollout.reason) == (Phase.ROLLED_BACK, "inconclusive")


def test_predictions_that_are_all_one_do_not_pass(tmp_path: Path) -> None:
    """No error, nothing slow, nothing invalid: but every answer is the same."""
    world = imagine(tmp_path, max_prediction_psi=1.0)
    world.target.bins[NEW] = {"+Inf": 0, "0.5": 0}

    deployment = world.release()

    assert ends(world) == (Phase.ROLLED_BACK, "predictions", OLD, {OLD}, (OLD, 0.0))
    assert NEW in deployment.quarantine


def test_predictions_in_other_bins_cannot_be_compared(tmp_path: Path) -> None:
    """Nor do they pass; the challenger is not to blame."""
    world = imagine(tmp_path)
    world.target.bins[NEW] = {"0.7": 0, "+Inf": 0}

    deployment = world.release()

    assert ends(world) == (Phase.ROLLED_BACK, "incomparable", OLD, {OLD}, (OLD, 0.0))
    assert deployment.quarantine == {}


@pytest.mark.parametrize(
    ("shadow", "end"),
    [
        (Shadow(same=150, different=60, failed=0, dropped=3), (Phase.DONE, "", NEW)),
        (Shadow(same=150, different=60, failed=1, dropped=3), (Phase.ROLLED_BACK, "shadow", OLD)),
    ],
)
def test_copies_of_calls_come_before_calls(
    tmp_path: Path, shadow: Shadow, end: tuple[Any, ...]
) -> None:
    """Another answer is what a challenger is for; none at all is not."""
    world = imagine(tmp_path, shadow_answers=200)
    world.target.shadows.extend([Shadow(0, 0, 0, 0), shadow])

    world.release()

    assert ends(world)[:3] == end
    assert world.target.proxy.routes[1].main == f"{OLD}+{NEW}"
    assert world.target.proxy.routes[1].canary == OLD


def test_a_clock_that_jumps_decides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the clock that cannot be set is read, and only while a controller lives."""
    hours = iter([10**12, 0, -(10**9), 10**15] * 10**4)
    monkeypatch.setattr(time, "time", lambda: float(next(hours)))
    monkeypatch.setattr(time, "time_ns", lambda: next(hours))
    world = imagine(tmp_path, step_s=60)

    world.release()
    world.return_to()

    assert ends(world) == (Phase.DONE, "", OLD, {OLD}, (OLD, 0.0))


@pytest.mark.parametrize("written", range(1, 6))
def test_a_full_disk_stops_the_controller_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    """What was not written down has not happened: with room again, the next run ends it."""
    world = imagine(tmp_path)
    left = iter(range(written))
    fsync = os.fsync

    def fill(descriptor: int) -> None:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", fill)
        with pytest.raises(WriteError, match="No space left on device"):
            world.release()

    assert Server(OLD) in world.target.fleet.alive
    assert world.target.proxy.routes[-1].main == OLD
    assert world.controller.read().production == OLD
    world.controller.run()
    assert ends(world) == (Phase.DONE, "", NEW, {NEW}, (NEW, 0.0))
