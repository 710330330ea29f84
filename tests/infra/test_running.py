"""infra/compose as containers: started, watched, and led through a release under load.

Grafana has no program outside its image: where no image can be pulled, it is not started.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from contender.bundle import Bundle
from contender.deploy.controller import step_back
from contender.deploy.target import Server
from contender.errors import DeployError, MissingError
from tests.conftest import ROOT
from tests.infra.test_compose import DASHBOARD, rules
from tests.servers.bundles import make_bundle
from tests.servers.composition import Host, Place, make_host, place, running_host
from tests.servers.engine import STAND_IN, Engine
from tests.servers.images import Built, build
from tests.servers.load import calling
from tests.servers.serving import wait_until

pytestmark = pytest.mark.timeout(900)  # the first one sets an engine and a host up
# Python reads it before the service starts: golden records are answered, every other call fails.
FAULT = """
from contender.serving import front
_ask = front.Front._ask
async def ask(self, endpoint, receive, call):
    if call.id != "golden":
        raise RuntimeError("planted")
    return await _ask(self, endpoint, receive, call)
front.Front._ask = ask
"""


@pytest.fixture(scope="module")
def host(engine: Engine, built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host on which the first image serves."""
    with running_host(engine, tmp_path_factory.mktemp("host"), champion=built.digest) as running:
        yield running


@pytest.fixture(scope="module")
def challenger(engine: Engine, built: Built, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Another bundle, for which there is an image."""
    made = make_bundle(tmp_path_factory.mktemp("challenger"), seed=8)
    done = build(built.repository, engine, "--bundle", str(made.folder), "--name=challenger")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def bad(engine: Engine, built: Built, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle in whose image every call fails but that for the golden records."""
    folder = tmp_path_factory.mktemp("bad")
    made = make_bundle(folder, seed=9)
    done = build(built.repository, engine, "--bundle", str(made.folder), "--name=bad")
    assert done.returncode == 0, done.stderr
    (folder / "image").mkdir()
    (folder / "image/sitecustomize.py").write_text(FAULT)
    recipe = f"FROM {done.stdout.split()[0]}\nCOPY sitecustomize.py /fault/\nENV PYTHONPATH=/fault\n"
    (folder / "image/Dockerfile").write_text(recipe)
    engine.ask("build", "--quiet", "--tag=bad:planted", str(folder / "image"))
    return made


@pytest.fixture
def released(host: Host, built: Built, tmp_path: Path) -> Iterator[Place]:
    """A place where the first bundle is in production."""
    with place(host, built.repository / "bundles", tmp_path) as made:
        made.release(built.bundle)
        yield made
        made.release(built.bundle)


def test_the_composition_is_valid(engine: Engine, tmp_path: Path) -> None:
    """Docker compose agrees; without a secret, or the name of an image, it refuses."""
    host = make_host(engine, tmp_path)
    done = host.compose("--profile=canary", "config", "--quiet")

    assert (done.returncode, done.stderr) == (0, "")
    for name in ("CHAMPION_IMAGE", "GRAFANA_PASSWORD", "POSTGRES_PASSWORD"):
        refused = host.compose("config", "--quiet", **{name: ""})
        assert refused.returncode != 0
        assert f"{name} is missing a value" in refused.stderr


def test_what_was_started_is_well(host: Host) -> None:
    """Healthy, and as sealed as the file says."""
    found = {c["Name"]: c for c in host.containers()}
    states = {name: c["State"]["Health"]["Status"] for name, c in found.items()}
    settings = [c["HostConfig"] for c in found.values()]

    assert set(states.values()) == {"healthy"}
    assert len(states) == len(host.services)
    assert all(c["ReadonlyRootfs"] and c["CapDrop"] == ["ALL"] for c in settings)
    assert {port["HostIp"] for c in settings for ports in c["PortBindings"].values() for port in ports} == {
        "127.0.0.1"
    }
