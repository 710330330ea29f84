"""A place where releases run for real: processes, a proxy, and callers that never rest."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contender.bundle import Bundle
from contender.deploy.controller import Controller, Hooks, begin
from contender.deploy.detached import Detached
from contender.deploy.local import Processes
from contender.deploy.proxy import Proxy
from contender.deploy.rollout import Rollout
from contender.deploy.state import Deployment
from contender.deploy.target import Server, Target
from contender.params import ReleaseParams, load_params
from tests.servers.processes import free_port
from tests.servers.serving import ROOT


@dataclass
class Registrar:
    """Remembers who was made champion; `refusal` is raised instead, when there is one."""

    champions: list[str] = field(default_factory=list)
    refusal: Exception | None = None
    found: str = ""

    def promote(self, rollout: Rollout) -> None:
        """Make the challenger the champion."""
        if self.refusal:
            raise self.refusal
        if rollout.challenger not in self.champions[-1:]:
            self.champions.append(rollout.challenger)

    def hooks(self) -> Hooks:
        """What a controller asks."""
        return Hooks(lambda *_: self.found, self.promote)


@dataclass(frozen=True)
class Place:
    """A controller, and what it is surrounded by."""

    controller: Controller
    fleet: Processes
    registrar: Registrar
    url: str

    def release(self, bundle: Bundle) -> Deployment:
        """The deployment after a rollout of `bundle`."""
        self.controller.write(begin(self.controller.read(), bundle.digest))
        return self.controller.run()

    def process(self, digest: str) -> Detached:
        """The process of the server of `digest`."""
        return Detached(self.fleet.folder / Server(digest).name)


def params(**changes: Any) -> ReleaseParams:
    """The parameters of the repository, in a hurry, with `changes`."""
    kept = load_params(ROOT / "params.yaml").release.model_dump()
    hurried = {"tick_s": 0.1, "step_s": 20, "min_requests": 100, "canary_shares": [0.25, 0.5]}
    return ReleaseParams(**{**kept, **hurried, "shadow_answers": 0, **changes})


@contextlib.contextmanager
def place(bundles: Path, folder: Path, **changes: Any) -> Iterator[Place]:
    """A place for releases of what lies in `bundles`; whatever runs there ends with the block."""
    registrar = Registrar()
    settings = params(port=free_port(), **changes)
    fleet = Processes(folder / "servers", bundles)
    proxy = Proxy(folder / "proxy", f"127.0.0.1:{settings.port}")
    target = Target(fleet, proxy)
    controller = Controller(target, folder / "state.json", settings, registrar.hooks())
    try:
        yield Place(controller, fleet, registrar, f"http://127.0.0.1:{settings.port}")
    finally:
        proxy.stop()
        target.keep(())
