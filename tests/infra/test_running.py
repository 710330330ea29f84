"""infra/compose as containers: started, watched, and led through a release under load.

Grafana has no program outside its image: where no image can be pulled, it is not started.
"""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from contender.bundle import Bundle
from contender.deploy.compose import BUNDLE
from contender.deploy.rollout import Rollout
from contender.deploy.state import Deployment, write_deployment
from contender.deploy.target import Server
from contender.errors import DeployError, MissingError
from tests.infra.test_compose import panels, rules
from tests.servers.bundles import make_bundle
from tests.servers.composition import Host, Place, place, running_host
from tests.servers.engine import Engine
from tests.servers.images import Built
from tests.servers.load import Outcomes, calling

from tests.servers.serving import wait_until
from tests.serving.records import BOXES

pytestmark = pytest.mark.timeout(900)  # the first one sets an engine and a host up
# Python reads it before the service starts: golden records are answered, every other call fails.
FAULT = """
from contender.serving import front
_ask = front.Front._ask
async def ask(self, endpoint, receive, call):
    if call.id != "golden":
        raise front.Refusal(500, "planted")
    return await _ask(self, endpoint, receive, call)
front.Front._ask = ask
"""


@pytest.fixture(scope="module")
def host(engine: Engine, built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host on which the first image serves."""
    with running_host(engine, tmp_path_factory.mktemp("host"), champion=built.digest) as running:
        yield running


@pytest.fixture(scope="module")
def folder(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where bundles are made; the first one is there."""
    made = tmp_path_factory.mktemp("challengers")
    shutil.copytree(built.bundle.folder, made / "bundles" / built.bundle.digest)
    return made


@pytest.fixture(scope="module")
def challenger(engine: Engine, built: Built, folder: Path) -> Bundle:
    """Another bundle, for which there is an image."""
    made = make_bundle(folder, seed=8)
    make_image(engine, built, made)
    return made


@pytest.fixture(scope="module")
def bad(engine: Engine, built: Built, folder: Path) -> Bundle:
    """A bundle in whose image every call fails but that for the golden records."""
    made = make_bundle(folder, seed=9)
    (made.folder.parent / "sitecustomize.py").write_text(FAULT)
    make_image(engine, built, made, "COPY sitecustomize.py /fault/", "ENV PYTHONPATH=/fault:/srv")
    return made


@pytest.fixture
def released(host: Host, built: Built, folder: Path, tmp_path: Path) -> Iterator[Place]:
    """A place where the first bundle is in production."""
    with place(host, folder / "bundles", tmp_path) as made:
        made.release(built.bundle)
        yield made


def test_the_composition_is_valid(host: Host) -> None:
    """Docker compose agrees; without a secret, or the name of an image, it refuses."""
    done = host.compose("--profile=canary", "config", "--quiet")

    assert (done.returncode, done.stderr) == (0, "")
    for name in ("CHAMPION_IMAGE", "GRAFANA_PASSWORD", "POSTGRES_PASSWORD"):
        refused = host.compose("config", "--quiet", **{name: ""})
        assert refused.returncode != 0
        assert f"{name} is missing a value" in refused.stderr


def test_what_was_started_is_well(host: Host) -> None:
    """Healthy, as sealed as the file says, and its ports are on loopback."""
    found = host.containers()
    settings = [container["HostConfig"] for container in found]
    ports = [port for c in settings for ports in c["PortBindings"].values() for port in ports]

    assert len(found) == len(host.services)
    assert {c["State"]["Health"]["Status"] for c in found} == {"healthy"}
    assert all(c["ReadonlyRootfs"] and c["CapDrop"] == ["ALL"] for c in settings)
    assert {port["HostIp"] for port in ports} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("service", "command"),
    [
        ("prometheus", "promtool check config /etc/prometheus/prometheus.yml"),
        ("prometheus", "promtool test rules /etc/prometheus/rules_test.yml"),
        ("alertmanager", "amtool check-config /etc/alertmanager/alertmanager.yml"),
    ],
)
def test_what_watches_agrees_with_its_files(host: Host, service: str, command: str) -> None:
    """The tools beside each program find nothing, and each alert fires when it should."""
    done = host.compose("exec", "-T", "--env=TMPDIR=/prometheus", service, *command.split())

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("change", ["> 0.02/> 1", "> 0.25/> 9", "== 0$/== 2", "> 0$/> 99"])
def test_a_rule_that_never_fires_is_found(host: Host, change: str) -> None:
    """The tests of the rules can fail: for each alert, when it asks for too much."""
    script = f"""
        mkdir -p /prometheus/spoilt && cd /prometheus/spoilt && cp /etc/prometheus/*.yml .
        sed 's/{change}/' /etc/prometheus/rules.yml >rules.yml && promtool test rules rules_test.yml
    """
    done = host.compose("exec", "-T", "--env=TMPDIR=/prometheus", "prometheus", "sh", "-c", script)

    assert done.returncode != 0
    assert "FAILED" in done.stderr


def test_prometheus_asks_every_server(host: Host) -> None:
    """All its targets answer, its rules are those of the file, and it has somebody to tell."""
    assert wait_until(lambda: states(host) == {"up"}, seconds=30)
    loaded = ask(host, "rules")["groups"][0]["rules"]

    assert {rule["name"] for rule in loaded} == {rule["alert"] for rule in rules()}
    assert {rule["health"] for rule in loaded} <= {"ok", "unknown"}
    assert len(ask(host, "alertmanagers")["activeAlertmanagers"]) == 1


def test_every_panel_has_numbers(released: Place) -> None:
    """What the dashboard asks, Prometheus can answer once there were calls."""
    with calls(released.host):
        assert wait_until(lambda: not unanswered(released.host), seconds=60), unanswered(
            released.host
        )


def test_a_good_challenger_takes_over(released: Place, challenger: Bundle) -> None:
    """No caller notices; its container is sealed as the others; the one before is gone."""
    before = released.controller.read().production
    with calls(released.host) as outcomes:
        done = released.release(challenger)
    created, written = container(released, challenger), released.host.container("caddy")
    alike = ("ReadonlyRootfs", "CapDrop", "SecurityOpt", "Memory", "PidsLimit", "RestartPolicy")

    assert (done.production, done.previous) == (challenger.digest, before)
    assert {answer.status_code for answer in outcomes.answers} == {200}
    assert not outcomes.failures
    assert {answer.json()["model_digest"] for answer in outcomes.answers} == {
        before,
        challenger.digest,
    }
    assert released.fleet.running() == {Server(challenger.digest)}
    assert [created["HostConfig"][name] for name in (*alike, "LogConfig")] == [
        written["HostConfig"][name] for name in (*alike, "LogConfig")
    ]
    assert wait_until(lambda: states(released.host) == {"up"}, seconds=30)


def test_a_bad_challenger_is_sent_back(released: Place, built: Built, bad: Bundle) -> None:
    """Its calls fail, so it loses them; it is quarantined and its container is gone."""
    with calls(released.host) as outcomes:
        done = released.release(bad)
    failed = [answer for answer in outcomes.answers if answer.status_code != 200]

    assert done.production == built.bundle.digest
    assert "errors" in done.quarantine[bad.digest]
    assert 0 < len(failed) < len(outcomes.answers) / 4
    assert released.fleet.running() == {Server(built.bundle.digest)}


def test_an_interrupted_rollout_goes_on(released: Place, challenger: Bundle) -> None:
    """The state says more than there is, for every container was removed: all come back."""
    controller = released.controller
    rollout = Rollout(name="cut", champion=None, challenger=challenger.digest)
    controller.write(rollout)
    controller.turn(rollout, 0.0)
    for found in released.fleet.client.containers.list(all=True, filters={"label": BUNDLE}):
        found.remove(force=True)

    assert controller.run().production == challenger.digest
    assert released.fleet.running() == {Server(challenger.digest)}
    assert predict(released.host).json()["model_digest"] == challenger.digest


def test_starting_twice_changes_nothing(released: Place) -> None:
    """What serves goes on; a server that compose brings back beside it is ended."""
    before = {c["Id"] for c in released.host.containers()}
    done = released.host.compose("up", "--detach", "--wait", *released.host.services)
    assert done.returncode == 0, done.stderr
    released.controller.run()

    assert {c["Id"] for c in released.host.containers()} == before


def test_a_challenger_can_be_started_by_hand(released: Place, challenger: Bundle) -> None:
    """It has no traffic; the controller ends what is not released."""
    arguments = ("--profile=canary", "up", "--detach", "--wait", "challenger")
    started = released.host.compose(*arguments, CHALLENGER_IMAGE=f"made:{challenger.digest[:12]}")
    assert started.returncode == 0, started.stderr
    before = released.fleet.running()
    answer = predict(released.host).json()["model_digest"]
    released.controller.run()

    assert before == {Server(answer), Server(challenger.digest)}
    assert answer != challenger.digest
    assert released.fleet.running() == {Server(answer)}


def test_a_bundle_without_an_image_is_refused(released: Place, tmp_path: Path) -> None:
    """The message names it; nothing was started, and what serves goes on."""
    made = make_bundle(tmp_path, seed=10)
    server = Server(made.digest)

    with pytest.raises(MissingError, match=made.digest[:12]):
        released.fleet.start(server)
    assert server not in released.fleet.running()
    assert predict(released.host).status_code == 200


def test_without_its_proxy_nothing_is_released(released: Place) -> None:
    """Calls would reach nobody."""
    released.host.compose("stop", "caddy")
    try:
        with pytest.raises(DeployError, match="no proxy"):
            released.controller.settle()
    finally:
        released.host.compose("start", "caddy")


def test_everything_ends_and_comes_back(released: Place, challenger: Bundle) -> None:
    """`down` leaves no container; `up` and `resume` let what was in production serve again."""
    host, controller = released.host, released.controller
    write_deployment(controller.path, Deployment(production=challenger.digest))
    controller.run()
    assert host.compose("down", "--remove-orphans").returncode == 0
    assert not host.containers()
    with pytest.raises(DeployError, match="network"):
        controller.run()
    assert host.compose("up", "--detach", "--wait", "caddy", "champion").returncode == 0
    controller.run()

    assert released.fleet.running() == {Server(challenger.digest)}
    assert predict(host).json()["model_digest"] == challenger.digest


@pytest.mark.soak
def test_tracking_is_in_the_database(engine: Engine, built: Built, tmp_path: Path) -> None:
    """MLflow is well on PostgreSQL; an experiment is there after both were started again."""
    with running_host(engine, tmp_path, "postgres", "mlflow", champion=built.digest) as host:
        url = f"{host.url('MLFLOW_PORT')}/api/2.0/mlflow/experiments"
        made = httpx.post(f"{url}/create", json={"name": "kept"}, timeout=60, trust_env=False)
        assert (
            host.compose("up", "--detach", "--wait", "--force-recreate", "mlflow").returncode == 0
        )
        found = httpx.get(
            f"{url}/get-by-name", params={"experiment_name": "kept"}, timeout=60, trust_env=False
        ).json()["experiment"]
        select = "psql --username=mlflow --command='SELECT name FROM experiments'"
        told = ("exec", "-T", "--env=PGPASSWORD=for-tests", "postgres", "sh", "-c", select)
        tables = host.compose(*told)

        assert found["experiment_id"] == made.json()["experiment_id"]
        assert "kept" in tables.stdout


def make_image(engine: Engine, built: Built, bundle: Bundle, *lines: str) -> None:
    """Let there be an image like the first one, with `bundle` in it, and `lines` in its recipe."""
    recipe = bundle.folder.parent / f"{bundle.digest}.Dockerfile"
    told = (f"LABEL {BUNDLE}={bundle.digest}", f"ENV BUNDLE_DIGEST={bundle.digest}")
    copied = f"COPY {bundle.digest} bundles/current"
    recipe.write_text("\n".join((f"FROM {built.tag}", copied, *told, *lines)))
    name = f"--tag=made:{bundle.digest[:12]}"
    engine.ask("build", "--quiet", name, f"--file={recipe}", str(recipe.parent))


def predict(host: Host) -> httpx.Response:
    """What the proxy answers."""
    url = f"{host.url('PORT')}/predict"
    return httpx.post(url, json={"records": BOXES}, timeout=10, trust_env=False)


def calls(host: Host) -> contextlib.AbstractContextManager[Outcomes]:
    """Callers of the proxy."""
    return calling(host.url("PORT"), "/predict", {"records": BOXES}, callers=2)


def container(place: Place, bundle: Bundle) -> dict[str, Any]:
    """All that is known of the container that serves `bundle`."""
    labels = [(c, c["Config"]["Labels"].get(BUNDLE)) for c in place.host.containers()]
    (found,) = [c for c, digest in labels if digest == bundle.digest]
    return found


def ask(host: Host, what: str, **parameters: str) -> Any:
    """What Prometheus answers."""
    url = f"{host.url('PROMETHEUS_PORT')}/api/v1/{what}"
    return httpx.get(url, params=parameters, trust_env=False).json()["data"]


def states(host: Host) -> set[str]:
    """Of what Prometheus watches, the servers among it."""
    targets = ask(host, "targets")["activeTargets"]
    jobs = {target["labels"]["job"] for target in targets}
    return {target["health"] for target in targets} if "servers" in jobs else set()


def unanswered(host: Host) -> list[str]:
    """Titles of the panels for which there is not one number."""
    return [
        panel["title"]
        for panel in panels()
        if not any(
            value["value"][1] != "NaN"
            for target in panel["targets"]
            for value in ask(host, "query", query=target["expr"])["result"]
        )
    ]
