"""The command in a clone of the repository, as a team runs it, and what git says after it."""

import sys
from pathlib import Path

from tests.conftest import git
from tests.pipeline.projects import Said, run

OWN = ("data/", "dvc.lock", "params.yaml", "reports/")


def adopt(clone: Path, source: Path, target: str, *options: str) -> Said:
    """What `contender adopt` says in `clone`."""
    command = ("-m", "contender", "adopt", str(source), "--target", target, *options)
    return run(clone, sys.executable, *command, source=clone / "src")


def changed_files(clone: Path) -> list[str]:
    """The files that git sees changed; every one of them is the project's own.

    Raises:
        AssertionError: another file changed.
    """
    names = git(clone, "status", "--porcelain", "--untracked-files=all").splitlines()
    changed = [line[3:].strip('"') for line in names]
    strange = [name for name in changed if not name.startswith(OWN)]
    assert not strange, strange
    return changed
