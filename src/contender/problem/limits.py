"""What a caller may send for a column, in a call or in a file, by the policies of params.yaml."""

from typing import Final

from contender.params import ServingParams
from contender.problem.schema import Column, category_text

FLOAT32_MAX: Final = 3.4028234663852886e38  # the graph computes in float32: beyond is infinity


def number_limits(column: Column, params: ServingParams) -> tuple[float, float]:
    """The smallest and the largest number that `column` takes."""
    low, high = column.range if column.range and params.out_of_range == "refuse" else (None, None)
    low = -FLOAT32_MAX if low is None else max(low, -FLOAT32_MAX)
    high = FLOAT32_MAX if high is None else min(high, FLOAT32_MAX)
    return low, high


def known_categories(column: Column, params: ServingParams) -> tuple[str, ...]:
    """The only texts that `column` takes; empty when any will do."""
    if params.unknown_category == "accept":
        return ()
    return tuple(category_text(value) for value in column.categories or ())
