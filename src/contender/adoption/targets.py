"""What kind of thing the target is, and whether it can be learnt at all."""

from typing import Final

import numpy as np

from contender.adoption.columns import Seen
from contender.errors import DataError, ParameterError
from contender.problem.schema import Task

MAX_CLASSES: Final = 50
MAX_CODES: Final = 12  # whole numbers up to so many are taken for classes, more for amounts
MIN_CLASS_ROWS: Final = 5
POSITIVE: Final = ("yes", "true", "1", "positive", "bad", "malignant", "fraud", "default", "event")


def find_task(target: Seen, wish: str | None) -> tuple[Task, str]:
    """What kind of thing `target` is, and why.

    Raises:
        DataError: it has missing values, one value, too many, or a class with hardly a row.
        ParameterError: the task that was wished for does not fit.
    """
    _require_learnable(target)
    count = len(target.values)
    if wish == Task.REGRESSION or (wish is None and _is_amount(target)):
        if not target.is_number:
            raise ParameterError(
                f"the target `{target.name}` is `{target.values[0]}` ...; expected numbers for a "
                "regression.",
                hint="`--task binary` or `--task multiclass`, or name another column",
            )
        return Task.REGRESSION, f"it is a number with {count:,} different values"
    if wish == Task.BINARY and count != 2 or wish == Task.MULTICLASS and count == 2:
        raise ParameterError(
            f"the target `{target.name}` has {count} classes; that is no {wish} task.",
            hint="leave `--task` out",
        )
    _require_classes(target)
    return (Task.BINARY if count == 2 else Task.MULTICLASS), f"it has {count} different values"


def find_positive(target: Seen, wish: str | None) -> tuple[str, str]:
    """The class of a binary target that is the event, and why.

    Raises:
        ParameterError: the one that was wished for is none of the two.
    """
    if wish is not None:
        if wish not in target.values:
            raise ParameterError(
                f"`{wish}` is no value of the target `{target.name}`; expected "
                f"`{'` or `'.join(target.values)}`.",
                hint="name one of them with `--positive`",
            )
        return wish, "you said so"
    known = [value for value in target.values if value.lower() in POSITIVE]
    if len(known) == 1:
        return known[0], "its name says so"
    return target.values[int(np.argmin(target.counts))], "it is the rarer one"


def _require_learnable(target: Seen) -> None:
    if target.missing == target.rows:
        raise DataError(
            f"the target `{target.name}` has no value in any row; expected one in each.",
            hint="name another column with `--target`, or deliver the file with its labels",
        )
    if target.missing:
        row = int(np.argmax(target.codes < 0)) + 1
        raise DataError(
            f"the target `{target.name}` is missing in {target.missing:,} of {target.rows:,} rows, "
            f"first in row {row:,}; expected a value in each.",
            hint="remove those rows: nothing can be learnt from or measured on them",
        )
    if target.fault or target.dtype == "datetime":
        raise DataError(
            f"the target `{target.name}` {target.fault or 'holds dates'}; expected classes or "
            "numbers.",
            hint="mend those cells, or name another column with `--target`",
        )
    if len(target.values) == 1:
        raise DataError(
            f"the target `{target.name}` is `{target.values[0]}` in every row; "
            "expected at least two different values.",
            hint="deliver rows of the other class too, or name another column with `--target`",
        )


def _is_amount(target: Seen) -> bool:
    if not target.is_number or len(target.values) == 2:
        return False
    return target.dtype == "float" or len(target.values) > MAX_CODES


def _require_classes(target: Seen) -> None:
    if len(target.values) > MAX_CLASSES:
        raise DataError(
            f"the target `{target.name}` has {len(target.values):,} different values; expected at "
            f"most {MAX_CLASSES} classes, or numbers.",
            hint="group its values, or name another column with `--target`",
        )
    few = [
        f"{value}` ({count})"
        for value, count in zip(target.values, target.counts, strict=True)
        if count < MIN_CLASS_ROWS
    ]
    if few:
        raise DataError(
            f"the target `{target.name}` has classes with hardly a row: `{', `'.join(few)}; "
            f"expected at least {MIN_CLASS_ROWS} rows of each.",
            hint="join them with another class, or remove those rows"
            + ("; `--task regression` if it is an amount" if target.is_number else ""),
        )
