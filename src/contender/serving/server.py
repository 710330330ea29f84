"""`contender serve`: from the first signal to the last."""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import uvicorn

from contender.bundle import open_bundle
from contender.errors import ParameterError
from contender.params import ServingParams
from contender.serving.app import build_app, build_endpoints
from contender.serving.endpoint import Endpoint
from contender.serving.events import EVENTS, Events, Stderr
from contender.serving.holder import Holder
from contender.serving.log import Log, RotatingFile, Sink, is_writable
from contender.serving.metrics import Metrics
from contender.serving.model import Model
from contender.serving.service import Service
from contender.serving.shadow import Shadow
from contender.serving.workers import supervise

LOGGER: Final = logging.getLogger(__name__)
GRACE_S: Final = 28  # from SIGTERM to the end, whatever is still under way then
BACKLOG: Final = 2048
# The thread of the log may hold the interpreter for as long; Python's own 5 ms would be seen.
SWITCH_S: Final = 0.0001


@dataclass(frozen=True)
class Settings:
    """What is served, where, and the folder of the prediction log."""

    bundle: Path
    digest: str | None
    host: str
    port: int
    workers: int
    log: Path
    shadow: tuple[str, int] | None = None  # host and port of who gets copies of calls


def serve(settings: Settings, params: ServingParams) -> int:
    """The exit code, once the service was told to end and has answered all that it had accepted.

    SIGTERM: not ready at once, still answering for `drain_s`, then the end. SIGINT: the end.
    SIGHUP: load what the path of the bundle leads to now; if that fails, the model at work stays.

    Raises:
        ParameterError: nobody can listen at that address.
    """
    listener = listen(settings.host, settings.port)
    metrics = Metrics(workers=settings.workers, has_shadow=settings.shadow is not None)
    work = partial(_work, listener, metrics, settings, params)
    return supervise(work, settings.workers) if settings.workers > 1 else work(0)


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections at `host` and `port`.

    Raises:
        ParameterError: the address is taken, or not one of this machine.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        raise ParameterError(
            f"nobody can listen at `{host}:{port}`: {error}; expected a free port of this machine.",
            hint="`--port 0` takes any that is free",
        ) from error


class Server(uvicorn.Server):
    """Uvicorn, with a model to load, and an end that no caller notices."""

    def __init__(self, app: Any, holder: Holder, drain_s: float) -> None:
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=max(1, int(GRACE_S - drain_s)),
        )
        super().__init__(config)
        self._holder = holder
        self._drain_s = drain_s
        self._tasks: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then load: until then the answer is that the model is being loaded."""
        await super().startup(sockets)
        await self._holder.load()
        # What is there now stays: the collector need not look at it again, in nobody's call.
        gc.collect()
        gc.freeze()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Answer signals between two calls, never in the middle of one."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._drain)
        loop.add_signal_handler(signal.SIGINT, self._end)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        yield

    def _drain(self) -> None:
        """Proxies see that the service is not ready, and callers that their connections close."""
        if not self._holder.is_draining:
            LOGGER.info("draining")
            self._holder.is_draining = True
            asyncio.get_running_loop().call_later(self._drain_s, self._end)

    def _end(self) -> None:
        self._holder.is_draining = True
        self.force_exit = self.should_exit
        self.should_exit = True

    def _reload(self) -> None:
        task = asyncio.get_running_loop().create_task(self._holder.load())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _work(
    listener: socket.socket,
    metrics: Metrics,
    settings: Settings,
    params: ServingParams,
    worker: int,
) -> int:
    """Serve until told to end; nothing that owns a thread is made before this, in its process."""
    sys.setswitchinterval(SWITCH_S)
    metrics.become(worker)
    log = Log(
        partial(_open_sink, settings.log, params),
        metrics.counters,
        queue_lines=params.log_queue_rows,
    )
    logging.basicConfig(handlers=[Events(log)], level=logging.INFO, force=True)
    logging.captureWarnings(True)
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
    crowd: set[asyncio.Task[None]] = set()

    def build(model: Model) -> dict[str, Endpoint]:
        service = Service(model, executor=executor, crowd=crowd, metrics=metrics, log=log)
        return build_endpoints(service, params)

    read = partial(_read_model, settings, params)
    holder = Holder(read, build, executor=executor, metrics=metrics)
    app = _copy_calls(build_app(holder, metrics, params), settings, metrics)
    server = Server(app, holder, params.drain_s)
    server.server_state.tasks = crowd
    host, port = listener.getsockname()[:2]
    LOGGER.info("listening", extra={"fields": {"host": host, "port": port, "worker": worker}})
    if not is_writable(settings.log):
        where = {"folder": str(settings.log.resolve()), "hint": "mount a volume there"}
        LOGGER.warning("predictions are answered, but not logged", extra={"fields": where})
    try:
        server.run(sockets=[listener])
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        log.close()
    return 0


def _copy_calls(app: Any, settings: Settings, metrics: Metrics) -> Any:
    return Shadow(app, settings.shadow, metrics.counters) if settings.shadow else app


def _read_model(settings: Settings, params: ServingParams) -> Model:
    return Model(open_bundle(settings.bundle, digest=settings.digest), params)


def _open_sink(folder: Path, params: ServingParams, name: str) -> Sink:
    if name == EVENTS:
        return Stderr()
    limits = {"file_bytes": params.log_file_bytes, "files": params.log_files}
    return RotatingFile(folder, name, **limits)
