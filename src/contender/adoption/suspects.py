"""Columns that the model must not see: they say nothing, say it twice, or give the answer away."""

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np

from contender.adoption.columns import Seen

ROWS: Final = 100_000  # looked at, evenly spaced
ALMOST: Final = 0.98  # share of the doubt about the target that one column may take away


def find_constant(seen: Seen) -> str:
    """Why `seen` says nothing about any row; empty when it does."""
    if len(seen.values) == 1:
        shown = f"`{seen.values[0][:40]}`"
        return f"is {shown} in every row" if not seen.missing else f"is {shown} or missing"
    return ""


def find_twin(seen: Seen, others: Iterable[Seen]) -> str:
    """The name of one of `others` that has the same value in every row; empty without one."""
    own = _digest(seen)
    return next((other.name for other in others if _digest(other) == own), "")


def find_leak(seen: Seen, target: Seen, *, classes: bool) -> str:
    """Why `seen` seems to hold what is to be predicted; empty when it does not."""
    if np.array_equal(seen.codes, target.codes):
        return "says the same as the target in every row"
    share = explained_share(seen, target, classes=classes)
    return f"takes away {share:.1%} of the doubt about the target alone" if share >= ALMOST else ""


def explained_share(seen: Seen, target: Seen, *, classes: bool) -> float:
    """How much less the targets of neighbours in `seen` differ than those of any two rows.

    1 when neighbours always agree, 0 when `seen` says nothing. Neighbours are rows that follow
    each other when rows are sorted by the number, or rows of one category. For numbers it is von
    Neumann's ratio (1941) of the mean squared successive difference to the variance, halved, from 1.
    """
    rows = np.linspace(0, seen.rows - 1, min(seen.rows, ROWS)).astype(np.int64)
    keys = (seen.numbers if seen.is_number else seen.codes)[rows]
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], (target.codes if classes else target.numbers)[rows][order]
    together = np.isfinite(keys[1:]) if seen.is_number else keys[1:] == keys[:-1]
    if together.sum() < len(rows) / 2:
        return 0.0
    if classes:
        shares = np.bincount(values) / len(values)
        return float(1 - np.mean(values[1:] != values[:-1], where=together) / (1 - shares @ shares))
    steps = np.square(np.diff(values))
    return float(1 - np.mean(steps, where=together) / 2 / values.var())


def _digest(seen: Seen) -> bytes:
    digest = hashlib.blake2b(seen.codes.tobytes())
    digest.update("\0".join(seen.values).encode(errors="surrogatepass"))
    return digest.digest()
