"""What every protocol that asks the model something has in common."""

from typing import Any, Protocol

import msgspec

from contender.serving.calls import Call
from contender.serving.refusals import Header


class Endpoint(Protocol):
    """One operation on one model.

    `request` and `answer` are the types of the two bodies: the OpenAPI document is made of them.
    """

    route: str  # among the labels of the metrics
    summary: str
    status: int
    named: Header  # names the model in every answer
    request: Any
    answer: Any

    async def respond(self, body: bytes, call: Call) -> msgspec.Struct:
        """The answer to `body`.

        Raises:
            Refusal: there is none.
        """
        ...
