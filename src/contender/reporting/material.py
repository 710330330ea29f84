"""Everything a report is made of, as frozen values; `None` where a file is not there.

Each value is the part of one JSON file that reports show; the file may say more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, RootModel

from contender.problem.schema import Schema
from contender.release.gate.decision import Decision


class Part(BaseModel):
    """What a report needs of one file; NaN and infinity are refused."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Expectation(Part):
    """One check of the data, and what it found."""

    type: str
    column: str | None
    success: bool
    severity: str
    observed: str | float | None = None
    unexpected: int | None = None
    examples: tuple[Any, ...] = ()


class Validation(Part):
    """What the data was checked for."""

    success: bool
    rows: int
    expectations: int
    failed: int
    results: tuple[Expectation, ...]


class Metrics(RootModel[dict[str, FiniteFloat]]):  # pylint: disable=too-few-public-methods # data
    """The metrics of the new model on the holdout."""

    model_config = ConfigDict(frozen=True)


class Slice(Part):
    """The metrics of the new model on the rows with one level of one column."""

    column: str
    level: str
    rows: int
    evaluated: bool
    reason: str | None = None
    metrics: dict[str, float | None] = {}


class Gap(Part):
    """The widest difference of one metric between the groups of one column."""

    column: str
    metric: str
    gap: float | None
    ratio: float | None = None


class Slices(Part):
    """What reports/slices.json holds."""

    slices: tuple[Slice, ...]


class Fairness(Part):
    """What reports/fairness.json holds of gaps."""

    gaps: tuple[Gap, ...]


class Importance(Part):
    """How far one feature moves predictions on average, in the unit of the explanations."""

    feature: str
    mean_abs: float
    mean: float | None = None


class SliceImportance(Part):
    """The same for each feature on the rows of one slice."""

    column: str
    level: str
    rows: int
    features: dict[str, float]


class Contribution(Part):
    """What one feature adds to one prediction."""

    feature: str
    value: str | float | bool | None
    contribution: float


class Example(Part):
    """One row of the holdout: base + contributions = prediction, in the unit of explanations."""

    id: str | int
    prediction: float
    base: float
    contributions: tuple[Contribution, ...]


class Explanations(Part):
    """What moves predictions: over all rows, a slice and a row."""

    method: str
    unit: str
    rows: int
    overall: tuple[Importance, ...] = Field(alias="global")
    slices: tuple[SliceImportance, ...] = ()
    examples: tuple[Example, ...] = ()


class ModelFile(Part):
    """The model that ships."""

    file: str
    sha256: str
    bytes: int


class SchemaRecord(Part):
    """The schema the model was trained with."""

    sha256: str
    content: Schema


class Estimator(Part):
    """What was fitted."""

    name: str
    hyperparameters: dict[str, Any]


class Source(Part):
    """Where the rows came from."""

    source: str
    sha256: str
    rows: int


class Rule(Part):
    """Which rows were held out."""

    method: str
    holdout: float | None = None
    salt: str | None = None
    cutoff: str | None = None


class Split(Part):
    """The two parts of the table."""

    rule: Rule
    train_rows: int
    train_sha256: str
    holdout_rows: int
    holdout_sha256: str


class Parity(Part):
    """How closely ONNX and the estimator agree."""

    rows: int
    max_difference: float


class Manifest(Part):
    """Where the model comes from: models/manifest.json."""

    version: int | str
    task: str
    features: dict[str, str]
    classes: tuple[str, ...] = ()
    table_schema: SchemaRecord = Field(alias="schema")
    model: ModelFile
    estimator: Estimator
    data: Source
    split: Split
    params: dict[str, Any]
    libraries: dict[str, str]
    parity: Parity


@dataclass(frozen=True)
class Curve:
    """One table of reports/curves: its columns by name, all of one length."""

    columns: Mapping[str, tuple[Any, ...]]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values()), ()))

    def split(self, name: str) -> "dict[str, Curve]":
        """The rows with each value of the column `name`, in the order the values appear.

        Without such a column all rows, under the empty name.
        """
        labels = self.columns.get(name, ("",) * self.rows)
        return {label: self._take(labels, label) for label in dict.fromkeys(labels)}

    def _take(self, labels: tuple[Any, ...], label: Any) -> "Curve":
        kept = [row for row, found in enumerate(labels) if found == label]
        return Curve(
            {key: tuple(cells[row] for row in kept) for key, cells in self.columns.items()}
        )


@dataclass(frozen=True)
class Results:
    """What the stages made, with or without a decision; `None` where the file is not there."""

    manifest: Manifest | None = None
    metrics: Mapping[str, float] | None = None
    validation: Validation | None = None
    slices: tuple[Slice, ...] | None = None
    gaps: tuple[Gap, ...] | None = None
    explanations: Explanations | None = None
    curves: Mapping[str, Curve] = field(default_factory=dict)

    @property
    def schema(self) -> Schema | None:
        """What each column is, as the model was trained with it."""
        return None if self.manifest is None else self.manifest.table_schema.content


@dataclass(frozen=True)
class Material:
    """A decision and the results it is about."""

    decision: Decision
    results: Results = Results()
