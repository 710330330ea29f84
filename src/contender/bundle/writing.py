"""From the files that the stages and the gate left to a bundle."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from pydantic import ValidationError

from contender import files
from contender.bundle.folder import GOLDEN, MANIFEST, MODEL, PARTS, SUMS, Bundle, open_bundle
from contender.bundle.golden import make_golden
from contender.errors import IntegrityError, MissingError, WriteError
from contender.problem.schema import Schema


def write_bundle(parts: Mapping[str, Path], folder: Path) -> Bundle:
    """The bundle of the files `parts`, one a name in PARTS, as a new folder below `folder`.

    It appears at once or not at all; the same parts again give the bundle that is there.

    Raises:
        MissingError: a part is not there.
        IntegrityError: the manifest is of another model, or the bundle that is there is damaged.
        PredictionError: the model cannot predict rows of its own schema.
        WriteError: the disk is full, the folder is read-only ...
    """
    if missing := [name for name in PARTS if name not in parts]:
        raise MissingError(
            f"`{', '.join(missing)}` is missing; expected all of `{', '.join(PARTS)}`.",
            hint="`make run` makes them",
        )
    contents = {name: files.read_bytes(parts[name], made_by="make run") for name in PARTS}
    golden = make_golden(contents[MODEL], _read_schema(contents))
    contents[GOLDEN] = files.to_json(asdict(golden)).encode()
    sums = {name: hashlib.sha256(contents[name]).hexdigest() for name in sorted(contents)}
    contents[SUMS] = "".join(f"{digest}  {name}\n" for name, digest in sums.items()).encode()
    digest = hashlib.sha256(contents[SUMS]).hexdigest()
    if not (folder / digest).exists():
        place(contents, folder / digest)
    return open_bundle(folder / digest, digest=digest)


def _read_schema(contents: Mapping[str, bytes]) -> Schema:
    """The schema in the manifest, once that is proven to be the manifest of the model."""
    actual = hashlib.sha256(contents[MODEL]).hexdigest()
    try:
        manifest = json.loads(contents[MANIFEST])
        schema = Schema.model_validate(manifest["schema"]["content"])
        named = str(manifest["model"]["sha256"])
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise IntegrityError(
            f"`{MANIFEST}` lacks what belongs there ({error!r}).",
            hint="run `dvc repro train` to make it again",
        ) from error
    if named != actual:
        raise IntegrityError(
            f"`{MODEL}` has the digest `{actual[:12]}`, but `{MANIFEST}` speaks of `{named[:12]}`.",
            hint="run `dvc repro train` to make both again",
        )
    return schema


def place(contents: Mapping[str, bytes], folder: Path) -> None:
    """Write all of `contents` beside the new `folder`, then let them be there in one step.

    Raises:
        WriteError: the disk is full, the folder is read-only ...
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".draft-"))
    except OSError as error:
        raise WriteError(
            f"`{folder.parent}` cannot be written to: {error.strerror}; "
            "expected a writable folder.",
            hint="free some space or fix the permissions, then run the same command again",
        ) from error
    try:
        for name, content in contents.items():
            files.write_bytes(draft / name, content)
            (draft / name).chmod(0o444)
        draft.chmod(0o755)
        draft.rename(folder)
    except OSError:
        if not folder.exists():  # else another writer of the same bundle was faster
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
