"""infra/compose as `make up` starts it, with programs of Debian where no image can be pulled."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import docker

from contender.bundle import Bundle
from contender.deploy.compose import ContainedProxy, Containers
from contender.deploy.controller import Controller, Hooks
from contender.deploy.rollout import Rollout
from contender.deploy.state import Deployment
from contender.deploy.target import Target
from tests.servers.engine import STAND_IN, Engine
from tests.servers.processes import free_port
from tests.servers.releases import params
from tests.servers.serving import ROOT

FILE: Final = ROOT / "infra/compose/compose.yaml"
PARTS: Final = "contender-tests/parts"
PLUGIN: Final = "/usr/libexec/docker/cli-plugins/docker-compose"
# As the official images have it: who runs what, and a program that asks for a right by itself.
# Packages are unpacked, for to install them takes three times as long.
RECIPE: Final = f"""
FROM {STAND_IN}
WORKDIR /packages
RUN apt-get update --quiet \\
    && apt-get download busybox docker-compose libcap2-bin prometheus prometheus-alertmanager \\
        promtool \\
    && ls | xargs --max-args=1 --max-procs=4 -I @ dpkg --extract @ / \\
    && ln --symbolic /usr/bin/busybox /usr/local/bin/wget \\
    && install -d -o 65534 -g 65534 /prometheus /alertmanager
COPY --chmod=755 caddy nc /usr/local/bin/
RUN setcap cap_net_bind_service=+ep /usr/local/bin/caddy
"""
NC: Final = "#!/bin/bash\n</dev/tcp/$2/$3\n"
PROGRAMS: Final = {
    "alertmanager": ["prometheus-alertmanager"],
    "caddy": [],
    "prometheus": ["prometheus"],
}
DATABASE: Final = "contender-tests/database"
DATABASE_RECIPE: Final = f"""
FROM {STAND_IN}
RUN apt-get update --quiet \\
    && apt-get install --yes --quiet --no-install-recommends postgresql \\
    && groupadd --gid 70 database && useradd --uid 70 --gid 70 database \\
    && install -d -o 70 -g 70 -m 700 /var/lib/postgresql/data
COPY --chmod=755 start /
ENV PATH=/usr/lib/postgresql/17/bin:/usr/local/bin:/usr/bin:/bin
ENTRYPOINT ["/start"]
"""
START_DATABASE: Final = """#!/bin/sh
set -eu
export PGDATA=/var/lib/postgresql/data
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  echo "$POSTGRES_PASSWORD" >/tmp/password
  initdb --username="$POSTGRES_USER" --pwfile=/tmp/password --auth=scram-sha-256
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  echo "CREATE DATABASE $POSTGRES_DB" | postgres --single postgres
fi
exec postgres -c "listen_addresses=*"
"""


@dataclass(frozen=True)
class Host:
    """One host with everything of compose.yaml on it that can be had."""

    engine: Engine
    files: tuple[Path, ...]
    environment: Mapping[str, str]
    services: tuple[str, ...]
    proxy: Path

    @property
    def name(self) -> str:
        """Of the project, and of its network."""
        return self.environment["COMPOSE_PROJECT_NAME"]

    def url(self, port: str) -> str:
        """Where the service listens whose port the variable `port` names."""
        return f"http://127.0.0.1:{self.environment[port]}"

    def compose(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """The finished `docker compose` with `arguments`."""
        files = [f"--file={path}" for path in self.files]
        environment = {**os.environ, **self.engine.environment, **self.environment, **changes}
        command = ["docker", "compose", *files, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def containers(self) -> list[dict[str, Any]]:
        """All that is known of every container of the project."""
        label = f"label=com.docker.compose.project={self.name}"
        names = self.engine.ask("ps", "--all", "--quiet", "--filter", label).split()
        return [self.engine.inspect(name) for name in names]

    def container(self, service: str) -> dict[str, Any]:
        """All that is known of the one container of `service`."""
        label = "com.docker.compose.service"
        (found,) = [c for c in self.containers() if c["Config"]["Labels"][label] == service]
        return found


@contextlib.contextmanager
def running_host(engine: Engine, folder: Path, *services: str, champion: str) -> Iterator[Host]:
    """A host on which the image `champion` serves; whatever runs there ends with the block.

    Only `services` are started, if there are any.
    """
    host = _make_host(engine, folder, services, champion)
    host.proxy.mkdir(parents=True)
    try:
        done = host.compose("up", "--detach", "--wait", *host.services)
        assert done.returncode == 0, done.stderr + host.compose("logs").stdout
        yield host
    finally:
        host.compose("down", "--remove-orphans", "--volumes", "--timeout=5")


def _make_host(engine: Engine, folder: Path, services: tuple[str, ...], champion: str) -> Host:
    ports = ("PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT", "GRAFANA_PORT", "MLFLOW_PORT")
    number = os.getpid()
    environment = {
        "COMPOSE_PROJECT_NAME": f"contender-{number}",
        "CHAMPION_IMAGE": champion,
        "GRAFANA_PASSWORD": "for-tests",
        "POSTGRES_PASSWORD": "for-tests",
        "PROXY_FOLDER": str(folder / "proxy"),
        "PROXY_USER": f"{os.getuid()}:{os.getgid()}",
        "SUBNET": f"172.30.{number % 256}",
        **{name: str(free_port()) for name in ports},
    }
    files = [FILE]
    if engine.base == STAND_IN:
        images = {name: PARTS for name in PROGRAMS} | {"postgres": DATABASE}
        files.append(_substitute(images, folder / "stand-ins.json"))
        environment["DOCKER_CONFIG"] = str(folder / "docker")
        _make_parts(engine, folder)
        services = services or (*PROGRAMS, "champion")
        if "postgres" in services:
            _make_database(engine, folder / "database")
    return Host(engine, tuple(files), environment, services, folder / "proxy")


def _substitute(images: Mapping[str, str], path: Path) -> Path:
    """The file that puts `images` in the place of those of the composition."""
    services: dict[str, Any] = {name: {"image": image} for name, image in images.items()}
    for name, command in PROGRAMS.items():
        services[name] |= {"entrypoint": command} if command else {}
    services["mlflow"] = {"build": {"args": {"PYTHON": STAND_IN}}}
    path.write_text(json.dumps({"services": services}))
    return path


def _make_parts(engine: Engine, folder: Path) -> None:
    """The programs of Debian as an image, and `docker compose` out of it."""
    context = folder / "parts"
    context.mkdir(parents=True)
    shutil.copy(Path(sys.executable).with_name("caddy"), context)
    (context / "nc").write_text(NC)
    (context / "Dockerfile").write_text(RECIPE)
    engine.ask("build", "--quiet", f"--tag={PARTS}", str(context))
    container = engine.ask("create", PARTS, "none")
    plugins = folder / "docker/cli-plugins"
    plugins.mkdir(parents=True)
    engine.ask("cp", f"{container}:{PLUGIN}", str(plugins))
    engine.ask("rm", container)


def _make_database(engine: Engine, context: Path) -> None:
    context.mkdir()
    (context / "Dockerfile").write_text(DATABASE_RECIPE)
    (context / "start").write_text(START_DATABASE)
    engine.ask("build", "--quiet", f"--tag={DATABASE}", str(context))


@dataclass(frozen=True)
class Place:
    """A controller of the servers on a host."""

    host: Host
    controller: Controller
    fleet: Containers

    def release(self, bundle: Bundle) -> Deployment:
        """The deployment after a rollout of `bundle`, which nobody has to earn."""
        production = self.controller.read().production
        rollout = Rollout(name="test", champion=production, challenger=bundle.digest)
        self.controller.write(rollout)
        return self.controller.run()


@contextlib.contextmanager
def place(host: Host, bundles: Path, folder: Path) -> Iterator[Place]:
    """A place for releases of what lies in `bundles` on `host`; only errors count in a canary."""
    client = docker.from_env(environment={**os.environ, **host.engine.environment})
    settings = params(tolerance=10.0, max_ratio=40.0, max_rate=0.5, canary_shares=[0.25])
    with contextlib.closing(client):
        fleet = Containers(bundles, host.name, client)
        target = Target(fleet, ContainedProxy(host.proxy, fleet))
        hooks = Hooks(lambda *_: "", lambda _: None)
        yield Place(host, Controller(target, folder / "state.json", settings, hooks), fleet)
