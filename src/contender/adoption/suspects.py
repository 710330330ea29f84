"""Columns that the model must not see: they say nothing, say it twice, or give the answer away."""

import hashlib
from typing import Final

import numpy as np

from contender.adoption.columns import Seen

BINS: Final = 200
ROWS: Final = 100_000  # looked at, evenly spaced
ALMOST: Final = 0.98  # share of the errors, or of the variance, that one column alone may explain


def find_constant(seen: Seen) -> str:
    """Why `seen` says nothing about any row; empty when it does."""
    if len(seen.values) == 1:
        shown = f"`{seen.values[0][:40]}`"
        return f"is {shown} in every row" if not seen.missing else f"is {shown} or missing"
    return ""


def find_twin(seen: Seen, others: list[Seen]) -> str:
    """The name of one of `others` that has the same value in every row; empty without one."""
    own = _digest(seen)
    return next((other.name for other in others if _digest(other) == own), "")


def find_leak(seen: Seen, target: Seen, *, classes: bool) -> str:
    """Why `seen` seems to hold what is to be predicted; empty when it does not.

    The target is predicted from the column alone: the mean, or the most frequent class, of the
    values of every other row, tried on the rows between, and the other way round.
    """
    if np.array_equal(seen.codes, target.codes):
        return "says the same as the target in every row"
    rows = np.linspace(0, seen.rows - 1, min(seen.rows, ROWS)).astype(np.int64)
    cells = _cells(seen)[rows]
    if classes:
        share = _share_of_errors(cells, target.codes[rows], len(target.values))
        said = "of the errors that guessing the most frequent class makes"
    else:
        numbers = target.numbers[rows]
        share = max(_share_of_variance(cells, numbers), _squared_correlation(seen, rows, numbers))
        said = "of the target's variance"
    return f"alone takes away {share:.1%} {said}" if share >= ALMOST else ""


def _digest(seen: Seen) -> bytes:
    digest = hashlib.blake2b(seen.codes.tobytes())
    digest.update("\0".join(seen.values).encode(errors="surrogatepass"))
    return digest.digest()


def _cells(seen: Seen) -> np.ndarray:
    """One small integer a row: the value of a category, the bin of a number; missing is one too."""
    if not seen.is_number or len(seen.values) <= BINS:
        return np.where(seen.codes < 0, len(seen.values), seen.codes)
    edges = np.unique(np.nanquantile(seen.numbers, np.linspace(0, 1, BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, seen.numbers, side="right")
    return np.asarray(np.where(seen.codes < 0, len(edges) + 1, bins))


def _share_of_errors(cells: np.ndarray, target: np.ndarray, n_classes: int) -> float:
    """How many of the errors of the most frequent class are gone, 1 for all of them."""
    usual = int(np.bincount(target, minlength=n_classes).argmax())
    wrong = 0
    for half in (0, 1):
        learnt = np.arange(len(cells)) % 2 == half
        counts = np.bincount(
            cells[learnt] * n_classes + target[learnt], minlength=(cells.max() + 1) * n_classes
        ).reshape(-1, n_classes)
        best = np.where(counts.sum(axis=1) > 0, counts.argmax(axis=1), usual)
        wrong += int((best[cells[~learnt]] != target[~learnt]).sum())
    before = int((target != usual).sum())
    return 1 - wrong / before if before else 0.0


def _share_of_variance(cells: np.ndarray, target: np.ndarray) -> float:
    """R squared of the mean of each cell."""
    squares = 0.0
    for half in (0, 1):
        learnt = np.arange(len(cells)) % 2 == half
        size = int(cells.max()) + 1
        counts = np.bincount(cells[learnt], minlength=size)
        sums = np.bincount(cells[learnt], target[learnt], minlength=size)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), target[learnt].mean())
        squares += float(np.square(target[~learnt] - means[cells[~learnt]]).sum())
    spread = float(np.square(target - target.mean()).sum())
    return 1 - squares / spread if spread else 0.0


def _squared_correlation(seen: Seen, rows: np.ndarray, target: np.ndarray) -> float:
    """R squared of a straight line through the rows that have a number."""
    if not seen.is_number:
        return 0.0
    numbers = seen.numbers[rows]
    there = np.isfinite(numbers)
    if there.sum() < seen.rows / 2 or np.ptp(numbers[there]) == 0 or np.ptp(target[there]) == 0:
        return 0.0
    return float(np.corrcoef(numbers[there], target[there])[0, 1] ** 2)
