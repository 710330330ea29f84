"""Which slice a row belongs to: one text label a row and column, the same in every report."""

from typing import Any

import numpy as np

from contender.problem.schema import Column, Schema, category_text

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
    (12, 24) give `< 12`, `12 to 24` and `>= 24`. Other numbers are their own text.
    """
    if not column.is_numeric:
        texts = np.asarray(values, dtype=object)
        absent = [text is None or isinstance(text, float) for text in texts]  # None, or NaN
        return np.where(absent, MISSING, texts)
    numbers = np.asarray(values, dtype=np.float64)
    if column.edges:
        labels = np.asarray(_range_labels(column.edges), dtype=object)
        codes = np.searchsorted(np.asarray(column.edges), numbers, side="right")
    else:
        distinct, codes = np.unique(numbers, return_inverse=True)
        labels = np.asarray([category_text(float(number)) for number in distinct], dtype=object)
    return np.where(np.isnan(numbers), MISSING, labels[codes])


def _range_labels(edges: tuple[float, ...]) -> list[str]:
    texts = [category_text(edge) for edge in edges]
    inner = [f"{low} to {high}" for low, high in zip(texts, texts[1:], strict=False)]
    return [f"< {texts[0]}", *inner, f">= {texts[-1]}"]
