"""From files to evidence: the rows are read, every model is run and measured, here."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contender.errors import DataError, IntegrityError
from contender.inference import Predictor
from contender.partition import held_out
from contender.paths import Paths
from contender.problem import frames, slices
from contender.problem.schema import Schema
from contender.release.exhibits import SPLIT, Exhibits
from contender.release.gate.decide import Occasion
from contender.release.gate.evidence import Evidence, Labels, Scored
from contender.release.manifest import Manifest, Rule
from contender.release.measure import Columns, costs_of
from contender.release.probes import probe


def gather(
    exhibits: Exhibits, schema: Schema, paths: Paths, *, look: int, occasion: Occasion
) -> Evidence:
    """What the gate is shown; to be called only for exhibits whose seals hold.

    Raises:
        ContenderError: the rows cannot be read, or a model cannot score them.
    """
    table = read_rows(exhibits.holdout, schema)
    columns = frames.feature_columns(table, schema)
    with_ids = columns | {schema.id: np.asarray(table[schema.id].to_pylist(), dtype=object)}
    challenger, champion = exhibits.challenger, exhibits.champion
    scored = _score(exhibits, columns, table)
    return Evidence(
        task=schema.task,
        classes=schema.classes,
        target=frames.encode_target(table, schema),
        challenger=scored["challenger"],
        champion=scored.get("champion"),
        anchor=scored.get("anchor"),
        baseline=None if champion else Predictor(exhibits.baseline).predict(columns),
        prior=challenger.manifest.prior,
        groups=_groups(table, schema),
        labels=tuple(_label(table, schema)),
        seals=exhibits.seals,
        shared_rows=_count_shared(table, challenger.manifest, schema, paths),
        costs=costs_of(exhibits.graphs, columns, cache=paths.cost),
        probes=tuple(probe(Predictor(challenger.graph), with_ids, schema)),
        look=look,
        provisional=occasion.provisional,
        as_of=occasion.as_of,
        digests=exhibits.digests,
    )


def _score(exhibits: Exhibits, columns: Columns, table: pa.Table) -> dict[str, Scored]:
    """Each model's predictions, and which rows its own split kept from its training."""
    rules = {name: model.manifest.split.rule for name, model in exhibits.models.items()}
    kept = {rule: _held_out(rule, table) for rule in set(rules.values())}
    return {
        name: Scored(model.digest, Predictor(model.graph).predict(columns), kept[rules[name]])
        for name, model in exhibits.models.items()
    }


def read_rows(content: bytes, schema: Schema) -> pa.Table:
    """The rows of a Parquet file, with the columns that `schema` names.

    Raises:
        IntegrityError: the content is no Parquet file.
        DataError: there are no rows, or a column is missing.
    """
    try:
        table = pq.read_table(pa.BufferReader(content))
    except pa.ArrowException as error:
        raise IntegrityError(
            f"the holdout cannot be read ({error}); expected a Parquet file.",
            hint=f"run `{SPLIT}` to make it again",
        ) from error
    lost = [
        name
        for name, column in schema.columns.items()
        if column.role != "ignored" and name not in table.column_names
    ]
    if lost or table.num_rows == 0:
        what = f"lacks `{', '.join(lost)}`" if lost else "has `0` rows"
        raise DataError(
            f"the holdout {what}; expected every column of data/schema.yaml, and rows to judge on.",
            hint=f"run `{SPLIT}` to make it again",
        )
    return table


def _held_out(rule: Rule, table: pa.Table) -> np.ndarray:
    """True for each row that a model with this `rule` never saw in training."""
    if rule.column not in table.column_names:
        raise DataError(
            f"the column `{rule.column}` is gone, by which a model's training rows were chosen; "
            "expected it, to know which rows that model has never seen.",
            hint="bring the column back, under that name",
        )
    values = table[rule.column]
    known = values.to_numpy() if rule.method == "time" else values.to_pylist()
    return held_out(rule.model_dump(), known)


def _label(table: pa.Table, schema: Schema) -> Iterator[Labels]:
    """The level of each row in every column that is sliced or sensitive."""
    for name in dict.fromkeys((*slices.sliced_columns(schema), *slices.sensitive_columns(schema))):
        column = schema.columns[name]
        values = table[name].to_numpy() if column.is_numeric else table[name].to_pylist()
        coded = pa.array(slices.label_rows(column, values), pa.string()).dictionary_encode()
        found = np.asarray(coded.dictionary.to_pylist(), dtype=object)
        levels = tuple(sorted(set(found) - {slices.MISSING}))
        places = {level: place for place, level in enumerate(levels)}
        codes = np.asarray([places.get(level, -1) for level in found], dtype=np.int64)
        yield Labels(name, levels, codes[coded.indices.to_numpy()], column.slice, column.sensitive)


def _groups(table: pa.Table, schema: Schema) -> np.ndarray | None:
    """A number a row that says which rows belong together; None where the schema has no groups."""
    names = schema.named("group")
    if not names:
        return None
    coded = pc.dictionary_encode(_texts(table[names[0]]), null_encoding="encode")
    return np.asarray(coded.combine_chunks().indices)


def _count_shared(table: pa.Table, manifest: Manifest, schema: Schema, paths: Paths) -> int:
    """Holdout rows whose id, or group where it was split by group, is among the training rows."""
    rule = manifest.split.rule
    names = {schema.id} | ({rule.column} if rule.method == "group" else set())
    train = pq.read_table(paths.train, columns=sorted(names))
    shared = [pc.is_in(_texts(table[name]), value_set=_texts(train[name])) for name in names]
    return int(np.logical_or.reduce([mask.to_numpy() for mask in shared]).sum())


def _texts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values.cast(pa.string())
