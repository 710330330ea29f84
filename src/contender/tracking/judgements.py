"""What the tags of versions say of their judgements: in which order, by which terms."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from contender.tracking.values import Version

PROMOTED: Final = "promoted_at"
TERMS: Final = "terms"
ORDER: Final = "judgement"  # the n-th final one; the same one again keeps its number


def order(version: Version) -> int:
    """Which final judgement this version's is, from 1; 0 when it has none."""
    return int(version.tags.get(ORDER, 0))


def position(judged: list[str], digest: str) -> int:
    """Which look at the holdout this model's is, from 1: one it took already, or the next."""
    return judged.index(digest) + 1 if digest in judged else len(judged) + 1


def read_terms(versions: Sequence[Version]) -> Mapping[str, Any] | None:
    """The parameters that the one of `versions` judged last was judged by.

    None when none was judged or promoted; empty when the record of it is no use.
    """
    known = [version for version in versions if ORDER in version.tags or PROMOTED in version.tags]
    if not known:
        return None
    with contextlib.suppress(ValueError):
        terms = json.loads(max(known, key=order).tags.get(TERMS, ""))
        return terms if isinstance(terms, dict) else {}
    return {}
