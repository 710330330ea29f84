"""Pieces of GitHub-flavoured Markdown in which no text from outside can become markup."""

import html
import re
from collections.abc import Iterable, Sequence
from typing import Final

FOLD: Final = re.compile("<details.*?</details>", re.DOTALL)


def escape(text: object) -> str:
    """The text itself on one line, whatever marks it holds."""
    flat = " ".join(str(text).split())
    safe = re.sub(r"([\\`*|\[\]~])|(?<!\w)(_)|(_)(?!\w)", r"\\\1\2\3", flat)
    return html.escape(safe, quote=False)


def code(text: object) -> str:
    """The text as code on one line; as plain text when it has a mark that code cannot hold."""
    flat = " ".join(str(text).split())
    if not flat or any(mark in flat for mark in "`|\\"):
        return escape(flat)
    return f"`{flat}`"


def table(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()
) -> str:
    """A table of cells that are Markdown already; columns in `right` stand flush right."""
    marks = ["---:" if column in right else "---" for column in range(len(header))]
    lines = [header, marks, *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def fold(title: str, body: str, *, opened: bool = False) -> str:
    """A part that opens on a click."""
    state = " open" if opened else ""
    return f"<details{state}><summary>{title}</summary>\n\n{body}\n\n</details>"


def bullets(items: Iterable[str]) -> str:
    """One item a line."""
    return "\n".join(f"- {item}" for item in items)


def fit(text: str, limit: int, *, rest: str) -> str:
    """`text` within `limit` characters: folds give way, the longest first, then its last parts.

    `rest` says where all of it is.
    """
    folds = sorted(FOLD.findall(text), key=len, reverse=True)
    note = f"\n\nLeft out for its length; {rest}\n"
    if len(text) <= limit:
        return text
    while folds and len(text) + len(note) > limit:
        text = text.replace(folds.pop(0), "", 1)
    parts = re.sub(r"\n{3,}", "\n\n", text).strip().split("\n\n")
    while len(parts) > 1 and len("\n\n".join(parts)) + len(note) > limit:
        parts.pop()
    return "\n\n".join(parts)[: limit - len(note)] + note
