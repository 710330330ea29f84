"""Entries of a ledger, and clones with one origin that share it."""

from pathlib import Path
from typing import Any

from contender.ledger import Entry, Kind, Ledger, append, open_ledger
from tests.conftest import git

HOLDOUT = "a" * 64


def make_entry(model: int = 1, **facts: Any) -> Entry:
    """A verdict on the model of this number, unless `facts` say otherwise."""
    verdict = {"kind": Kind.VERDICT, "verdict": "HOLD", "holdout": HOLDOUT, "look": 1}
    known = {"time": "2026-01-31T12:00:00Z", "model": f"{model:064x}", "actor": "ada"}
    return Entry.model_validate(known | verdict | facts)


def make_text(count: int) -> str:
    """A ledger of this many entries, each about another model."""
    text = ""
    for number in range(1, count + 1):
        text = append(text, make_entry(number, look=number))
    return text


def make_origin(folder: Path) -> Path:
    """A bare repository with one commit on `main`."""
    origin, first = folder / "origin.git", folder / "first"
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    git(folder, "init", "--quiet", "--initial-branch=main", str(first))
    (first / "params.yaml").write_text("seed: 7\n", encoding="utf-8")
    git(first, "add", ".")
    git(first, "commit", "--quiet", "--message=First")
    git(first, "push", "--quiet", str(origin), "main")
    return origin


def clone_of(origin: Path, name: str, *options: str) -> Path:
    """A clone beside `origin`."""
    git(origin.parent, "clone", "--quiet", *options, origin.as_uri(), name)
    return origin.parent / name


def shared(clone: Path) -> Ledger:
    """The ledger that the clone shares."""
    return open_ledger(clone, local=False)
