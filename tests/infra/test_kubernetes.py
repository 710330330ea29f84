"""infra/kubernetes as kustomize renders it: valid, sealed, and true to the code and params.yaml."""

import copy as copying
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contender.params import load_params
from contender.serving.front import ROUTES
from contender.serving.server import GRACE_S
from tests.conftest import ROOT
from tests.infra.manifests import (
    Manifest,
    broken,
    copy,
    failing,
    find,
    find_checkov,
    find_types,
    judge_of,
    mistyped,
    plain,
    render,
)

PARAMS = load_params(ROOT / "params.yaml")
NAMES = ("staging", "production", "rollouts")
DIGEST = f"sha256:{'a' * 64}"

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Manifest]]:
    """Both overlays, and production with Argo Rollouts."""
    folder = tmp_path_factory.mktemp("kubernetes")
    overlays = ROOT / "infra/kubernetes/overlays"
    rollouts = copy(folder, "production", components=["../../rollouts"])
    return {
        "staging": render(overlays / "staging"),
        "production": render(overlays / "production"),
        "rollouts": render(rollouts),
    }


def changed(manifests: list[Manifest], kind: str, change: Change) -> list[Manifest]:
    """The same, but for a change of the one of that kind."""
    found = copying.deepcopy(manifests)
    change(find(found, kind))
    return found


def pod(manifests: list[Manifest]) -> Manifest:
    """The pod of the service."""
    template: Manifest = find(manifests, "Deployment")["spec"]["template"]
    return template


def container(template: Manifest) -> Manifest:
    """The only container of a pod."""
    (found,) = template["spec"]["containers"]
    return found  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", NAMES)
def test_the_schemas_of_kubernetes_know_every_field(
    rendered: dict[str, list[Manifest]], name: str
) -> None:
    """Nothing is unknown, missing or of another type; also in the Job that the judge will be."""
    assert not broken(plain(rendered[name]))


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("Deployment", lambda it: it["spec"].update(replica=3)),
        ("Deployment", lambda it: it["spec"].pop("selector")),
        ("HorizontalPodAutoscaler", lambda it: it["spec"].update(minReplicas="10")),
        ("PodDisruptionBudget", lambda it: it.update(apiVersion="policy/v1", spec=[])),
        ("Job", lambda it: it["spec"].update(backofLimit=0)),
    ],
)
def test_a_field_that_is_wrong_is_found(
    rendered: dict[str, list[Manifest]], kind: str, change: Change
) -> None:
    """Misspelt, missing, of another type."""
    (found,) = broken(changed(plain(rendered["rollouts"]), kind, change))

    assert found.startswith(f"{kind}: ")
    assert broken([]) == ["there is no manifest"]


def test_the_types_of_argo_rollouts_know_every_field(
    rendered: dict[str, list[Manifest]],
) -> None:
    """As the schemas do; a misspelt or mistyped field is found, and so is nothing at all."""
    try:
        types = find_types()
    except RuntimeError as error:
        pytest.skip(f"NO TYPES of Argo Rollouts, so its manifests were NOT compared: {error}")
    good = rendered["rollouts"]
    bad = changed(good, "Rollout", lambda it: it["spec"].update(progressDeadlineAbbort=True))
    bad = changed(bad, "AnalysisTemplate", lambda it: it["spec"].update(metrics={}))

    found = [re.match(r".*\((\d+),", line) for line in mistyped(types, [*good, *bad])]

    assert [match and match[1] for match in found] == ["3", "4"]  # lines; the first two are good
    assert mistyped(types, rendered["production"]) == ["there is nothing of Argo Rollouts"]


def test_checkov_finds_nothing(rendered: dict[str, list[Manifest]], tmp_path: Path) -> None:
    """No check fails, and none is skipped, but those of a pod that has every right."""
    try:
        checkov = find_checkov()
    except RuntimeError as error:
        pytest.skip(f"NO CHECKOV, so the manifests were NOT checked with it: {error}")
    loose = {"privileged": True, "allowPrivilegeEscalation": True, "runAsUser": 0}
    for name, manifests in rendered.items():
        write(tmp_path / f"{name}.json", plain(manifests))
    sealed = [find(rendered["production"], "Deployment")]
    write(
        tmp_path / "loose.json",
        changed(
            sealed, "Deployment", lambda it: container(pod([it])).update(securityContext=loose)
        ),
    )

    found = failing(checkov, tmp_path)

    assert {name for name, _ in found} == {"loose"}
    assert {"CKV_K8S_16", "CKV_K8S_20", "CKV_K8S_22"} <= {check for _, check in found}


def write(path: Path, manifests: list[Manifest]) -> None:
    """One file with all of them."""
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))


@pytest.mark.parametrize("name", NAMES)
def test_what_points_to_the_pods_finds_them(rendered: dict[str, list[Manifest]], name: str) -> None:
    """Service, budget and policies select them, the autoscaler has who it scales, ports exist."""
    manifests = rendered[name]
    labels = pod(manifests)["metadata"]["labels"].items()
    ports = {port["name"] for port in container(pod(manifests))["ports"]}
    service = find(manifests, "Service")["spec"]
    policy = find(manifests, "NetworkPolicy", "contender")["spec"]
    budget = find(manifests, "PodDisruptionBudget")["spec"]
    target = find(manifests, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]

    assert service["selector"].items() <= labels
    assert policy["podSelector"]["matchLabels"].items() <= labels
    assert budget["selector"]["matchLabels"].items() <= labels
    assert {port["targetPort"] for port in service["ports"]} == ports
    assert {port["port"] for rule in policy["ingress"] for port in rule["ports"]} == ports
    assert find(manifests, target["kind"], target["name"])["apiVersion"] == target["apiVersion"]
    assert target["kind"] == ("Rollout" if name == "rollouts" else "Deployment")


@pytest.mark.parametrize("name", NAMES)
def test_nobody_talks_to_anybody_unless_it_is_listed(
    rendered: dict[str, list[Manifest]], name: str
) -> None:
    """One policy forbids all of the namespace all of it, and no other lets everybody in or out."""
    forbidden = find(rendered[name], "NetworkPolicy", "nobody")["spec"]
    rules = [
        rule
        for item in rendered[name]
        if item["kind"] == "NetworkPolicy"
        for direction, side in (("ingress", "from"), ("egress", "to"))
        for rule in (r.get(side) for r in item["spec"].get(direction, ()))
    ]

    assert forbidden == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert all(peer["namespaceSelector"]["matchLabels"] for rule in rules for peer in rule)


def test_only_the_judge_reaches_prometheus(rendered: dict[str, list[Manifest]]) -> None:
    """Its policy selects its pod, not that of the service, and opens the port that it asks."""
    manifests = rendered["rollouts"]
    job = judge_of(manifests)["spec"]["template"]
    policy = find(manifests, "NetworkPolicy", "contender-judge")["spec"]
    selected = policy["podSelector"]["matchLabels"].items()
    address = next(text for text in container(job)["args"] if text.startswith("--prometheus="))

    assert selected <= job["metadata"]["labels"].items()
    assert not selected <= pod(manifests)["metadata"]["labels"].items()
    assert [port["port"] for rule in policy["egress"] for port in rule["ports"]] == [9090]
    assert address.endswith(":9090")


@pytest.mark.parametrize("name", NAMES)
def test_an_overlay_as_it_is_starts_nothing(rendered: dict[str, list[Manifest]], name: str) -> None:
    """Whoever names no image gets one that nowhere is, by a digest that none has."""
    image = container(pod(rendered[name]))["image"]

    assert image == f"registry.invalid/contender@sha256:{'0' * 64}"


def test_the_image_and_its_commit_are_set_in_one_place(tmp_path: Path) -> None:
    """Service and judge run the same digest, and the pods tell the commit."""
    image = {"name": "contender", "newName": "registry.example/team/model", "digest": DIGEST}
    commit = {"org.opencontainers.image.revision": "c0ffee"}
    overlay = copy(
        tmp_path,
        "production",
        images=[image],
        commonAnnotations=commit,
        components=["../../rollouts"],
    )
    manifests = render(overlay)
    pods = [pod(manifests), judge_of(manifests)["spec"]["template"]]

    assert {container(it)["image"] for it in pods} == {f"registry.example/team/model@{DIGEST}"}
    assert commit.items() <= pod(manifests)["metadata"]["annotations"].items()


@pytest.mark.parametrize("name", NAMES)
def test_times_and_sizes_are_those_of_the_service(
    rendered: dict[str, list[Manifest]], name: str
) -> None:
    """Nobody is killed while draining, and no pod is evicted for the log that it may keep."""
    template = pod(rendered[name])
    spec = template["spec"]
    pause_s = container(template)["lifecycle"]["preStop"]["sleep"]["seconds"]
    (volume,) = spec["volumes"]
    log_bytes = 2 * PARAMS.serving.log_files * PARAMS.serving.log_file_bytes

    assert spec["terminationGracePeriodSeconds"] > pause_s + GRACE_S
    assert int(volume["emptyDir"]["sizeLimit"].removesuffix("Gi")) * 2**30 > log_bytes
    assert container(template)["volumeMounts"] == [
        {"name": volume["name"], "mountPath": "/srv/logs"}
    ]
    assert find(rendered[name], "Namespace")["metadata"]["labels"][
        "pod-security.kubernetes.io/enforce"
    ] == ("restricted")


def test_probes_and_scrapes_ask_what_the_service_answers(
    rendered: dict[str, list[Manifest]],
) -> None:
    """Health on the paths of the Open Inference Protocol, numbers where the service has them."""
    template = pod(rendered["production"])
    probes = [container(template)[f"{kind}Probe"] for kind in ("startup", "liveness", "readiness")]
    live, *_, ready = [ROUTES.get(probe["httpGet"]["path"]) for probe in probes]

    assert (live, ready) == ("health", "health")
    assert probes[1]["httpGet"]["path"] != probes[2]["httpGet"]["path"]
    assert ROUTES.get(template["metadata"]["annotations"]["prometheus.io/path"]) == "metrics"


def test_every_step_is_judged_before_it_is_left(rendered: dict[str, list[Manifest]]) -> None:
    """The shares are those of params.yaml, and the judge is told each of them."""
    steps = find(rendered["rollouts"], "Rollout")["spec"]["strategy"]["canary"]["steps"]
    weights = [step["setWeight"] / 100 for step in steps[::2]]
    told = [arguments_of(step)["share"]["value"] for step in steps[1::2]]
    template = find(rendered["rollouts"], "AnalysisTemplate")
    names = [it["templateName"] for step in steps[1::2] for it in step["analysis"]["templates"]]

    assert tuple(weights) == tuple(map(float, told)) == tuple(PARAMS.release.canary_shares)
    assert names == [template["metadata"]["name"]] * len(weights)


def arguments_of(step: Manifest) -> dict[str, Manifest]:
    """What a step tells its analysis, by name."""
    return {it["name"]: it for it in step["analysis"]["args"]}


def test_the_judge_is_told_what_it_asks_for(rendered: dict[str, list[Manifest]]) -> None:
    """Each placeholder is declared and given; canary and control are in their places."""
    manifests = rendered["rollouts"]
    rollout, template = find(manifests, "Rollout"), find(manifests, "AnalysisTemplate")
    declared = {it["name"] for it in template["spec"]["args"]}
    command = container(judge_of(manifests)["spec"]["template"])["args"]
    steps = rollout["spec"]["strategy"]["canary"]["steps"][1::2]

    assert set(re.findall(r"\{\{args\.(\w+)\}\}", " ".join(command))) == declared
    for given in map(arguments_of, steps):
        assert given.keys() == declared
        assert given["canary"]["valueFrom"] == {"podTemplateHashValue": "Latest"}
        assert given["control"]["valueFrom"] == {"podTemplateHashValue": "Stable"}


def test_whatever_the_judge_did_not_pass_goes_back(rendered: dict[str, list[Manifest]]) -> None:
    """One try, one failure is enough, longer than it may watch, and none of it can be ignored."""
    job = judge_of(rendered["rollouts"])["spec"]
    template = find(rendered["rollouts"], "AnalysisTemplate")["spec"]
    canary = find(rendered["rollouts"], "Rollout")["spec"]["strategy"]["canary"]
    tolerant = {"failureLimit", "failureCondition", "inconclusiveLimit", "dryRun", "count"}

    assert (job["backoffLimit"], job["template"]["spec"]["restartPolicy"]) == (0, "Never")
    assert job["activeDeadlineSeconds"] > 2 * PARAMS.release.step_s
    assert not tolerant & {*template, *template["metrics"][0]}
    assert not any("dryRun" in step["analysis"] for step in canary["steps"][1::2])


def test_enough_pods_for_the_smallest_share(rendered: dict[str, list[Manifest]]) -> None:
    """Without a proxy that knows weights, a share is a share of the pods."""
    scaler = find(rendered["rollouts"], "HorizontalPodAutoscaler")["spec"]

    assert scaler["minReplicas"] * min(PARAMS.release.canary_shares) >= 1
    assert scaler["minReplicas"] < scaler["maxReplicas"]
