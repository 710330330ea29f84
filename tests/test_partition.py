"""The rule that holds rows out: of one row at a time, the same for ever."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contender.errors import ParameterError
from contender.partition import held_out

RULE: dict[str, Any] = {"method": "id", "column": "i", "holdout": 0.3, "salt": "s", "cutoff": None}
IDS = st.lists(st.text(), min_size=1, unique=True)
SHARES = st.floats(0, 1, exclude_min=True, exclude_max=True)


@given(IDS, st.randoms(), SHARES)
@settings(deadline=None)
def test_order_and_company_do_not_matter(ids: list[str], random: Any, share: float) -> None:
    """A row's side is its own: shuffled, alone or among others, it stays where it was."""
    rule = RULE | {"holdout": share}
    sides = dict(zip(ids, held_out(rule, ids), strict=True))
    shuffled = random.sample(ids, len(ids))
    assert dict(zip(shuffled, held_out(rule, shuffled), strict=True)) == sides
    for name in ids[:5]:
        assert held_out(rule, [name]).tolist() == [sides[name]]


@given(IDS, SHARES, SHARES)
@settings(deadline=None)
def test_a_larger_share_only_adds(ids: list[str], one: float, other: float) -> None:
    """What a small holdout holds, a larger one with the same salt holds too."""
    low, high = sorted((one, other))
    small, large = held_out(RULE | {"holdout": low}, ids), held_out(RULE | {"holdout": high}, ids)
    assert (large | ~small).all()


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_the_share_is_kept(share: float) -> None:
    """Of 20,000 ids as they are given out, the share is held out within five standard errors."""
    ids = [f"C{number:05}" for number in range(20_000)]
    got = held_out(RULE | {"holdout": share}, ids).mean()
    assert abs(got - share) < 5 * np.sqrt(share * (1 - share) / len(ids))


def test_salts_are_independent() -> None:
    """Two salts agree on as many rows as chance would."""
    ids = [str(number) for number in range(20_000)]
    one, other = (held_out(RULE | {"holdout": 0.5, "salt": salt}, ids) for salt in "ab")
    assert abs((one == other).mean() - 0.5) < 5 * np.sqrt(0.25 / len(ids))


def test_the_answer_is_the_same_for_ever() -> None:
    """These ten answers were written down once; another hash would move every champion's rows."""
    ids = [f"C{number:05}" for number in range(1, 11)]
    answers = held_out(RULE | {"salt": "contender", "holdout": 0.5}, ids).astype(int).tolist()
    assert answers == [0, 1, 1, 1, 1, 0, 1, 1, 0, 0]


def test_text_and_number_are_the_same_id() -> None:
    """An id read as an integer is on the side that its text is on."""
    numbers = list(range(1000))
    texts = [str(number) for number in numbers]
    assert held_out(RULE, numbers).tolist() == held_out(RULE, texts).tolist()


@given(st.lists(st.datetimes(), min_size=1), st.datetimes())
@settings(deadline=None)
def test_by_time_what_is_newer_is_held_out(times: list[Any], cutoff: Any) -> None:
    """Rows after the cutoff, and none at it or before."""
    rule = RULE | {"method": "time", "cutoff": cutoff.isoformat()}
    assert held_out(rule, times).tolist() == [time > cutoff for time in times]


def test_no_rows_are_on_no_side() -> None:
    """Nothing in, nothing out, for every method."""
    for method in ("id", "group", "time"):
        assert held_out(RULE | {"method": method, "cutoff": "2026-01-01"}, []).tolist() == []


def test_an_unknown_method_is_refused() -> None:
    """A rule from a version to come is not guessed at."""
    with pytest.raises(ParameterError, match="`colour` is unknown"):
        held_out(RULE | {"method": "colour"}, ["a"])
