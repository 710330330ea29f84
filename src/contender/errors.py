"""Every way this project refuses to go on, drawn as a tree.

ContenderError
├── ParameterError          params.yaml says something that cannot be
├── SchemaError             data/schema.yaml says something that cannot be
├── DataError               the data is missing, unreadable or not what the schema says
│   ├── CellError           cells are not what the schema says of their column
│   ├── ValidationError     the data breaks an expectation, or nothing was checked
│   └── SplitError          the holdout would be too small, one-sided or shared
├── ModelError              a model cannot be built, converted or trusted
│   ├── ConversionError     the estimator has no ONNX form
│   ├── ParityError         ONNX and estimator disagree
│   └── PredictionError     predictions are not finite or out of range
├── IntegrityError          a file is not the one its digest names
├── StorageError            the storage of the data cannot be reached or refuses
├── RegistryError           the registry cannot be reached or refuses
│   └── RaceError           somebody else moved the champion first
├── DeployError             a server or the proxy before it cannot be started or reached
├── ObservationError        what was counted of a release cannot be, or is not there
├── ImageError              an image cannot be built, or nobody is there to build it
├── LedgerError             the ledger cannot be reached, or is not what was written
├── WriteError              a file could not be written; the old one is untouched
├── BusyError               another run is at work in this folder
└── MissingError            a file that an earlier step makes is not there
"""

from collections.abc import Mapping
from typing import Self


class ContenderError(Exception):
    """What is wrong and what was expected, with what to do next as `hint`."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.args[0]}\n\nhint: {self.hint}"


class ParameterError(ContenderError):
    """params.yaml says something that cannot be."""


class SchemaError(ContenderError):
    """data/schema.yaml says something that cannot be."""


class DataError(ContenderError):
    """The data is missing, unreadable or not what the schema says."""


class CellError(DataError):
    """Cells are not what the schema says of their column; `shown` are the first, by their row."""

    def __init__(
        self, name: str, expected: str, *, count: int, shown: Mapping[int, object], hint: str
    ) -> None:
        first = ", ".join(f"`{value}` in row {row}" for row, value in shown.items())
        super().__init__(
            f"the column `{name}` has {count} values that are not {expected}: {first}.", hint=hint
        )
        self._parts = name, expected, count, shown

    def after(self, rows: int, *, hint: str) -> Self:
        """The same error of cells that come after `rows` others."""
        name, expected, count, shown = self._parts
        moved = {row + rows: value for row, value in shown.items()}
        return type(self)(name, expected, count=count, shown=moved, hint=hint)


class ValidationError(DataError):
    """The data breaks an expectation, or nothing was checked."""


class SplitError(DataError):
    """The holdout would be too small, one-sided or shared with training."""


class ModelError(ContenderError):
    """A model cannot be built, converted or trusted."""


class ConversionError(ModelError):
    """The estimator has no ONNX form."""


class ParityError(ModelError):
    """The ONNX graph and the estimator it was made from disagree."""


class PredictionError(ModelError):
    """Predictions are not finite, out of range or not one a row."""


class IntegrityError(ContenderError):
    """A file is not the one its digest names."""


class StorageError(ContenderError):
    """The storage of the data cannot be reached, refuses or does not keep what it is given."""


class RegistryError(ContenderError):
    """The registry cannot be reached or refuses."""


class RaceError(RegistryError):
    """Somebody else moved the champion first."""


class DeployError(ContenderError):
    """A server, or the proxy in front of it, cannot be started or reached."""


class ObservationError(ContenderError):
    """What was counted of a release cannot be, or is not there."""


class ImageError(ContenderError):
    """An image cannot be built, or nobody is there to build it."""


class LedgerError(ContenderError):
    """The ledger cannot be reached, or is not what was written."""


class WriteError(ContenderError):
    """A file could not be written; the old one is untouched."""


class BusyError(ContenderError):
    """Another run is at work in this folder."""


class MissingError(ContenderError):
    """A file that an earlier step makes is not there."""
