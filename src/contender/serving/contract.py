"""What a caller may send, as types generated from the schema: to decode is to validate."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from msgspec.structs import astuple

from contender.params import ServingParams
from contender.problem.limits import known_categories, number_limits
from contender.problem.schema import Column, Schema
from contender.serving.diagnosis import diagnose, require_unique_keys
from contender.serving.refusals import from_validation, unprocessable
from contender.serving.shapes import define, list_of, one_of

Ignored = bool | float | str | None
Row = tuple[Any, ...]  # one value a feature, in the order of `Contract.features`; None is missing


class Contract:
    """The types of one model's input.

    `record` is one row as a struct, `columns` all rows as one list a feature; both refuse
    anything that the schema does not describe. A record may also hold columns that the schema
    ignores: callers can send what the next model needs before it is there.
    """

    def __init__(self, schema: Schema, params: ServingParams) -> None:
        self.features = schema.features
        self.types = {name: _value_type(schema.columns[name], params) for name in self.features}
        # Names of columns need not be names in Python.
        attributes = {f"f{index}": name for index, name in enumerate(self.features)}
        self.row_limit = Meta(min_length=1, max_length=params.max_rows)
        ignored = {f"i{index}": name for index, name in enumerate(schema.named("ignored"))}
        self.record = define(
            "Record",
            *((key, self.types[name]) for key, name in attributes.items()),
            *((key, Ignored, None) for key in ignored),
            rename=attributes | ignored,
        )
        self.records = list_of(self.record, self.row_limit)
        self.columns = define(
            "Columns",
            *((key, list_of(self.types[name], self.row_limit)) for key, name in attributes.items()),
            rename=attributes,
        )
        nullable = {name for name in schema.categorical if schema.columns[name].nullable}
        self._nullable_texts = [self.features.index(name) for name in nullable]
        self._quotes_a_row = 2 * (len(self.features) + len(schema.categorical))

    def to_rows(self, records: Sequence[msgspec.Struct]) -> list[Row]:
        """The features of each record."""
        return [astuple(record)[: len(self.features)] for record in records]

    def count_quotes(self, rows: Sequence[Row]) -> int:
        """The quotation marks around the keys and texts of `rows`, each written as one object."""
        quotes = len(rows) * self._quotes_a_row
        for index in self._nullable_texts:
            quotes -= 2 * sum(row[index] is None for row in rows)
        return quotes


def from_columns(columns: msgspec.Struct, names: Sequence[str], *, inside: str) -> list[Row]:
    """The rows of columns that lie at the path `inside` of a body.

    Raises:
        Refusal: they are of different lengths.
    """
    values = astuple(columns)
    for name, column in zip(names, values, strict=True):
        if len(column) != len(values[0]):
            what = f"has {len(column)} values; expected {len(values[0])}, as `{names[0]}` has"
            raise unprocessable(f"{inside}.{name}", what)
    return list(zip(*values, strict=True))


def decode(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    """What `body` says.

    Raises:
        Refusal: it is no JSON (400), or not the JSON that `decoder` expects (422).
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise from_validation(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise diagnose(body, error) from error


def require_distinct(body: bytes, quotes: int) -> None:
    """Nothing, once no key stands twice in `body`, which decodes to what has `quotes` marks.

    The decoder keeps the last of two equal keys and says nothing. But without escapes the marks
    that were read must be the marks that are there: counting them is fifty times faster than
    reading the body again.

    Raises:
        Refusal: a key is given twice.
    """
    if body.count(b'"') != quotes or b"\\" in body:
        require_unique_keys(body)


def _value_type(column: Column, params: ServingParams) -> Any:
    """The type of one value, with all that the schema says of it."""
    unit = f", in {column.unit}" if column.unit else ""
    kind = _number_type(column, params) if column.is_numeric else _text_type(column, params)
    described: Any = Annotated[kind, Meta(description=f"{column.meaning}{unit}")]
    return described | None if column.nullable else described


def _number_type(column: Column, params: ServingParams) -> Any:
    if column.dtype == "boolean":
        return bool | Annotated[float, Meta(ge=0, le=1, multiple_of=1)]
    low, high = number_limits(column, params)
    # A whole number may be written `12.0`: pandas does so beside a missing one.
    whole = 1 if column.dtype == "integer" else None
    return Annotated[float, Meta(ge=low, le=high, multiple_of=whole)]


def _text_type(column: Column, params: ServingParams) -> Any:
    if known := known_categories(column, params):
        return one_of(*known)
    return Annotated[str, Meta(min_length=1)]
