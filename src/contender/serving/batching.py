"""Calls that arrive together are predicted together: one run of the graph, not one a call."""

import asyncio
from collections.abc import Sequence, Sized
from concurrent.futures import Executor
from typing import Any, Final

from contender.serving.contract import Row
from contender.serving.model import Model

# One row costs 40 us, eight 55 us, 64 rows 260 us: what a run costs is mostly its start. More than
# 64 rows would keep the event loop from everybody else for too long; they go to a thread.
INLINE_ROWS: Final = 64
WORTH_IT: Final = 3  # calls: to wait for the end of a turn costs what one run costs


class Batcher:
    """Predicts rows for many callers; `crowd` holds one item a call that is under way.

    Nobody waits for a batch to fill: it holds what was read from all sockets in one turn of the
    event loop, and is predicted at the end of that turn. With one or two callers nobody waits even
    for that.
    """

    def __init__(self, model: Model, executor: Executor, crowd: Sized) -> None:
        self._model = model
        self._executor = executor
        self._crowd = crowd
        self._waiting: list[tuple[Sequence[Row], asyncio.Future[list[Any]]]] = []

    async def predict(self, rows: Sequence[Row]) -> list[Any]:
        """The prediction of each row.

        Raises:
            PredictionError: a prediction of these rows is NaN or infinite.
        """
        if len(rows) == 1 and len(self._crowd) < WORTH_IT:
            return [self._model.predict_one(rows[0])]
        loop = asyncio.get_running_loop()
        if len(rows) > INLINE_ROWS:
            return await loop.run_in_executor(self._executor, self._model.predict, rows)
        if not self._waiting:
            loop.call_soon(self._run)
        future: asyncio.Future[list[Any]] = loop.create_future()
        self._waiting.append((rows, future))
        return await future

    def _run(self) -> None:
        waiting, self._waiting = self._waiting, []
        while waiting:
            count = total = 0
            while count < len(waiting) and (total := total + len(waiting[count][0])) <= INLINE_ROWS:
                count += 1
            self._settle(waiting[:count])
            del waiting[:count]

    def _settle(self, batch: list[tuple[Sequence[Row], asyncio.Future[list[Any]]]]) -> None:
        try:
            predictions = self._model.predict([row for rows, _ in batch for row in rows])
        # Whatever went wrong, nobody must wait for ever.
        except Exception as error:  # pylint: disable=broad-exception-caught
            self._settle_apart(batch, error)
            return
        start = 0
        for rows, future in batch:
            stop = start + len(rows)
            if not future.done():
                future.set_result(predictions[start:stop])
            start = stop

    def _settle_apart(
        self, batch: list[tuple[Sequence[Row], asyncio.Future[list[Any]]]], error: Exception
    ) -> None:
        """Let the error reach only the callers whose own rows cause it."""
        if len(batch) == 1:
            if not batch[0][1].done():
                batch[0][1].set_exception(error)
            return
        for item in batch:
            self._settle([item])
