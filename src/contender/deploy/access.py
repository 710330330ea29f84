"""What the proxy wrote down of each call that it passed on: who answered, how, how fast."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from contender.errors import IntegrityError


class Mark(NamedTuple):
    """How far a log was read: which file that was, and up to which byte."""

    file: int = 0
    offset: int = 0


@dataclass(frozen=True)
class Answer:
    """One answer to a call to the model; `digest` is the bundle that it names, if any."""

    step: str
    address: str
    status: int
    latency_ms: float
    digest: str | None

    @property
    def is_error(self) -> bool:
        """True when the fault is the server's: 5xx, which the proxy also says of a timeout."""
        return self.status >= 500


def read_answers(path: Path, mark: Mark) -> tuple[list[Answer], Mark]:
    """The answers in the log at `path` after `mark`, and the mark to go on from.

    A line that is not finished yet is left for the next time; no file means no answers. Where the
    proxy has begun another file, what was last in the one before is lost: fewer answers count.

    Raises:
        IntegrityError: the log is shorter than it was, or a line is not what the proxy writes.
    """
    try:
        with path.open("rb") as stream:
            file = os.fstat(stream.fileno()).st_ino
            offset = mark.offset if mark.file == file else 0
            if stream.seek(0, 2) < offset:
                raise _damaged(path, f"it is shorter than the {offset:,} bytes read before")
            stream.seek(offset)
            content = stream.read()
    except FileNotFoundError:
        return [], mark
    end = content.rfind(b"\n") + 1
    answers = [_parse(path, line) for line in content[:end].splitlines()]
    return [answer for answer in answers if answer], Mark(file, offset + end)


def _parse(path: Path, line: bytes) -> Answer | None:
    """The answer in `line`; None when the call did not ask for predictions."""
    try:
        entry = json.loads(line)
        if not _asks_model(entry["request"]):
            return None
        return Answer(
            step=entry["step"],
            address=entry["upstream"] or "",
            status=int(entry["status"]),
            latency_ms=1000 * float(entry["duration"]),
            digest=entry["digest"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path, f"a line of it is `{line[:80]!r}`") from error


def _asks_model(request: dict[str, Any]) -> bool:
    path = str(request["uri"]).partition("?")[0]
    return path in ("/predict", "/invocations") or path.endswith("/infer")


def _damaged(path: Path, what: str) -> IntegrityError:
    return IntegrityError(
        f"`{path}` is not the whole log of the proxy: {what}.",
        hint="nobody but the proxy may write it; run `contender rollback`, then release again",
    )
