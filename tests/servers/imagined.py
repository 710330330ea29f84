"""A target without processes: servers are names, and answers are what the test wants."""

from dataclasses import dataclass, field
from pathlib import Path

from contender.bundle import Bundle
from contender.deploy.access import Answer, Mark
from contender.deploy.controller import Controller
from contender.deploy.probe import Fault, Shadow
from contender.deploy.proxy import Route
from contender.deploy.state import Deployment, begin, step_back, write_deployment
from contender.deploy.target import Server, Target
from contender.errors import IntegrityError
from tests.servers.releases import Registrar, params

OLD, NEW = "a" * 64, "b" * 64


@dataclass
class ImaginedFleet:
    """Servers that are alive as soon as they are started."""

    alive: set[Server] = field(default_factory=set)

    def bundle(self, digest: str) -> Bundle:
        """None is there."""
        raise IntegrityError(f"`{digest[:12]}` is imagined.", hint="imagine it")

    def start(self, server: Server) -> None:
        """Now it is alive."""
        self.alive.add(server)

    def address(self, server: Server) -> str | None:
        """Its own name."""
        return server.name

    def running(self) -> set[Server]:
        """All that are alive."""
        return set(self.alive)

    def stop(self, server: Server) -> None:
        """Now it is not."""
        self.alive.discard(server)


@dataclass
class ImaginedProxy:
    """All the routes that it was to follow."""

    log: Path
    routes: list[Route] = field(default_factory=list)

    def follow(self, route: Route) -> None:
        """The newest counts."""
        if route not in self.routes[-1:]:
            self.routes.append(route)


@dataclass(frozen=True)
class Imagined(Target):
    """What the servers say: `faults` by digest; `statuses` other than 200; and so on."""

    fleet: ImaginedFleet
    proxy: ImaginedProxy
    faults: dict[str, Fault] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    bins: dict[str, dict[str, int]] = field(default_factory=dict)
    shadows: list[Shadow] = field(default_factory=list)
    damage: list[Exception] = field(default_factory=list)

    def inspect(self, server: Server) -> Fault | None:
        """The fault of its digest."""
        return self.faults.get(server.digest)

    def answers(self, mark: Mark) -> tuple[list[Answer], Mark]:
        """As many of the canary as of the control, if there is a canary."""
        if self.damage:
            raise self.damage[0]
        if not self.proxy.routes:
            return [], mark
        route = self.proxy.routes[-1]
        found = []
        for name in {route.main, route.canary} if route.share else {route.main}:
            digest = Server.parse(name).digest
            status = self.statuses.get(digest, 200)
            found += [Answer(route.step, name, status, 2.0 + n / 400, digest) for n in range(400)]
        return found, Mark(1, mark.offset + 1)

    def predictions(self, server: Server) -> dict[str, int]:
        """The same again and again, 400 more each time."""
        kept = self.bins.setdefault(server.digest, {"0.5": 0, "+Inf": 0})
        first = next(iter(kept))
        kept[first] += 400
        return dict(kept)

    def shadow(self, server: Server) -> Shadow:
        """The next of those that the test wants."""
        return self.shadows.pop(0)


@dataclass(frozen=True)
class World:
    """A controller of an imagined target in `folder`, where OLD is in production."""

    controller: Controller
    target: Imagined
    registrar: Registrar

    def release(self, digest: str = NEW) -> Deployment:
        """The deployment after a rollout of `digest`."""
        self.controller.write(begin(self.controller.read(), digest))
        return self.controller.run()

    def return_to(self, digest: str | None = None) -> Deployment:
        """The deployment after a rollback."""
        self.controller.write(step_back(self.controller.read(), to=digest, reason="it was bad"))
        return self.controller.run()


def imagine(folder: Path, *, production: str | None = OLD, **changes: object) -> World:
    """A world in a hurry, with `changes` of its parameters."""
    target = Imagined(ImaginedFleet(), ImaginedProxy(folder / "log"))
    registrar = Registrar(folder / "champions")
    settings = params(**{"tick_s": 0.001, "step_s": 0.2, **changes})
    controller = Controller(target, folder / "state.json", settings, registrar.hooks())
    write_deployment(controller.path, Deployment(production=production))
    return World(controller, target, registrar)
