"""A server of one bundle that lives as long as its checks take."""

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from contender.bundle import Bundle
from contender.deploy.detached import Detached
from contender.deploy.local import Processes
from contender.deploy.probe import inspect
from contender.deploy.target import Server
from contender.errors import DeployError

START_S: Final = 60.0
PAUSE_S: Final = 0.1


@contextlib.contextmanager
def hosting(bundle: Bundle) -> Iterator[str]:
    """The address of a server of `bundle`, a process of this machine that ends with the block.

    Raises:
        DeployError: it does not become ready.
    """
    with tempfile.TemporaryDirectory() as name:
        folder, server = Path(name), Server(bundle.digest)
        (folder / bundle.digest).symlink_to(bundle.folder)
        fleet = Processes(folder / "servers", folder)
        fleet.start(server)
        try:
            yield _wait(fleet, server)
        finally:
            fleet.stop(server)


def _wait(fleet: Processes, server: Server) -> str:
    """The address of `server` once it is ready, or found to be wrong."""
    address = fleet.address(server) or ""
    process = Detached(fleet.folder / server.name)
    end = time.monotonic() + START_S
    while (fault := inspect(address, fleet.bundle(server.digest))) and fault.is_starting:
        if not process.is_alive() or time.monotonic() > end:
            raise DeployError(
                f"a server of `{server.digest[:12]}` does not become ready: {fault.message}; it "
                f"says `{process.last_words()}`.",
                hint="`contender serve` shows all that it says",
            )
        time.sleep(PAUSE_S)
    return address
