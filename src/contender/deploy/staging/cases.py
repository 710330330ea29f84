"""What all checks have in common: who is asked, and the count of cases that a check has tried."""

import time
from dataclasses import dataclass
from typing import Any, Final

import httpx

from contender.bundle import Golden
from contender.params import Params
from contender.problem.schema import Schema

CHECK_S: Final = 30.0  # a check that is not over by then has failed; most take one second


class Unmet(Exception):
    """A case did not come out as it should; the message says how."""


@dataclass(frozen=True)
class Subject:
    """The server at `address`, a client of it, and what it should be."""

    address: str
    client: httpx.Client
    digest: str
    schema: Schema
    golden: Golden
    params: Params


class Cases:
    """Counts the cases of one check: one that has tried nothing has shown nothing."""

    def __init__(self, limit_s: float = CHECK_S) -> None:
        self.count = 0
        self._limit_s = limit_s
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the check has taken."""
        return time.monotonic() - self._started

    def expect(self, holds: bool, otherwise: str) -> None:
        """Nothing, once this case holds.

        Raises:
            Unmet: it does not, or comes too late.
        """
        self.count += 1
        if not holds:
            raise Unmet(otherwise)
        if self.seconds > self._limit_s:
            raise Unmet(f"it was not over after {self._limit_s:g} seconds and {self.count} cases")


def find(content: Any, *path: str | int) -> Any:
    """What lies at `path` in what was JSON; None when nothing does."""
    for step in path:
        try:
            content = content[step]
        except (LookupError, TypeError):
            return None
    return content
