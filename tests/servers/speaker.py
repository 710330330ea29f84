"""Servers that speak no protocol: each connection is told some words, or nothing, then hung up."""

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Iterator


@contextlib.contextmanager
def speaking(*words: bytes, after_s: float = 0.0) -> Iterator[str]:
    """The address of a server that says `words`, one a connection, then hangs up."""
    turns = itertools.cycle(words)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def work() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, contextlib.suppress(OSError):
                        connection.recv(65536)
                        time.sleep(after_s)
                        connection.sendall(next(turns))

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def http(content: bytes, *, status: int = 200) -> bytes:
    """An answer with this content, as it goes over the wire."""
    return b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%s" % (status, len(content), content)
