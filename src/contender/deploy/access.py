"""What the proxy wrote down of each call that it passed on: who answered, how, how fast."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contender.errors import IntegrityError


@dataclass(frozen=True)
class Answer:
    """One answer to a call to the model; `digest` is the bundle that it names, if any."""

    address: str
    status: int
    latency_ms: float
    digest: str | None

    @property
    def is_error(self) -> bool:
        """True when the fault is the server's: 5xx, which the proxy also says of a timeout."""
        return self.status >= 500


def read_answers(path: Path, offset: int) -> tuple[list[Answer], int]:
    """The answers in the log at `path` from byte `offset` on, and the byte to go on from.

    A line that is not finished yet is left for the next time; no file yet means no answers.

    Raises:
        IntegrityError: the log is shorter than it was, or a line is not what the proxy writes.
    """
    if not path.exists() and not offset:
        return [], 0
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(offset)
            content = stream.read()
    except OSError as error:
        raise _damaged(path, str(error)) from error
    if size < offset:
        raise _damaged(path, f"it has {size} bytes, {offset} of which had been read")
    end = content.rfind(b"\n") + 1
    answers = [_parse(path, line) for line in content[:end].splitlines()]
    return [answer for answer in answers if answer], offset + end


def _parse(path: Path, line: bytes) -> Answer | None:
    """The answer in `line`; None when the call did not ask for predictions."""
    try:
        entry = json.loads(line)
        if not _asks_model(entry["request"]):
            return None
        latency_ms = 1000 * float(entry["duration"])
        return Answer(entry["upstream"] or "", int(entry["status"]), latency_ms, entry["digest"])
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
