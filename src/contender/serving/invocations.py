"""`POST /invocations`: MLflow's scoring protocol, with the answers that MLflow gives."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from contender.serving.calls import Call
from contender.serving.contract import (
    Contract,
    Row,
    decode,
    from_columns,
    require_distinct,
)
from contender.serving.diagnosis import require_unique_keys
from contender.serving.refusals import from_validation, unprocessable
from contender.serving.service import Service
from contender.serving.shapes import define, list_of

FORMATS: Final = ("dataframe_split", "dataframe_records", "instances", "inputs")

Cell = float | bool | str | None


class OutputColumns(msgspec.Struct, frozen=True):
    """One list an output of the model, each with a number a row."""

    predictions: dict[str, list[float]]


class Invocations:
    """What `mlflow models serve` speaks for this model, in its JSON formats."""

    route = "invocations"
    summary = "Predict, in any of MLflow's formats"
    status = 200
    answer = OutputColumns

    def __init__(self, service: Service) -> None:
        self._service = service
        self.named = service.named
        contract = service.model.contract
        body = define(
            "InvocationsRequest",
            ("dataframe_split", _split_type(contract) | UnsetType, UNSET),
            ("dataframe_records", contract.records | UnsetType, UNSET),
            ("instances", contract.records | UnsetType, UNSET),
            ("inputs", contract.columns | UnsetType, UNSET),
        )
        self._decoder = msgspec.json.Decoder(body)
        exactly_one = {"minProperties": 1, "maxProperties": 1}
        self.request: Any = Annotated[body, Meta(extra_json_schema=exactly_one)]

    async def respond(self, body: bytes, call: Call) -> OutputColumns:
        """The prediction of each row, one column an output."""
        predictions = await self._service.predict(self._read(body), call)
        outputs = self._service.model.outputs
        columns = [predictions] if len(outputs) == 1 else map(list, zip(*predictions, strict=True))
        return OutputColumns(dict(zip(outputs, columns, strict=True)))

    def _read(self, body: bytes) -> list[Row]:
        request = decode(self._decoder, body)
        given = [name for name in FORMATS if getattr(request, name) is not UNSET]
        if len(given) != 1:
            raise unprocessable("", f"expected exactly one of `{', '.join(FORMATS)}`")
        contract, content = self._service.model.contract, getattr(request, given[0])
        if given[0] in ("dataframe_records", "instances"):
            rows = contract.to_rows(content)
            require_distinct(body, 2 + contract.count_quotes(rows))
            return rows
        require_unique_keys(body)
        if given[0] == "inputs":
            return from_columns(content, contract.features, inside="inputs")
        return _from_split(content, contract)


def _split_type(contract: Contract) -> Any:
    """A frame in two parts; columns may come in any order, the document shows one."""
    names = {"const": list(contract.features)}
    cells = [msgspec.json.schema(contract.types[name]) for name in contract.features]
    row = {"type": "array", "prefixItems": cells, "minItems": len(cells), "maxItems": len(cells)}
    rows = list_of(list[Cell], contract.row_limit, Meta(extra_json_schema={"items": row}))
    return define(
        "DataframeSplit",
        ("columns", list_of(str, Meta(extra_json_schema=names))),
        ("data", rows),
        ("index", list[float | str] | UnsetType, UNSET),
    )


def _from_split(split: Any, contract: Contract) -> list[Row]:
    names, inside = split.columns, "dataframe_split"
    if len(set(names)) < len(names):
        raise unprocessable(f"{inside}.columns", "names a column twice")
    for index, row in enumerate(split.data):
        if len(row) != len(names):
            raise unprocessable(f"{inside}.data[{index}]", f"expected {len(names)} values")
    records = [dict(zip(names, row, strict=True)) for row in split.data]
    try:
        return contract.to_rows(msgspec.convert(records, contract.records))
    except msgspec.ValidationError as error:
        raise from_validation(error, inside=f"{inside}.data") from error
