"""Small problems of every task, and the folder each lives in: data, schema, parameters, suite."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from ruamel.yaml import YAML

from contender import files
from contender.params import EvaluateParams, Params, load_params, read_yaml
from contender.paths import Paths
from contender.problem.expectations import write_suite
from contender.problem.schema import Schema, Task, load_schema
from contender.stages.ingest import read_raw, type_table

ROOT: Final = Path(__file__).parents[1]
STAGES: Final = ("ingest", "validate", "split", "train", "evaluate")
ESTIMATORS: Final = ("hist_gradient_boosting", "random_forest", "linear")

# What a table of a few hundred rows needs changed in the parameters of the repository, and all
# that another table may have changed in them: tests say the same whatever the data is.
_SMALL: Final = {
    "ingest.delimiter": ",",
    "ingest.encoding": "utf-8",
    "ingest.decimal": ".",
    "ingest.missing": ["", "NA", "NaN", "null"],
    "split.method": "id",
    "split.salt": "contender",
    "evaluate.threshold": 0.5,
    "evaluate.costs": {"false_positive": 1.0, "false_negative": 3.0},
    "validate.min_rows": 50,
    "split.min_holdout_rows": 20,
    "split.holdout": 0.3,
    "train.hyperparameters.hist_gradient_boosting.learning_rate": 0.03,
    "train.hyperparameters.hist_gradient_boosting.max_leaf_nodes": 5,
    "train.hyperparameters.hist_gradient_boosting.l2_regularization": 1.0,
    "train.hyperparameters.hist_gradient_boosting.max_iter": 30,
    "train.hyperparameters.hist_gradient_boosting.min_samples_leaf": 10,
    "train.hyperparameters.random_forest.n_estimators": 25,
    "evaluate.min_slice_rows": 20,
    "evaluate.min_slice_class_rows": 5,
    "evaluate.explain_rows": 40,
    "evaluate.explain_examples": 3,
    "tune.trials": 2,
    "tune.folds": 3,
    "gate.min_rows": 20,
    "gate.floors": {},
    "gate.fairness.waivers": [],
}
_PRIMARY: Final = {Task.BINARY: "roc_auc", Task.MULTICLASS: "roc_auc", Task.REGRESSION: "rmse"}


@dataclass(frozen=True)
class Problem:
    """A table as it would be delivered, and what data/schema.yaml says of its columns."""

    name: str
    task: Task
    table: pd.DataFrame
    columns: dict[str, dict[str, Any]]

    @property
    def schema(self) -> Schema:
        """The schema as the stages read it."""
        return Schema.model_validate(self._content)

    @property
    def source(self) -> str:
        """Where the raw file lies, relative to the root."""
        return f"data/raw/{self.name}.csv"

    @property
    def _content(self) -> dict[str, Any]:
        return {
            "dataset": self.name,
            "row": "one example",
            "task": str(self.task),
            "columns": self.columns,
        }

    def write(self, folder: Path, **changes: Any) -> Paths:
        """The paths of a new project in `folder`: all that people write, nothing stages make.

        `changes` are parameters by their path with `__` for the dot: `split__method="time"`.
        """
        paths = Paths(root=folder, work=folder)
        paths.schema.parent.mkdir(parents=True)
        dump_yaml(paths.schema, self._content)
        own = {"ingest.source": self.source, "gate.primary": _PRIMARY[self.task]}
        content = changed(read_yaml(ROOT / "params.yaml"), _SMALL | own)
        dump_yaml(paths.params, content)
        change_params(paths, **changes)
        (folder / self.source).parent.mkdir()
        self.table.to_csv(folder / self.source, index=False)
        write_expectations(paths)
        return paths


def breast_cancer() -> Problem:
    """Binary: 569 tumours, 30 measures; its names have spaces in them."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer(as_frame=True)
    table = data.frame.assign(target=data.target.map({0: "malignant", 1: "benign"}))
    target = {"categories": ["benign", "malignant"], "positive": "malignant"}
    edged = {"mean radius": {"slice": "report", "edges": [12.0, 15.0]}}
    return _measured("breast_cancer", Task.BINARY, table, target=target, more=edged)


def wine() -> Problem:
    """Multiclass: 178 wines of three growers, 13 measures; a name has a slash in it."""
    from sklearn.datasets import load_wine

    table = load_wine(as_frame=True).frame
    target = {"categories": [0, 1, 2]}
    edged = {"alcohol": {"slice": "report", "edges": [13.0], "sensitive": True}}
    return _measured("wine", Task.MULTICLASS, table, target=target, more=edged)


def diabetes() -> Problem:
    """Regression: 442 patients, 10 measures, and how the disease went on."""
    from sklearn.datasets import load_diabetes

    table = load_diabetes(as_frame=True).frame
    edged = {
        "sex": {"slice": "critical", "edges": [0.0], "sensitive": True},
        "bmi": {"slice": "report", "edges": [-0.02, 0.02]},
    }
    return _measured("diabetes", Task.REGRESSION, table, target={}, more=edged)


def boxes(rows: int = 900) -> Problem:
    """Binary, made up: every kind of column there may be, with missing values in all that may."""
    rng = np.random.default_rng(11)
    colour = rng.choice(["red", "green", "rosé", None], rows, p=[0.4, 0.3, 0.2, 0.1])
    region = rng.choice(["north", "south"], rows)
    weight = np.where(rng.random(rows) < 0.1, np.nan, rng.gamma(4, 2, rows).round(2))
    items = rng.integers(1, 10, rows)
    express = rng.random(rows) < 0.3
    score = np.nan_to_num(weight, nan=8) / 4 + 2 * (colour == "red") + express - items / 3
    kept = rng.random(rows) < 1 / (1 + np.exp(-score + 1))
    placed = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 10**6, rows), unit="s")
    table = pd.DataFrame(
        {
            "box": [f"b{number:05}" for number in range(rows)],
            "kept": np.where(kept, "yes", "no"),
            "colour": colour,
            "region": region,
            "weight": weight,
            "items": items,
            "express": np.where(express, "true", "false"),
            "gift": rng.choice(["1", "0", ""], rows),
            "shop": rng.integers(100, 160, rows),
            "placed": placed.astype(str),
            "notes": 'a "quoted", note\nin two lines',
        }
    )
    return Problem("boxes", Task.BINARY, table, _BOX_COLUMNS)


PROBLEMS: Final = {
    "boxes": boxes,
    "breast_cancer": breast_cancer,
    "wine": wine,
    "diabetes": diabetes,
}

_BOX_COLUMNS: Final[dict[str, dict[str, Any]]] = {
    "box": {"role": "id", "dtype": "string", "meaning": "number of the box"},
    "kept": {
        "role": "target",
        "dtype": "string",
        "categories": ["yes", "no"],
        "positive": "yes",
        "meaning": "was not sent back",
    },
    "colour": {
        "role": "feature",
        "dtype": "string",
        "categories": ["red", "green", "rosé"],
        "nullable": True,
        "slice": "report",
        "meaning": "colour of the box",
    },
    "region": {
        "role": "feature",
        "dtype": "string",
        "categories": ["north", "south"],
        "sensitive": True,
        "slice": "critical",
        "meaning": "where it went",
    },
    "weight": {
        "role": "feature",
        "dtype": "float",
        "unit": "kg",
        "range": [0, 200],
        "nullable": True,
        "slice": "report",
        "edges": [5.0, 10.0],
        "meaning": "weight of the box",
    },
    "items": {"role": "feature", "dtype": "integer", "range": [1, None], "meaning": "things in it"},
    "express": {
        "role": "feature",
        "dtype": "boolean",
        "sensitive": True,
        "meaning": "had to arrive the next day",
    },
    "gift": {"role": "feature", "dtype": "boolean", "nullable": True, "meaning": "is a gift"},
    "shop": {"role": "group", "dtype": "string", "meaning": "where it was sold"},
    "placed": {"role": "time", "dtype": "datetime", "meaning": "when it was ordered"},
    "notes": {"role": "ignored", "dtype": "string", "meaning": "words nobody reads"},
}


def write_expectations(paths: Paths) -> None:
    """Write the suite that the schema and the raw table make, as `contender expectations` does."""
    params, schema = load_params(paths.params), load_schema(paths.schema)
    suite = write_suite(typed(paths), schema, min_rows=params.validate_.min_rows)
    files.write_json(paths.expectations, suite)


def typed(paths: Paths) -> pa.Table:
    """The table that ingest would write."""
    params, schema = load_params(paths.params), load_schema(paths.schema)
    return type_table(read_raw(paths.root / params.ingest.source, schema, params.ingest), schema)


def run_stages(paths: Paths, *names: str) -> list[str]:
    """What each of the stages `names` says, all of them when none is named."""
    params = load_params(paths.params)
    chosen = names or STAGES
    return [import_module(f"contender.stages.{name}").run(params, paths) for name in chosen]


def evaluation(**changes: Any) -> EvaluateParams:
    """The repository's section `evaluate` with `changes`."""
    return load_params(ROOT / "params.yaml").evaluate.model_copy(update=changes)


def change_params(paths: Paths, **changes: Any) -> Params:
    """The parameters after `changes` (`split__method="time"`), written to params.yaml."""
    dotted = {name.replace("__", "."): value for name, value in changes.items()}
    dump_yaml(paths.params, changed(read_yaml(paths.params), dotted))
    return load_params(paths.params)


def change_column(paths: Paths, column: str, **changes: Any) -> None:
    """Write data/schema.yaml with other facts for `column`."""
    content = read_yaml(paths.schema)
    content["columns"].setdefault(column, {}).update(changes)
    dump_yaml(paths.schema, content)


def dump_yaml(path: Path, value: Any) -> None:
    """Write `value` as YAML, keys in their order."""
    with path.open("w", encoding="utf-8") as stream:
        YAML().dump(value, stream)


def changed(tree: Any, changes: Mapping[str, Any]) -> Any:
    """`tree` with the value at each dotted path replaced or added; changed in place."""
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = tree
        for name in parents:
            place = place[name]
        place[last] = value
    return tree


def _measured(
    name: str, task: Task, table: pd.DataFrame, *, target: dict[str, Any], more: dict[str, Any]
) -> Problem:
    """A problem all of whose features are floats, with row numbers as ids."""
    table = table.assign(row=[f"r{number}" for number in range(len(table))])
    dtype = "float" if task is Task.REGRESSION else "string"
    columns: dict[str, dict[str, Any]] = {
        column: {"role": "feature", "dtype": "float", "meaning": column} | more.get(column, {})
        for column in table.columns
    }
    columns["row"] = {"role": "id", "dtype": "string", "meaning": "number of the row"}
    columns["target"] = {"role": "target", "dtype": dtype, "meaning": "what is predicted"} | target
    return Problem(name, task, table, columns)
