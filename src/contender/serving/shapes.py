"""Types made while the service runs, from a schema that nobody knew when it was written."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec


def define(name: str, *fields: tuple[Any, ...], rename: Mapping[str, str] | None = None) -> Any:
    """The type `name` of a JSON object: each field a name, a type and perhaps a default.

    Other fields are refused. Instances hold no cycles, so the collector need not look at them.
    """
    return msgspec.defstruct(
        name, fields, rename=rename, forbid_unknown_fields=True, frozen=True, gc=False
    )


def list_of(kind: Any, *limits: msgspec.Meta) -> Any:
    """The type of a list of `kind` within `limits`."""
    plain = list[kind]
    return Annotated[plain, *limits] if limits else plain


def one_of(*texts: str) -> Any:
    """The type of a text that is one of `texts`."""
    return Literal[texts]
