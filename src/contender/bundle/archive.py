"""A bundle as one file that can travel: the same bytes each time, and nothing else inside."""

import gzip
import hashlib
import io
import re
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from contender import files
from contender.bundle.folder import SUMS, Bundle, open_bundle
from contender.bundle.writing import place
from contender.errors import IntegrityError

MAX_BYTES: Final = 256 * 2**20  # unpacked; the gate lets no model of more than 50 MB pass
NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
LEVEL: Final = 9
HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"  # of gzip, with no time and no name


def archive_name(digest: str) -> str:
    """The file name of the archive of the bundle with this digest."""
    return f"bundle-{digest}.tar.gz"


def pack(bundle: Bundle, folder: Path) -> Path:
    """The archive of `bundle` in `folder`; one that is there already is proven and kept.

    Raises:
        IntegrityError: another file has its name, or a file of the bundle is damaged.
        WriteError: the disk is full, the folder is read-only ...
    """
    path = folder / archive_name(bundle.digest)
    if path.exists():
        _read(path, bundle.digest)
        return path
    contents = {name: bundle.read(name) for name in bundle.sums}
    contents[SUMS] = files.read_bytes(bundle.folder / SUMS, made_by="contender promote")
    packed = gzip.compress(_tar(contents), LEVEL, mtime=0)
    files.write_bytes(path, HEADER + packed[len(HEADER) :])
    return path


def unpack(path: Path, folder: Path, *, digest: str) -> Bundle:
    """The bundle in the archive at `path`, as a folder below `folder`, every file proven.

    Raises:
        MissingError: nothing is there.
        IntegrityError: it is not the archive of the bundle `digest`, byte for byte.
        WriteError: the disk is full, the folder is read-only ...
    """
    contents = _read(path, digest)
    if not (folder / digest).exists():
        place(contents, folder / digest)
    return open_bundle(folder / digest, digest=digest)


def _read(path: Path, digest: str) -> Mapping[str, bytes]:
    """The files in the archive at `path`, once they are proven to be those of `digest`."""
    packed = files.read_bytes(path, made_by="contender champion export")
    try:
        with gzip.open(io.BytesIO(packed)) as stream:
            whole = stream.read(MAX_BYTES + 1)
        if len(whole) > MAX_BYTES:
            raise _refused(path, f"it holds more than {MAX_BYTES // 2**20} MB")
        contents = _members(path, whole)
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError) as error:
        raise _refused(path, f"it cannot be unpacked ({error})") from error
    actual = hashlib.sha256(contents.get(SUMS, b"")).hexdigest()
    if actual != digest:
        raise _refused(path, f"its digest is `{actual[:12]}`, not `{digest[:12]}`")
    if not packed.startswith(HEADER) or _tar(contents) != whole:
        raise _refused(path, "it was not written by `contender champion export`")
    return contents


def _members(path: Path, whole: bytes) -> dict[str, bytes]:
    """The content of every file by its name; only plain files of plain names may be in it."""
    contents: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(whole), mode="r:") as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isreg() else None
            if content is None or not NAME.fullmatch(member.name):
                raise _refused(path, f"`{member.name[:80]}` in it is not a plain file in one place")
            if member.name in contents:
                raise _refused(path, f"`{member.name}` is in it twice")
            contents[member.name] = content.read()
    return contents


def _tar(contents: Mapping[str, bytes]) -> bytes:
    """The files as a tar archive without owners and times."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(contents):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(contents[name]), 0o444
            archive.addfile(member, io.BytesIO(contents[name]))
    return stream.getvalue()


def _refused(path: Path, what: str) -> IntegrityError:
    return IntegrityError(
        f"`{path}` is not the archive of a bundle that may be used: {what}. Nothing was taken "
        "from it.",
        hint="fetch it again from where it was released",
    )
