"""`contender judge`, as Argo Rollouts calls it, on a real Prometheus that scrapes real services."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contender.bundle import Bundle
from contender.cli import main
from contender.deploy.prometheus import Prometheus
from contender.deploy.watch import find_slow_s
from tests.infra.manifests import copy, judge_of, render
from tests.servers.bundles import make_bundle
from tests.servers.prometheus import find_prometheus, running_prometheus
from tests.servers.serving import ROOT, Running, running_service, wait_until

NAMESPACE = "contender-production"
OLD, NEW, NOBODY = (f'pod=~"contender-{name}-.+"' for name in ("old", "new", "nobody"))


@dataclass(frozen=True)
class Cluster:
    """Services by the names of their pods, the Prometheus that scrapes them, and what to ask."""

    prometheus: str
    pods: dict[str, Running]
    bundle: Bundle

    def call(self, pod: str, *, until: threading.Event) -> None:
        """Ask for predictions of a pod again and again, for the status of none."""
        with self.pods[pod].client() as client:
            while not until.is_set():
                client.post("/predict", json={"records": self.bundle.golden().records[:1]})

    @contextlib.contextmanager
    def traffic(self, *pods: str) -> Iterator[None]:
        """Callers for the block, one for each of `pods`."""
        stop = threading.Event()
        threads = [
            threading.Thread(target=self.call, args=(pod,), kwargs={"until": stop}) for pod in pods
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two services alike, one that takes only one call at a time, and a Prometheus."""
    try:
        find_prometheus()
    except RuntimeError as error:
        pytest.skip(f"NO PROMETHEUS, so `contender judge` was NOT tested on one: {error}")
    folder = tmp_path_factory.mktemp("cluster")
    bundle = make_bundle(folder)
    with contextlib.ExitStack() as stack:
        pods = {
            name: stack.enter_context(running_service(bundle.folder, folder / name, **changes))
            for name, changes in (("old", {}), ("new", {}), ("broken", {"max_concurrency": 1}))
        }
        labels = [
            {"namespace": NAMESPACE, "pod": f"contender-{name}-7c9f4-x2x{index}"}
            for index, name in enumerate(pods)
        ]
        targets = zip((pod.url for pod in pods.values()), labels, strict=True)
        url = stack.enter_context(running_prometheus(folder / "prometheus", dict(targets)))
        cluster = Cluster(url, pods, bundle)
        with cluster.traffic("old"):
            assert wait_until(lambda: find_slow_s(Prometheus(url).read(OLD)), seconds=30)
        yield cluster


def judge(cluster: Cluster, canary: str, control: str, *, seconds: float) -> int:
    """The exit code of `contender judge`."""
    command = ["judge", "--prometheus", cluster.prometheus, "--canary", canary]
    command += ["--control", control, "--share", "0.5", "--seconds", str(seconds), "--json"]
    return main(command)


def judge_step(cluster: Cluster, folder: Path, canary: str) -> int:
    """The same of the command in the manifests, filled in as Argo Rollouts and Kubernetes do."""
    manifests = render(copy(folder, "production", components=["../../rollouts"]))
    (container,) = judge_of(manifests)["spec"]["template"]["spec"]["containers"]
    (address,) = [text for text in container["args"] if text.startswith("--prometheus=")]
    values = {
        "{{args.canary}}": canary,
        "{{args.control}}": "old",
        "{{args.share}}": "0.5",
        "$(NAMESPACE)": NAMESPACE,
        address: f"--prometheus={cluster.prometheus}",
    }
    command = list(container["args"])
    for placeholder, value in values.items():
        command = [text.replace(placeholder, value) for text in command]
    return main([*command, "--seconds=60"])


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where params.yaml is."""
    monkeypatch.chdir(ROOT)


def test_a_canary_like_its_control_passes(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 0 once both have answered enough."""
    with cluster.traffic("old", "new"):
        code = judge_step(cluster, tmp_path, "new")

    assert (code, json.loads(capsys.readouterr().out)["outcome"]) == (0, "pass")


def test_a_broken_canary_is_rolled_back(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 20: of three calls at once it refuses some with 503, which it counts itself."""
    with cluster.traffic("old", "broken", "broken", "broken"):
        code = judge_step(cluster, tmp_path, "broken")

    said = json.loads(capsys.readouterr().out)
    assert (code, said["outcome"], said["reason"]) == (20, "rollback", "errors")


@pytest.mark.parametrize(
    ("canary", "control", "called"), [(NEW, OLD, "old"), (NOBODY, OLD, "old"), (NEW, NOBODY, "new")]
)
def test_silence_is_no_proof(cluster: Cluster, canary: str, control: str, called: str) -> None:
    """Exit code 10: only one of the two gets calls, or is there at all."""
    with cluster.traffic(called):
        assert judge(cluster, canary, control, seconds=1) == 10


@pytest.mark.parametrize(
    ("canary", "control"), [(NEW, 'pod=~".+"'), (NEW, "pod=~"), ("", OLD)], ids=str
)
def test_what_cannot_be_compared_is_an_error(cluster: Cluster, canary: str, control: str) -> None:
    """Exit code 1: one version in the other, a selector that is none, one of everything."""
    assert judge(cluster, canary, control, seconds=0) == 1


def test_the_series_of_a_real_service_are_found(cluster: Cluster) -> None:
    """Calls, durations and invalid predictions, each of one pod alone; nothing of nobody."""
    found = {dict(series)["__name__"] for series in Prometheus(cluster.prometheus).read(OLD)}

    assert len(found) == 3
    assert not Prometheus(cluster.prometheus).read(NOBODY)
