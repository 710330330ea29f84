"""Reading and writing files so that a reader never sees half of one."""

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from contender.errors import BusyError, IntegrityError, MissingError, WriteError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path` that takes its place when the block ends well.

    Raises:
        WriteError: the disk is full, the folder is read-only ...; `path` is as it was.
    """
    with _beside(path) as temporary:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A new folder beside `path` that takes its place, and whatever is in it, the same way.

    Raises:
        WriteError: as `replacing`.
    """
    with _beside(path) as temporary:
        temporary.mkdir()
        yield temporary
        if path.is_dir():
            shutil.rmtree(path)
        temporary.replace(path)


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A name beside `path`, free again afterwards; what killed processes left there goes too."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
            if _is_dead(left.name.split(".")[-2]):
                _remove(left)
        yield temporary
    except OSError as error:
        raise WriteError(
            f"`{path}` could not be written: {error.strerror or error}; "
            "expected a writable folder with room for it. What was there before is untouched.",
            hint="free some space or fix the permissions, then run the same command again",
        ) from error
    finally:
        _remove(temporary)


def _is_dead(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, ValueError, OverflowError):  # alive, or none of ours
        return False
    return False


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Put `content` at `path` at once or not at all."""
    with replacing(path) as stream:
        stream.write(content)


def write_text(path: Path, content: str) -> None:
    """Put `content` at `path` as UTF-8, at once or not at all."""
    write_bytes(path, content.encode())


def write_json(path: Path, value: Any) -> None:
    """Put `value` at `path`: sorted keys, so the same value is the same bytes; NaN is refused."""
    write_text(path, to_json(value))


def to_json(value: Any) -> str:
    """The one JSON text of `value`: keys sorted, two spaces, no NaN, newline at the end."""
    return json.dumps(value, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


def read_bytes(path: Path, *, made_by: str) -> bytes:
    """The content of `path`.

    Raises:
        MissingError: nothing is there; the hint names `made_by`, the command that makes it.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise MissingError(
            f"`{path}` is missing; it is made by `{made_by}`.", hint=f"run `{made_by}` first"
        ) from error


def read_json(path: Path, *, made_by: str, keys: tuple[str, ...] = ()) -> Any:
    """The value in the JSON file `path`, which has all of `keys`, a dot between levels.

    Raises:
        MissingError: nothing is there.
        IntegrityError: the file holds something other than JSON, or lacks one of `keys`.
    """
    hint = f"delete it and run `{made_by}` again"
    try:
        value = json.loads(read_bytes(path, made_by=made_by))
    except ValueError as error:
        raise IntegrityError(
            f"`{path}` is not JSON ({error}); expected what `{made_by}` writes.", hint=hint
        ) from error
    if lost := [key for key in keys if not _has(value, key.split("."))]:
        raise IntegrityError(
            f"`{path}` lacks `{', '.join(lost)}`; expected what `{made_by}` writes.", hint=hint
        )
    return value


def _has(value: Any, names: list[str]) -> bool:
    for name in names:
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return True


def sha256(path: Path) -> str:
    """The SHA-256 of the file at `path`, 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_of(value: Any) -> str:
    """The SHA-256 of the JSON text of `value`."""
    return hashlib.sha256(to_json(value).encode()).hexdigest()


def verify(path: Path, digest: str, *, made_by: str) -> Path:
    """`path` itself, once its content is proven to be the one `digest` names.

    Raises:
        MissingError: nothing is there.
        IntegrityError: the content is another one: truncated, edited or corrupted in a cache.
    """
    if not path.is_file():
        read_bytes(path, made_by=made_by)
    actual = sha256(path)
    if actual != digest:
        raise IntegrityError(
            f"`{path}` has the digest `{actual[:12]}`; expected `{digest[:12]}`: "
            "it was changed, truncated or restored from a damaged cache.",
            hint=f"`{remake(path, made_by=made_by)}`",
        )
    return path


def remake(path: Path, *, made_by: str) -> str:
    """The command line that makes `path` anew.

    The copy in DVC's cache goes too: DVC trusts it by its name, and would restore a damaged one,
    even over what `dvc repro --force` has just made.
    """
    lock = Path("dvc.lock")
    text = lock.read_text(encoding="utf-8") if lock.is_file() else ""
    pattern = rf"path: {re.escape(str(path))}\n +hash: md5\n +md5: (\w\w)(\w+)"
    copies = sorted({f'"$(dvc cache dir)"/files/md5/{a}/{b}' for a, b in re.findall(pattern, text)})
    return f"rm -f {' '.join([shlex.quote(str(path)), *copies])} && {made_by}"


def point(link: Path, place: Path) -> None:
    """Let `link` lead to the folder `place` from now on; at no moment does it lead nowhere.

    Raises:
        WriteError: the link cannot be made, or something else is at its place.
    """
    draft = link.with_name(f".{link.name}.{os.getpid()}.tmp")
    try:
        draft.unlink(missing_ok=True)
        draft.symlink_to(os.path.relpath(place, link.parent.resolve()), target_is_directory=True)
        draft.replace(link)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise WriteError(
            f"`{link}` could not be pointed at `{place.name[:12]}`: {error.strerror}; "
            "expected a link, or nothing yet, in a writable folder.",
            hint="remove what is at its place, or choose another name",
        ) from error


@contextlib.contextmanager
def only_run(lock: Path) -> Iterator[None]:
    """Hold `lock` for the block; the system lets go of it even when the process is killed.

    Raises:
        BusyError: another process holds it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            stream.seek(0)
            holder = stream.read().strip() or "unknown"
            raise BusyError(
                f"another run (process `{holder}`) is at work in `{lock.parent.parent.resolve()}`; "
                "expected to be the only one. Nothing was changed.",
                hint="wait for it to end, or work in a second clone",
            ) from error
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield
