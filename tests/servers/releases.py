"""A place where releases run for real: processes, a proxy, and callers that never rest."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contender.bundle import Bundle
from contender.deploy.controller import Controller, Hooks
from contender.deploy.detached import Detached
from contender.deploy.local import Processes
from contender.deploy.proxy import Proxy, read_route
from contender.deploy.rollout import Rollout
from contender.deploy.state import Deployment, begin, step_back
from contender.deploy.target import Fleet, Server, Target
from contender.params import ReleaseParams, load_params
from tests.servers.processes import free_port
from tests.servers.serving import ROOT


@dataclass
class Registrar:
    """Remembers in a file who was made champion; raises `refusal` instead, when there is one."""

    path: Path
    refusal: Exception | None = None
    found: str = ""

    @property
    def champions(self) -> list[str]:
        """The digests in turn."""
        return self.path.read_text(encoding="ascii").split() if self.path.exists() else []

    def promote(self, rollout: Rollout) -> None:
        """Make the challenger the champion."""
        if self.refusal:
            raise self.refusal
        if rollout.challenger not in self.champions[-1:]:
            with self.path.open("a", encoding="ascii") as stream:
                stream.write(f"{rollout.challenger}\n")

    def hooks(self) -> Hooks:
        """What a controller asks."""
        return Hooks(lambda *_: self.found, self.promote)


@dataclass(frozen=True)
class Place:
    """A controller, and what it is surrounded by."""

    controller: Controller
    fleet: Fleet
    registrar: Registrar
    url: str

    def release(self, bundle: Bundle) -> Deployment:
        """The deployment after a rollout of `bundle`."""
        self.controller.write(begin(self.controller.read(), bundle.digest))
        return self.controller.run()

    def return_to(self, digest: str | None = None) -> Deployment:
        """The deployment after a rollback."""
        self.controller.write(step_back(self.controller.read(), to=digest, reason="it was bad"))
        return self.controller.run()

    def route(self) -> dict[str, str]:
        """Where the proxy sends calls."""
        return read_route(self.controller.path.parent / "proxy")

    def process(self, digest: str) -> Detached:
        """The process of the server of `digest`."""
        return Detached(self.controller.path.parent / "servers" / Server(digest).name)


def params(**changes: Any) -> ReleaseParams:
    """The parameters of the repository with `changes`, in a hurry.

    Servers that share their processor with a test suite are slow by turns, and calls that are all
    alike have few predictions: only errors count.
    """
    kept = load_params(ROOT / "params.yaml").release.model_dump()
    hurried = {"tick_s": 0.05, "step_s": 30, "min_requests": 50, "canary_shares": [0.25, 0.5]}
    lenient = {"tolerance": 10.0, "max_ratio": 40.0, "max_rate": 0.5, "max_prediction_psi": 1e6}
    return ReleaseParams(**{**kept, **hurried, **lenient, "shadow_answers": 0, **changes})


def make_place(
    bundles: Path, folder: Path, settings: ReleaseParams, *, fleet: Fleet | None = None
) -> Place:
    """A controller for `folder`, where another one may have been at work before."""
    registrar = Registrar(folder / "champions")
    fleet = fleet or Processes(folder / "servers", bundles)
    address = f"127.0.0.1:{settings.port}"
    target = Target(fleet, Proxy(folder / "proxy", address))
    controller = Controller(target, folder / "state.json", settings, registrar.hooks())
    return Place(controller, fleet, registrar, f"http://{address}")


@contextlib.contextmanager
def place(
    bundles: Path, folder: Path, *, fleet: Fleet | None = None, **changes: Any
) -> Iterator[Place]:
    """A place for releases of what lies in `bundles`; whatever runs there ends with the block."""
    made = make_place(bundles, folder, params(**{"port": free_port(), **changes}), fleet=fleet)
    try:
        yield made
    finally:
        Proxy(folder / "proxy", "").stop()
        made.controller.target.keep(())
