"""A fitted pipeline as bytes and back, without pickle; only explanations need it."""

import io
import re
import zipfile
from typing import Any, Final

from contender.errors import IntegrityError
from contender.problem.model import TRUSTED_TYPES

_ADDRESS: Final = re.compile(r'("__id__": |"file": ")(\d+)')
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold


def dump(pipeline: Any) -> bytes:
    """The pipeline in skops' format; the same pipeline gives the same bytes.

    skops names parts by memory address and stamps them with the time; both are replaced here, by
    the order of appearance and by a constant. No other number of the pipeline is touched.
    """
    from skops import io as skops_io

    content = skops_io.dumps(pipeline)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        source = {name: archive.read(name) for name in archive.namelist()}
    schema = source["schema.json"].decode()
    order: dict[str, str] = {}
    for _, address in _ADDRESS.findall(schema):
        order.setdefault(address, str(len(order)))
    steady = _ADDRESS.sub(lambda match: match[1] + order[match[2]], schema).encode()

    def renamed(name: str) -> str:
        stem, dot, suffix = name.partition(".")
        return order.get(stem, stem) + dot + suffix

    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(source, key=renamed):
            content = steady if name == "schema.json" else source[name]
            entry = zipfile.ZipInfo(renamed(name), _EPOCH)
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def load(content: bytes) -> Any:
    """The pipeline in `content`; only types named in `problem/model.py` come to life.

    Raises:
        IntegrityError: the content is damaged, or holds a type that is not trusted.
    """
    from skops import io as skops_io

    try:
        return skops_io.loads(content, trusted=list(TRUSTED_TYPES))
    except Exception as error:  # each kind of damage raises another kind
        raise IntegrityError(
            f"models/estimator.skops cannot be trusted: {error}.",
            hint="run `dvc repro train`; a type of your own estimator goes into TRUSTED_TYPES",
        ) from error
