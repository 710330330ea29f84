"""A server that speaks like ours, has no model, and does wrong as soon as it is told to."""

import json
import os
import random
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from contender.bundle import Bundle, open_bundle
from contender.deploy.detached import Detached
from contender.deploy.local import Processes, find_port
from contender.deploy.target import Server
from tests.servers.serving import ROOT

EDGES: Final = [*(index / 10 for index in range(1, 11)), "+Inf"]


@dataclass(frozen=True)
class FaultyFleet(Processes):
    """Processes of this machine, of which the server of `faulty` is ours only in name.

    What it does wrong, it reads in `fault` with each call.
    """

    faulty: str = ""

    @property
    def fault(self) -> Path:
        """Empty, or not there: nothing is wrong."""
        return self.folder.parent / "fault"

    def start(self, server: Server) -> None:
        """Start what is not alive."""
        process = Detached(self.folder / server.name)
        if server.digest != self.faulty or process.is_alive():
            super().start(server)
            return
        process.folder.mkdir(parents=True, exist_ok=True)
        port = find_port()
        (process.folder / "port").write_text(str(port), encoding="ascii")
        bundle = self.bundles / server.digest
        command = [sys.executable, "-m", __name__, str(port), str(bundle), str(self.fault)]
        process.start(command, {"PYTHONPATH": str(ROOT)})


class Handler(BaseHTTPRequestHandler):
    """One connection to it."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body at once: the proxy would wait 40 ms between the two
    bundle: Bundle
    fault: Path
    predicted = [0] * len(EDGES)

    def do_GET(self) -> None:  # pylint: disable=invalid-name  # as http.server wants it
        """Ready, and its numbers."""
        told = self._told()
        if told == "hangs":
            time.sleep(60)
        if self.path == "/metrics":
            sums = [sum(self.predicted[: place + 1]) for place in range(len(EDGES))]
            lines = [
                f'contender_prediction_bucket{{le="{edge}"}} {count}'
                for edge, count in zip(EDGES, sums, strict=True)
            ]
            self._answer(200, "\n".join(lines))
        elif told == "not ready":
            self._answer(503, "the model is gone")
        else:
            self._answer(200, "{}")

    def do_POST(self) -> None:  # pylint: disable=invalid-name  # as http.server wants it
        """Predictions: the golden ones for golden records, the first of them for all others."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["records"]
        told, golden = self._told(), self.bundle.golden()
        is_golden = asked == golden.records
        predictions = golden.predictions if is_golden else golden.predictions[:1] * len(asked)
        digest = self.bundle.digest
        if told == "crashes":
            os._exit(1)
        if told == "drops connections":
            self.close_connection = True
            return
        if told == "hangs":
            time.sleep(60)
        if told == "is slow" and not is_golden:
            time.sleep(0.2)
        if told == "fails a third" and not is_golden and random.random() < 1 / 3:
            self._answer(500, "{}")
            return
        if told == "answers NaN":
            predictions = [float("nan")] * len(asked)
        if told == "predicts otherwise":
            predictions = [prediction / 2 for prediction in predictions]
        if told == "is another model" or (told == "is two models" and not is_golden):
            digest = "f" * 64
        if told == "says the same to all" and not is_golden:
            predictions = [0.999] * len(asked)
        for prediction in predictions:
            place = next(i for i, edge in enumerate([*EDGES[:-1], 9]) if not prediction > edge)
            self.predicted[place] += 1
        content = {"predictions": predictions, "model_digest": digest}
        self._answer(200, json.dumps(content), {"X-Model-Digest": digest})

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _told(self) -> str:
        return self.fault.read_text(encoding="utf-8") if self.fault.exists() else ""

    def _answer(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(text)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())


if __name__ == "__main__":
    Handler.bundle = open_bundle(Path(sys.argv[2]))
    Handler.fault = Path(sys.argv[3])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
