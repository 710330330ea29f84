"""One writer at a time, on any MLflow: by a name that the registry lets only one process take.

MLflow can not compare and swap, but it does refuse a second registered model of the same name, on
every backend and across hosts. `<name>.lock` exists while somebody is between reading and writing.
"""

import contextlib
import time
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from contender.errors import RaceError

if TYPE_CHECKING:
    from mlflow import MlflowClient

HOLDER: Final = "holder"
LEASE_S: Final = 15.0  # the work between reading and writing takes well under one second
PAUSE_S: Final = 0.05
# The second: somebody had it when MLflow tried, and had given it back when MLflow looked who.
HELD: Final = ("RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST")


class Turn:
    """The right to write, until it is given back or `lease_s` has passed."""

    def __init__(self, client: "MlflowClient", name: str, *, lease_s: float) -> None:
        self._client, self._name, self._lease_s = client, f"{name}.lock", lease_s
        self._holder = uuid.uuid4().hex
        self._since = time.monotonic()

    def take(self) -> bool:
        """True when nobody else had it."""
        from mlflow.exceptions import MlflowException

        self._since = time.monotonic()
        try:
            self._client.create_registered_model(self._name, tags={HOLDER: self._holder})
        except MlflowException as error:
            if error.error_code in HELD:
                return False
            raise
        return True

    def holder(self) -> str | None:
        """Who has it now."""
        found = self._client.search_registered_models(f"name='{self._name}'")
        return found[0].tags.get(HOLDER, "unknown") if found else None

    def give_back(self) -> None:
        """Let the next one in, unless the lease ran out and somebody else is in already."""
        if self.holder() == self._holder:
            self.end()

    def end(self) -> None:
        """Remove the lock, whoever holds it."""
        from mlflow.exceptions import MlflowException

        with contextlib.suppress(MlflowException):  # gone already: what was wanted
            self._client.delete_registered_model(self._name)

    def require(self) -> None:
        """Nothing, as long as it is safe to write.

        Raises:
            RaceError: so much time has passed that somebody else may be let in.
        """
        if time.monotonic() - self._since > self._lease_s / 2 or self.holder() != self._holder:
            raise RaceError(
                f"the registry took more than {self._lease_s / 2:g} s to answer; expected to write "
                "while nobody else does. Nothing was changed.",
                hint="run the same command again",
            )


@contextlib.contextmanager
def alone(client: "MlflowClient", name: str, *, lease_s: float) -> Iterator[Turn]:
    """The only turn at `name`, waited for; one that was never given back ends after `lease_s`.

    Time is told by this process's own clock from when it first saw that holder, so clocks of
    different hosts need not agree.
    """
    turn = Turn(client, name, lease_s=lease_s)
    seen, since = turn.holder(), time.monotonic()
    while not turn.take():
        time.sleep(PAUSE_S)
        if (holder := turn.holder()) != seen:
            seen, since = holder, time.monotonic()
        elif holder and time.monotonic() - since > lease_s:
            turn.end()
    try:
        yield turn
    finally:
        turn.give_back()
