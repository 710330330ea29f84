"""What is seen in one column: its type, its values and how often each occurs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contender.problem.limits import FLOAT32_MAX
from contender.problem.schema import Dtype

BOOLEANS: Final = ({"0", "1"}, {"true", "false"}, {"yes", "no"})
LAYOUTS: Final = tuple(
    date + time
    for date in (
        *("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y", "%Y/%m/%d"),
        *("%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d %b %Y", "%d-%b-%Y", "%b %d %Y", "%b %d, %Y"),
    )
    for time in ("", " %H:%M", " %H:%M:%S", "T%H:%M:%SZ")
)
EARLIEST: Final = datetime(1800, 1, 1)  # %Y takes `20` for a year of its own
MOSTLY: Final = 0.8  # of the distinct values: what a column with a few wrong cells was meant to be
_CODE: Final = re.compile(r"-?0\d")  # 007 is a name
_THOUSANDS: Final = re.compile(r"[+-]?\d{1,3}(([,.' ])\d{3})+([.,]\d+)?")


@dataclass(frozen=True)
class Seen:
    """A column: `codes` (n_rows,) index its distinct `values`, -1 for a missing one.

    `fault` says why the model cannot use it as it is; `layout` how its dates are written.
    """

    name: str
    dtype: Dtype
    values: tuple[str, ...]
    codes: np.ndarray
    fault: str = ""
    layout: str | None = None

    @property
    def rows(self) -> int:
        """How many there are, with a value or without."""
        return len(self.codes)

    @cached_property
    def missing(self) -> int:
        """How many rows have no value."""
        return int((self.codes < 0).sum())

    @cached_property
    def counts(self) -> np.ndarray:
        """How many rows each of the values has."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))

    @cached_property
    def numbers(self) -> np.ndarray:
        """Each row as float64, NaN where it is missing or no number."""
        read = np.asarray([*map(_number, self.values), np.nan])
        return np.asarray(read[self.codes])

    @property
    def is_number(self) -> bool:
        """True for numbers that are more than 0 and 1."""
        return self.dtype in ("float", "integer")


def look_at(name: str, cells: pa.DictionaryArray | None, *, decimal: str, rows: int) -> Seen:
    """What `cells` show; None for cells that cannot be read as text."""
    if cells is None:
        nothing = np.full(rows, -1)
        return Seen(name, "string", (), nothing, fault="holds lists or bytes, not single values")
    codes, values = _distinct(cells)
    if not values:
        return Seen(name, "string", (), codes, fault="has no value in any row")
    if {value.lower() for value in values} in BOOLEANS:
        return Seen(name, "boolean", values, codes)
    if any(map(_CODE.match, values)) and all(value.isdigit() for value in values):
        return Seen(name, "string", values, codes)
    pointed = tuple(value.replace(decimal, ".") for value in values) if decimal != "." else values
    numbers = np.asarray([_number(value) for value in pointed])
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if not len(wrong):
        return _of_numbers(name, pointed, codes, numbers)
    if all(map(_THOUSANDS.fullmatch, values)):
        fault = f"holds numbers with a separator of thousands, such as `{values[wrong[0]]}`"
        return Seen(name, "string", values, codes, fault=fault)
    if len(wrong) < (1 - MOSTLY) * len(values) and len(values) > 10:
        shown = ", ".join(f"`{values[index]}`" for index in wrong[:3])
        return Seen(name, "string", values, codes, fault=f"holds numbers, but also {shown}")
    return _of_texts(name, values, codes)


def _of_numbers(name: str, values: tuple[str, ...], codes: np.ndarray, numbers: np.ndarray) -> Seen:
    dtype: Dtype = "integer" if np.all(numbers == np.floor(numbers)) else "float"
    most = float(np.abs(numbers).max())
    fault = f"holds `{most:g}`, more than float32 can" if most > FLOAT32_MAX else ""
    return Seen(name, dtype, values, codes, fault=fault)


def _of_texts(name: str, values: tuple[str, ...], codes: np.ndarray) -> Seen:
    texts = pa.array(values, pa.string())
    try:
        texts.cast(pa.timestamp("us"))
        return Seen(name, "datetime", values, codes)
    except pa.ArrowInvalid:
        read = dict(_readable_dates(texts))
    complete = [layout for layout, fits in read.items() if fits.all()]
    if complete:
        return Seen(name, "datetime", values, codes, layout=complete[0])
    if read and np.any(list(read.values()), axis=0).mean() > MOSTLY:
        most = sorted(read, key=lambda layout: -int(read[layout].sum()))[:3]
        shown = ", ".join(f"`{layout}`" for layout in most)
        return Seen(name, "string", values, codes, fault=f"holds dates written as {shown}")
    return Seen(name, "string", values, codes)


def _readable_dates(texts: pa.Array) -> Iterator[tuple[str, np.ndarray]]:
    """The layouts that read some of `texts`, with those they read."""
    for layout in LAYOUTS:
        times = pc.strptime(texts, format=layout, unit="us", error_is_null=True)
        late = pc.fill_null(pc.greater(times, pa.scalar(EARLIEST, pa.timestamp("us"))), False)
        fits = np.asarray(late.to_numpy(zero_copy_only=False))
        if fits.any():
            yield layout, fits


def _distinct(cells: pa.DictionaryArray) -> tuple[np.ndarray, tuple[str, ...]]:
    """A code a row by first appearance, and what the codes stand for."""
    flat = cells.dictionary_decode().dictionary_encode()
    codes = pc.fill_null(flat.indices, -1).to_numpy(zero_copy_only=False)
    return np.asarray(codes, dtype=np.int64), tuple(flat.dictionary.to_pylist())


def _number(text: str) -> float:
    try:
        return float(text) if "_" not in text else np.nan
    except ValueError:
        return np.nan
