"""A project in a folder: how commands are run there, and what lies there before and after."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from contender.paths import Paths

OUTPUTS = ("data/interim", "data/prepared", "models", "reports")


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The class of the error, as GitHub would show it; empty when there was none."""
        found = re.search("::error title=([A-Za-z]+)::", self.err)
        return found[1] if found else ""


def run(folder: Path, *command: str, source: Path | None = None, **options: object) -> Said:
    """`command` in `folder`, as under GitHub Actions; `source` is where `contender` comes from."""
    environment = os.environ | {"GITHUB_ACTIONS": "true"}
    if source:
        environment["PYTHONPATH"] = str(source)
    done = subprocess.run(  # type: ignore[call-overload]
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def contender(paths: Paths, *arguments: str, source: Path | None = None) -> Said:
    """`python -m contender` with `arguments` in the project."""
    return run(paths.root, sys.executable, "-m", "contender", *arguments, source=source)


def outputs(folder: Path) -> dict[str, bytes]:
    """The content of everything that stages wrote in `folder`, temporaries too."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for part in OUTPUTS
        for path in (folder / part).rglob("*")
        if path.is_file()
    }


def copy(paths: Paths, folder: Path) -> Paths:
    """The same project in the new folder `folder`, without the fonts and pictures of Data Docs."""
    shutil.copytree(paths.root, folder, ignore=shutil.ignore_patterns("static"))
    return Paths(root=folder, work=folder)


def copy_source(folder: Path, root: Path) -> Path:
    """A copy of the package in `folder`, to change it as a fork would; for `source`."""
    shutil.copytree(
        root / "src/contender", folder / "contender", ignore=shutil.ignore_patterns("__pycache__")
    )
    return folder
