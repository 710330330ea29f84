"""Numbers as text, once, so that no two renderers round differently."""

import math
from typing import Final

NOT_MEASURED: Final = "–"


def number(value: float | None, decimals: int | None = None) -> str:
    """`value` with as many decimals, or with about four digits; a dash for nothing."""
    if value is None:
        return NOT_MEASURED
    digits = decimals_for(value) if decimals is None else decimals
    text = f"{value:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "\N{MINUS SIGN}")


def signed(value: float, decimals: int | None = None) -> str:
    """`value` with its sign, also when it is positive."""
    text = number(value, decimals)
    return text if value < 0 or float(text.replace(",", "")) == 0 else f"+{text}"


def count(value: int) -> str:
    """A whole number with its thousands apart."""
    return f"{value:,}"


def counted(value: int, noun: str) -> str:
    """How many of what, with the plural that most words have."""
    return f"{count(value)} {noun}" if value == 1 else f"{count(value)} {noun}s"


def percent(share: float, decimals: int = 0) -> str:
    """A share of one as a percentage, without digits that say nothing."""
    text = f"{100 * share:.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "%"


def decimals_for(*values: float, width: float = 0.0) -> int:
    """Decimals that show four digits of the largest value, and two of an interval's `width`."""
    largest = max((abs(value) for value in values), default=0.0)
    for_size = 4 if largest < 10 else max(0, 3 - math.floor(math.log10(largest)))
    for_width = 1 - math.floor(math.log10(width)) if width > 0 else 0
    return min(6, max(for_size, for_width))


def interval(lower: float, upper: float, decimals: int | None = None) -> str:
    """Both bounds with their signs."""
    digits = decimals_for(lower, upper, width=upper - lower) if decimals is None else decimals
    return f"{signed(lower, digits)} to {signed(upper, digits)}"


def gap(value: float | None) -> str:
    """A gap between groups, to three decimals at most: no more is known of one."""
    return number(value, None if value is None else min(3, decimals_for(value)))


def cost(value: float | None) -> str:
    """A cost to about three digits."""
    if not value:
        return number(value, 0)
    return number(value, min(4, max(0, 2 - math.floor(math.log10(abs(value))))))


def size(n_bytes: int) -> str:
    """A file size in a unit that suits it."""
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:.0f} kB"


def plain(value: object) -> str:
    """A setting or a feature's value as text, a number without a useless tail."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
