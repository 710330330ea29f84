"""Which commit is at work: read from the repository's own files, without running git."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contender.errors import IntegrityError, ParameterError

VARIABLE: Final = "GIT_SHA"
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True)
class Revision:
    """A commit; `dirty` when tracked files differ from it."""

    commit: str
    dirty: bool


def find_revision(root: Path, environment: Mapping[str, str] = os.environ) -> Revision | None:
    """The commit of the repository around `root`; None outside one or before its first commit.

    `GIT_SHA` in the environment is believed first: in an image there is no repository to read.

    Raises:
        ParameterError: `GIT_SHA` is no commit hash.
        IntegrityError: there is a repository, but it is damaged.
    """
    if given := environment.get(VARIABLE, "").strip():
        if not _COMMIT.fullmatch(given):
            raise ParameterError(
                f"`{VARIABLE}` is `{given}`; expected a commit hash of 7 to 64 hexadecimal digits.",
                hint=f"unset it, or set it with `export {VARIABLE}=$(git rev-parse HEAD)`",
            )
        return Revision(given, dirty=False)
    return _read_revision(root)


def _read_revision(root: Path) -> Revision | None:
    from dulwich import porcelain
    from dulwich.errors import NotGitRepository
    from dulwich.repo import Repo

    try:
        repository = Repo.discover(str(root.resolve()))
    except NotGitRepository:
        return None
    with repository:
        try:
            head = repository.head()
        except KeyError:
            return None
        try:
            status = porcelain.status(repository, untracked_files="no")
        except Exception as error:  # a damaged object raises whatever its parser stumbles over
            raise IntegrityError(
                f"the repository at `{repository.path}` cannot be read ({error!r}); "
                f"expected the commit `{head.decode()[:12]}` and its index.",
                hint="run `git fsck` to see what is damaged, or clone again",
            ) from error
        return Revision(head.decode(), dirty=bool(status.unstaged or any(status.staged.values())))
