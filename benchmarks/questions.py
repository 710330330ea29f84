"""What is asked of every service: records of the bundle's own schema, and the right answers."""

import json
import random
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from load import Question, write_request

from contender.bundle import MODEL, Bundle
from contender.bundle.golden import to_columns
from contender.inference import Predictor

SEED: Final = 20260101
COMPLETE: Final = 3  # golden records without nulls: the low end, the middle and the high end
TURNS_ROWS: Final = 2_000  # over all questions of one kind
MOST_TURNS: Final = 64


class Examiner:
    """Draws records, and knows what the model of the bundle says to them."""

    def __init__(self, bundle: Bundle) -> None:
        self._schema = bundle.schema()
        self._golden = bundle.golden().records[:COMPLETE]
        self._predictor = Predictor(bundle.read(MODEL))
        if len(self._predictor.outputs) > 1:
            sys.exit("the model gives one number a class; only models of one output are compared")

    def ask(self, path: str, key: str, rows: int, *, is_checked: bool) -> list[Question]:
        """Questions of `rows` records each, as `key` in a body for `path`; always the same ones."""
        drawn = random.Random(SEED)
        turns = max(2, min(MOST_TURNS, TURNS_ROWS // rows))
        asked = [[self._draw(drawn) for _ in range(rows)] for _ in range(turns)]
        return [
            Question(
                write_request(path, json.dumps({key: records}).encode()),
                self._answer(records) if is_checked else None,
            )
            for records in asked
        ]

    def _draw(self, drawn: random.Random) -> dict[str, Any]:
        """One record, each value of it from one of the golden records; booleans as 0 and 1.

        MLflow takes no booleans for the columns of numbers that the model has.
        """
        values = {name: drawn.choice(self._golden)[name] for name in self._schema.features}
        return {name: int(it) if isinstance(it, bool) else it for name, it in values.items()}

    def _answer(self, records: Sequence[Mapping[str, Any]]) -> tuple[float, ...]:
        return tuple(self._predictor.predict(to_columns(records, self._schema)).tolist())
