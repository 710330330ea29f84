"""Which slice a row belongs to: one text label a row and column, the same in every report."""

from typing import Any

import numpy as np

from contender.problem.schema import Column, Schema

MISSING = ""


def sliced_columns(schema: Schema) -> tuple[str, ...]:
    """The columns whose slices are looked at, in the order of the schema."""
    return tuple(name for name, column in schema.columns.items() if column.slice != "no")


def sensitive_columns(schema: Schema) -> tuple[str, ...]:
    """The columns whose groups are compared for fairness, in the order of the schema."""
    return tuple(name for name, column in schema.columns.items() if column.sensitive)


def label_rows(column: Column, values: Any) -> np.ndarray:
    """The label of each row, an object array of shape (n_rows,); "" where the value is missing.

    Categories are their own labels. Numbers with `edges` fall into half-open ranges: edges
    (12, 24) give `< 12`, `12 to 24` and `>= 24`. Other numbers are their shortest text.
    """
    if not column.is_numeric:
        texts = np.asarray(values, dtype=object)
        return np.where([text is None or text != text for text in texts], MISSING, texts)
    numbers = np.asarray(values, dtype=np.float64)
    if column.edges:
        labels = np.asarray(_range_labels(column.edges), dtype=object)
        codes = np.searchsorted(np.asarray(column.edges), numbers, side="right")
    else:
        distinct, codes = np.unique(numbers, return_inverse=True)
        labels = np.asarray([f"{number:g}" for number in distinct], dtype=object)
    return np.where(np.isnan(numbers), MISSING, labels[codes])


def _range_labels(edges: tuple[float, ...]) -> list[str]:
    inner = [f"{low:g} to {high:g}" for low, high in zip(edges, edges[1:], strict=False)]
    return [f"< {edges[0]:g}", *inner, f">= {edges[-1]:g}"]
