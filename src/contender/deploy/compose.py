"""Servers as containers of one host, beside the Caddy of infra/compose/compose.yaml.

A container is a server when its image carries the digest of a bundle, whoever started it. Its
address is its own in the network of the project: one that the controller and the proxy both reach,
and that a restart of the host does not change.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

import docker
from docker.errors import DockerException

from contender.bundle import Bundle, open_bundle
from contender.deploy.proxy import LOG, Route, lead
from contender.deploy.target import Server, Target
from contender.errors import DeployError, MissingError

BUNDLE: Final = "contender.bundle.digest"  # a label of the image, which its containers inherit
COPIES_TO: Final = "contender.copies-to"
PROJECT: Final = "com.docker.compose.project"
SERVICE: Final = "com.docker.compose.service"
# Without them `docker compose down` would not know the container as one of the project.
MEMBER: Final = {
    "com.docker.compose.oneoff": "False",
    "com.docker.compose.container-number": "1",
    "com.docker.compose.config-hash": "",
}
NAME: Final = "contender"  # of the project, and of its network
PORT: Final = 8000
ALIAS: Final = "servers"  # by this name Prometheus finds them all
RESERVED: Final = 32  # the first addresses are for what compose.yaml starts
STOP_S: Final = 35  # a server takes up to 30 to answer what it has accepted
# The same as in compose.yaml, which a test compares.
SEALED: Final[Mapping[str, Any]] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "mem_limit": "512m",
    "pids_limit": 256,
    "restart_policy": {"Name": "unless-stopped"},
    "log_config": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
}


@dataclass(frozen=True)
class Containers:
    """One container a server, of the image that carries its digest."""

    bundles: Path
    network: str = NAME
    client: docker.DockerClient = field(default_factory=docker.from_env)

    def bundle(self, digest: str) -> Bundle:
        """The bundle that `digest` names.

        Raises:
            MissingError: it is not on this machine.
            IntegrityError: it was changed.
        """
        return open_bundle(self.bundles / digest, digest=digest)

    def start(self, server: Server) -> None:
        """Start what is not alive, with the address that it had before, if any.

        A second container of the same server, which has no traffic, is ended: `docker compose up`
        brings back the one that the controller had replaced.

        Raises:
            MissingError: no image holds the bundle.
            DeployError: the engine refuses.
        """
        with _asking():
            first, *others = self._find(server) or [self._create(server)]
            if not is_alive(first):
                first.start()
            _end(others)

    def address(self, server: Server) -> str | None:
        """Where the server listens, or will; None when it was never started."""
        with _asking():
            found = self._find(server)
            return f"{self._ip(found[0])}:{PORT}" if found else None

    def running(self) -> set[Server]:
        """Every server with a container that is alive."""
        with _asking():
            return {_server(container) for container in self._list() if is_alive(container)}

    def stop(self, server: Server) -> None:
        """End the server, and every container of it."""
        with _asking():
            _end(self._find(server))

    def _list(self) -> list[Any]:
        filters = {"label": BUNDLE}
        found = self.client.containers.list(all=True, filters=filters, ignore_removed=True)
        return [container for container in found if self._ip(container)]

    def _find(self, server: Server) -> list[Any]:
        """The containers of the server; the first one, alive and the oldest, has its traffic."""
        found = [container for container in self._list() if _server(container) == server]
        return sorted(found, key=lambda one: (not is_alive(one), one.attrs["Created"]))

    def _ip(self, container: Any) -> str:
        """The address of the container in the network, alive or not; empty when it has none."""
        joined = container.attrs["NetworkSettings"]["Networks"].get(self.network) or {}
        return str((joined.get("IPAMConfig") or {}).get("IPv4Address", ""))

    def _create(self, server: Server) -> Any:
        name = "-".join([NAME, server.digest[:12], server.copies_to[:12]]).rstrip("-")
        joined = self.client.api.create_endpoint_config(
            aliases=[ALIAS], ipv4_address=self._free_address()
        )
        command = ["serve", "--host", "0.0.0.0"]
        if server.copies_to:
            command += ["--shadow", self.address(Server(server.copies_to)) or ""]
        labels = {PROJECT: self.network, SERVICE: name, COPIES_TO: server.copies_to}
        return self.client.containers.create(
            self._image(server.digest),
            command,
            name=f"{self.network}-{name}",
            labels=labels | MEMBER,
            network=self.network,
            networking_config={self.network: joined},
            volumes={f"{self.network}_log-{name}": {"bind": "/srv/logs"}},
            **SEALED,
        )

    def _image(self, digest: str) -> Any:
        """The image built last of those that hold the bundle."""
        if found := self.client.images.list(filters={"label": f"{BUNDLE}={digest}"}):
            return max(found, key=lambda image: str(image.attrs["Created"]))
        raise MissingError(
            f"no image on this host holds the bundle `{digest[:12]}`; expected one.",
            hint=f"`make image BUNDLE={self.bundles}/{digest}`, or `docker pull` the one built",
        )

    def _free_address(self) -> str:
        """An address that no container has, and that the engine gives to none by itself."""
        network = self.client.networks.get(self.network)
        config = network.attrs["IPAM"]["Config"][0]
        taken = {self._ip(container) for container in self._list()}
        given = ip_network(config.get("IPRange") or config["Subnet"])
        hosts = [str(host) for host in ip_network(config["Subnet"]).hosts() if host not in given]
        if free := [host for host in hosts[RESERVED:] if host not in taken]:
            return free[0]
        raise DeployError(
            f"the network `{self.network}` has no address left for a server; expected a half of "
            "it that the engine gives to none by itself.",
            hint="`docker network rm` it and `make up`, which makes the one of compose.yaml",
        )


@dataclass(frozen=True)
class ContainedProxy:
    """The Caddy of compose.yaml, led by the files in `folder`."""

    folder: Path
    fleet: Containers

    @property
    def log(self) -> Path:
        """One line a call."""
        return self.folder / LOG

    def follow(self, route: Route) -> None:
        """Send calls along `route` from now on.

        Raises:
            DeployError: there is no proxy.
        """
        lead(self.folder, route)
        labels = [f"{PROJECT}={self.fleet.network}", f"{SERVICE}=caddy"]
        with _asking():
            found = self.fleet.client.containers.list(filters={"label": labels})
        if not found:
            raise DeployError(
                f"no proxy runs in the project `{self.fleet.network}`; expected one before the "
                "servers.",
                hint="`make up` starts it",
            )


def make_target(bundles: Path, folder: Path) -> Target:
    """The containers of this host, and the proxy that is led by `folder`.

    Raises:
        DeployError: no engine can be reached.
    """
    with _asking():
        fleet = Containers(bundles, os.environ.get("COMPOSE_PROJECT_NAME", NAME))
    return Target(fleet, ContainedProxy(folder, fleet))


def is_alive(container: Any) -> bool:
    """True for a container that runs, or that its engine starts again by itself."""
    return container.status in ("running", "restarting")


def _end(containers: Iterable[Any]) -> None:
    """End each once it has answered what it accepted; its log stays, on its volume."""
    for container in containers:
        container.stop(timeout=STOP_S)
        container.remove()


def _server(container: Any) -> Server:
    return Server(container.labels[BUNDLE], container.labels.get(COPIES_TO, ""))


@contextlib.contextmanager
def _asking() -> Iterator[None]:
    try:
        yield
    except (DockerException, OSError) as error:
        raise DeployError(
            f"the Docker engine refuses: `{error}`; expected it to know the network of the "
            "project and to start and end containers in it.",
            hint="`docker info` tells whether it runs, `make up` makes the network",
        ) from error
