"""One writer at a time: waiting, giving back, and what happens when nobody gives back."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from contender.errors import RaceError
from contender.tracking import Registry
from contender.tracking.mutex import Turn, alone
from tests.servers import results
from tests.servers.registries import Place


def test_two_turns_never_overlap(registry: Registry) -> None:
    """While one is inside, the next one waits."""
    inside: list[int] = []
    most: list[int] = []

    def work(index: int) -> None:
        with alone(registry.client, registry.name, lease_s=30):
            inside.append(index)
            most.append(len(inside))
            time.sleep(0.02)
            inside.remove(index)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert most == [1, 1, 1, 1]


def test_the_turn_is_given_back_when_the_work_fails(local_place: Place) -> None:
    """The next one need not wait for the lease to run out."""
    registry = local_place.open()
    with pytest.raises(ZeroDivisionError), alone(registry.client, registry.name, lease_s=60):
        raise ZeroDivisionError

    started = time.monotonic()
    with alone(registry.client, registry.name, lease_s=60):
        assert time.monotonic() - started < 10


def test_a_turn_that_was_never_given_back_ends(local_place: Place) -> None:
    """Its holder was killed: after the lease the next one is let in, not before."""
    registry = local_place.open()
    assert Turn(registry.client, registry.name, lease_s=0.5).take()

    started = time.monotonic()
    with alone(registry.client, registry.name, lease_s=0.5):
        assert time.monotonic() - started >= 0.5

    assert Turn(registry.client, registry.name, lease_s=0.5).holder() is None


def test_who_took_too_long_does_not_write(local_place: Place) -> None:
    """Half the lease is the limit, and whoever lost the turn leaves the new holder's alone."""
    registry = local_place.open()
    slow = Turn(registry.client, registry.name, lease_s=2)
    assert slow.take()
    slow.require()
    time.sleep(1.01)

    with pytest.raises(RaceError, match="took more than 1 s"):
        slow.require()

    slow.end()
    quick = Turn(registry.client, registry.name, lease_s=60)
    assert quick.take()
    with pytest.raises(RaceError):
        slow.require()
    slow.give_back()
    quick.require()


def test_a_champion_is_moved_after_a_dead_holder(local_place: Place, tmp_path: Path) -> None:
    """A promotion waits for the lease of one that was killed, then goes on."""
    registry = replace(local_place.open(), lease_s=2)
    version = registry.log(results.make_result(tmp_path / "one"))
    assert Turn(registry.client, registry.name, lease_s=2).take()

    moved = registry.move_champion(version, expected=None)

    assert registry.champion() == moved
