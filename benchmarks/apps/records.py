"""What a caller may send, as a pydantic model that somebody would write by hand for the schema."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model


class Strict(BaseModel):
    """A body without anything else in it."""

    model_config = ConfigDict(extra="forbid")


def make_record(schema: Mapping[str, Any]) -> type[BaseModel]:
    """The type of one record of `schema`, as a bundle's manifest has it."""
    columns = {
        name: column for name, column in schema["columns"].items() if column["role"] == "feature"
    }
    fields: Any = {name: _field(column) for name, column in columns.items()}
    return create_model("Record", __base__=Strict, **fields)


def _field(column: Mapping[str, Any]) -> Any:
    kind: Any = _kind(column)
    return kind | None if column["nullable"] else kind


def _kind(column: Mapping[str, Any]) -> Any:
    if column["dtype"] == "boolean":
        return bool
    if column["dtype"] in ("integer", "float"):
        low, high = column["range"] or (None, None)
        number = int if column["dtype"] == "integer" else float
        return Annotated[number, Field(ge=low, le=high)]
    return Literal[tuple(map(str, column["categories"]))] if column["categories"] else str
