"""Golden: every protocol predicts the golden records as the bundle says, alone and together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import httpx

from contender.bundle import Golden, Record, prove
from contender.deploy.probe import parse, quote
from contender.deploy.staging.cases import Cases, Subject, Unmet
from contender.errors import PredictionError
from contender.problem.schema import Schema

Build = Callable[[Sequence[Record]], Any]
Read = Callable[[Mapping[str, Any]], Any]


def check_golden(subject: Subject, cases: Cases) -> str:
    """How many records were compared."""
    golden = subject.golden
    pairs = list(zip(golden.records, golden.predictions, strict=True))
    parts = [Golden([record], [prediction]) for record, prediction in pairs]
    for path, (build, read) in _protocols(subject.schema).items():
        for part in (*parts, golden):
            answer = subject.client.post(path, json=build(part.records))
            told = answer.headers.get("x-model-digest", "")
            cases.expect(told == subject.digest, f"{path} is answered by `{told}`, {quote(answer)}")
            require_golden(answer, part, read, f"{path}:")
    return f"{len(pairs)} records alone and together, by 3 protocols"


def require_golden(answer: httpx.Response, golden: Golden, read: Read, where: str) -> None:
    """Nothing, once what `read` finds in `answer` are the predictions of `golden`.

    Raises:
        Unmet: they are others, or none.
    """
    if answer.status_code != 200:
        raise Unmet(f"{where} the golden records are answered {quote(answer)}")
    try:
        prove(read(parse(answer)), golden)
    except PredictionError as error:
        raise Unmet(f"{where} {error.args[0]}") from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise Unmet(f"{where} there are no predictions in {quote(answer)}") from error


def read_predictions(content: Mapping[str, Any]) -> Any:
    """The predictions in an answer of /predict."""
    return content["predictions"]


def to_tensors(records: Sequence[Record], schema: Schema) -> list[dict[str, Any]]:
    """The records as the Open Inference Protocol wants them: one tensor a feature."""
    return [
        {
            "name": name,
            "shape": [len(records)],
            "datatype": "FP32" if name in schema.numeric else "BYTES",
            "data": [record[name] for record in records],
        }
        for name in schema.features
    ]


def _protocols(schema: Schema) -> dict[str, tuple[Build, Read]]:
    """How each path wants its records, and says its predictions."""
    return {
        "/predict": (lambda records: {"records": records}, read_predictions),
        "/invocations": (
            lambda records: {"instances": records},
            lambda content: _turn(content["predictions"].values()),
        ),
        f"/v2/models/{schema.dataset}/infer": (
            lambda records: {"inputs": to_tensors(records, schema)},
            lambda content: _turn(tensor["data"] for tensor in content["outputs"]),
        ),
    }


def _turn(columns: Iterable[Sequence[float]]) -> Any:
    """One prediction a record, from one column an output of the model."""
    first, *more = columns
    return list(zip(first, *more, strict=True)) if more else first
