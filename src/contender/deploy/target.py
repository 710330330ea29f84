"""A place where servers run behind a proxy, as the controller sees it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from contender.bundle import Bundle
from contender.deploy.access import Answer, read_answers
from contender.deploy.probe import Fault, Shadow, inspect, read_shadow
from contender.deploy.proxy import Proxy, Route


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


class Fleet(Protocol):
    """What starts and ends servers: processes, containers. Each method may be called again."""

    def bundle(self, digest: str) -> Bundle:
        """The bundle that `digest` names, proven."""

    def start(self, server: Server) -> None:
        """Start the server if it is not alive."""

    def address(self, server: Server) -> str | None:
        """Where it listens, or will; None when it was never started."""

    def running(self) -> set[Server]:
        """Every server that is alive."""

    def stop(self, server: Server) -> None:
        """End the server once it has answered what it accepted."""


@dataclass(frozen=True)
class Target:
    """Servers and the proxy before them; `logs` is the folder of what the proxy writes down."""

    fleet: Fleet
    proxy: Proxy
    logs: Path

    def inspect(self, server: Server) -> Fault | None:
        """Why `server` may have no traffic; None when it may."""
        address = self.fleet.address(server)
        if address is None:
            return Fault("unreachable", "it was never started", is_starting=True)
        return inspect(address, self.fleet.bundle(server.digest))

    def route(self, percent: Mapping[Server, int], *, log: str | None) -> None:
        """Give each server its part of the traffic; the same again changes nothing.

        Older logs than `log` go; without one nothing is written down.
        """
        addresses = {self.fleet.address(server) or "": part for server, part in percent.items()}
        wanted = self._file(log) if log else None
        self.proxy.follow(Route(addresses, wanted))
        for path in self.logs.glob("*.jsonl"):
            if wanted is None or path.resolve() != wanted:
                path.unlink(missing_ok=True)

    def answers(self, log: str, offset: int) -> tuple[list[Answer], int]:
        """What was answered under the name `log` from `offset` on, and where to go on."""
        return read_answers(self._file(log), offset)

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

    def _file(self, name: str) -> Path:
        # Absolute, for whoever runs the proxy.
        return (self.logs / f"{name}.jsonl").resolve()
