"""One model answering: predict, count, log, always in this order and for every protocol."""

import time
from collections.abc import Iterator, Sequence, Sized
from concurrent.futures import Executor
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import msgspec

from contender.errors import PredictionError
from contender.serving.batching import Batcher
from contender.serving.calls import Call
from contender.serving.contract import Row
from contender.serving.log import Entry, Log
from contender.serving.metrics import Metrics
from contender.serving.model import Model
from contender.serving.refusals import Refusal
from contender.serving.shapes import define

_ENCODER: Final = msgspec.json.Encoder()


class Line(msgspec.Struct, omit_defaults=True, gc=False):
    """One row in the prediction log."""

    time: str
    request_id: str
    row: int
    model_digest: str
    features: msgspec.Struct
    prediction: Any
    trace_id: str | None = None


class Service:
    """What every protocol asks for predictions: the rows come validated, by the model's types."""

    def __init__(
        self, model: Model, *, executor: Executor, crowd: Sized, metrics: Metrics, log: Log
    ) -> None:
        self.model = model
        self.named = (b"x-model-digest", model.digest.encode())
        self.executor = executor
        self._batcher = Batcher(model, executor, crowd)
        self._metrics = metrics
        self._log = log
        names, columns = model.contract.features, model.schema.columns
        # Protected columns are for the model to see, not for whoever reads a log.
        self._logged = [index for index, name in enumerate(names) if not columns[name].sensitive]
        attributes = {f"f{index}": names[index] for index in self._logged}
        # A type of its own: dictionaries take a quarter longer to be written.
        self._features = define("Features", *((key, Any) for key in attributes), rename=attributes)

    async def predict(self, rows: Sequence[Row], call: Call) -> list[Any]:
        """The prediction of each row, counted and in the queue of the log.

        Raises:
            Refusal: a prediction is not finite.
        """
        try:
            predictions = await self._batcher.predict(rows)
        except PredictionError as error:
            self._metrics.counters.add("invalid_predictions")
            raise Refusal(500, "the model gives no finite number for these rows") from error
        self._metrics.count_predictions(predictions)
        render = partial(self._render, time.time(), call, rows, predictions)
        self._log.offer(Entry("predictions", len(rows), render))
        return predictions

    def log(self, name: str, lines: Sequence[msgspec.Struct]) -> bool:
        """True once `lines` are in the queue for the file `name`."""
        return self._log.offer(Entry(name, len(lines), partial(_render_lines, lines)))

    def _render(
        self, now: float, call: Call, rows: Sequence[Row], predictions: Sequence[Any]
    ) -> Iterator[bytes]:
        moment = datetime.fromtimestamp(now, UTC).isoformat()
        digest, trace, logged = self.model.digest, call.trace_id, self._logged
        for number, (row, prediction) in enumerate(zip(rows, predictions, strict=True)):
            features = self._features(*[row[index] for index in logged])
            line = Line(moment, call.id, number, digest, features, prediction, trace)
            yield _ENCODER.encode(line) + b"\n"


def _render_lines(lines: Sequence[msgspec.Struct]) -> Iterator[bytes]:
    for line in lines:
        yield _ENCODER.encode(line) + b"\n"
