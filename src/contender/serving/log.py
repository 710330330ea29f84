"""The prediction log: JSON lines that a thread writes, so that no answer ever waits for a disk."""

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Final, NamedTuple, Protocol

from contender.serving.counters import Counters

INTERVAL_S: Final = 0.1
AT_ONCE: Final = 1024  # lines of one write
# After so many lines, about 0.1 ms of work, the thread lets others have the interpreter: it still
# makes 50,000 lines a second, and a call that comes in between does not wait for all that wait.
A_BITE: Final = 16
PAUSE_S: Final = 0.0001


class Entry(NamedTuple):
    """Lines for one file, made by `render` only when the thread gets to them."""

    file: str
    lines: int
    render: Callable[[], Iterable[bytes]]


class Sink(Protocol):
    """Where the lines of one file go."""

    def write(self, content: bytes) -> None:
        """Take all of `content`.

        Raises:
            OSError: it cannot; a part of it may have been taken.
        """

    def close(self) -> None:
        """Take no more."""


class Log:
    """A queue of lines that never blocks, and a thread that brings them to their files.

    `open_sink` opens the file of a name. What does not fit into the queue or onto the disk is
    dropped and counted.
    """

    def __init__(
        self, open_sink: Callable[[str], Sink], counters: Counters, *, queue_lines: int
    ) -> None:
        self._open_sink = open_sink
        self._counters = counters
        self._queue_lines = queue_lines
        self._sinks: dict[str, Sink] = {}
        self._queue: deque[Entry] = deque()
        # Two counts, each with one thread that writes it, instead of one that needs a lock.
        self._offered = self._taken = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work, name="log", daemon=True)
        self._thread.start()

    def offer(self, entry: Entry) -> bool:
        """True once `entry` is in the queue; false when it is full and the entry was dropped."""
        if self._offered - self._taken + entry.lines > self._queue_lines:
            self._counters.add("log_dropped", entry.lines)
            return False
        self._offered += entry.lines
        self._queue.append(entry)
        return True

    def close(self) -> None:
        """Write what is in the queue, then close the files."""
        self._end.set()
        self._thread.join(timeout=5)
        for sink in self._sinks.values():
            sink.close()

    def _work(self) -> None:
        while not self._end.wait(INTERVAL_S):
            self._write_all()
        self._write_all()

    def _write_all(self) -> None:
        while self._queue:
            lines: dict[str, list[bytes]] = {}
            taken = 0
            while self._queue and taken < AT_ONCE:
                entry = self._queue.popleft()
                for line in entry.render():
                    lines.setdefault(entry.file, []).append(line)
                    taken += 1
                    if taken % A_BITE == 0:
                        time.sleep(PAUSE_S)
            for name, content in lines.items():
                self._write(name, content)
            self._taken += taken

    def _write(self, name: str, lines: list[bytes]) -> None:
        try:
            if name not in self._sinks:
                self._sinks[name] = self._open_sink(name)
            self._sinks[name].write(b"".join(lines))
            self._counters.add("log_written", len(lines))
        except OSError:
            # What is half-written ends that file; the next lines begin another one.
            self._counters.add("log_failed", len(lines))
            if sink := self._sinks.pop(name, None):
                sink.close()


def is_writable(folder: Path) -> bool:
    """True when files can be made in `folder`, or it can itself be made."""
    place = next(path for path in (folder, *folder.parents) if path.exists())
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)


class RotatingFile:
    """The newest of a row of files `<name>-<time>-<process>.jsonl`, as large as `files` full ones.

    What is beyond goes, the oldest first. A restart begins a file of its own.

    Raises:
        OSError: the folder cannot be written to.
    """

    def __init__(self, folder: Path, name: str, file_bytes: int, files: int) -> None:
        self._folder, self._name = folder, name
        self._file_bytes, self._files = file_bytes, files
        self._stream = self._start()

    def write(self, content: bytes) -> None:
        """Append `content`, then begin the next file when this one is full."""
        view = memoryview(content)
        while view:
            view = view[self._stream.write(view) :]
        if self._stream.tell() >= self._file_bytes:
            self._stream.close()
            self._stream = self._start()

    def close(self) -> None:
        """Close the file; one without a line, as a full disk makes them, is not left behind."""
        is_empty = self._stream.tell() == 0
        self._stream.close()
        if is_empty:
            self._path.unlink(missing_ok=True)

    def _start(self) -> IO[bytes]:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._delete_oldest()
        self._path = self._folder / f"{self._name}-{time.time_ns()}-{os.getpid()}.jsonl"
        return self._path.open("ab", buffering=0)

    def _delete_oldest(self) -> None:
        # By size: were they counted, a service that is often restarted would lose its log. Names
        # begin with the time: their order is their age, whichever process wrote them.
        room = self._file_bytes * (self._files - 1)
        for path in sorted(self._folder.glob(f"{self._name}-*.jsonl"), reverse=True):
            with contextlib.suppress(OSError):
                size = path.stat().st_size
                if room <= 0:
                    path.unlink()
                room -= size
