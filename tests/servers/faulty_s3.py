"""S3 servers with one fault each, which no real server can be asked to have."""

# pylint: disable=invalid-name  # http.server calls do_GET and the like by these names

import contextlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class FaultyServer:
    """A running server; `reached` is set when a client has come to its fault."""

    url: str
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


class Fault(http.server.BaseHTTPRequestHandler):
    """Knows no object and takes none; the faults below differ from it."""

    protocol_version = "HTTP/1.1"
    faulty: FaultyServer

    def do_GET(self) -> None:
        """No such object."""
        self.answer(404)

    do_HEAD = do_GET

    def do_PUT(self) -> None:
        """Thank you."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(200)

    def answer(self, status: int, body: bytes = b"", *, length: int | None = None) -> None:
        """Send `body`; with `length`, promise more than that."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("ETag", '"0"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
            self.wfile.flush()

    def hang(self) -> None:
        """Say nothing more until the server ends."""
        self.faulty.reached.set()
        self.faulty.released.wait()
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Be quiet."""


class Drops(Fault):
    """Takes every object and keeps none."""


class Changes(Fault):
    """Takes every object and gives back other bytes."""

    BODY: Final = b"something else"

    def do_GET(self) -> None:
        """Always the same; there is nothing to list."""
        if "?" in self.path:
            self.answer(404)
        else:
            self.answer(200, self.BODY)

    do_HEAD = do_GET


class Holds(Fault):
    """Never finishes to take an object."""

    def do_PUT(self) -> None:
        """Wait."""
        self.hang()


class Half(Fault):
    """Has every object, and gives half of it."""

    def do_HEAD(self) -> None:
        """The size of the whole."""
        self.answer(200, length=1000)

    def do_GET(self) -> None:
        """Half of it, then silence."""
        self.answer(200, b"x" * 500, length=1000)
        self.hang()


@contextlib.contextmanager
def running_fault(fault: type[Fault]) -> Iterator[FaultyServer]:
    """A server with `fault`, on a thread of this process."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), fault) as server:
        faulty = FaultyServer(f"http://127.0.0.1:{server.server_address[1]}")
        server.RequestHandlerClass = type(fault.__name__, (fault,), {"faulty": faulty})
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield faulty
        finally:
            faulty.released.set()
            server.shutdown()
            thread.join()
