"""The text of data/schema.yaml, and several files that change together or not at all."""

import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from contender import files
from contender.problem.schema import Column, Schema

HEAD: Final = """\
# What each column is, once. Everything else reads it: checks, features, slices, fairness, service.
# data/README.md and data/expectations.json are generated from it (`make expectations`).
"""
_PLAIN: Final = re.compile(
    r"(?!(?:true|false|null|yes|no|on|off|y|n)$)[a-z_](?:[\w ]*\w)?", re.IGNORECASE
)


def render_schema(schema: Schema) -> str:
    """data/schema.yaml as people would write it: one line a column."""
    lines = [
        f"dataset: {_text(schema.dataset)}",
        f"row: {_text(schema.row)}",
        f"task: {schema.task}",
        "columns:",
    ]
    for name, column in schema.columns.items():
        lines += [f"  {_text(name)}:", f"    {{{_entries(column)}}}"]
    return HEAD + "\n".join(lines) + "\n"


def _entries(column: Column) -> str:
    content = column.model_dump(mode="json", exclude_defaults=True)
    meaning = content.pop("meaning")
    return ", ".join(
        f"{key}: {_value(value)}" for key, value in (content | {"meaning": meaning}).items()
    )


def _value(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    if isinstance(value, list):
        return f"[{', '.join(json.dumps(_short(item), ensure_ascii=False) for item in value)}]"
    return json.dumps(_short(value), ensure_ascii=False)


def _short(value: Any) -> Any:
    """A whole number without the fraction that JSON would give it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


@contextlib.contextmanager
def restoring(places: Iterable[Path]) -> Iterator[None]:
    """Put the files at `places` back as they were if the block does not end well."""
    before = {path: path.read_bytes() if path.is_file() else None for path in places}
    try:
        yield
    except BaseException:
        for path, content in before.items():
            if content is None:
                path.unlink(missing_ok=True)
            elif not path.is_file() or path.read_bytes() != content:
                files.write_bytes(path, content)
        raise
