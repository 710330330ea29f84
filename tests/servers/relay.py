"""A server in front of a service that passes on every call, and may spoil the answers."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

PASSED_ON = ("content-type", "x-request-id", "traceparent")
KEPT = (*PASSED_ON, "x-model-digest")


@dataclass
class Passing:
    """One answer on its way back to whoever sent `asked` to `path`."""

    path: str
    asked: bytes
    status: int
    headers: dict[str, str]
    content: bytes

    def edit(self, change: Callable[[Any], Any]) -> None:
        """Change what the JSON of the answer says."""
        value = json.loads(self.content)
        change(value)
        self.content = json.dumps(value).encode()


Spoil = Callable[[Passing], None]


class _Relay(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: who gets no answer will tell."""


@contextlib.contextmanager
def relaying(url: str, spoil: Spoil) -> Iterator[str]:
    """The address of a server that answers as the one at `url`, and as `spoil` makes of it."""

    class Handler(BaseHTTPRequestHandler):
        """Asks the other server, then answers."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        client = httpx.Client(base_url=url, timeout=30, trust_env=False)

        def do_GET(self) -> None:  # pylint: disable=invalid-name  # http.server wants this name
            """Pass the call on."""
            asked = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
            answer = self.client.request(self.command, self.path, content=asked, headers=headers)
            kept = {name: answer.headers[name] for name in KEPT if name in answer.headers}
            passing = Passing(self.path, asked, answer.status_code, kept, answer.content)
            spoil(passing)
            self.send_response(passing.status)
            for name, value in passing.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(passing.content)))
            self.end_headers()
            self.wfile.write(passing.content)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:  # pylint: disable=redefined-builtin
            """Say nothing."""

    with _Relay(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            Handler.client.close()
