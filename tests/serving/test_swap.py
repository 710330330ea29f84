"""Another model takes over under load: each answer is of one model, and says of which."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from contender.bundle import Bundle, point
from tests.serving.records import BOXES
from tests.servers.load import calling
from tests.servers.serving import Running, running_service, wait_until

SWAPS = 50


def serves(service: Running, digest: str) -> bool:
    """True when the service says that this bundle is at work."""
    with service.client() as client:
        return bool(client.get("/version").json()["model_digest"] == digest)


def test_fifty_swaps_mix_no_answer(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    """Every answer holds the predictions of exactly the model that its digest names."""
    models = [bundles["boxes"], bundles["other"]]
    link = tmp_path / "current"
    point(link, models[0])
    content = {"records": BOXES}
    with running_service(link, tmp_path) as service:
        with calling(service.url, "/predict", content, callers=3) as outcomes:
            for number in range(1, SWAPS + 1):
                model = models[number % 2]
                point(link, model)
                os.kill(service.process, signal.SIGHUP)
                assert wait_until(lambda digest=model.digest: serves(service, digest))
        with service.client() as client:
            metrics = client.get("/metrics").text
    answers = [answer.json() for answer in outcomes.answers]
    told = {
        model.digest: {
            tuple(a["predictions"]) for a in answers if a["model_digest"] == model.digest
        }
        for model in models
    }

    assert not outcomes.failures
    assert {answer.status_code for answer in outcomes.answers} == {200}
    assert all(len(predictions) == 1 for predictions in told.values())
    assert told[models[0].digest] != told[models[1].digest]
    assert sum(answer["model_digest"] in told for answer in answers) == len(answers)
    assert f"contender_loads_total {SWAPS + 1}.0" in metrics


def test_a_load_that_fails_keeps_the_model(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    """A damaged bundle, or none at all, changes nothing but a counter."""
    link, damaged = tmp_path / "current", tmp_path / "damaged"
    point(link, bundles["boxes"])
    shutil.copytree(bundles["other"].folder, damaged)
    (damaged / "model.onnx").chmod(0o644)
    (damaged / "model.onnx").write_bytes(b"no model")
    with running_service(link, tmp_path) as service, service.client() as client:
        for number, target in enumerate((damaged, tmp_path / "nowhere"), start=1):
            link.unlink()
            link.symlink_to(target)
            os.kill(service.process, signal.SIGHUP)
            failed = f"contender_failed_loads_total {number}.0"
            assert wait_until(lambda failed=failed: failed in client.get("/metrics").text)
            assert client.get("/ping").status_code == 200
            answer = client.post("/predict", json={"records": BOXES})
            assert answer.json()["model_digest"] == bundles["boxes"].digest


def test_a_pinned_service_takes_no_other_model(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    """With a digest given at the start, no later bundle can take over."""
    link = tmp_path / "current"
    point(link, bundles["boxes"])
    digest = bundles["boxes"].digest
    with running_service(link, tmp_path, digest=digest) as service, service.client() as client:
        point(link, bundles["other"])
        os.kill(service.process, signal.SIGHUP)
        assert wait_until(lambda: "contender_failed_loads_total 1.0" in client.get("/metrics").text)
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
