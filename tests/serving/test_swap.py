"""Another model takes over under load: each answer is of one model, and says of which."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from httpx import Response

from contender.bundle import Bundle, point
from contender.serving.model import Model
from tests.serving.forms import short_or_long
from tests.serving.records import BOXES, as_tensors
from tests.servers.load import calling
from tests.servers.serving import Running, params, running_service, wait_until


def serves(service: Running, digest: str) -> bool:
    """True when the service says that this bundle is at work."""
    with service.client() as client:
        return bool(client.get("/version").json()["model_digest"] == digest)


def damage(bundle: Bundle, place: Path) -> Path:
    """A copy of the bundle whose model is another file than its digest says."""
    shutil.copytree(bundle.folder, place)
    (place / "model.onnx").chmod(0o644)
    (place / "model.onnx").write_bytes(b"no model")
    return place


def load(link: Path, target: Path, service: Running) -> None:
    """Let the service load what `target` holds."""
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    os.kill(service.process, signal.SIGHUP)


def has_counted(service: Running, name: str, count: int) -> bool:
    """True when the metrics say so of `name`."""
    with service.client() as client:
        return f"contender_{name}_total {count}.0\n" in client.get("/metrics").text


def predict(bundle: Bundle) -> list[float]:
    """What the model of the bundle predicts, asked without a service."""
    model = Model(bundle, params())
    return model.predict(model.read_rows(BOXES))


@short_or_long(6, 50)
def test_swaps_mix_no_answer(bundles: dict[str, Bundle], tmp_path: Path, count: int) -> None:
    """Every answer is of exactly the model that it names; a load that fails changes nothing."""
    models = [bundles["boxes"], bundles["other"]]
    link, damaged = tmp_path / "current", damage(bundles["other"], tmp_path / "damaged")
    point(link, models[0])
    infer = {"inputs": as_tensors(BOXES)}
    with running_service(link, tmp_path) as service:
        with (
            calling(service.url, "/predict", {"records": BOXES}, callers=2) as records,
            calling(service.url, "/v2/models/boxes/infer", infer, callers=1) as tensors,
        ):
            for number in range(1, count + 1):
                load(link, damaged, service)
                assert wait_until(lambda n=number: has_counted(service, "failed_loads", n))
                load(link, models[number % 2].folder, service)
                assert wait_until(lambda n=number: has_counted(service, "loads", n + 1))
    outcomes = [*records.answers, *tensors.answers]
    told = [(a["model_digest"], a["predictions"]) for a in map(Response.json, records.answers)]
    told += [
        (a["model_version"], a["outputs"][0]["data"]) for a in map(Response.json, tensors.answers)
    ]
    expected = {model.digest: predict(model) for model in models}

    assert not records.failures + tensors.failures
    assert {answer.status_code for answer in outcomes} == {200}
    assert expected[models[0].digest] != expected[models[1].digest]
    assert {digest for digest, _ in told} == set(expected)
    assert all(predictions == expected[digest] for digest, predictions in told)
    assert [a.headers["x-model-digest"] for a in outcomes] == [digest for digest, _ in told]
    print(f"{count} swaps and {count} failing loads, {len(told)} answers, 0 mixed, 0 failed")


def test_a_load_that_fails_keeps_the_model(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    """A damaged bundle, or none at all, changes nothing but a counter."""
    link, damaged = tmp_path / "current", damage(bundles["other"], tmp_path / "damaged")
    point(link, bundles["boxes"])
    with running_service(link, tmp_path) as service, service.client() as client:
        for number, target in enumerate((damaged, tmp_path / "nowhere"), start=1):
            load(link, target, service)
            assert wait_until(lambda n=number: has_counted(service, "failed_loads", n))
            assert client.get("/ping").status_code == 200
            answer = client.post("/predict", json={"records": BOXES})
            assert answer.json()["model_digest"] == bundles["boxes"].digest


def test_a_pinned_service_takes_no_other_model(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    """With a digest given at the start, no later bundle can take over."""
    link = tmp_path / "current"
    point(link, bundles["boxes"])
    digest = bundles["boxes"].digest
    with running_service(link, tmp_path, digest=digest) as service:
        point(link, bundles["other"])
        os.kill(service.process, signal.SIGHUP)
        assert wait_until(lambda: has_counted(service, "failed_loads", 1))
        assert serves(service, digest)


def test_a_model_of_another_problem_takes_over(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    """Types, names and metrics follow the model: nothing of the one before is left."""
    link = tmp_path / "current"
    point(link, bundles["boxes"])
    with running_service(link, tmp_path) as service, service.client() as client:
        client.post("/predict", json={"records": BOXES})
        point(link, bundles["wine"])
        os.kill(service.process, signal.SIGHUP)
        assert wait_until(lambda: serves(service, bundles["wine"].digest))
        golden = bundles["wine"].golden()
        wine = client.post("/predict", json={"records": golden.records})
        box = client.post("/predict", json={"records": BOXES})
        old = client.get("/v2/models/boxes")
        metrics = client.get("/metrics").text
        document = client.get("/openapi.json").json()

    assert wine.json()["predictions"] == [pytest.approx(row) for row in golden.predictions]
    assert (box.status_code, old.status_code) == (422, 404)
    assert 'contender_predicted_class_total{class="1"} 3.0' in metrics
    assert "/v2/models/wine/infer" in document["paths"]
    assert "/v2/models/boxes/infer" not in document["paths"]


def test_nothing_over_http_loads_a_model(service: Running) -> None:
    """No operation takes a path or an address, and none loads, unloads or stops anything."""
    with service.client() as client:
        paths = client.get("/openapi.json").json()["paths"]
        attempts = [
            client.post(f"/v2/repository/models/boxes/{verb}", json={})
            for verb in ("load", "unload")
        ]

    posts = {path for path, item in paths.items() if set(item) != {"get"}}
    assert {path.split("/")[-1] for path in posts} == {
        "predict",
        "explain",
        "feedback",
        "invocations",
        "infer",
    }
    assert {answer.status_code for answer in attempts} == {404}
