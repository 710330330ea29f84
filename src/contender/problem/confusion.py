"""F1 from tables of true against predicted class, for one set of weights or for thousands."""

import numpy as np


def f1(target: np.ndarray, decision: np.ndarray, weight: np.ndarray | None) -> float:
    """F1 of the class 1 of two; 0 when it is neither there nor predicted."""
    return float(_of_tables(_table(target, decision, weight, n_classes=2))[1])


def f1_many(target: np.ndarray, decision: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The same for each of `weights`, shape (n_replicates, n_rows): shape (n_replicates,)."""
    return _of_tables(_tables(target, decision, weights, n_classes=2))[:, 1]


def macro_f1(target: np.ndarray, decision: np.ndarray, weight: np.ndarray | None) -> float:
    """The mean over classes of the F1 of that class against the rest."""
    n_classes = _count(target, decision)
    return float(_of_tables(_table(target, decision, weight, n_classes=n_classes)).mean())


def macro_f1_many(target: np.ndarray, decision: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The same for each of `weights`, shape (n_replicates, n_rows): shape (n_replicates,)."""
    tables = _tables(target, decision, weights, n_classes=_count(target, decision))
    return np.asarray(_of_tables(tables).mean(axis=1))


def _count(target: np.ndarray, decision: np.ndarray) -> int:
    return int(max(target.max(), decision.max())) + 1


def _table(
    target: np.ndarray, decision: np.ndarray, weight: np.ndarray | None, *, n_classes: int
) -> np.ndarray:
    cells = np.bincount(target * n_classes + decision, weight, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes)


def _tables(
    target: np.ndarray, decision: np.ndarray, weights: np.ndarray, *, n_classes: int
) -> np.ndarray:
    """One table a replicate, shape (n_replicates, n_classes, n_classes)."""
    cells = np.eye(n_classes**2)[target * n_classes + decision]
    return np.asarray(weights @ cells).reshape(-1, n_classes, n_classes)


def _of_tables(tables: np.ndarray) -> np.ndarray:
    """F1 of each class of tables of shape (..., n_classes, n_classes): shape (..., n_classes)."""
    hits = np.diagonal(tables, axis1=-2, axis2=-1)
    total = tables.sum(axis=-2) + tables.sum(axis=-1)
    return np.asarray(2 * hits / np.where(total > 0, total, 1))
