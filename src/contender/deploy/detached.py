"""Processes that outlive the one that started them, and are found again by whoever comes next.

Each holds a lock on its own file as long as it lives: a process id alone may be somebody else's by
the time it is read.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Final

from contender.errors import DeployError, MissingError

# A session of its own, whose id is in the file before anybody may ask for it; the lock on that file
# is inherited. Nobody waits for the one that becomes the command, so it is nobody's child.
_BECOME: Final = """
import os, sys
os.setsid()
os.write(int(sys.argv[1]), str(os.getpid()).encode())
if os.fork():
    os._exit(0)
os.execvp(sys.argv[2], sys.argv[2:])
"""
PAUSE_S: Final = 0.02


@dataclass(frozen=True)
class Detached:
    """One process whose lock and output lie in `folder`."""

    folder: Path

    @property
    def output(self) -> Path:
        """What it says."""
        return self.folder / "output.log"

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> bool:
        """True once `command` was started; false when the one before is still alive.

        Raises:
            DeployError: the process could not be made.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a+b") as lock, self.output.open("ab") as output:
            if not _take(lock.fileno()):
                return False
            lock.truncate(0)
            become = [sys.executable, "-I", "-S", "-c", _BECOME, str(lock.fileno()), *command]
            try:
                subprocess.run(
                    become,
                    check=True,
                    env={**os.environ, **environment},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=[lock.fileno()],
                )
            except (OSError, subprocess.CalledProcessError) as error:
                raise DeployError(
                    f"`{command[0]}` could not be started: {error}; expected a new process.",
                    hint=f"`{self.output}` may say more",
                ) from error
        return True

    def is_alive(self) -> bool:
        """True while the process, or one that it forked, lives."""
        try:
            with self._lock.open("rb") as lock:
                return not _take(lock.fileno())
        except FileNotFoundError:
            return False

    def stop(self, *, seconds: float) -> None:
        """Tell it to end, wait up to `seconds`, then end it; nothing when it is not alive."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            end, is_told = time.monotonic() + seconds, False
            while self.is_alive() and time.monotonic() < end:
                is_told = is_told or self._tell(number)
                time.sleep(PAUSE_S)

    def last_words(self) -> str:
        """The end of what it said."""
        said = self.output.read_text(encoding="utf-8", errors="replace")
        return said[-400:].strip() or "nothing"

    def _tell(self, number: signal.Signals) -> bool:
        """True once the process got the signal; one that was just started has no id yet."""
        with contextlib.suppress(ProcessLookupError, ValueError):
            os.killpg(int(self._lock.read_text(encoding="ascii")), number)
            return True
        return False

    @property
    def _lock(self) -> Path:
        return self.folder / "process"


def find_program(name: str, *, hint: str) -> str:
    """The path of the program `name`, beside this Python or on the PATH.

    Raises:
        MissingError: it is in neither place.
    """
    beside = os.path.dirname(sys.executable)
    found = which(name, path=os.pathsep.join([beside, os.environ.get("PATH", os.defpath)]))
    if found is None:
        raise MissingError(
            f"the program `{name}` is not there; expected it on the PATH.", hint=hint
        )
    return found


def _take(descriptor: int) -> bool:
    """True once the lock is this process's own."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
