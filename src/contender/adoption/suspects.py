"""Columns that the model must not see: they say nothing, say it twice, or give the answer away."""

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
    """Which of `others` has the same value as `seen` in every row; empty when none has."""
    twins = (other.name for other in others if other.digest == seen.digest)
    return next((f"has the same value as `{name}` in every row" for name in twins), "")


def find_leak(seen: Seen, target: Seen, *, classes: bool) -> str:
    """Why `seen` seems to hold what is to be predicted; empty when it does not."""
    if classes and np.array_equal(seen.codes, target.codes):
        return "may hold the answer: it tells every value of the target"
    share = explained_share(seen, target, classes=classes)
    said = f"may hold the answer: alone it takes away {share:.1%} of the doubt about the target"
    return said if share >= ALMOST else ""


def explained_share(seen: Seen, target: Seen, *, classes: bool) -> float:
    """How much less the targets of neighbours in `seen` differ than those of any two rows.

    1 when neighbours always agree, 0 when `seen` says nothing. Neighbours are rows that follow
    each other when rows are sorted by the number, or rows of one category. For a number as target
    it is 1 minus half of von Neumann's ratio of its ranks (Bartels 1982): mean squared step to
    variance. Ranks, since one row far out would hide what the others say.
    """
    rows = np.linspace(0, seen.rows - 1, min(seen.rows, ROWS)).astype(np.int64)
    keys = (seen.numbers if seen.is_number else seen.codes)[rows]
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], (target.codes if classes else _ranks(target.numbers))[rows][order]
    together = np.isfinite(keys[1:]) if seen.is_number else keys[1:] == keys[:-1]
    if together.sum() < len(rows) / 2:
        return 0.0
    if classes:
        shares = np.bincount(values) / len(values)
        return float(1 - np.mean(values[1:] != values[:-1], where=together) / (1 - shares @ shares))
    steps = np.square(np.diff(values))
    return float(1 - np.mean(steps, where=together) / 2 / values.var())


def _ranks(numbers: np.ndarray) -> np.ndarray:
    return np.asarray(np.unique(numbers, return_inverse=True)[1], dtype=np.float64)
