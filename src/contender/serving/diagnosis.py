"""What is wrong with a body, found slowly: read only once it is known that something may be."""

import json
from typing import Any

from contender.serving.refusals import Refusal


class _Constant(str):
    """NaN, Infinity or -Infinity where a value should be."""


class _Pairs(list[tuple[str, Any]]):
    """An object as it was written: every key, in order, also those given twice."""


def require_unique_keys(body: bytes) -> None:
    """Nothing, once no object in `body`, which is JSON, has a key twice.

    The parsers of the world disagree on which of two values counts; nobody should have to guess.

    Raises:
        Refusal: a key is given twice, or a text is no Unicode.
    """
    _examine(body)


def diagnose(body: bytes, error: Exception) -> Refusal:
    """The refusal that says where `body` stops to be JSON; `error` is the parser's own word."""
    try:
        _examine(body)
    except Refusal as refusal:
        return refusal
    except ValueError:
        return Refusal(400, f"the body is not JSON: {error}")
    return Refusal(400, f"the body cannot be read: {error}")


def _examine(body: bytes) -> None:
    # What is no UTF-8 becomes lone surrogates, so that the value they are in can be named.
    text = body.decode("utf-8", "surrogateescape")
    try:
        value = json.loads(
            text, object_pairs_hook=_Pairs, parse_constant=_Constant, parse_int=float
        )
        _find_fault(value, "")
    except RecursionError:
        raise Refusal(400, "the body is nested too deeply") from None


def _find_fault(value: Any, path: str) -> None:
    """Walk through `value`; refuse at the first place that is no JSON or is said twice."""
    if isinstance(value, _Constant):
        raise Refusal(400, f"`{path}`: {value} is not JSON; expected a number", field=path)
    if isinstance(value, str):
        _require_unicode(value, path)
    elif isinstance(value, _Pairs):
        seen = set()
        for key, inner in value:
            _require_unicode(key, path)
            where = f"{path}.{key}" if path else key
            if key in seen:
                raise Refusal(400, f"`{where}`: is given twice in one object", field=where)
            seen.add(key)
            _find_fault(inner, where)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _find_fault(inner, f"{path}[{index}]")


def _require_unicode(text: str, path: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refusal(400, f"`{path}`: holds text that is not Unicode", field=path) from None
