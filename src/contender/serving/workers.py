"""More than one worker: forked, told what the parent is told, and replaced when they die."""

import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Final

PASSED_ON: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PAUSE_S: Final = 1.0  # before a worker that died is replaced: one that always dies must not spin


def supervise(work: Callable[[int], int], workers: int) -> int:
    """The exit code of this process: what `work` returns in a worker, 0 in the parent of all.

    The parent returns once all workers were told to end and have ended; a worker returns too, in
    the process that was forked for it. Nothing that owns a thread may have been made before.
    """
    return _Supervisor(work).run(workers)


class _Supervisor:
    def __init__(self, work: Callable[[int], int]) -> None:
        self._work = work
        self._workers: dict[int, int] = {}
        self._is_ending = False

    def run(self, workers: int) -> int:
        """The exit code of this process."""
        for number in PASSED_ON:
            signal.signal(number, self._pass_on)
        waiting = list(range(workers))
        while waiting or self._workers:
            for worker in waiting:
                if self._fork(worker):
                    return self._work(worker)
            waiting = self._wait()
        return 0

    def _fork(self, worker: int) -> bool:
        """True in the new process."""
        sys.stdout.flush()
        sys.stderr.flush()
        process = os.fork()
        if process == 0:
            for number in PASSED_ON:
                signal.signal(number, signal.SIG_DFL)
            return True
        self._workers[process] = worker
        return False

    def _wait(self) -> list[int]:
        """The workers to be started again, once one has ended."""
        process, _ = os.wait()
        worker = self._workers.pop(process)
        if not self._is_ending:
            time.sleep(PAUSE_S)
        return [] if self._is_ending else [worker]

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._is_ending = self._is_ending or number != signal.SIGHUP
        for process in list(self._workers):
            os.kill(process, number)
