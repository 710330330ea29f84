"""data/schema.yaml as frozen values: what each column is, once, for every stage and the service."""

from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import ValidationError as PydanticError
from ruamel.yaml.error import YAMLError

from contender.errors import SchemaError
from contender.params import describe, read_yaml


class Task(StrEnum):
    """What is predicted: one of two classes, one of many, or a number."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


Role = Literal["id", "target", "feature", "time", "group", "ignored"]
Dtype = Literal["float", "integer", "boolean", "string", "datetime"]
Category = str | int | float | bool


class Column(BaseModel):
    """One column of the table: its role, its type and what its values may be."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    role: Role
    dtype: Dtype
    meaning: str
    numbered: bool = False
    format: str | None = None
    unit: str | None = None
    range: tuple[float | None, float | None] | None = None
    categories: tuple[Category, ...] | None = None
    positive: Category | None = None
    nullable: bool = False
    sensitive: bool = False
    slice: Literal["no", "report", "critical"] = "no"
    edges: tuple[float, ...] | None = None
    monotone: Literal["increasing", "decreasing"] | None = None

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        low, high = self.range or (None, None)
        if low is not None and high is not None and low > high:
            raise ValueError(f"the range goes from {low:g} down to {high:g}")
        if self.edges is not None and (
            not self.is_numeric or not self.edges or sorted(set(self.edges)) != list(self.edges)
        ):
            raise ValueError("`edges` must be rising numbers, of a column of numbers")
        texts = [category_text(value) for value in self.categories or ()]
        if self.categories is not None and (not texts or "" in texts):
            raise ValueError("`categories` must be one or more texts or numbers, none empty")
        if len(set(texts)) != len(texts):
            raise ValueError("`categories` names the same category twice")
        if self.nullable and self.role in ("id", "target", "time", "group"):
            raise ValueError(f"the {self.role} column may not be nullable")
        if self.numbered and (self.role, self.dtype) != ("id", "string"):
            raise ValueError("only an id of dtype string may be numbered")
        if self.format is not None and self.dtype != "datetime":
            raise ValueError("`format` says how dates are written: of a column of datetimes")
        if self.role == "ignored" and (self.sensitive or self.slice != "no"):
            raise ValueError("an ignored column is not read, so it cannot be sliced")
        return self

    @property
    def is_numeric(self) -> bool:
        """True when the model sees a number, false when it sees a category."""
        return self.dtype in ("float", "integer", "boolean")


class Schema(BaseModel):
    """The table: its task and its columns, in the order of the raw file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    row: str
    task: Task
    columns: dict[str, Column]

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        for role, allowed in (("target", (1,)), ("id", (1,)), ("time", (0, 1)), ("group", (0, 1))):
            count = len(self.named(role))
            if count not in allowed:
                raise ValueError(f"{count} columns have the role {role}; expected {allowed[-1]}")
        if not self.features:
            raise ValueError("no column has the role feature; expected at least one")
        target = self.columns[self.target]
        if self.task is Task.REGRESSION:
            if not target.is_numeric:
                raise ValueError("the target of a regression must be a float or an integer")
        else:
            classes = target.categories or ()
            if len(classes) < 2 or (self.task is Task.BINARY and len(classes) != 2):
                raise ValueError(f"the target has {len(classes)} categories for a {self.task} task")
        if self.task is Task.BINARY and target.positive not in (target.categories or ()):
            raise ValueError("`positive` of the target must be one of its categories")
        for name, column in self.columns.items():
            if column.role == "feature" and column.dtype == "datetime":
                raise ValueError(f"feature `{name}` is a datetime; derive a number from it first")
            if (column.sensitive or column.slice != "no") and not (
                column.categories or column.dtype == "boolean" or column.edges
            ):
                raise ValueError(f"`{name}` is sliced but has neither categories nor edges")
        return self

    def named(self, role: str) -> tuple[str, ...]:
        """The names of the columns with `role`, in order."""
        return tuple(name for name, column in self.columns.items() if column.role == role)

    @property
    def delivered(self) -> tuple[str, ...]:
        """The names of the columns that the raw file has: all but an id that ingest numbers."""
        return tuple(name for name, column in self.columns.items() if not column.numbered)

    @property
    def target(self) -> str:
        """The name of the column that is predicted."""
        return self.named("target")[0]

    @property
    def id(self) -> str:
        """The name of the column that names a row."""
        return self.named("id")[0]

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the columns the model sees."""
        return self.named("feature")

    @property
    def numeric(self) -> tuple[str, ...]:
        """The features that are numbers."""
        return tuple(name for name in self.features if self.columns[name].is_numeric)

    @property
    def categorical(self) -> tuple[str, ...]:
        """The features that are categories."""
        return tuple(name for name in self.features if not self.columns[name].is_numeric)

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of the model's probabilities; the positive one is last.

        Empty for a regression.
        """
        if self.task is Task.REGRESSION:
            return ()
        target = self.columns[self.target]
        ordered = sorted(target.categories or (), key=lambda name: name == target.positive)
        return tuple(category_text(name) for name in ordered)


def category_text(value: Category) -> str:
    """The text a category has in the typed table: `1.0` and `1` are both `1`."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def load_schema(path: Path) -> Schema:
    """The schema in the YAML file `path`.

    Raises:
        SchemaError: no file, not YAML, or an entry is unknown, missing or contradicts another.
    """
    try:
        return Schema.model_validate(read_yaml(path))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise SchemaError(
            f"`{path}` cannot be read as YAML: {error}; expected the columns of the table.",
            hint="restore it with `git checkout data/schema.yaml`",
        ) from error
    except PydanticError as error:
        raise SchemaError(
            f"`{path}` has entries that cannot be used:\n{describe(error)}",
            hint="data/README.md shows what each column is; docs/guides/data.md what may be set",
        ) from error
