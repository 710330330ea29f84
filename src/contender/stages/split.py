"""Stage 3: the table becomes training rows and a holdout that no training ever sees."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contender import files
from contender.errors import IntegrityError, ParameterError, SplitError
from contender.params import Params, SplitParams
from contender.partition import held_out
from contender.paths import Paths
from contender.problem.schema import Schema, Task, load_schema


def run(params: Params, paths: Paths) -> str:
    """Write the two parts and their facts; what was done in one sentence."""
    schema = load_schema(paths.schema)
    validation = files.read_json(
        paths.validation, made_by="dvc repro validate", keys=("success", "table_sha256")
    )
    if not validation["success"]:
        raise IntegrityError(
            f"`{paths.validation}` says the data failed validation; expected a valid table.",
            hint="run `dvc repro validate` and mend what it names",
        )
    files.verify(paths.table, validation["table_sha256"], made_by="dvc repro validate")
    table = pq.read_table(paths.table)
    rule = make_rule(table, schema, params.split)
    train, holdout = divide(table, schema, rule)
    check(train, holdout, schema, params.split)
    for path, part in ((paths.train, train), (paths.holdout, holdout)):
        with files.replacing(path) as stream:
            pq.write_table(part, stream)
    facts = {
        "rule": rule,
        "table_sha256": validation["table_sha256"],
        "train_rows": train.num_rows,
        "train_sha256": files.sha256(paths.train),
        "holdout_rows": holdout.num_rows,
        "holdout_sha256": files.sha256(paths.holdout),
    }
    files.write_json(paths.split, facts)
    return f"{train.num_rows:,} rows to train on, {holdout.num_rows:,} held out by {rule['method']}"


def make_rule(table: pa.Table, schema: Schema, params: SplitParams) -> dict[str, Any]:
    """The rule that `partition.held_out` follows, for ever the same for the rows of today.

    Raises:
        ParameterError: the method needs a column that the schema does not have.
    """
    rule = {"method": params.method, "column": unit_column(schema, params.method)}
    if params.method != "time":
        return rule | {"holdout": params.holdout, "salt": params.salt, "cutoff": None}
    times = np.sort(table[rule["column"]].to_numpy())
    cutoff = times[max(0, int(len(times) * (1 - params.holdout)) - 1)]
    return rule | {"holdout": params.holdout, "salt": params.salt, "cutoff": str(cutoff)}


def unit_column(schema: Schema, method: str) -> str:
    """The column whose values decide where a row goes."""
    names = schema.named(method)
    if not names:
        raise ParameterError(
            f"`split.method` is `{method}`, but no column of data/schema.yaml has that role.",
            hint=f"give one column the role {method}, or split by id",
        )
    return names[0]


def divide(table: pa.Table, schema: Schema, rule: dict[str, Any]) -> tuple[pa.Table, pa.Table]:
    """The training rows and the holdout, both in the order of `table`."""
    column = table[unit_column(schema, rule["method"])]
    values = column.to_numpy() if rule["method"] == "time" else column.to_pylist()
    mask = held_out(rule, values)
    return table.filter(pa.array(~mask)), table.filter(pa.array(mask))


def check(train: pa.Table, holdout: pa.Table, schema: Schema, params: SplitParams) -> None:
    """Nothing, once both parts can be used.

    Raises:
        SplitError: a part is too small, lacks a class, or shares an id or group with the other.
    """
    if holdout.num_rows < params.min_holdout_rows or train.num_rows == 0:
        raise SplitError(
            f"the split leaves {holdout.num_rows:,} rows held out and {train.num_rows:,} to train "
            f"on; expected at least {params.min_holdout_rows:,} held out.",
            hint="bring more data, or change `split.holdout` or `split.min_holdout_rows`",
        )
    if schema.task is not Task.REGRESSION:
        for name, part in (("training rows", train), ("holdout", holdout)):
            there = set(pc.unique(part[schema.target]).to_pylist())
            if lost := [label for label in schema.classes if label not in there]:
                raise SplitError(
                    f"the {name} have no row of the class `{', '.join(lost)}`; "
                    "expected every class on both sides.",
                    hint="change `split.salt` or `split.holdout`, or bring more of that class",
                )
    unit = unit_column(schema, "id" if params.method == "time" else params.method)
    ours, theirs = (part[unit].cast(pa.string()) for part in (train, holdout))
    if count := len(pc.unique(ours.filter(pc.is_in(ours, value_set=theirs)))):
        raise SplitError(
            f"{count} values of `{unit}` are on both sides of the split; expected none.",
            hint="choose a `split.method` that keeps them together",
        )
