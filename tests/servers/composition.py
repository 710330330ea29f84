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
RECIPE: Final = f"""
FROM {STAND_IN}
RUN apt-get update --quiet && apt-get install --yes --quiet --no-install-recommends \
        docker-compose libcap2-bin netcat-openbsd postgresql prometheus prometheus-alertmanager \
        wget \
    && groupadd --gid 70 database && useradd --uid 70 --gid 70 database \
    && install -d -o 65534 -g 65534 /prometheus /alertmanager \
    && install -d -o 70 -g 70 -m 700 /var/lib/postgresql/data
COPY --chmod=755 caddy start-postgres /usr/local/bin/
RUN setcap cap_net_bind_service=+ep /usr/local/bin/caddy
ENV PATH=/usr/lib/postgresql/17/bin:/usr/local/bin:/usr/bin:/bin
"""
START_POSTGRES: Final = """#!/bin/sh
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
PROGRAMS: Final = {
    "alertmanager": ["prometheus-alertmanager"],
    "caddy": [],
    "postgres": ["start-postgres"],
    "prometheus": ["prometheus"],
}


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
def running_host(engine: Engine, folder: Path, *, champion: str) -> Iterator[Host]:
    """A host on which the image `champion` serves; whatever runs there ends with the block."""
    host = make_host(engine, folder, champion=champion)
    host.proxy.mkdir(parents=True)
    try:
        done = host.compose("up", "--detach", "--wait", *host.services)
        assert done.returncode == 0, done.stderr + host.compose("logs").stdout
        yield host
    finally:
        host.compose("down", "--remove-orphans", "--volumes", "--timeout=5")


def make_host(engine: Engine, folder: Path, *, champion: str = "none") -> Host:
    """A host on which nothing runs yet."""
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
    files, services = (FILE,), (*PROGRAMS, "champion", "grafana", "mlflow")
    if engine.base == STAND_IN:
        files, services = (FILE, _substitute(engine, folder)), (*PROGRAMS, "champion")
        environment["DOCKER_CONFIG"] = str(folder / "docker")
    return Host(engine, files, environment, services, folder / "proxy")


def _substitute(engine: Engine, folder: Path) -> Path:
    """The file that puts Debian's programs in the place of images; brings `docker compose`."""
    context = folder / "parts"
    context.mkdir(parents=True)
    shutil.copy(Path(sys.executable).with_name("caddy"), context)
    (context / "Dockerfile").write_text(RECIPE)
    (context / "start-postgres").write_text(START_POSTGRES)
    engine.ask("build", "--quiet", f"--tag={PARTS}", str(context))
    container = engine.ask("create", PARTS)
    plugins = folder / "docker/cli-plugins"
    plugins.mkdir(parents=True)
    engine.ask("cp", f"{container}:{PLUGIN}", str(plugins))
    engine.ask("rm", container)
    services = {
        name: {"image": PARTS} | ({"entrypoint": command} if command else {})
        for name, command in PROGRAMS.items()
    }
    path = folder / "stand-ins.json"
    path.write_text(json.dumps({"services": services}))
    return path


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
