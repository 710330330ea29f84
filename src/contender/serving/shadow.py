"""Copies of calls for a server that nobody waits for, and what became of them.

Around the front: a call is answered first, and its copy is put into a queue that never blocks. One
task asks the other server, one copy after the other, so however many calls there are, at most one
is copied at a time.
"""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import numpy as np

from contender.errors import ParameterError
from contender.serving.calls import Receive, Scope, Send
from contender.serving.counters import Counters

QUEUE: Final = 64  # copies that wait; with bodies as long as they may be, 64 MiB
TIMEOUT_S: Final = 5.0
TOLERANCE: Final = 1e-6
ROOM: Final = 1 << 16  # bytes of any answer, be it a long refusal
GROWTH: Final = 8  # a number takes up to 25 bytes there that took 4 here
ID_BYTES: Final = 64  # no service takes a longer name of a call
_MODEL: Final = re.compile(r"/predict|/invocations|/v2/models/[^/]+(/versions/[^/]+)?/infer")
_VERSION: Final = re.compile(rb"/versions/[^/]+")  # of the model here; the other has its own
JUDGED: Final = (200, 400, 422)  # answers that depend on what the body says
_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_CLOSE: Final = re.compile(rb"\r\nconnection: *close\r\n", re.IGNORECASE)


class Tensor(msgspec.Struct):
    """One output in the Open Inference Protocol."""

    data: list[float]


class Predictions(msgspec.Struct):
    """What an answer of any protocol predicts."""

    predictions: list[float | list[float]] | dict[str, list[float]] = []
    outputs: list[Tensor] = []

    def values(self) -> np.ndarray:
        """All numbers; ragged ones are none."""
        if self.outputs:
            return np.asarray([tensor.data for tensor in self.outputs])
        told = self.predictions
        return np.asarray(list(told.values()) if isinstance(told, dict) else told)


_DECODER: Final = msgspec.json.Decoder(Predictions)


@dataclass(slots=True)
class Copy:
    """One call, and what it was answered here."""

    path: bytes  # as it came: what is quoted in it stays so
    id: bytes = b""
    body: bytearray = field(default_factory=bytearray)
    status: int = 0
    answer: bytearray = field(default_factory=bytearray)


class Shadow:
    """The application `app`, and copies of the calls to its model for the server at `address`.

    Each copy is counted once, by what became of it: answered the same, otherwise, not as a service
    answers, or dropped because too many were waiting.
    """

    def __init__(self, app: Any, address: tuple[str, int], counters: Counters) -> None:
        self._app = app
        self._address = address
        self._counters = counters
        self._queue: asyncio.Queue[Copy] = asyncio.Queue(QUEUE)
        self._task: asyncio.Task[None] | None = None
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _MODEL.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        copy, is_whole = Copy(_VERSION.sub(b"", scope["raw_path"])), False

        async def receive_too() -> Any:
            nonlocal is_whole
            message = await receive()
            copy.body += message.get("body", b"")
            is_whole = message["type"] == "http.request" and not message.get("more_body")
            return message

        async def send_too(message: Any) -> None:
            if message["type"] == "http.response.start":
                copy.status = message["status"]
                copy.id = dict(message["headers"]).get(b"x-request-id", b"")
            copy.answer += message.get("body", b"")
            await send(message)

        await self._app(scope, receive_too, send_too)
        if is_whole and copy.status in JUDGED:
            self._offer(copy)

    def _offer(self, copy: Copy) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())
        try:
            self._queue.put_nowait(copy)
        except asyncio.QueueFull:
            self._count("dropped")

    async def _work(self) -> None:
        while True:
            copy = await self._queue.get()
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    status, answer = await self._ask(copy)
                self._count(compare(copy, status, answer))
            # Whatever the other server does is its own failure, and the next copy is sent.
            except Exception:  # pylint: disable=broad-exception-caught
                self._hang_up()
                self._count("failed")

    async def _ask(self, copy: Copy) -> tuple[int, bytes]:
        """The status and the body that the other server answers."""
        if self._connection:
            try:
                return await self._exchange(copy)
            # It was kept open too long for the other side; a new one is not.
            except (OSError, EOFError):
                self._hang_up()
        return await self._exchange(copy)

    async def _exchange(self, copy: Copy) -> tuple[int, bytes]:
        host, port = self._address
        if self._connection is None:
            self._connection = await asyncio.open_connection(host, port)
        reader, writer = self._connection
        head = b"POST %s HTTP/1.1\r\nhost: %s:%d\r\n" % (copy.path, host.encode(), port)
        head += b"content-type: application/json\r\ncontent-length: %d\r\n" % len(copy.body)
        head += b"x-request-id: %s\r\n\r\n" % (b"shadow-" + copy.id)[:ID_BYTES]
        writer.write(head + copy.body)
        await writer.drain()
        told = await reader.readuntil(b"\r\n\r\n")
        status, length = _STATUS.match(told), _LENGTH.search(told)
        if not status or not length or int(length[1]) > max(ROOM, GROWTH * len(copy.answer)):
            raise ValueError("no answer of a service")
        answer = await reader.readexactly(int(length[1]))
        if _CLOSE.search(told):
            self._hang_up()
        return int(status[1]), answer

    def _hang_up(self) -> None:
        if self._connection:
            self._connection[1].close()
            self._connection = None

    def _count(self, outcome: str) -> None:
        self._counters.add(("shadow", outcome))


def compare(copy: Copy, status: int, answer: bytes) -> str:
    """How `answer` of another server compares with the one here: same, different or failed."""
    if status >= 500:
        return "failed"
    if status != 200 or copy.status != 200:
        return "same" if status == copy.status else "different"
    try:
        other = _DECODER.decode(answer).values()
    except (msgspec.DecodeError, ValueError):
        return "failed"
    if not other.size or not np.isfinite(other).all():
        return "failed"
    own = _DECODER.decode(copy.answer).values()
    is_same = own.shape == other.shape and np.allclose(other, own, rtol=TOLERANCE, atol=TOLERANCE)
    return "same" if is_same else "different"


def parse_address(text: str) -> tuple[str, int]:
    """The host and the port in `text`.

    Raises:
        ParameterError: there are none.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ParameterError(
            f"`{text}` is no address to send copies to; expected HOST:PORT.",
            hint="`contender serve --shadow 127.0.0.1:8001`",
        )
    return host, int(port)
