"""A table that anybody might bring, and what the command would do with one."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from contender.commands.adoption import Ask, Plan, make_plan
from contender.params import Params, parse_params
from contender.paths import Paths
from contender.problem.schema import Column, Schema

UNSAID: dict[str, Any] = {
    **dict.fromkeys(("task", "id", "time", "group", "positive")),
    "sensitive": [],
    "drop": [],
}


@dataclass(frozen=True)
class Planned:
    """A plan, and what it says in the words of the files it would write."""

    plan: Plan
    paths: Paths

    @property
    def schema(self) -> Schema:
        """What data/schema.yaml would say."""
        text = self.plan.texts[self.paths.schema]
        return Schema.model_validate(YAML(typ="safe", pure=True).load(text))

    @property
    def params(self) -> Params:
        """What params.yaml would say."""
        return parse_params(self.plan.texts[self.paths.params])

    @property
    def said(self) -> dict[str, str]:
        """What was assumed of each subject."""
        said: defaultdict[str, str] = defaultdict(str)
        for note in self.plan.notes:
            said[note.subject] += f"{note.said}; "
        return said

    def column(self, name: str) -> Column:
        """The entry of the column `name` in the schema."""
        return self.schema.columns[name]


def plan_for(
    source: Path,
    paths: Paths,
    *,
    target: str | None = "bought",
    ask: Ask | None = None,
    **more: Any,
) -> Planned:
    """What would become of the project at `paths` with the table at `source`."""
    return Planned(make_plan(source, UNSAID | {"target": target} | more, paths, ask), paths)


def visits(rows: int = 300, **columns: Any) -> pd.DataFrame:
    """Rows whose `bought` follows from `amount` and `colour`; `columns` are put before it."""
    random = np.random.default_rng(7)
    amount = random.normal(size=rows).round(3)
    colour = random.choice(["red", "green", "blue"], rows)
    score = amount + (colour == "red") + random.normal(size=rows)
    table = pd.DataFrame({"amount": amount, "colour": colour})
    table["bought"] = np.where(score > 0.3, "yes", "no")
    for name, values in columns.items():
        table.insert(len(table.columns) - 1, name, values)
    return table


def dates(rows: int, layout: str) -> list[str]:
    """A date a row, each later than the one before."""
    return list(pd.date_range("2025-01-01", periods=rows, freq="7h").strftime(layout))
