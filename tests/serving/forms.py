"""Two forms of one test: short in `make test`, long in `make soak`."""

from typing import Final

import pytest

LONG_S: Final = 3600


def short_or_long(short: int, long: int) -> pytest.MarkDecorator:
    """The mark of a test of `count` repeats, which prints what it found."""
    marks = (pytest.mark.soak, pytest.mark.timeout(LONG_S))
    return pytest.mark.parametrize(
        "count", [pytest.param(short, id="short"), pytest.param(long, id="long", marks=marks)]
    )
