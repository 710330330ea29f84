"""A made-up table on which a boosted model is better than a linear one, with two like groups."""

from typing import Any, Final

import numpy as np
import pandas as pd

from contender.problem.schema import Task
from tests.datasets import Problem

_COLUMNS: Final[dict[str, dict[str, Any]]] = {
    "parcel": {"role": "id", "dtype": "string"},
    "late": {"role": "target", "dtype": "string", "categories": ["no", "yes"], "positive": "yes"},
    "carrier": {
        "role": "feature",
        "dtype": "string",
        "categories": ["air", "rail", "road"],
        "slice": "critical",
    },
    "region": {
        "role": "feature",
        "dtype": "string",
        "categories": ["north", "south"],
        "sensitive": True,
        "slice": "report",
    },
    "load": {"role": "feature", "dtype": "float", "slice": "report", "edges": [-0.5, 0.5]},
    "distance": {"role": "feature", "dtype": "float"},
    "weight": {"role": "feature", "dtype": "float", "nullable": True},
}


def parcels(rows: int) -> Problem:
    """Binary, made up: what makes a parcel late is a curve, and differs between carriers."""
    rng = np.random.default_rng(5)
    carrier = rng.choice(["air", "rail", "road"], rows)
    load, distance = rng.normal(size=rows), rng.normal(size=rows)
    weight = np.where(rng.random(rows) < 0.1, np.nan, rng.gamma(2, 1, rows))
    turned = np.select([carrier == "air", carrier == "rail"], [1.0, -1.0], 0.5)
    score = 2 * np.sin(2 * load) + 1.5 * turned * distance + 0.3 * np.nan_to_num(weight) - 0.5
    late = rng.random(rows) < 1 / (1 + np.exp(-score))
    table = pd.DataFrame(
        {
            "parcel": [f"p{number:06}" for number in range(rows)],
            "late": np.where(late, "yes", "no"),
            "carrier": carrier,
            "region": rng.choice(["north", "south"], rows),
            "load": load,
            "distance": distance,
            "weight": weight,
        }
    )
    columns = {name: {"meaning": name} | facts for name, facts in _COLUMNS.items()}
    return Problem("parcels", Task.BINARY, table, columns)
