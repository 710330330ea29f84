"""Where released bundles lie: a folder, or what a web server offers for download."""

import tempfile
import urllib.request
from pathlib import Path
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlparse

from contender import files
from contender.bundle import Bundle, archive_name, open_bundle, unpack
from contender.errors import MissingError, ParameterError, StorageError

TIMEOUT_S: Final = 30
MAX_BYTES: Final = 256 * 2**20
HINT: Final = "give the place that the bundle was released to; `contender champion export` makes it"


def obtain(place: str, digest: str, folder: Path) -> Bundle:
    """The bundle `digest` below `folder`: the one there is, or the one in its archive at `place`.

    `place` is a folder, or an http(s) address to which the name of the archive is added.

    Raises:
        MissingError: the archive is not there.
        StorageError: the place cannot be reached, which is not "missing".
        IntegrityError: the archive is damaged, or another one.
    """
    if (folder / digest).exists():
        return open_bundle(folder / digest, digest=digest)
    name = archive_name(digest)
    if not urlparse(place).scheme:
        return unpack(_in_folder(Path(place), name), folder, digest=digest)
    with tempfile.TemporaryDirectory() as draft:
        return unpack(
            _download(f"{place.rstrip('/')}/{name}", Path(draft, name)), folder, digest=digest
        )


def _in_folder(folder: Path, name: str) -> Path:
    if not folder.is_dir():
        raise StorageError(f"`{folder}` cannot be reached; expected a folder.", hint=HINT)
    if not (folder / name).is_file():
        raise MissingError(f"`{name}` is missing in `{folder}`.", hint=HINT)
    return folder / name


def _download(url: str, path: Path) -> Path:
    """`path`, with what is at `url`."""
    if urlparse(url).scheme not in ("http", "https"):
        raise ParameterError(
            f"`{url}` is neither a folder nor an http(s) address.",
            hint="download it with the tool of that place, then give the folder",
        )
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer, files.replacing(path) as to:
            while chunk := answer.read(2**20):
                to.write(chunk)
                if to.tell() > MAX_BYTES:
                    raise StorageError(f"`{url}` is larger than any bundle.", hint=HINT)
    except HTTPError as error:
        if error.code in (404, 410):
            raise MissingError(f"`{url}` is missing ({error.code}).", hint=HINT) from error
        raise StorageError(f"`{url}` cannot be read: {error}.", hint=HINT) from error
    except (URLError, OSError) as error:
        raise StorageError(f"`{url}` cannot be reached: {error}.", hint=HINT) from error
    return path
