"""What the model may see: not the answer, nothing twice, nothing endless; and whom it may hurt."""

import numpy as np
import pyarrow as pa
import pytest

from contender.adoption.columns import look_at
from contender.adoption.suspects import explained_share
from contender.cells import as_text
from contender.errors import DataError
from tests.adoption.conftest import Planner
from tests.adoption.plans import visits

ROWS = np.arange(300)


def test_columns_that_give_the_answer_away_are_left_out(
    plan: Planner, random: np.random.Generator
) -> None:
    """The target by another name, coded as numbers, and with a little noise on it."""
    table = visits()
    yes = table["bought"].eq("yes")
    planned = plan(
        visits(
            invoice=np.where(yes, "sent", "none"),
            paid=yes * 100 + random.normal(size=300),
            copy=np.where(yes, 1, 0),
        )
    )

    for name in ("invoice", "paid", "copy"):
        assert "may hold the answer" in planned.said[name]
        assert planned.column(name).role == "ignored"


def test_an_amount_that_follows_the_target_is_left_out(
    plan: Planner, random: np.random.Generator
) -> None:
    """In a regression: the target in another unit, but not one that is merely related."""
    price = random.lognormal(3, 1, 300)
    table = visits(cents=(price * 100).round(), rough=price * random.lognormal(0, 0.5, 300)).assign(
        bought=price
    )
    planned = plan(table)

    assert "may hold the answer" in planned.said["cents"]
    assert planned.column("rough").role == "feature"


def test_a_good_feature_is_no_leak(plan: Planner, random: np.random.Generator) -> None:
    """One error in ten is what honest features leave."""
    yes = visits()["bought"].eq("yes").to_numpy()
    planned = plan(visits(good=np.where(random.random(300) < 0.1, ~yes, yes)))

    assert planned.column("good").role == "feature"


@pytest.mark.parametrize("noise", [0.0, 0.3, 1.0])
def test_the_share_that_one_column_explains(noise: float, random: np.random.Generator) -> None:
    """1 for the answer itself, 0 for chance, in between what noise leaves."""
    answer = random.integers(0, 2, 4000)
    heard = np.where(random.random(4000) < noise, random.integers(0, 2, 4000), answer)
    target, seen = (
        look_at(name, as_text(_texts(values)), decimal=".", rows=4000)
        for name, values in (("answer", answer), ("heard", heard))
    )

    share = explained_share(seen, target, classes=True)

    assert share == pytest.approx((1 - noise) ** 2, abs=0.06)


def _texts(values: np.ndarray) -> pa.Array:
    return pa.array(values).cast(pa.string())


def test_what_says_nothing_or_says_it_twice_is_left_out(plan: Planner) -> None:
    """Constants, constants with gaps, and the second of two equal columns."""
    amount = visits()["amount"]
    planned = plan(visits(shop="north", open_=np.where(ROWS % 2, "yes", None), sum=amount))

    assert "is `north` in every row" in planned.said["shop"]
    assert "is `yes` or missing" in planned.said["open_"]
    assert "has the same value as `amount`" in planned.said["sum"]
    assert planned.column("amount").role == "feature"


def test_endless_categories_are_left_out(plan: Planner, random: np.random.Generator) -> None:
    """Ten thousand texts are no categories; a hundred are."""
    rows = 12_000
    planned = plan(
        visits(
            rows,
            street=[f"street {number}" for number in random.integers(0, 10_000, rows)],
            town=[f"town {number}" for number in random.integers(0, 100, rows)],
        )
    )

    assert "different texts, more than 100" in planned.said["street"]
    assert planned.column("street").role == "ignored"
    assert len(planned.column("town").categories or ()) == 100


def test_many_columns_of_categories_are_not_too_many_together(
    plan: Planner, random: np.random.Generator
) -> None:
    """Those with the fewest stay: all as 0/1 columns would not fit into memory."""
    texts = {
        f"c{index}": random.choice([f"k{number}" for number in range(90)], 1200)
        for index in range(13)
    }
    planned = plan(visits(1200, **texts))

    widths = [len(planned.column(name).categories or ()) for name in planned.schema.features]
    assert 800 < sum(widths) <= 1000
    assert planned.column("colour").role == "feature"


def test_people_are_recognized_and_compared(plan: Planner) -> None:
    """By the names of columns, and as wished; numbers are cut into groups."""
    planned = plan(
        visits(age=ROWS % 70 + 18, sex=np.where(ROWS % 2, "f", "m"), stage=ROWS % 9, dog=ROWS % 2),
        sensitive=["dog"],
    )

    sensitive = {name for name, it in planned.schema.columns.items() if it.sensitive}
    assert sensitive == {"age", "sex", "dog"}
    assert planned.column("age").edges == (37.7, 62.3)
    assert all(planned.column(name).slice == "report" for name in sensitive)


def test_slices_are_proposed(plan: Planner) -> None:
    """Columns with a few categories or two answers are looked at one by one."""
    planned = plan(visits(member=ROWS % 2, town=[f"t{row % 40}" for row in ROWS]))

    sliced = {name for name, it in planned.schema.columns.items() if it.slice != "no"}
    assert sliced == {"colour", "member"}


def test_a_column_may_be_dropped(plan: Planner) -> None:
    """As wished, and said so."""
    planned = plan(visits(), drop=["amount"])

    assert planned.schema.features == ("colour",)
    assert "you said so" in planned.said["amount"]


def test_nothing_left_is_refused(plan: Planner) -> None:
    """Each column is named with the reason why it cannot help."""
    table = visits()[["bought"]].assign(only="one")

    with pytest.raises(DataError, match="no column is left .*`only` is `one` in every row"):
        plan(table)
