"""The list of packages: read from the files of an image, complete or refused."""

import io
import json
import tarfile

import pytest

from contender.deploy.sbom import write_bill
from contender.errors import ImageError

STATUS = """Package: libc6
Version: 2.41-12+deb13u1
Architecture: amd64
Description: a library
 Version: 9 is in a description and no version

Package: tzdata
Version: 1:2025b-4
Architecture: all
"""
METADATA = "Metadata-Version: 2.4\nName: Some_Package\nVersion: 1.0+local\n{}\nName: in the text\n"
ABOUT = {"type": "container", "name": "model:1"}
FILES = {
    "var/lib/dpkg/status": STATUS,
    "srv/lib/some_package-1.0.dist-info/METADATA": METADATA.format("License-Expression: MIT\n"),
    "opt/elsewhere/old.egg-info/PKG-INFO": "Name: old\nVersion: 2\n",
    "usr/local/include/python3.13/patchlevel.h": '#define PY_VERSION      "3.13.15"\n',
    "srv/notes/METADATA": "Name: no-package\nVersion: 1\n",
}


def pack(files: dict[str, str]) -> io.BytesIO:
    """A tar of `files`."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    archive.seek(0)
    return archive


def test_packages_are_found_wherever_they_lie() -> None:
    """Debian's, Python's in any folder, and an interpreter that is no package; nothing else."""
    bill = write_bill(pack(FILES), image=ABOUT)

    assert [component["purl"] for component in bill["components"]] == [
        "pkg:deb/debian/libc6@2.41-12%2Bdeb13u1?arch=amd64",
        "pkg:deb/debian/tzdata@1%3A2025b-4?arch=all",
        "pkg:generic/python@3.13.15",
        "pkg:pypi/old@2",
        "pkg:pypi/some-package@1.0%2Blocal",
    ]
    assert bill["components"][-1]["licenses"] == [{"expression": "MIT"}]
    assert bill["metadata"]["component"] == ABOUT


def test_the_same_image_gives_the_same_bytes() -> None:
    """Whatever the order of its files: no time, no random number."""
    first = write_bill(pack(FILES), image=ABOUT)
    again = write_bill(pack(dict(reversed(FILES.items()))), image=ABOUT)

    assert json.dumps(first) == json.dumps(again)


@pytest.mark.parametrize("lacking", ["var/lib/dpkg/status", "dist-info", None])
def test_a_list_that_overlooks_a_kind_is_refused(lacking: str | None) -> None:
    """No Debian package, no Python package, or no file at all: nothing was listed, so an error."""
    kept = {
        name: text
        for name, text in FILES.items()
        if lacking and lacking not in name and "egg-info" not in name
    }

    with pytest.raises(ImageError, match="was found in it"):
        write_bill(pack(kept), image=ABOUT)


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 100, pack(FILES).read()[:900]])
def test_what_is_no_tar_is_refused(content: bytes) -> None:
    """Nothing, garbage, or an export that was cut off."""
    with pytest.raises(ImageError, match="no tar"):
        write_bill(io.BytesIO(content), image=ABOUT)
