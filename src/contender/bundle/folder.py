"""A bundle as it lies on a disk: nothing is read from it that its digest does not name."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from contender import files
from contender.bundle.golden import Golden
from contender.errors import IntegrityError
from contender.problem.schema import Schema

MODEL: Final = "model.onnx"
MANIFEST: Final = "manifest.json"
GOLDEN: Final = "golden.json"
SUMS: Final = "SHA256SUMS"
PARTS: Final = (MODEL, MANIFEST, "metrics.json", "decision.json", "MODEL_CARD.md")
_LINE: Final = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_][A-Za-z0-9_.-]*)")


@dataclass(frozen=True)
class Bundle:
    """An opened bundle; `sums` maps the name of each file to its SHA-256."""

    folder: Path
    digest: str
    sums: Mapping[str, str]

    def read(self, name: str) -> bytes:
        """The content of the file `name`, proven as it is read and not some time before.

        Raises:
            IntegrityError: the file is gone, a link, or another one.
        """
        path = self.folder / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise _damaged(self.folder, f"`{name}` cannot be read ({error.strerror})") from error
        if path.is_symlink() or hashlib.sha256(content).hexdigest() != self.sums.get(name):
            raise _damaged(self.folder, f"`{name}` is not the file that {SUMS} names")
        return content

    def manifest(self) -> dict[str, Any]:
        """The manifest of the model."""
        return self._parse(MANIFEST)

    def schema(self) -> Schema:
        """The schema that the model was trained under."""
        try:
            return Schema.model_validate(self.manifest()["schema"]["content"])
        except (KeyError, TypeError, ValidationError) as error:
            raise _damaged(self.folder, f"`{MANIFEST}` holds no usable schema") from error

    def golden(self) -> Golden:
        """The golden records.

        Raises:
            IntegrityError: there is none, so nothing would prove that the model works.
        """
        content = self._parse(GOLDEN)
        records, predictions = content.get("records"), content.get("predictions")
        if not (isinstance(records, list) and isinstance(predictions, list) and records):
            raise _damaged(self.folder, f"`{GOLDEN}` holds no records with their predictions")
        return Golden(records, predictions)

    def _parse(self, name: str) -> dict[str, Any]:
        try:
            content = json.loads(self.read(name))
        except ValueError as error:
            raise _damaged(self.folder, f"`{name}` is not JSON") from error
        if not isinstance(content, dict):
            raise _damaged(self.folder, f"`{name}` is not a JSON object")
        return content


def open_bundle(folder: Path, *, digest: str | None = None) -> Bundle:
    """The bundle in `folder` (a link to it is followed), once every byte of it is proven.

    Raises:
        MissingError: there is no bundle.
        IntegrityError: it is not the one that `digest` names; a file is missing, changed, or not
            listed in SHA256SUMS; or something in it is no plain file.
    """
    folder = folder.resolve()
    listed = files.read_bytes(folder / SUMS, made_by="contender promote")
    actual = hashlib.sha256(listed).hexdigest()
    if digest is not None and actual != digest:
        raise _damaged(folder, f"its digest is `{actual[:12]}`, not `{digest[:12]}`")
    sums = _parse_sums(folder, listed)
    found = {path.name for path in folder.iterdir()}
    if odd := found.symmetric_difference({*sums, SUMS}):
        raise _damaged(folder, f"`{', '.join(sorted(odd))}` is missing, or not listed in {SUMS}")
    if lacking := {*PARTS, GOLDEN} - found:
        raise _damaged(folder, f"`{', '.join(sorted(lacking))}` is not in it")
    bundle = Bundle(folder, actual, sums)
    for name in sums:
        bundle.read(name)
    return bundle


def point(link: Path, bundle: Bundle) -> None:
    """Let `link` lead to `bundle` from now on; at no moment does it lead nowhere.

    Raises:
        WriteError: the link cannot be made, or something else is at its place.
    """
    files.point(link, bundle.folder)


def _parse_sums(folder: Path, listed: bytes) -> dict[str, str]:
    lines = listed.decode("ascii", "replace").splitlines()
    sums = {match[2]: match[1] for line in lines if (match := _LINE.fullmatch(line))}
    if not sums or len(sums) != len(lines):
        raise _damaged(folder, f"{SUMS} is not a list of distinct files with their SHA-256")
    return sums


def _damaged(folder: Path, what: str) -> IntegrityError:
    return IntegrityError(
        f"`{folder}` is not a bundle that may be used: {what}.",
        hint="fetch it again, or roll back to the one before",
    )
