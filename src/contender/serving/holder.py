"""The model at work, and its replacement: another takes over between two calls, or not at all."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Final

from contender.errors import ContenderError
from contender.serving.endpoint import Endpoint
from contender.serving.metrics import Metrics
from contender.serving.model import Model
from contender.serving.refusals import Refusal, unavailable

LOGGER: Final = logging.getLogger(__name__)

Endpoints = Mapping[str, Endpoint]


class Holder:
    """The endpoints of one model, and what is known of the service's health.

    A call takes one endpoint and keeps it to its end: decoder, graph and digest are of one model.
    """

    def __init__(
        self,
        read: Callable[[], Model],
        build: Callable[[Model], Endpoints],
        *,
        executor: Executor,
        metrics: Metrics,
    ) -> None:
        self.model: Model | None = None
        self.endpoints: Endpoints = {}
        self.is_draining = False
        self._why_empty = "the model is being loaded"
        self._read, self._build = read, build
        self._executor, self._metrics = executor, metrics
        self._lock = asyncio.Lock()

    @property
    def why_not_ready(self) -> str | None:
        """None when ready: a model is loaded, its digest proven, its golden records predicted."""
        if self.is_draining:
            return "the service is about to end"
        return None if self.model else self._why_empty

    def refuse(self) -> Refusal:
        """The refusal of a call that no endpoint is there for."""
        if self.model is None:
            return unavailable(self._why_empty)
        return Refusal(404, f"only `{self.model.name}` `{self.model.digest}` is served here")

    async def load(self) -> None:
        """Read a model and let it take over; when that fails, the one at work stays."""
        async with self._lock:
            loop = asyncio.get_running_loop()
            try:
                model = await loop.run_in_executor(self._executor, self._read)
            # A service must not die of a bad bundle, whatever is bad about it.
            except Exception as error:  # pylint: disable=broad-exception-caught
                self._refuse(error)
                return
            self._metrics.show(model.schema, model.digest)
            self._metrics.counters.add("loads")
            self.endpoints, self.model = self._build(model), model
            LOGGER.info("model loaded", extra={"fields": {"digest": model.digest}})

    def _refuse(self, error: Exception) -> None:
        said = error.args[0] if isinstance(error, ContenderError) else repr(error)
        self._why_empty = f"the model could not be loaded: {said}"
        self._metrics.counters.add("failed_loads")
        LOGGER.error("model not loaded", extra={"fields": {"reason": said}})
