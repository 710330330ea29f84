"""Objects named by their MD5, in DVC's cache and remotes: nothing counts until its bytes are read.

DVC hands out a damaged cached copy and exits 0, and takes an unreachable bucket for an empty one.
"""

import contextlib
import errno
import hashlib
import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from contender.errors import BusyError, DataError, StorageError, WriteError

_CANDIDATE: Final = "candidate"

# One attempt a request: s3fs repeats each five times itself, and 5 x 5 waits add up to minutes.
_ATTEMPTS: Final = {"AWS_MAX_ATTEMPTS": "1"}
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


@contextlib.contextmanager
def open_repository(root: Path, remote: dict[str, Any] | None = None) -> Iterator[Any]:
    """The DVC repository at `root`, locked; with `remote`, as if that were its default one.

    Raises:
        DataError: there is none, or its configuration cannot be read.
        BusyError: another DVC command holds it.
        WriteError: the disk is full.
    """
    from dvc.config import ConfigError
    from dvc.exceptions import NotDvcRepoError
    from dvc.lock import LockError
    from dvc.repo import Repo, lock_repo

    for name, value in _ATTEMPTS.items():
        os.environ.setdefault(name, value)
    logging.getLogger("dvc").setLevel(logging.WARNING)  # it would talk on stdout
    config = {"core": {"remote": _CANDIDATE}, "remote": {_CANDIDATE: remote}} if remote else None
    try:
        with Repo(str(root), config=config) as repo, lock_repo(repo):
            yield repo
    except (NotDvcRepoError, ConfigError) as error:
        raise DataError(
            f"`{root.resolve()}` cannot be used by DVC: {error}.",
            hint="`git checkout .dvc`; `dvc remote default NAME` when no remote is the default",
        ) from error
    except LockError as error:
        raise BusyError(
            f"another DVC command is at work in `{root.resolve()}`; expected to be the only one.",
            hint="wait for it to end, then run the same command again",
        ) from error
    except sqlite3.Error as error:
        raise WriteError(
            f"DVC cannot keep its records of `{root.resolve()}`: {error}.",
            hint="free some space, then run the same command again",
        ) from error


def find_cached(repo: Any, md5: str) -> Path:
    """Where the cache keeps the object `md5`, whether it is there or not."""
    return Path(repo.cache.local.oid_to_path(md5))


def find_remote(repo: Any) -> str:
    """The address of the default remote."""
    name = repo.config["core"]["remote"]
    return str(repo.config["remote"][name]["url"])


def knock(repo: Any, md5: str) -> None:
    """Nothing, once the default remote has answered whether it has the object `md5`."""
    remote = _open_remote(repo)
    with _telling(repo), contextlib.suppress(FileNotFoundError):
        remote.fs.open(remote.oid_to_path(md5), "rb").close()


def read_stored(repo: Any, md5: str) -> str | None:
    """The MD5 of the bytes the default remote has under the name `md5`; None for no object."""
    remote = _open_remote(repo)
    with _telling(repo):
        try:
            with remote.fs.open(remote.oid_to_path(md5), "rb") as stream:
                return _digest(stream)
        except FileNotFoundError:
            return None


def fetch(repo: Any, md5: str) -> bool:
    """True once the cache has the default remote's object `md5`, unread; False if there is none."""
    remote = _open_remote(repo)
    with _telling(repo):
        try:
            _copy(remote, repo.cache.local, md5)
        except FileNotFoundError:
            return False
    return True


def store(repo: Any, md5: str) -> None:
    """Copy the object `md5` from the cache into the default remote, over what is there."""
    remote = _open_remote(repo)
    with _telling(repo):
        _copy(repo.cache.local, remote, md5)


def keep(repo: Any, md5: str) -> None:
    """Nothing, once the default remote has an undamaged copy of the cached object `md5`.

    Raises:
        StorageError: what is read back is not what was stored.
    """
    if read_stored(repo, md5) == md5:
        return
    store(repo, md5)
    stored = read_stored(repo, md5)
    if stored != md5:
        raise StorageError(
            f"`{find_remote(repo)}` took the object `{md5}` and gives back `{stored}`; "
            "expected the same bytes.",
            hint="try again; if it stays so, this storage does not keep what it is given",
        )


def track(repo: Any, path: Path) -> None:
    """Put `path` into the cache and write its pointer beside it.

    Raises:
        WriteError: either cannot be written.
    """
    from dvc.exceptions import DvcException

    try:
        repo.add([str(path)])
    except (DvcException, OSError) as error:
        raise WriteError(
            f"`{path}` cannot be tracked by DVC: {error}.",
            hint="free some space or fix the permissions, then run the same command again",
        ) from error


def reproduce(root: Path) -> None:
    """Run the stages whose inputs changed, each in a process of its own.

    Raises:
        DataError: a stage failed; it has said why.
        BusyError: another DVC command is at work.
    """
    from dvc.exceptions import DvcException

    with open_repository(root) as repo:
        try:
            repo.reproduce()
        except DvcException as error:
            raise DataError(
                f"the pipeline did not get through: {error}; the stage says why above.",
                hint="do what it says and `make run`, or go back: "
                "`git checkout . && git clean -fd data reports`",
            ) from error


def md5_of(path: Path) -> str:
    """The MD5 of the file at `path`, 32 hexadecimal digits."""
    with path.open("rb") as stream:
        return _digest(stream)


def _digest(stream: IO[bytes]) -> str:
    result = hashlib.md5(usedforsecurity=False)
    while block := stream.read(1 << 20):
        result.update(block)
    return result.hexdigest()


def _open_remote(repo: Any) -> Any:
    try:
        return repo.cloud.get_remote_odb()
    except ImportError as error:
        place = find_remote(repo)
        raise StorageError(
            f"`{place}` cannot be used: {error}.",
            hint=f"`uv sync --frozen --inexact --group {place.partition(':')[0]}`",
        ) from error


def _copy(source: Any, target: Any, md5: str) -> None:
    from dvc.fs.callbacks import TqdmCallback

    origin, place = source.oid_to_path(md5), target.fs.unstrip_protocol(target.path)
    with TqdmCallback(desc=f"copying to {place}", unit="file") as progress:
        target.add(origin, source.fs, md5, check_exists=False, verify=False, callback=progress)


@contextlib.contextmanager
def _telling(repo: Any) -> Iterator[None]:
    """Every plugin raises exceptions of its own; here they become one that names the remote.

    Raises:
        StorageError: the remote cannot be reached or refuses.
        WriteError: the disk is full.
    """
    try:
        yield
    except Exception as error:
        reason = str(error) or repr(error)
        if getattr(error, "errno", None) in _NO_ROOM:
            raise WriteError(
                f"an object of `{find_remote(repo)}` could not be copied: {reason}.",
                hint="free some space, then run the same command again",
            ) from error
        raise StorageError(
            f"`{find_remote(repo)}` cannot be used: {reason}.",
            hint="check the address, and that your credentials may list, read and write there",
        ) from error
