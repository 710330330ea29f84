"""A place where servers run behind a proxy, as the controller sees it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from contender.bundle import Bundle
from contender.deploy.access import Answer, Mark, read_answers
from contender.deploy.probe import Fault, Shadow, inspect, read_predictions, read_shadow
from contender.deploy.proxy import Route
from contender.errors import IntegrityError, MissingError


class Server(NamedTuple):
    """One server: the bundle it serves, and the one that it gives copies of its calls to."""

    digest: str
    copies_to: str = ""

    @property
    def name(self) -> str:
        """What its folder or container is called."""
        return f"{self.digest}+{self.copies_to}" if self.copies_to else self.digest

    @classmethod
    def parse(cls, name: str) -> "Server":
        """The server that is called `name`."""
        return cls(*name.split("+"))


@dataclass(frozen=True)
class Plan:
    """Which servers run; `main` gets the calls except the `share` of them that `canary` gets.

    A canary without a share stands in for `main` when that cannot be reached. Without `main` there
    is nobody to call yet.
    """

    servers: tuple[Server, ...]
    main: Server | None = None
    canary: Server | None = None
    share: float = 0.0


class Front(Protocol):
    """What passes calls on; it writes each down in the file `log`."""

    @property
    def log(self) -> Path:
        """One line a call."""
        ...

    def follow(self, route: Route) -> None:
        """Send calls along `route` from now on; the same again changes nothing."""


class Fleet(Protocol):
    """What starts and ends servers: processes, containers. Each method may be called again."""

    def bundle(self, digest: str) -> Bundle:
        """The bundle that `digest` names, proven."""
        ...

    def start(self, server: Server) -> None:
        """Start the server if it is not alive."""

    def address(self, server: Server) -> str | None:
        """Where it listens, or will; None when it was never started."""
        ...

    def running(self) -> set[Server]:
        """Every server that is alive."""
        ...

    def stop(self, server: Server) -> None:
        """End the server once it has answered what it accepted."""


@dataclass(frozen=True)
class Target:
    """Servers, and the proxy before them."""

    fleet: Fleet
    proxy: Front

    def inspect(self, server: Server) -> Fault | None:
        """Why `server` may have no traffic; None when it may."""
        if (address := self.fleet.address(server)) is None:
            return Fault("unreachable", "it was never started", is_starting=True)
        try:
            return inspect(address, self.fleet.bundle(server.digest))
        except (IntegrityError, MissingError) as error:
            return Fault("integrity", str(error.args[0]))

    def route(self, plan: Plan, *, step: str) -> None:
        """Give each server of `plan` its share of the calls; the same again changes nothing."""
        if plan.main is None:
            return
        servers = (plan.main, plan.canary or plan.main)
        main, canary = [self.fleet.address(server) or "" for server in servers]
        self.proxy.follow(Route(main, canary, plan.share, step))

    def answers(self, mark: Mark) -> tuple[list[Answer], Mark]:
        """What was answered after `mark`, and where to go on."""
        return read_answers(self.proxy.log, mark)

    def predictions(self, server: Server) -> dict[str, int]:
        """How many predictions of `server` fell into each bin.

        Raises:
            DeployError: it does not say.
        """
        return read_predictions(self.fleet.address(server) or "")

    def keep(self, servers: Iterable[Server]) -> None:
        """End every server that is not one of `servers`."""
        for server in self.fleet.running() - set(servers):
            self.fleet.stop(server)

    def shadow(self, server: Server) -> Shadow:
        """What became of the copies that `server` gave away.

        Raises:
            DeployError: it does not say.
        """
        return read_shadow(self.fleet.address(server) or "")
