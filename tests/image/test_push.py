"""An image on its way to a registry: known by the digest that the registry gave it."""

import json
import os
from pathlib import Path

import pytest

from contender.deploy.image import Image, push_image
from contender.errors import ImageError
from tests.workflows.runs import STAND_INS

TAG = "ghcr.io/ada/boxes:" + "1" * 40


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the engine that stands in knows: one image."""
    monkeypatch.setenv("PATH", f"{STAND_INS / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("STAND_IN_STATE", str(tmp_path))
    path = tmp_path / "images.json"
    path.write_text(json.dumps({TAG: {"told": [], "pushed": False}}), encoding="utf-8")
    return path


def test_a_pushed_image_is_named_by_its_digest(state: Path) -> None:
    """Without the tag, which somebody could move; twice is once."""
    pushed = {push_image(Image(TAG, "sha256:0", 1)) for _ in range(2)}

    (name,) = pushed
    assert name.startswith("ghcr.io/ada/boxes@sha256:")
    assert json.loads(state.read_text(encoding="utf-8"))[TAG]["pushed"]


def test_what_the_registry_refuses_has_no_name(state: Path) -> None:
    """An image that the engine does not know cannot be pushed."""
    with pytest.raises(ImageError, match="`docker push` failed"):
        push_image(Image("ghcr.io/ada/other:1", "sha256:0", 1))

    assert not json.loads(state.read_text(encoding="utf-8"))[TAG]["pushed"]
