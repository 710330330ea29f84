"""The log of the service, read again: each prediction with the label that came later."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contender.errors import IntegrityError, MissingError


@dataclass(frozen=True)
class Outcome:
    """One predicted row; `features` are without protected columns, `label` is None until known."""

    time: str
    request_id: str
    row: int
    model_digest: str
    features: Mapping[str, Any]
    prediction: Any
    label: str | float | None


def read_outcomes(folder: Path) -> Iterator[Outcome]:
    """Every prediction logged in `folder`, oldest file first; of two labels the later one counts.

    Raises:
        MissingError: nothing was ever predicted.
        IntegrityError: a line is not what the service writes.
    """
    labels = {
        (line["request_id"], line["row"]): line["label"] for line in _read(folder, "feedback")
    }
    is_empty = True
    for line in _read(folder, "predictions"):
        is_empty = False
        line.pop("trace_id", None)
        yield Outcome(**line, label=labels.get((line["request_id"], line["row"])))
    if is_empty:
        raise MissingError(
            f"`{folder}` holds no predictions; expected files `predictions-*.jsonl`.",
            hint="`contender serve` writes them, to the folder it is given",
        )


def _read(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """The lines of all files `name`; one that a killed service left half-written is no line."""
    for path in sorted(folder.glob(f"{name}-*.jsonl")):
        with path.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if not line.endswith(b"\n"):
                    continue
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise IntegrityError(
                        f"line {number} of `{path}` is not JSON; expected what the service writes.",
                        hint="the file was changed or damaged; move it out of the folder",
                    ) from error
