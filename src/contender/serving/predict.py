"""`POST /predict`: records in, predictions and the digest of the model out."""

from typing import Any

import msgspec

from contender.serving.calls import Call
from contender.serving.contract import decode, require_distinct
from contender.serving.service import Service
from contender.serving.shapes import define, list_of


class Predict:
    """The project's own protocol: one prediction a record, in their order.

    A prediction is the probability of the positive class, a list of one a class, or a value.
    """

    route = "predict"
    summary = "Predict records"
    status = 200

    def __init__(self, service: Service) -> None:
        self._service = service
        self.named = service.named
        model = service.model
        prediction = list_of(float) if len(model.outputs) > 1 else float
        self.request: Any = define("PredictRequest", ("records", model.contract.records))
        self.answer: Any = define(
            "Predictions",
            ("predictions", list_of(prediction)),
            ("model_digest", str),
            ("request_id", str),
        )
        self._decoder = msgspec.json.Decoder(self.request)

    async def respond(self, body: bytes, call: Call) -> Any:
        """The prediction of each record."""
        model = self._service.model
        rows = model.contract.to_rows(decode(self._decoder, body).records)
        require_distinct(body, 2 + model.contract.count_quotes(rows))
        return self.answer(await self._service.predict(rows, call), model.digest, call.id)
