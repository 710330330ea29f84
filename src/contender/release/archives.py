"""Where released bundles lie: a folder, what a web server offers, or the Releases of GitHub."""

import tempfile
from pathlib import Path
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlparse
from urllib.request import Request, urlopen

from contender import files
from contender.bundle import Bundle, archive_name, open_bundle, unpack
from contender.errors import MissingError, ParameterError, StorageError
from contender.github import find_host

GITHUB: Final = "github"  # the place that means the Releases of $GITHUB_REPOSITORY
TIMEOUT_S: Final = 30
MAX_BYTES: Final = 256 * 2**20
HINT: Final = "give the place that the bundle was released to; `contender champion export` makes it"


def obtain(place: str, digest: str, folder: Path) -> Bundle:
    """The bundle `digest` below `folder`: the one there is, or the one in its archive at `place`.

    `place` is a folder, an http(s) address to which the name of the archive is added, or `github`.

    Raises:
        MissingError: the archive is not there.
        StorageError: the place cannot be reached, which is not "missing".
        IntegrityError: the archive is damaged, or another one.
    """
    if (folder / digest).exists():
        return open_bundle(folder / digest, digest=digest)
    name = archive_name(digest)
    if place != GITHUB and not urlparse(place).scheme:
        return unpack(_in_folder(Path(place), name), folder, digest=digest)
    request = find_host().find_asset(tag_of(digest), name) if place == GITHUB else _at(place, name)
    with tempfile.TemporaryDirectory() as draft:
        return unpack(_download(request, Path(draft, name)), folder, digest=digest)


def tag_of(digest: str) -> str:
    """The tag of the Release that carries the bundle `digest`."""
    return f"model-{digest[:12]}"


def _in_folder(folder: Path, name: str) -> Path:
    if not folder.is_dir():
        raise StorageError(f"`{folder}` cannot be reached; expected a folder.", hint=HINT)
    if not (folder / name).is_file():
        raise MissingError(f"`{name}` is missing in `{folder}`.", hint=HINT)
    return folder / name


def _at(place: str, name: str) -> Request:
    if urlparse(place).scheme not in ("http", "https"):
        raise ParameterError(
            f"`{place}` is neither a folder nor an http(s) address.",
            hint="download it with the tool of that place, then give the folder",
        )
    return Request(f"{place.rstrip('/')}/{name}")


def _download(request: Request, path: Path) -> Path:
    """`path`, with what `request` asks for."""
    url = request.full_url
    try:
        with urlopen(request, timeout=TIMEOUT_S) as answer, files.replacing(path) as to:
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
