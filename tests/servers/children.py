"""What child processes do in the tests of races and kills."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any

from contender.errors import RaceError
from contender.release.gate.decision import Verdict
from contender.release.promote import remember
from contender.tracking import Registry, Result
from contender.tracking.mutex import Turn
from tests.servers.decisions import make_decision
from tests.servers.registries import Place

LOST, WON = 3, 0


def make_context() -> ForkServerContext:
    """Where children come from with MLflow imported already, and nothing of the parent's open."""
    context = multiprocessing.get_context("forkserver")
    stores = [
        "mlflow.store.tracking.sqlalchemy_store",
        "mlflow.store.model_registry.sqlalchemy_store",
    ]
    context.set_forkserver_preload([__name__, "mlflow.onnx", "onnx", "pandas", *stores])
    return context


class FatalClient:
    """An MLflow client that kills its process once it was asked `calls` times."""

    def __init__(self, client: Any, calls: int) -> None:
        self._client, self._left = client, calls

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        def call(*arguments: Any, **options: Any) -> Any:
            answer = method(*arguments, **options)
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return call


def log_and_die(place: Place, result: Result, calls: int) -> None:
    """Record `result`, killed after `calls` questions to the registry."""
    registry = open_here(place)
    client: Any = FatalClient(registry.client, calls)
    replace(registry, client=client).log(result)


def promote_and_die(place: Place, number: int, calls: int) -> None:
    """Make version `number` the first champion, killed after `calls` questions to the registry."""
    registry = open_here(place)
    client: Any = FatalClient(registry.client, calls)
    version = next(item for item in registry.versions() if item.number == number)
    replace(registry, client=client).move_champion(version, expected=None)


def log_at_once(place: Place, result: Result, start: Any) -> None:
    """Record `result` when everybody is ready."""
    registry = open_here(place)
    start.wait(60)
    registry.log(result)


def promote_at_once(place: Place, number: int, start: Any) -> None:
    """Make version `number` the first champion when everybody is ready; exit 3 when too late."""
    registry = open_here(place)
    version = next(item for item in registry.versions() if item.number == number)
    start.wait(60)
    try:
        registry.move_champion(version, expected=None)
    except RaceError:
        raise SystemExit(LOST) from None


def judge_at_once(place: Place, digest: str, start: Any) -> None:
    """Remember a final HOLD that took look 1, when everybody is ready; exit 3 when too late."""
    registry = open_here(place)
    version = registry.find(digest)
    assert version
    start.wait(60)
    try:
        remember(registry, make_decision(digest, verdict=Verdict.HOLD), version)
    except RaceError:
        raise SystemExit(LOST) from None


def open_here(place: Place) -> Registry:
    """The registry at `place`, as a child opens it."""
    os.environ.update(place.environment)
    return place.open()


def end_lease(registry: Registry) -> None:
    """Let the lease of a killed process run out, which takes a quarter of a minute, at once."""
    Turn(registry.client, registry.name, lease_s=0).end()


def join(children: list[ForkServerProcess]) -> list[int | None]:
    """The exit codes of all, negative when killed by a signal."""
    for child in children:
        child.join(120)
    return [child.exitcode for child in children]
