"""Which rows are held out: a rule that gives the same answer for a row for ever."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from contender.errors import ParameterError


def held_out(rule: Mapping[str, Any], values: Iterable[Any]) -> np.ndarray:
    """True for each row that `rule` keeps from training, shape (n_rows,).

    Values are ids, groups or times, as the rule's method says. A row is held out when the hash of
    its salted id, read as a fraction of 2^64, lies below the share: rows that are added later
    never move those that are there. By time, every row after the cutoff is held out.

    Raises:
        ParameterError: the rule has a method unknown to this version.
    """
    if rule["method"] == "time":
        cutoff = np.datetime64(rule["cutoff"])
        return np.asarray(values, dtype="datetime64[us]") > cutoff
    if rule["method"] not in ("id", "group"):
        raise ParameterError(
            f"the split method `{rule['method']}` is unknown; expected id, group or time.",
            hint="set `split.method` in params.yaml",
        )
    limit = int(float(rule["holdout"]) * 2**64).to_bytes(8)
    seed = hashlib.blake2b(str(rule["salt"]).encode(), digest_size=8)
    return np.fromiter((_hash(seed, value) < limit for value in values), dtype=bool)


def _hash(seed: Any, value: Any) -> bytes:
    digest = seed.copy()
    digest.update(str(value).encode())
    return bytes(digest.digest())
