"""`POST /v2/models/<name>/infer`: the Open Inference Protocol, version 2, one tensor a feature."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType
from msgspec.json import Decoder

from contender.serving.calls import Call
from contender.serving.contract import Row, decode
from contender.serving.diagnosis import require_unique_keys
from contender.serving.model import Model
from contender.serving.refusals import Refusal, from_validation, unprocessable
from contender.serving.service import Service
from contender.serving.shapes import define, list_of, one_of

NUMBER: Final = "FP32"
TEXT: Final = "BYTES"
WHOLE: Final = tuple(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))
NUMBERS: Final = ("BOOL", *WHOLE, "FP16", NUMBER, "FP64")

Parameter = str | bool | float


class OutputTensor(msgspec.Struct, frozen=True):
    """One output of the model, a number a row."""

    name: str
    shape: list[int]
    datatype: Literal["FP32"]
    data: list[float]


class Inference(msgspec.Struct, frozen=True, omit_defaults=True):
    """The outputs that were asked for; `model_version` is the digest of the bundle."""

    model_name: str
    model_version: str
    outputs: list[OutputTensor]
    id: str | None = None


class TensorMetadata(msgspec.Struct, frozen=True):
    """What an input or an output is called, and what it holds."""

    name: str
    datatype: str
    shape: list[int]


def describe_inputs(model: Model) -> list[TensorMetadata]:
    """One tensor a feature; missing values are null in JSON, where there is no NaN."""
    numeric = set(model.schema.numeric)
    return [
        TensorMetadata(name, NUMBER if name in numeric else TEXT, [-1])
        for name in model.contract.features
    ]


def describe_outputs(model: Model) -> list[TensorMetadata]:
    """One tensor an output of the graph."""
    return [TensorMetadata(name, NUMBER, [-1]) for name in model.outputs]


class Infer:
    """The protocol's inference call."""

    route = "infer"
    summary = "Predict, in the Open Inference Protocol"
    status = 200
    answer = Inference

    def __init__(self, service: Service) -> None:
        self._service = service
        self.named = service.named
        model = service.model
        self._kinds = {item.name: item.datatype for item in describe_inputs(model)}
        kinds, limit = model.contract.types, model.contract.row_limit
        one = Meta(min_length=1, max_length=1)
        # By dimensions. A union of both would do, but crashes the interpreter (msgspec 0.22: the
        # collector walks into the limits of a number that shares a union with a tuple).
        self._decoders: Any = {
            1: {name: Decoder(list_of(kind, limit)) for name, kind in kinds.items()},
            2: {name: Decoder(list_of(list_of(kind, one), limit)) for name, kind in kinds.items()},
        }
        self.request = _request_type(model)
        self._decoder = Decoder(self.request)

    async def respond(self, body: bytes, call: Call) -> Inference:
        """The prediction of each row, one tensor an output."""
        request = decode(self._decoder, body)
        require_unique_keys(body)
        rows = self._read(request.inputs)
        predictions = await self._service.predict(rows, call)
        model = self._service.model
        columns = zip(*predictions, strict=True) if len(model.outputs) > 1 else [predictions]
        tensors = {
            name: OutputTensor(name, [len(rows)], NUMBER, list(column))
            for name, column in zip(model.outputs, columns, strict=True)
        }
        wanted = [item.name for item in request.outputs or ()] or list(tensors)
        id_ = None if request.id is UNSET else request.id
        return Inference(model.name, model.digest, [tensors[name] for name in wanted], id_)

    def _read(self, tensors: list[Any]) -> list[Row]:
        columns: dict[str, list[Any]] = {}
        for index, tensor in enumerate(tensors):
            where = f"inputs[{index}]"
            if tensor.name in columns:
                raise unprocessable(f"{where}.name", f"`{tensor.name}` is given twice")
            columns[tensor.name] = self._read_tensor(tensor, where)
        if missing := [name for name in self._kinds if name not in columns]:
            raise unprocessable("inputs", f"the features `{', '.join(missing)}` are missing")
        if len({len(column) for column in columns.values()}) > 1:
            raise unprocessable("inputs", "the tensors have different numbers of rows")
        return list(zip(*(columns[name] for name in self._kinds), strict=True))

    def _read_tensor(self, tensor: Any, where: str) -> list[Any]:
        expected = (TEXT,) if self._kinds[tensor.name] == TEXT else NUMBERS
        if tensor.datatype not in expected:
            names = ", ".join(expected)
            raise unprocessable(f"{where}.datatype", f"`{tensor.name}` is one of {names}")
        # A tensor of shape [n, 1] may be written flat, or as n lists of one.
        is_nested = len(tensor.shape) == 2 and b"[" in bytes(tensor.data)[1:].lstrip()[:1]
        try:
            column = self._decoders[1 + is_nested][tensor.name].decode(tensor.data)
        except msgspec.ValidationError as error:
            raise from_validation(error, inside=f"{where}.data") from error
        except msgspec.DecodeError as error:
            raise Refusal(400, f"`{where}.data`: {error}", field=f"{where}.data") from error
        if tensor.shape not in ([len(column)], [len(column), 1]):
            raise unprocessable(f"{where}.shape", f"expected [{len(column)}], as the data has")
        return [value for (value,) in column] if is_nested else column


def _request_type(model: Model) -> Any:
    parameters = ("parameters", dict[str, Parameter] | UnsetType, UNSET)
    tensor = define(
        "InputTensor",
        ("name", one_of(*model.contract.features)),
        ("shape", list_of(Annotated[int, Meta(ge=1)], Meta(min_length=1, max_length=2))),
        ("datatype", one_of(*NUMBERS, TEXT)),
        ("data", Annotated[Raw, Meta(extra_json_schema={"type": "array", "minItems": 1})]),
        parameters,
    )
    output = define("RequestedOutput", ("name", one_of(*model.outputs)), parameters)
    return define(
        "InferenceRequest",
        ("inputs", list_of(tensor, Meta(min_length=1))),
        ("outputs", list_of(output) | UnsetType, UNSET),
        ("id", str | UnsetType, UNSET),
        parameters,
    )
