"""A controller that kills its own process at each point of its road, once."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any, Final

from contender.deploy.controller import Controller, Hooks
from contender.deploy.rollout import Rollout
from contender.deploy.state import Deployment, read_deployment
from contender.deploy.target import Target
from contender.errors import RaceError
from contender.params import ReleaseParams
from tests.servers.releases import make_place

DEEDS: Final = ("start", "stop", "follow")  # what changes something; to look changes nothing


def make_context() -> ForkServerContext:
    """Where children come from, with everything imported already."""
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


@dataclass(frozen=True)
class Fate:
    """The points at which the processes before were killed, a line each in `path`."""

    path: Path
    state: Path

    def tempt(self, deed: str) -> None:
        """Kill this process when none was killed here yet: at this deed, in this phase."""
        rollout = read_deployment(self.state).rollout
        point = f"{rollout.phase}-{len(rollout.steps)} {deed}" if rollout else deed
        if point not in self.points:
            with self.path.open("a", encoding="ascii") as stream:
                stream.write(f"{point}\n")
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, method: Callable[..., Any], name: str) -> Callable[..., Any]:
        """`method`, with fate before and after."""

        def call(*arguments: Any, **options: Any) -> Any:
            deed = f"{name} {getattr(arguments[0], 'digest', '')[:8]}".strip()
            self.tempt(f"before {deed}")
            answer = method(*arguments, **options)
            self.tempt(f"after {deed}")
            return answer

        return call

    @property
    def points(self) -> list[str]:
        """All so far."""
        return self.path.read_text(encoding="ascii").splitlines() if self.path.exists() else []


class Doomed:
    """A fleet or a proxy in whose deeds fate has a hand."""

    def __init__(self, inner: Any, fate: Fate) -> None:
        self._inner, self._fate = inner, fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._fate.around(found, name) if name in DEEDS else found


@dataclass(frozen=True)
class DoomedController(Controller):
    """One that may be killed before and after it writes down how far it is."""

    fate: Fate

    def write(self, rollout: Rollout) -> Deployment:
        """The deployment with `rollout` in it, written down."""
        written: Deployment = self.fate.around(super().write, "write")(rollout)
        return written


def run_doomed(bundles: Path, folder: Path, settings: ReleaseParams, lost: str = "") -> None:
    """Go on with the rollout in `folder` until killed, or to its end; the race may be `lost`."""
    place = make_place(bundles, folder, settings)
    place.registrar.refusal = RaceError(lost, hint="") if lost else None
    fate = Fate(folder / "fate", folder / "state.json")
    inner = place.controller.target
    target = Target(Doomed(inner.fleet, fate), Doomed(inner.proxy, fate))
    hooks = place.registrar.hooks()
    doomed = Hooks(hooks.stage, fate.around(hooks.promote, "promote"))
    controller = replace(place.controller, target=target, hooks=doomed)
    DoomedController(**vars(controller), fate=fate).run()
