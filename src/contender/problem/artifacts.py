"""A fitted pipeline as bytes and back, without pickle; for explanations on the training side only."""

import io
import json
import re
import zipfile
from typing import Any, Final

from contender.errors import IntegrityError
from contender.problem.model import TRUSTED_TYPES

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold


def dump(pipeline: Any) -> bytes:
    """The pipeline in skops' format; the same pipeline gives the same bytes.

    skops names parts by memory address and stamps them with the time; both are replaced here, by
    the order of appearance and by a constant.
    """
    from skops import io as skops_io

    source = zipfile.ZipFile(io.BytesIO(skops_io.dumps(pipeline)))
    schema = source.read("schema.json").decode()
    order: dict[str, str] = {}
    for address in re.findall(r"\b\d{9,}\b", schema):
        order.setdefault(address, str(len(order)))

    def renamed(text: str) -> str:
        return re.sub(r"\b\d{9,}\b", lambda match: order[match.group()], text)

    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(source.namelist(), key=renamed):
            content = renamed(schema).encode() if name == "schema.json" else source.read(name)
            entry = zipfile.ZipInfo(renamed(name), _EPOCH)
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def load(content: bytes) -> Any:
    """The pipeline in `content`; only types named in `problem/model.py` come to life.

    Raises:
        IntegrityError: the content is damaged, or holds a type that is not trusted.
    """
    from skops import io as skops_io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return skops_io.loads(content, trusted=list(TRUSTED_TYPES))
    except (UntrustedTypesFoundException, zipfile.BadZipFile, KeyError, json.JSONDecodeError) as e:
        raise IntegrityError(
            f"models/estimator.skops cannot be trusted: {e}.",
            hint="run `dvc repro train`; a type of your own estimator goes into TRUSTED_TYPES",
        ) from e
