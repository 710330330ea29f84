"""Records of the problem `boxes`, good and bad, and what they look like in every protocol."""

from collections.abc import Sequence
from typing import Any

BOX: dict[str, Any] = {
    "colour": "red",
    "region": "north",
    "weight": 7.25,
    "items": 3,
    "express": True,
    "gift": None,
}
BOXES: list[dict[str, Any]] = [
    BOX,
    BOX | {"colour": None, "weight": None, "gift": False},
    BOX | {"colour": "rosé", "items": 9, "express": 0, "gift": 1.0},
    BOX | {"region": "south", "weight": 0.5, "items": 1.0},
]
TEXTS = ("colour", "region")


def as_split(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The records as MLflow's `dataframe_split`, columns in another order than the schema's."""
    names = list(records[0])[::-1]
    return {"columns": names, "data": [[record[name] for name in names] for record in records]}


def as_columns(records: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """The records as one list a feature."""
    return {name: [record[name] for record in records] for name in records[0]}


def as_tensors(records: Sequence[dict[str, Any]], *, nested: bool = False) -> list[dict[str, Any]]:
    """The records as tensors of the Open Inference Protocol; `nested`, of shape [n, 1]."""
    return [
        {
            "name": name,
            "shape": [len(values), 1] if nested else [len(values)],
            "datatype": "BYTES" if name in TEXTS else "FP64",
            "data": [[value] for value in values] if nested else values,
        }
        for name, values in as_columns(records).items()
    ]
