"""One call: who it is in every log, and its body, read within the limits."""

import itertools
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from contender.serving.refusals import CLOSE, Refusal

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Scope = MutableMapping[str, Any]

_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_TRACE: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)


class Disconnected(Exception):
    """The caller went away before the call was complete."""


class Call:
    """The names of one call: its own, and that of the W3C trace it is part of, if any."""

    __slots__ = ("content_type", "id", "is_read", "method", "traceparent")

    def __init__(self, id_: str, scope: Scope, headers: Mapping[bytes, bytes]) -> None:
        self.id = id_
        self.method: str = scope["method"]
        self.content_type = headers.get(b"content-type", b"application/json")
        traceparent = headers.get(b"traceparent")
        self.traceparent = traceparent if traceparent and _TRACE.fullmatch(traceparent) else None
        self.is_read = False

    @property
    def trace_id(self) -> str | None:
        """The 32 hexadecimal digits of the trace."""
        return self.traceparent[3:35].decode() if self.traceparent else None

    def describe(self) -> dict[str, str | None]:
        """The names of the call, for a log."""
        return {"request_id": self.id, "trace_id": self.trace_id}


class CallBook:
    """Names calls: as the caller says in `X-Request-ID`, else by a number that is never reused."""

    def __init__(self) -> None:
        self._prefix = secrets.token_hex(8)
        self._numbers = itertools.count(1)

    def open(self, scope: Scope) -> Call:
        """The call of this ASGI scope."""
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id")
        if given is not None and _ID.fullmatch(given):
            return Call(given.decode(), scope, headers)
        return Call(f"{self._prefix}-{next(self._numbers):x}", scope, headers)


async def read_body(receive: Receive, *, limit: int) -> bytes:
    """The body of the call, counted as it comes: what the header says of its length is no proof.

    Raises:
        Refusal: it is longer than `limit` bytes.
        Disconnected: the caller went away.
    """
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        _require_length(len(body), limit)
        return body
    chunks, length = [], 0
    while True:
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunks.append(message.get("body", b""))
        length += len(chunks[-1])
        _require_length(length, limit)
        if not message.get("more_body"):
            return b"".join(chunks)
        message = await receive()


def _require_length(length: int, limit: int) -> None:
    if length > limit:
        message = f"the body is longer than {limit} bytes; send fewer rows at once"
        raise Refusal(413, message, header=CLOSE)
