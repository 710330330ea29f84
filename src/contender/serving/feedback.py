"""`POST /feedback`: what really happened, kept beside the predictions until somebody joins them."""

import time
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from contender.problem.limits import FLOAT32_MAX
from contender.serving.calls import Call
from contender.serving.contract import decode
from contender.serving.diagnosis import require_unique_keys
from contender.serving.refusals import unavailable
from contender.serving.service import Service
from contender.serving.shapes import define, list_of, one_of

NAME: Final = r"^[A-Za-z0-9._:-]{1,64}$"


class Line(msgspec.Struct, frozen=True):
    """One label in the feedback log."""

    time: str
    request_id: str
    row: int
    label: str | float


class Accepted(msgspec.Struct, frozen=True):
    """How many labels were taken in."""

    accepted: int


class Feedback:
    """Labels for earlier predictions, named by request id and row."""

    route = "feedback"
    summary = "Say what came true"
    status = 202
    answer = Accepted

    def __init__(self, service: Service) -> None:
        self._service = service
        self.named = service.named
        classes = service.model.schema.classes
        number = Annotated[float, Meta(ge=-FLOAT32_MAX, le=FLOAT32_MAX)]
        label = define(
            "Label",
            ("request_id", Annotated[str, Meta(pattern=NAME)]),
            ("label", one_of(*classes) if classes else number),
            ("row", Annotated[float, Meta(ge=0, multiple_of=1)], 0),
        )
        labels = list_of(label, service.model.contract.row_limit)
        self.request: Any = define("FeedbackRequest", ("labels", labels))
        self._decoder = msgspec.json.Decoder(self.request)

    async def respond(self, body: bytes, call: Call) -> Accepted:
        """How many labels were taken in.

        Raises:
            Refusal: the queue is full: the caller can send them again, nobody else can.
        """
        del call
        labels = decode(self._decoder, body).labels
        require_unique_keys(body)
        now = datetime.fromtimestamp(time.time(), UTC).isoformat()
        lines = [Line(now, item.request_id, int(item.row), item.label) for item in labels]
        if not self._service.log("feedback", lines):
            raise unavailable("the log is full; send the labels again in a moment")
        return Accepted(len(lines))
