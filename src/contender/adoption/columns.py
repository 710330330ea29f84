"""What is seen in one column: its type, its values and how often each occurs."""

import contextlib
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
        *("%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y"),
        *("%b %d %Y", "%b %d, %Y"),
    )
    for time in ("", " %H:%M", " %H:%M:%S", "T%H:%M:%SZ")
)
EARLIEST: Final = datetime(1800, 1, 1)  # %Y takes `20` for a year of its own
MOSTLY: Final = 0.8  # of the distinct values: what a column with a few wrong cells was meant to be
FEW: Final = 10  # distinct values among which a wrong one is a category like the others
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

    @cached_property
    def digest(self) -> bytes:
        """Equal for columns with the same value in every row."""
        digest = hashlib.blake2b(self.codes.tobytes())
        digest.update("\0".join(self.values).encode(errors="surrogatepass"))
        return digest.digest()

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
    plain = Seen(name, "string", values, codes)
    if not values:
        return replace(plain, fault="has no value in any row")
    return (
        _as_booleans(plain)
        or _as_codes(plain)
        or _as_numbers(plain, decimal)
        or _as_dates(plain)
        or plain
    )


def _as_booleans(plain: Seen) -> Seen | None:
    texts = {value.lower() for value in plain.values}
    return replace(plain, dtype="boolean") if texts in BOOLEANS else None


def _as_codes(plain: Seen) -> Seen | None:
    """Digits that are names, since one of them starts with a zero."""
    coded = any(map(_CODE.match, plain.values)) and all(map(str.isdigit, plain.values))
    return plain if coded else None


def _as_numbers(plain: Seen, decimal: str) -> Seen | None:
    values = tuple(value.replace(decimal, ".") for value in plain.values)
    numbers = np.asarray([_number(value) for value in values])
    wrong = [plain.values[index] for index in np.flatnonzero(~np.isfinite(numbers))]
    if not wrong:
        whole = np.all(numbers == np.floor(numbers))
        most = float(np.abs(numbers).max())
        fault = f"holds `{most:g}`, more than float32 can" if most > FLOAT32_MAX else ""
        return replace(plain, dtype="integer" if whole else "float", values=values, fault=fault)
    if all(map(_THOUSANDS.fullmatch, plain.values)):
        fault = f"holds numbers with a separator of thousands, such as `{wrong[0]}`"
        return replace(plain, fault=fault)
    if len(wrong) < (1 - MOSTLY) * len(values) and len(values) > FEW:
        shown = ", ".join(f"`{value[:20]}`" for value in wrong[:3])
        return replace(plain, fault=f"holds numbers, but also {shown}")
    return None


def _as_dates(plain: Seen) -> Seen | None:
    texts = pa.array(plain.values, pa.string())
    with contextlib.suppress(pa.ArrowInvalid):
        texts.cast(pa.timestamp("us"))
        return replace(plain, dtype="datetime")
    read = dict(_readable_dates(texts))
    if complete := [layout for layout, fits in read.items() if fits.all()]:
        return replace(plain, dtype="datetime", layout=complete[0])
    if read and np.any(list(read.values()), axis=0).mean() > MOSTLY:
        most = sorted(read, key=lambda layout: -int(read[layout].sum()))[:3]
        shown = ", ".join(f"`{layout}`" for layout in most)
        return replace(plain, fault=f"holds dates written as {shown}")
    return None


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
