"""What is in an image, read from its files and not from what it was meant to be built from."""

import re
import tarfile
from collections.abc import Iterator
from email.parser import BytesHeaderParser
from typing import IO, Any, Final
from urllib.parse import quote

from contender.errors import ImageError

DEBIAN: Final = "var/lib/dpkg/status"
PYTHON: Final = (".dist-info/METADATA", ".egg-info/PKG-INFO")
# An interpreter that was built from its source, as in the official images, is no package.
INTERPRETER: Final = re.compile(r"usr/local/include/python3\.\d+/patchlevel\.h")
VERSION: Final = re.compile(rb'#define PY_VERSION\s+"([^"+]+)')

Component = dict[str, Any]


def write_bill(archive: IO[bytes], *, image: Component) -> dict[str, Any]:
    """The packages in `archive`, the tar of all files of `image`, as a CycloneDX 1.5 document.

    The same image gives the same document.

    Raises:
        ImageError: it is no tar, or holds no package of one kind: then something was overlooked.
    """
    try:
        with tarfile.open(fileobj=archive, mode="r|") as files:
            found = {item["purl"]: item for member in files for item in _read(files, member)}
    except tarfile.TarError as error:
        raise _unreadable(f"its files are no tar ({error})") from error
    for kind in ("pkg:deb/", "pkg:pypi/"):
        if not any(purl.startswith(kind) for purl in found):
            raise _unreadable(f"no package `{kind}...` was found in it")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": image},
        "components": [found[purl] for purl in sorted(found)],
    }


def _read(files: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[Component]:
    """The packages that the file `member` speaks of."""
    if not member.isfile():
        return
    content = files.extractfile(member)
    assert content
    if member.name.endswith(PYTHON):
        yield _distribution(content.read())
    elif member.name == DEBIAN:
        yield from map(_package, content.read().strip().split(b"\n\n"))
    elif INTERPRETER.fullmatch(member.name) and (match := VERSION.search(content.read())):
        version = match[1].decode()
        yield _component("python", version, f"pkg:generic/python@{version}")


def _distribution(metadata: bytes) -> Component:
    headers = BytesHeaderParser().parsebytes(metadata)
    name, version = headers["Name"], headers["Version"]
    normal = re.sub(r"[-_.]+", "-", name).lower()
    component = _component(name, version, f"pkg:pypi/{normal}@{quote(version, safe='')}")
    if terms := headers["License-Expression"]:
        component["licenses"] = [{"expression": terms}]
    return component


def _package(paragraph: bytes) -> Component:
    headers = BytesHeaderParser().parsebytes(paragraph)
    name, version, architecture = headers["Package"], headers["Version"], headers["Architecture"]
    where = f"pkg:deb/debian/{quote(name, safe='')}@{quote(version, safe='')}?arch={architecture}"
    return _component(name, version, where)


def _component(name: str, version: str, purl: str) -> Component:
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _unreadable(why: str) -> ImageError:
    return ImageError(
        f"the packages of the image cannot be listed: {why}; expected those of Debian and Python.",
        hint="build on a Debian base that has Python, such as the one in the Dockerfile",
    )
