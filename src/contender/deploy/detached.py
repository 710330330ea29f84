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

# In the new process, before it becomes the command: a session of its own, and its id in the file
# whose lock it has inherited. Nobody waits for it, so it is nobody's child.
_BECOME: Final = """
import os, sys
if os.fork():
    os._exit(0)
os.setsid()
os.ftruncate(int(sys.argv[1]), 0)
os.write(int(sys.argv[1]), str(os.getpid()).encode())
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
            MissingError: there is no such program.
            DeployError: the process could not be made.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a+b") as lock, self.output.open("ab") as output:
            if not _take(lock.fileno()):
                return False
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
            if not self.is_alive():
                return
            with contextlib.suppress(ProcessLookupError, ValueError):
                os.killpg(int(self._lock.read_text(encoding="ascii")), number)
            end = time.monotonic() + seconds
            while self.is_alive() and time.monotonic() < end:
                time.sleep(PAUSE_S)

    def last_words(self) -> str:
        """The end of what it said."""
        said = self.output.read_text(encoding="utf-8", errors="replace")
        return said[-400:].strip() or "nothing"

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
