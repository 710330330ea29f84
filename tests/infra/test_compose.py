"""infra/ as files: sealed, pinned, without a secret, and the same as what the code starts."""

import copy
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from contender.deploy.proxy import make_configuration
from contender.problem.schema import load_schema
from contender.serving.metrics import Metrics
from tests.conftest import ROOT
from tests.infra.rules import broken, read

INFRA = ROOT / "infra"
COMPOSE = INFRA / "compose/compose.yaml"
RULES = INFRA / "prometheus/rules.yml"
DASHBOARD = INFRA / "grafana/dashboards/contender.json"


def test_every_service_is_sealed() -> None:
    """Pinned, checked, limited, without rights, on loopback alone."""
    assert not broken(read(COMPOSE))


@pytest.mark.parametrize(
    ("service", "change", "expected"),
    [
        ("caddy", {"image": "caddy:latest"}, "its image is not pinned"),
        ("caddy", {"image": f"caddy@sha256:{'0' * 64}"}, "its image is not pinned"),
        ("champion", {"image": "contender:latest"}, "its image is not pinned"),
        ("grafana", {"healthcheck": {"interval": "5s"}}, "it has no health check"),
        ("grafana", {"user": "0:0"}, "it may run as root"),
        ("postgres", {"user": "root"}, "it may run as root"),
        ("mlflow", {"security_opt": []}, "it may gain rights"),
        ("champion", {"cap_drop": ["NET_RAW"]}, "it keeps rights"),
        ("champion", {"privileged": True}, "it keeps rights"),
        ("caddy", {"cap_add": ["SYS_ADMIN"]}, "it gets rights back"),
        ("prometheus", {"read_only": False}, "its root is not read-only"),
        ("challenger", {"mem_limit": None}, "its memory has no limit"),
        ("challenger", {"pids_limit": None}, "its processes have no limit"),
        ("alertmanager", {"restart": "no"}, "it does not come back"),
        ("caddy", {"ports": ["8080:8080"]}, "a port is not on loopback"),
        ("caddy", {"ports": ["0.0.0.0:8080:8080"]}, "a port is not on loopback"),
        ("caddy", {"network_mode": "host"}, "it is in the network of the host"),
        ("caddy", {"volumes": ["/var/run/docker.sock:/s"]}, "it reaches the engine"),
        ("postgres", {"environment": {"POSTGRES_PASSWORD": "x"}}, "a secret has a value"),
        ("postgres", {"environment": {"API_TOKEN": "${T:-x}"}}, "a secret has a value"),
    ],
)
def test_a_service_that_is_not_sealed_is_found(
    service: str, change: dict[str, Any], expected: str
) -> None:
    """Each rule can fail."""
    composition = copy.deepcopy(read(COMPOSE))
    composition["services"][service] |= change

    assert f"{service}: {expected}" in broken(composition)


def test_no_service_at_all_is_found() -> None:
    """An empty file keeps no promise."""
    assert broken({}) == ["there is no service"]


def test_the_example_names_every_secret_and_has_none() -> None:
    """What must be set is in `.env.example`, with nothing behind it; git ignores the real one."""
    example = (INFRA / "compose/.env.example").read_text(encoding="utf-8")
    values = dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE))
    required = re.findall(r"\$\{(\w+):\?", COMPOSE.read_text(encoding="utf-8"))
    ignored = subprocess.run(
        ["git", "check-ignore", "--quiet", "infra/compose/.env"], cwd=ROOT, check=False
    )

    assert set(required) == {"CHAMPION_IMAGE", "GRAFANA_PASSWORD", "POSTGRES_PASSWORD"}
    assert {values[name] for name in required} == {""}
    assert ignored.returncode == 0


def test_the_proxy_is_that_of_every_target() -> None:
    """Caddy's file is what the code makes; `make proxy` writes it again."""
    written = json.loads((INFRA / "caddy/caddy.json").read_text(encoding="utf-8"))

    assert written == make_configuration(":8080", "/srv/proxy")


def test_every_alert_has_its_paragraph() -> None:
    """Each rule leads to a heading of the guide, and each heading is led to."""
    guide = (ROOT / "docs/guides/alerts.md").read_text(encoding="utf-8")
    headings = {name.lower() for name in re.findall(r"^## (\w+)$", guide, re.MULTILINE)}
    alerts = {rule["alert"]: rule["annotations"]["runbook"] for rule in rules()}

    assert alerts
    assert alerts == {name: f"docs/guides/alerts.md#{name.lower()}" for name in alerts}
    assert {name.lower() for name in alerts} == headings


def test_nobody_asks_for_a_metric_that_is_not_there() -> None:
    """What rules and panels name is what the service tells."""
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    asked += [rule["expr"] for rule in rules()]
    metrics = Metrics()
    metrics.show(load_schema(ROOT / "data/schema.yaml"), "0" * 64)
    told = re.findall(r"^# TYPE (\w+)", metrics.render().decode(), re.MULTILINE)
    names = set(re.findall(r"\b(?:contender|process)_\w+", " ".join(asked)))

    assert len(names) > 5
    assert {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in names} <= {
        re.sub(r"_total$", "", name) for name in told
    }


def test_every_panel_asks_something_in_a_place_of_its_own() -> None:
    """No two share a title or a spot, each has a unit, and its source is the one provisioned."""
    sources = read(INFRA / "grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    spots = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels()]

    assert len(panels()) > 5
    assert len(spots) == len(set(spots)) == len({panel["title"] for panel in panels()})
    assert all(panel["targets"] for panel in panels())
    assert all(panel["fieldConfig"]["defaults"]["unit"] for panel in panels())
    assert {panel["datasource"]["uid"] for panel in panels()} == {
        source["uid"] for source in sources
    }


def test_caddy_accepts_its_configuration(tmp_path: Path) -> None:
    """The very program that runs it finds nothing wrong; with a handler that is none, it does."""
    text = (INFRA / "caddy/caddy.json").read_text(encoding="utf-8")
    text = text.replace("/srv/proxy", str(tmp_path))
    path = tmp_path / "caddy.json"
    path.write_text(text)
    spoilt = tmp_path / "spoilt.json"
    spoilt.write_text(text.replace('"reverse_proxy"', '"reverse"'))

    assert lint("caddy", "validate", "--config", str(path))[0] == 0
    assert "unknown module" in lint("caddy", "validate", "--config", str(spoilt))[1]


@pytest.mark.parametrize("name", ["Dockerfile", "infra/mlflow/Dockerfile"])
def test_hadolint_finds_nothing(name: str) -> None:
    """Each Dockerfile is clean."""
    assert lint("hadolint", name) == (0, "")


def test_yamllint_finds_nothing() -> None:
    """Each YAML file is clean."""
    assert lint("yamllint", "--strict", "infra", "params.yaml", "dvc.yaml") == (0, "")


def test_the_linters_find_faults(tmp_path: Path) -> None:
    """Both tests above could fail."""
    (tmp_path / "Dockerfile").write_text("FROM debian\n")
    (tmp_path / "a.yaml").write_text("a: 1\na:  2\n")

    assert "DL3006" in lint("hadolint", str(tmp_path / "Dockerfile"))[1]
    assert "duplication" in lint("yamllint", "--strict", str(tmp_path / "a.yaml"))[1]


def lint(*command: str) -> tuple[int, str]:
    """The exit code of `command`, and what it says."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def rules() -> list[dict[str, Any]]:
    """The rules that Prometheus evaluates."""
    return [rule for group in read(RULES)["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """The panels of the dashboard."""
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return found
