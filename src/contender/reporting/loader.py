"""The files of a run become one `Material`: what is missing is told, what is broken is refused."""

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel
from pydantic import ValidationError as PydanticError

from contender import files
from contender.errors import IntegrityError
from contender.params import describe
from contender.paths import Paths
from contender.release.gate.decision import Decision, Verdict
from contender.reporting.material import (
    Curve,
    Explanations,
    Fairness,
    Manifest,
    Material,
    Metrics,
    Results,
    Slices,
    Validation,
)

VALIDATE: Final = "dvc repro validate"
TRAIN: Final = "dvc repro train"
EVALUATE: Final = "dvc repro evaluate"
GATE: Final = "contender gate"
# The columns each file of reports/curves must have: those of numbers, and those of class names.
COLUMNS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "roc": (("false_positive_rate", "true_positive_rate"), ()),
    "precision_recall": (("recall", "precision"), ()),
    "calibration": (("predicted", "observed", "rows"), ()),
    "confusion": (("rows",), ("actual", "predicted")),
    "scores": (("score", "rows"), ("actual",)),
    "predicted_actual": (("predicted", "actual"), ()),
    "residuals": (("residual", "rows"), ()),
}


Kind = TypeVar("Kind", bound=BaseModel)


def load_material(paths: Paths) -> Material:
    """The decision and everything below `paths` that explains it.

    Raises:
        MissingError: there is no decision to report.
        IntegrityError: a file holds something else than its command writes, or the decision is
            about another model than the one in models/.
    """
    material = Material(load_decision(paths), load_results(paths))
    _require_same_model(material)
    return material


def load_results(paths: Paths) -> Results:
    """What the stages made, as far as it is there.

    Raises:
        IntegrityError: a file holds something else than its stage writes.
    """
    slices = _read(paths.slices, Slices, made_by=EVALUATE)
    fairness = _read(paths.fairness, Fairness, made_by=EVALUATE)
    metrics = _read(paths.metrics, Metrics, made_by=EVALUATE)
    return Results(
        manifest=_read(paths.manifest, Manifest, made_by=TRAIN),
        metrics=None if metrics is None else metrics.root,
        validation=_read(paths.validation, Validation, made_by=VALIDATE),
        slices=None if slices is None else slices.slices,
        gaps=None if fairness is None else fairness.gaps,
        explanations=_read(paths.explanations, Explanations, made_by=EVALUATE),
        curves=_read_curves(paths.curves),
    )


def load_decision(paths: Paths) -> Decision:
    """The decision that the gate wrote last.

    Raises:
        MissingError: there is none.
        IntegrityError: the file holds something else.
    """
    content = files.read_json(paths.decision, made_by=GATE)
    return _validate(Decision, content, path=paths.decision, made_by=GATE)


def _require_same_model(material: Material) -> None:
    """An ERROR may be about any file: that the model is another one can be its very reason."""
    decision, manifest = material.decision, material.results.manifest
    if decision.digests is None or manifest is None or decision.verdict is Verdict.ERROR:
        return
    judged, present = decision.digests.challenger, manifest.model.sha256
    if judged != present:
        raise IntegrityError(
            f"reports/decision.json is about the model `{judged[:12]}`; expected `{present[:12]}`, "
            "which is the one in models/.",
            hint=f"run `{GATE}` again, then `contender report`",
        )


def _read(path: Path, kind: type[Kind], *, made_by: str) -> Kind | None:
    if not path.is_file():
        return None
    return _validate(kind, files.read_json(path, made_by=made_by), path=path, made_by=made_by)


def _validate(kind: type[Kind], content: Any, *, path: Path, made_by: str) -> Kind:
    try:
        return kind.model_validate(content)
    except PydanticError as error:
        raise IntegrityError(
            f"`{path}` has entries that cannot be reported:\n{describe(error)}",
            hint=f"run `{made_by}` again",
        ) from error


def _read_curves(folder: Path) -> dict[str, Curve]:
    paths = {name: folder / f"{name}.csv" for name in COLUMNS}
    return {
        name: _read_curve(path, *COLUMNS[name]) for name, path in paths.items() if path.is_file()
    }


def _read_curve(path: Path, numbers: tuple[str, ...], names: tuple[str, ...]) -> Curve:
    """The table in `path`: its `numbers` as finite floats, its `names` and all else as text."""
    text = files.read_bytes(path, made_by=EVALUATE).decode("utf-8", errors="replace")
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        rows = list(reader)
        texts = {name: tuple(row[name] for row in rows) for name in reader.fieldnames or ()}
        parsed = {name: tuple(map(_finite, texts[name])) for name in numbers}
        return Curve(texts | parsed | {name: texts[name] for name in names})
    except (csv.Error, KeyError, TypeError, ValueError) as error:
        raise IntegrityError(
            f"`{path}` cannot be drawn ({error!r}); expected the columns "
            f"`{', '.join(numbers + names)}`, the numbers finite.",
            hint=f"run `{EVALUATE}` again",
        ) from error


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not finite")
    return number
