"""Where every call comes in: calls to the model are answered here, all others passed on.

Raw ASGI around the FastAPI application: the routing, validation and encoding of FastAPI cost more
than the model itself.
"""

import asyncio
import logging
from time import perf_counter
from typing import Any, Final

import msgspec

from contender.params import ServingParams
from contender.serving.calls import Call, CallBook, Disconnected, Receive, Scope, Send, read_body
from contender.serving.endpoint import Endpoint
from contender.serving.holder import Holder
from contender.serving.metrics import Metrics
from contender.serving.refusals import CLOSE, Header, Problem, Refusal, unavailable

LOGGER: Final = logging.getLogger(__name__)
PATHS: Final = frozenset({"/predict", "/invocations", "/explain", "/feedback"})
ROUTES: Final = {"/metrics": "metrics"} | dict.fromkeys(
    ("/ping", "/health", "/v2/health/live", "/v2/health/ready"), "health"
)
GONE: Final = 499  # counted, though nobody is there to be answered
JSON: Final = b"application/json"
_ENCODE: Final = msgspec.json.Encoder().encode


class Front:
    """The limits, names and counts of every call."""

    def __init__(
        self, app: Any, *, holder: Holder, metrics: Metrics, params: ServingParams
    ) -> None:
        self._app = app
        self._holder = holder
        self._metrics = metrics
        self._params = params
        self._calls = CallBook()
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        path, call = scope["path"], self._calls.open(scope)
        endpoint = self._holder.endpoints.get(path)
        if endpoint is None and not is_of_model(path):
            route = ROUTES.get(path, "other")
            status = await self._pass_on(scope, receive, send, call)
        else:
            route = endpoint.route if endpoint else "other"
            status = await self._answer(endpoint, call, receive, send)
        self._metrics.count_call(route, status, perf_counter() - started)

    async def _answer(
        self, endpoint: Endpoint | None, call: Call, receive: Receive, send: Send
    ) -> int:
        """The status of what was answered."""
        try:
            if endpoint is None:
                raise self._holder.refuse()
            require_json_post(call)
            content = await self._ask(endpoint, receive, call)
        except Refusal as refusal:
            level = logging.ERROR if refusal.status >= 500 else logging.INFO
            what = {"status": refusal.status, "reason": str(refusal), "field": refusal.field}
            LOGGER.log(level, "call refused", extra={"fields": call.describe() | what})
            problem = Problem(str(refusal), call.id, refusal.field)
            return await self._send(send, call, refusal.status, problem, refusal.header)
        except Disconnected:
            return GONE
        return await self._send(send, call, endpoint.status, content, endpoint.named)

    async def _ask(self, endpoint: Endpoint, receive: Receive, call: Call) -> msgspec.Struct:
        """What the endpoint says, within the limits on calls under way, bytes and time."""
        if self._under_way >= self._params.max_concurrency:
            raise unavailable(f"{self._under_way} calls are under way; try again in a moment")
        self._under_way += 1
        self._metrics.counters.add("in_flight")
        try:
            async with asyncio.timeout(self._params.deadline_s):
                body = await read_body(receive, limit=self._params.max_body_bytes)
                call.is_read = True
                return await endpoint.respond(body, call)
        except TimeoutError:
            seconds = f"within {self._params.deadline_s:g} seconds"
            if call.is_read:
                raise Refusal(504, f"there was no answer {seconds}; send fewer rows") from None
            raise Refusal(408, f"the body did not arrive {seconds}", header=CLOSE) from None
        except (Refusal, Disconnected):
            raise
        except Exception as error:
            LOGGER.exception("call failed", extra={"fields": call.describe()})
            raise Refusal(500, "something went wrong; the log of the service says what") from error
        finally:
            self._under_way -= 1
            self._metrics.counters.add("in_flight", -1)

    async def _send(
        self, send: Send, call: Call, status: int, content: msgspec.Struct, extra: Header | None
    ) -> int:
        body = _ENCODE(content)
        length = b"%d" % len(body)
        headers = [(b"content-type", JSON), (b"content-length", length)]
        headers += self._name(call)
        if extra:
            headers.append(extra)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return status

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, call: Call) -> int:
        """The status of what FastAPI answered, under the call's own name."""
        status = 500

        async def send_named(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *self._name(call)]
            await send(message)

        scope["call"] = call
        try:
            await self._app(scope, receive, send_named)
        # FastAPI has answered 500 and then raised again.
        except Exception:  # pylint: disable=broad-exception-caught
            LOGGER.exception("call failed", extra={"fields": call.describe()})
        return status

    def _name(self, call: Call) -> list[Header]:
        """The headers that say which call it was, and not to come back to a server that ends."""
        headers = [(b"x-request-id", call.id.encode())]
        if call.traceparent:
            headers.append((b"traceparent", call.traceparent))
        if self._holder.is_draining:
            headers.append(CLOSE)
        return headers


def is_of_model(path: str) -> bool:
    """True for paths that only a model answers, loaded or not."""
    return path in PATHS or (path.startswith("/v2/models/") and path.endswith("/infer"))


def require_json_post(call: Call) -> None:
    """Nothing for a POST of JSON.

    Raises:
        Refusal: it is something else.
    """
    if call.method != "POST":
        message = f"{call.method} is not possible here; use POST"
        raise Refusal(405, message, header=(b"allow", b"POST"))
    kind = call.content_type
    if kind != JSON and kind.partition(b";")[0].strip().lower() != JSON:
        raise Refusal(415, "the body is declared to be something else than application/json")
