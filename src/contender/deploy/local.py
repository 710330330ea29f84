"""Servers as processes of this machine, on loopback: no Docker, no cluster."""

import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contender import files
from contender.bundle import Bundle, open_bundle
from contender.deploy.detached import Detached
from contender.deploy.target import Server

STOP_S: Final = 35.0  # a server takes up to 30 to answer what it has accepted


@dataclass(frozen=True)
class Processes:
    """One `contender serve` a server, each with a folder of its own below `folder`."""

    folder: Path
    bundles: Path

    def bundle(self, digest: str) -> Bundle:
        """The bundle that `digest` names.

        Raises:
            MissingError: it is not on this machine.
            IntegrityError: it was changed.
        """
        return open_bundle(self.bundles / digest, digest=digest)

    def start(self, server: Server) -> None:
        """Start what is not alive; its port is on disk before it listens there."""
        process = self._process(server)
        if process.is_alive():
            return
        port = find_port()
        files.write_text(process.folder / "port", str(port))
        command = [sys.executable, "-m", "contender", "serve", "--port", str(port)]
        command += ["--bundle", str(self.bundles / server.digest), "--digest", server.digest]
        command += ["--log", str(process.folder / "log")]
        if server.copies_to:
            command += ["--shadow", self.address(Server(server.copies_to)) or ""]
        process.start(command, {})

    def address(self, server: Server) -> str | None:
        """Where the server listens, or will; None when it was never started."""
        port = self._process(server).folder / "port"
        return f"127.0.0.1:{port.read_text(encoding='ascii')}" if port.exists() else None

    def running(self) -> set[Server]:
        """Every server with a process that is alive."""
        names = [path.name for path in self.folder.iterdir()] if self.folder.is_dir() else []
        servers = {Server.parse(name) for name in names}
        return {server for server in servers if self._process(server).is_alive()}

    def stop(self, server: Server) -> None:
        """End the server once it has answered what it accepted; its log stays."""
        process = self._process(server)
        process.stop(seconds=STOP_S)
        (process.folder / "port").unlink(missing_ok=True)

    def _process(self, server: Server) -> Detached:
        return Detached(self.folder / server.name)


def find_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
