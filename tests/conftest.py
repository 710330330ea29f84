"""What all tests share: one thread, no telemetry, no account, and a clone of the work tree."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[1]
pytest_plugins = ["tests.servers.images", "tests.servers.registries"]

# Set before any library is imported. Nothing of the machine shows: no server, no keys, no settings
# of its user's git, DVC or cloud; `python` is the one that runs the tests.
os.environ |= {
    "OMP_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "False",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "ORT_DISABLE_TELEMETRY": "1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@contender.invalid",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@contender.invalid",
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
}
for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GIT_DIR", "GIT_SHA", "MLFLOW_TRACKING_URI"):
    os.environ.pop(name, None)


# Whoever needs a container engine shares one; all else goes file by file.
CONTAINERS = ("tests/image/", "tests/infra/")


# xdist leaves two of its own methods open; it never calls them in this mode.
class ByFile(LoadScopeScheduling):  # pylint: disable=abstract-method
    """The tests of one file run in one process, so that what they share is made once."""

    def _split_scope(self, nodeid: str) -> str:
        return "containers" if nodeid.startswith(CONTAINERS) else nodeid.split("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """What deals the tests out to processes."""
    return ByFile(config, log)


@pytest.fixture(scope="session", autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let DVC and cloud clients look for their user's settings where there are none."""
    folder = tmp_path_factory.mktemp("settings")
    for name in ("DVC_SITE_CACHE_DIR", "DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR"):
        os.environ[name] = str(folder)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        (folder / name).touch()
        os.environ[name] = str(folder / name)


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose one commit is the work tree: tracked and new files, none that is ignored.

    For `clone`; tests leave it as it is.
    """
    folder = tmp_path_factory.mktemp("snapshot")
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message=The work tree as it is")
    return folder


@pytest.fixture
def clone(snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A real `git clone` of the work tree, whose `python -m contender` runs its own modules."""
    folder = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(snapshot), str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder / "src"))
    return folder


def git(folder: Path, *arguments: str) -> str:
    """What `git` says to `arguments` in `folder`."""
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
