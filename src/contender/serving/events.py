"""What happens to the service, as one JSON object a line on stderr; nobody waits for its reader."""

import json
import logging
import os
import sys
import traceback
from datetime import UTC, datetime
from functools import partial
from typing import Final

from contender.serving.log import Entry, Log

EVENTS: Final = "events"


class Stderr:
    """Stderr, as a file of the log."""

    def write(self, content: bytes) -> None:
        """Write all of `content`."""
        view = memoryview(content)
        while view:
            view = view[os.write(sys.stderr.fileno(), view) :]

    def close(self) -> None:
        """Nothing: it stays open."""


class Events(logging.Handler):
    """Whatever anybody logs, through the queue of `log`."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.INFO)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Put `record` into the queue."""
        self._log.offer(Entry(EVENTS, 1, partial(_render, record)))


def _render(record: logging.LogRecord) -> list[bytes]:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat()
    line = {"time": moment, "level": record.levelname.lower(), "event": record.getMessage()}
    line |= {"process": record.process} | getattr(record, "fields", {})
    if record.exc_info:
        line["error"] = "".join(traceback.format_exception(*record.exc_info))
    return [json.dumps(line, default=str).encode() + b"\n"]
