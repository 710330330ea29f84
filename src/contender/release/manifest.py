"""models/manifest.json as the gate reads it: what a model is, and the digests that pin it."""

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic import ValidationError as PydanticError

from contender import files
from contender.errors import IntegrityError
from contender.params import describe
from contender.problem.schema import Task

T = TypeVar("T", bound="Part")


class Part(BaseModel):
    """A part of the manifest; what others wrote into it besides is left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class File(Part):
    """A file and its SHA-256."""

    file: str
    sha256: str = Field(min_length=64, max_length=64)


class TableSchema(Part):
    """The digest of the schema that a model was trained under."""

    sha256: str


class Rule(Part):
    """What `partition.held_out` goes by: which rows were kept from training."""

    method: Literal["id", "group", "time"]
    column: str
    holdout: float
    salt: str
    cutoff: str | None


class Split(Part):
    """The rule of the split, and the digests of what it left on both sides."""

    rule: Rule
    train_sha256: str
    holdout_sha256: str


class Manifest(Part):
    """One model: its task, its inputs, and all that it was made of by digest."""

    version: Literal[1]
    task: Task
    features: dict[str, Literal["number", "text"]]
    classes: tuple[str, ...]
    prior: tuple[float, ...]
    table_schema: TableSchema = Field(alias="schema")
    model: File
    baseline: File
    split: Split


def read_manifest(path: Path, *, made_by: str) -> Manifest:
    """The manifest in the JSON file `path`.

    Raises:
        MissingError: nothing is there.
        IntegrityError: it is no JSON, or an entry is missing or not what it should be.
    """
    return _read(Manifest, path, made_by)


def read_split(path: Path, *, made_by: str) -> Split:
    """The facts of the split in the JSON file `path`; it raises what `read_manifest` raises."""
    return _read(Split, path, made_by)


def _read(kind: type[T], path: Path, made_by: str) -> T:
    try:
        return kind.model_validate(files.read_json(path, made_by=made_by))
    except PydanticError as error:
        raise IntegrityError(
            f"`{path}` has entries that cannot be used:\n{describe(error)}",
            hint=f"run `{made_by}` to make it again",
        ) from error
