"""Where the raw data is kept: brings tracked files here and proves them, or moves their storage."""

import importlib.util
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ruamel.yaml.error import YAMLError

from contender import files, objects
from contender.errors import DataError, IntegrityError, ParameterError, WriteError
from contender.params import read_yaml
from contender.paths import Paths

REMOTE: Final = "storage"
PLUGINS: Final = {"s3": "dvc_s3", "gs": "dvc_gs", "azure": "dvc_azure"}
ENDPOINTS: Final = ("s3", "gs")  # whose servers can stand elsewhere
PULL: Final = "contender pull"

# Seconds: s3fs knocks five times, and a slow server takes its time to join a large file's parts.
KNOCK: Final = {"s3": {"connect_timeout": 3, "read_timeout": 3}}
COPY: Final = {"s3": {"read_timeout": 120}}


@dataclass(frozen=True)
class Tracked:
    """A file under DVC: its pointer, where it belongs, and the MD5 the pointer names."""

    pointer: Path
    path: Path
    md5: str


def pull(paths: Paths) -> list[Path]:
    """The tracked files of `data/raw`, each in its place and proven to be the one git names.

    A file that is there already is never replaced.

    Raises:
        DataError: no pointer, one that cannot be read, or a file that the remote does not have.
        StorageError: the remote cannot be reached or refuses.
        IntegrityError: a file was edited, or the copy it comes from is damaged.
        WriteError: the disk is full.
        BusyError: another DVC command is at work.
    """
    tracked = read_pointers(paths)
    absent = [file for file in tracked if not file.path.is_file()]
    if absent:
        with objects.open_repository(paths.root) as repo:
            for file in absent:
                _have_cached(repo, file)
                _check_out(repo, file)
    for file in tracked:
        if objects.md5_of(file.path) != file.md5:
            with objects.open_repository(paths.root) as repo:
                raise _explain_mismatch(repo, file)
    return [file.path for file in tracked]


def move_remote(paths: Paths, url: str, *, endpoint_url: str | None = None) -> None:
    """Nothing, once every tracked file lies at `url`, was read back, and is pulled from there.

    `.dvc/config` changes last: whatever fails or is killed before leaves it as it was, and what
    was stored is not stored again.

    Raises:
        ParameterError: `url` is no place for data, or DVC's plugin for it is not installed.
        StorageError: it cannot be reached, refuses, or does not keep what it is given.
    """
    remote, kind = _describe_remote(paths.root, url, endpoint_url), url.partition(":")[0]
    pull(paths)
    tracked = read_pointers(paths)
    with objects.open_repository(paths.root) as repo:
        for file in tracked:
            _have_cached(repo, file)
    with objects.open_repository(paths.root, remote | KNOCK.get(kind, {})) as repo:
        objects.knock(repo, tracked[0].md5)
    with objects.open_repository(paths.root, remote | COPY.get(kind, {})) as repo:
        for file in tracked:
            objects.keep(repo, file.md5)
    _make_default(paths.root, remote)


def read_pointers(paths: Paths) -> list[Tracked]:
    """What the pointers in `data/raw` track, by name; never empty.

    Raises:
        DataError: there is no pointer, or one that DVC did not write.
    """
    pointers = sorted(paths.raw.glob("*.dvc"))
    if not pointers:
        raise DataError(
            f"`{paths.raw}` holds no pointer; expected a `.dvc` file for the raw table.",
            hint=f"`git checkout {paths.raw}`, or `dvc add` the table you put there",
        )
    return [_read_pointer(pointer) for pointer in pointers]


def _read_pointer(pointer: Path) -> Tracked:
    try:
        (out,) = read_yaml(pointer)["outs"]
        file = Tracked(pointer, pointer.parent / out["path"], str(out["md5"]))
    except (OSError, ValueError, YAMLError, LookupError, TypeError) as error:
        raise DataError(
            f"`{pointer}` cannot be read ({error!r}); expected a pointer as `dvc add` writes it.",
            hint=f"`git checkout {pointer}`, or delete it and `dvc add` the file again",
        ) from error
    if not re.fullmatch("[0-9a-f]{32}", file.md5):
        raise DataError(
            f"`{pointer}` names `{file.md5}`; expected the MD5 of one file.",
            hint="a folder cannot be verified: `dvc add` the table itself",
        )
    return file


def _have_cached(repo: Any, file: Tracked) -> None:
    """Nothing, once the cache has an undamaged copy of `file`.

    Raises:
        DataError: it has none, nor has the remote.
        IntegrityError: the copy is damaged, in the cache or in the remote.
    """
    cached = objects.find_cached(repo, file.md5)
    if cached.exists():
        if objects.md5_of(cached) != file.md5:
            raise _damaged(cached, remove=[cached])
        return
    if not objects.fetch(repo, file.md5):
        raise DataError(
            f"`{file.path}` is missing, and `{objects.find_remote(repo)}` has no object "
            f"`{file.md5}` for it.",
            hint="`dvc push` where the file still is, or check out a pointer that was pushed",
        )
    actual = objects.md5_of(cached)
    if actual != file.md5:
        cached.unlink()
        raise IntegrityError(
            f"the object of `{file.path}` in `{objects.find_remote(repo)}` has the MD5 "
            f"`{actual}`; expected `{file.md5}`: it was changed or truncated there.",
            hint="`git checkout data/store` if it is there; or remove that object, and `dvc push` "
            "where the file is still whole",
        )


def _check_out(repo: Any, file: Tracked) -> None:
    from dvc.exceptions import DvcException

    try:
        repo.checkout(targets=[str(file.pointer)])
    except (DvcException, OSError) as error:
        raise WriteError(
            f"`{file.path}` could not be written: {error}.",
            hint="free some space or fix the permissions, then run the same command again",
        ) from error


def _explain_mismatch(repo: Any, file: Tracked) -> IntegrityError:
    """Why `file` is not the one its pointer names: a damaged cached copy, or an edit."""
    cached = objects.find_cached(repo, file.md5)
    actual = objects.md5_of(file.path)
    if cached.exists() and objects.md5_of(cached) == actual:
        return _damaged(cached, remove=[cached, file.path])
    return IntegrityError(
        f"`{file.path}` has the MD5 `{actual}`; expected `{file.md5}` as `{file.pointer}` says: "
        "it was edited after it was added.",
        hint=f"`dvc add {file.path}` to keep the change, or "
        f"`rm {shlex.quote(str(file.path))} && {PULL}` to undo it",
    )


def _damaged(cached: Path, *, remove: list[Path]) -> IntegrityError:
    doomed = " ".join(shlex.quote(os.path.relpath(path)) for path in remove)
    return IntegrityError(
        f"the cached copy `{os.path.relpath(cached)}` has the MD5 `{objects.md5_of(cached)}`; "
        "expected its name: it is damaged.",
        hint=f"`rm -f {doomed} && {PULL}`",
    )


def _describe_remote(root: Path, url: str, endpoint_url: str | None) -> dict[str, Any]:
    """The options of a DVC remote at `url`.

    Raises:
        ParameterError: the kind of place is unknown, not there, or its plugin is not installed.
    """
    kind, _, place = url.rpartition("://")
    if kind not in ("", *PLUGINS) or not place.strip("/ "):
        raise ParameterError(
            f"`{url}` is no place for data; expected s3://, gs:// or azure://, or a folder.",
            hint="such as `make remote URL=s3://bucket/path`",
        )
    if endpoint_url and kind not in ENDPOINTS:
        raise ParameterError(
            f"`{endpoint_url}` is an endpoint; expected none for `{url}`.",
            hint="leave --endpoint-url out: it is for servers that stand in for S3 or GCS",
        )
    if not kind:
        return {"url": str(_find_folder(root, place)), "verify": True}
    if importlib.util.find_spec(PLUGINS[kind]) is None:
        raise ParameterError(
            f"`{url}` needs DVC's plugin `{PLUGINS[kind]}`, which is not installed.",
            hint=f"`uv sync --frozen --inexact --group {kind}`, then the same command again",
        )
    return {"url": url, "verify": True} | ({"endpointurl": endpoint_url} if endpoint_url else {})


def _find_folder(root: Path, place: str) -> Path:
    """The folder `place`, which is not made here: a share that is not mounted would be one too."""
    folder = (root / Path(place).expanduser()).resolve()
    if not folder.is_dir():
        raise ParameterError(
            f"`{place}` is not a folder; expected one that exists.",
            hint=f"mount it, or `mkdir -p {shlex.quote(str(folder))}`",
        )
    return folder


def _make_default(root: Path, remote: dict[str, Any]) -> None:
    """Write `remote` into `.dvc/config` as the default one; a folder inside `root` as relative."""
    from configobj import ConfigObj

    path = root / ".dvc/config"
    config = ConfigObj(path.read_text(encoding="utf-8").splitlines(), indent_type="    ")
    url = remote["url"]
    if Path(url).is_relative_to(root.resolve()):
        url = os.path.relpath(url, path.parent.resolve())
    config.setdefault("core", {})["remote"] = REMOTE
    config[f'remote "{REMOTE}"'] = remote | {"url": url, "verify": "true"}
    files.write_text(path, "\n".join(config.write()) + "\n")
