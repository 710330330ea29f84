"""Calls that no server may answer well, and none may break at: made from the schema, by a seed."""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from contender.bundle import Record
from contender.deploy.staging.golden import to_tensors
from contender.params import ServingParams
from contender.problem.limits import FLOAT32_MAX, known_categories, number_limits
from contender.problem.schema import Schema

# How the text of a record becomes a body, and what its place is called in a refusal.
PLACES: Final = {
    "/predict": (b'{"records":[%s]}', "records[0]."),
    "/invocations": (b'{"instances":[%s]}', "instances[0]."),
    "/explain": (b'{"record":%s}', "record."),
}
UNKNOWN: Final = "no such name"
NO_VALUE: Final = (b"[]", b"{}", b"[[1]]", b"NaN")
NO_NUMBER: Final = (b'"text"', b"1e39", b"-1e39", b"1e999", b"9" * 400, b"-Infinity")
NO_TEXT: Final = (b"7", b"true", b'""', b'"\xff"', b'"\\ud800"')
NO_BODY: Final = (b"", b"7", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 100_000)
CUTS: Final = 10  # of a good body, anywhere: what is left is never JSON


@dataclass(frozen=True)
class Mutation:
    """A bad call, and the field that its refusal must name, where there is one."""

    what: str
    path: str
    content: bytes
    field: str | None = None


class BadRecord(NamedTuple):
    """The text of a record, and the column that is wrong in it."""

    what: str
    name: str
    text: bytes


@dataclass(frozen=True)
class Mutator:
    """Spoils a good record of a schema; `params` say what is good."""

    schema: Schema
    record: Record
    params: ServingParams

    def draw(self, count: int, *, seed: int) -> list[Mutation]:
        """All mutations of whole bodies, and as many of records as make it `count`."""
        dice = random.Random(seed)
        bodies = list(self._spoil_bodies(dice))
        records = [*self._spoil_records(), *self._spoil_tensors()]
        return bodies + dice.sample(records, min(max(count - len(bodies), 0), len(records)))

    def _spoil_records(self) -> Iterator[Mutation]:
        for bad in self._bad_records():
            for path, (frame, inside) in PLACES.items():
                yield Mutation(bad.what, path, frame % bad.text, inside + bad.name)

    def _bad_records(self) -> Iterator[BadRecord]:
        good = write(self.record)
        for name in self.schema.features:
            for value in self._bad_values(name):
                text = write(self.record, {name: value})
                yield BadRecord(f"`{name}` as {value[:20]!r}", name, text)
            rest = {key: value for key, value in self.record.items() if key != name}
            yield BadRecord(f"no `{name}`", name, write(rest))
            twice = good[:-1] + b"," + write({name: self.record[name]})[1:]
            yield BadRecord(f"`{name}` twice", name, twice)
        yield BadRecord("an unknown column", UNKNOWN, write({**self.record, UNKNOWN: 1}))

    def _bad_values(self, name: str) -> Iterator[bytes]:
        """JSON, or what is nearly JSON, that the column `name` may not hold."""
        column = self.schema.columns[name]
        yield from NO_VALUE
        if not column.nullable:
            yield b"null"
        if not column.is_numeric:
            yield from NO_TEXT
            if known := known_categories(column, self.params):
                yield json.dumps("no " + "".join(known)).encode()
            return
        yield from NO_NUMBER
        if column.dtype == "boolean":
            yield b"2"
            return
        yield b"true"
        if column.dtype == "integer":
            yield b"0.5"
        low, high = number_limits(column, self.params)
        beyond = (low - abs(low) - 1, high + abs(high) + 1)
        yield from (b"%r" % number for number in beyond if abs(number) < FLOAT32_MAX)

    def _spoil_tensors(self) -> Iterator[Mutation]:
        path = f"/v2/models/{self.schema.dataset}/infer"
        tensors = to_tensors([self.record], self.schema)
        for index, name in enumerate(self.schema.features):
            for value in self._bad_values(name):
                texts = [write(tensor) for tensor in tensors]
                texts[index] = write(tensors[index], {"data": b"[%s]" % value})
                content = b'{"inputs":[%s]}' % b",".join(texts)
                what = f"a tensor `{name}` of {value[:20]!r}"
                yield Mutation(what, path, content, f"inputs[{index}].data")

    def _spoil_bodies(self, dice: random.Random) -> Iterator[Mutation]:
        good = write(self.record)
        for path, (frame, inside) in PLACES.items():
            for content in NO_BODY:
                yield Mutation(f"a body of {content[:20]!r}", path, content)
            body = frame % good
            for end in (dice.randrange(1, len(body)) for _ in range(CUTS)):
                yield Mutation(f"the first {end} bytes of a good body", path, body[:end])
            spaces = b" " * (self.params.max_body_bytes + 1)
            yield Mutation("a body that is too long", path, body + spaces)
            if "[" in inside:
                many = frame % b",".join([good] * (self.params.max_rows + 1))
                is_short = len(many) <= self.params.max_body_bytes
                field = inside.partition("[")[0] if is_short else None
                yield Mutation("too many rows", path, many, field)


def write(record: Mapping[str, object], raw: Mapping[str, bytes] | None = None) -> bytes:
    """`record` as JSON, in which the values that `raw` has are written as it says."""
    raw = raw or {}
    pairs = (
        b"%s:%s" % (json.dumps(name).encode(), raw.get(name) or json.dumps(value).encode())
        for name, value in record.items()
    )
    return b"{%s}" % b",".join(pairs)
