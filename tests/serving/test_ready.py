"""Ready is never vacuous: loaded, digest proven, golden records predicted, or why not."""

import hashlib
import json
import os
import shutil
import signal
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from contender.bundle import Bundle
from tests.serving.records import BOX
from tests.servers.serving import running_service, wait_until


def copy_of(bundle: Bundle, place: Path) -> Path:
    """A copy of the bundle's folder that may be damaged."""
    shutil.copytree(bundle.folder, place)
    for path in place.iterdir():
        path.chmod(0o644)
    return place


def flip(path: Path) -> None:
    """Change one bit in the middle of the file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def change_golden(folder: Path) -> None:
    """Let the golden records say something else, with digests that fit."""
    golden = json.loads((folder / "golden.json").read_text())
    golden["predictions"][0] += 1e-4
    rewrite(folder, "golden.json", json.dumps(golden).encode())


def rewrite(folder: Path, name: str, content: bytes) -> None:
    """Replace a file of the bundle and its digest: a bundle that is whole, and wrong."""
    old = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / name).write_bytes(content)
    sums = folder / "SHA256SUMS"
    sums.write_text(sums.read_text().replace(old, hashlib.sha256(content).hexdigest()))


def load(link: Path, target: str, process: int) -> None:
    """Let the service load what `target` names."""
    link.unlink()
    link.symlink_to(target)
    os.kill(process, signal.SIGHUP)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "is missing": lambda folder: (folder / "SHA256SUMS").unlink(),
    "`model.onnx` is not the file": lambda folder: flip(folder / "model.onnx"),
    "`golden.json` is missing": lambda folder: (folder / "golden.json").unlink(),
    "the golden records give": change_golden,
    "holds no records": lambda folder: rewrite(folder, "golden.json", b'{"records": []}'),
    "not a usable ONNX graph": lambda folder: rewrite(folder, "model.onnx", b"no graph"),
    "holds no usable schema": lambda folder: rewrite(folder, "manifest.json", b"{}"),
    "does not fit its schema": lambda folder: rewrite(
        folder, "golden.json", b'{"records": [{"weight": 1}], "predictions": [0.5]}'
    ),
}


def test_a_damaged_bundle_is_never_ready(boxes: Bundle, tmp_path: Path) -> None:
    """Whatever is wrong, the process lives, says what, predicts nothing, and can recover."""
    link, whole = tmp_path / "bundle", copy_of(boxes, tmp_path / "whole")
    for number, (reason, damage) in enumerate(DAMAGES.items()):
        damage(copy_of(boxes, tmp_path / str(number)))
    link.symlink_to("0")
    with running_service(link, tmp_path, wait=False) as service, service.client() as client:
        for number, reason in enumerate(DAMAGES):
            load(link, str(number), service.process)
            assert wait_until(lambda reason=reason: reason in client.get("/v2/health/ready").text)
            answers = [
                client.get(path)
                for path in (
                    "/v2/health/ready",
                    "/ping",
                    "/v2/models/boxes",
                    "/v2/models/boxes/ready",
                )
            ]
            answers += [client.post("/predict", json={"records": [BOX]})]
            assert {answer.status_code for answer in answers} == {503}
            assert answers[0].json()["ready"] is False
            assert reason in answers[-1].json()["error"]
            assert answers[-1].headers["retry-after"]
            assert client.get("/v2/health/live").status_code == 200
            assert client.get("/version").json()["model_digest"] is None
        load(link, whole.name, service.process)
        assert wait_until(lambda: client.get("/ping").status_code == 200)
        assert client.post("/predict", json={"records": [BOX]}).status_code == 200


def test_another_digest_is_never_ready(
    boxes: Bundle, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    """A whole bundle that is not the one that was asked for is not served."""
    with (
        running_service(
            bundles["other"].folder, tmp_path, digest=boxes.digest, wait=False
        ) as service,
        service.client() as client,
    ):
        assert wait_until(lambda: "its digest is" in client.get("/ping").text)
        assert client.get("/ping").status_code == 503


def test_the_right_digest_is_ready(boxes: Bundle, tmp_path: Path) -> None:
    """The bundle that was asked for is served."""
    with running_service(boxes.folder, tmp_path, digest=boxes.digest) as service:
        with service.client() as client:
            version = client.get("/version").json()

    assert version["model_digest"] == boxes.digest
    assert version["model"] == "boxes"
    assert version["version"] == metadata.version("contender")


def test_the_commit_is_told(boxes: Bundle, tmp_path: Path) -> None:
    """`GIT_SHA` of the image is in the answer of `/version`."""
    with running_service(boxes.folder, tmp_path, environment={"GIT_SHA": "c0ffee1"}) as service:
        with service.client() as client:
            assert client.get("/version").json()["commit"] == "c0ffee1"
