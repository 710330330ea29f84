"""One engine, one repository and one image that all tests share, as a plugin of pytest."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contender.bundle import Bundle
from tests.conftest import git
from tests.servers.bundles import make_bundle
from tests.servers.engine import Engine, running_engine

SECRET = "not-for-an-image"


@dataclass(frozen=True)
class Built:
    """An image, the repository and the bundle that it was built from."""

    tag: str
    digest: str
    repository: Path
    bundle: Bundle


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A Docker engine."""
    with contextlib.ExitStack() as stack:
        try:
            found = stack.enter_context(running_engine())
        except RuntimeError as error:
            pytest.skip(f"NO DOCKER, so the image was NOT tested: {error}")
        yield found


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle outside the repository."""
    return make_bundle(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="session")
def repository(snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the work tree, in which lies what lies about where people work."""
    folder = tmp_path_factory.mktemp("image") / "clone"
    git(snapshot, "clone", "--quiet", str(snapshot), str(folder))
    for name in (".env", "mlflow.db", "data/raw/more.csv", "bundles/older/model.onnx", "logs/x"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(SECRET)
    return folder


@pytest.fixture(scope="session")
def built(engine: Engine, repository: Path, bundle: Bundle) -> Built:
    """The image that `contender image` builds."""
    done = build(repository, engine, "--bundle", str(bundle.folder))
    assert done.returncode == 0, done.stderr
    tag, digest, _ = done.stdout.splitlines()
    return Built(tag, digest, repository, bundle)


def build(
    repository: Path, engine: Engine, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The finished `contender image` with `arguments`, on the base of `engine`."""
    return subprocess.run(
        [sys.executable, "-m", "contender", "image", "--base", engine.base, *arguments],
        cwd=repository,
        env={**os.environ, **engine.environment, "PYTHONPATH": str(repository / "src")}
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )
