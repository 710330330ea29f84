"""Command `record`: what the stages made goes into the registry, once, as the challenger."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import Field
from pydantic import ValidationError as PydanticError

from contender import files
from contender.errors import IntegrityError
from contender.params import Params, describe
from contender.paths import Paths
from contender.problem.schema import Column, Schema, category_text
from contender.release.manifest import Manifest, Part, TableSchema, read_split
from contender.revision import Revision
from contender.tracking import Registry, Result, Version

TRAIN: Final = "dvc repro train"
EVALUATE: Final = "dvc repro evaluate"


class WholeSchema(TableSchema):
    """The schema that a model was trained under, with its digest."""

    content: Schema


class Estimator(Part):
    """What was fitted."""

    name: str


class Data(Part):
    """The table that was split."""

    sha256: str


class Settings(Part):
    """The section of params.yaml that a model was trained with."""

    train: dict[str, Any]


class FullManifest(Manifest):
    """The manifest with what the registry keeps of it besides."""

    table_schema: WholeSchema = Field(alias="schema")
    estimator: Estimator
    data: Data
    params: Settings


def record(params: Params, paths: Paths, registry: Registry, *, commit: Revision | None) -> Version:
    """The registered version of the model in `paths.models`, now the challenger.

    Raises:
        MissingError: a stage has not run.
        IntegrityError: the files do not belong together: one was changed, or they were made from
            another split or with other parameters.
        RegistryError: the registry cannot be reached.
    """
    return registry.log(read_result(params, paths, commit=commit))


def read_result(params: Params, paths: Paths, *, commit: Revision | None) -> Result:
    """What the stages made, proven to belong together; it raises what `record` raises."""
    manifest = read_manifest(paths)
    files.verify(paths.model, manifest.model.sha256, made_by=TRAIN)
    files.verify(paths.baseline, manifest.baseline.sha256, made_by=TRAIN)
    split = read_split(paths.split, made_by="dvc repro split")
    used = params.model_dump(mode="json", by_alias=True)
    _require_same("the split", manifest.split, split)
    rule = {name: getattr(split.rule, name) for name in ("method", "holdout", "salt")}
    settings = {name: used["split"][name] for name in rule}
    _require_same("the section `split` of params.yaml", rule, settings)
    _require_same("the section `train` of params.yaml", manifest.params.train, used["train"])
    bundle = (paths.model, paths.manifest, paths.metrics)
    return Result(
        name=f"{manifest.estimator.name}-{manifest.model.sha256[:8]}",
        digest=manifest.model.sha256,
        holdout=split.holdout_sha256,
        params=chosen_params(used, manifest.estimator.name),
        metrics=read_metrics(paths),
        tags=make_tags(manifest, commit),
        bundle={path.name: path for path in bundle},
        reports=find_reports(paths),
        example=example_row(manifest.table_schema.content),
    )


def read_manifest(paths: Paths) -> FullManifest:
    """The manifest of the model in `paths.models`.

    Raises:
        MissingError: there is none.
        IntegrityError: an entry is missing or not what it should be.
    """
    try:
        return FullManifest.model_validate(files.read_json(paths.manifest, made_by=TRAIN))
    except PydanticError as error:
        raise IntegrityError(
            f"`{paths.manifest}` has entries that cannot be used:\n{describe(error)}",
            hint=f"remove it and run `{TRAIN}`",
        ) from error


def read_metrics(paths: Paths) -> dict[str, float]:
    """The metrics of the evaluation.

    Raises:
        IntegrityError: there are none, or one is not a finite number.
    """
    return require_metrics(files.read_json(paths.metrics, made_by=EVALUATE), str(paths.metrics))


def require_metrics(metrics: Any, what: str) -> dict[str, float]:
    """The `metrics` that were read from `what`; it raises what `read_metrics` raises."""
    is_numbers = isinstance(metrics, dict) and all(
        isinstance(value, int | float) and abs(value) < float("inf") for value in metrics.values()
    )
    if not is_numbers or not metrics:
        raise IntegrityError(
            f"`{what}` holds `{str(metrics)[:80]}`; expected a finite number a metric.",
            hint=f"remove it and run `{EVALUATE}`",
        )
    return {name: float(value) for name, value in metrics.items()}


def chosen_params(used: Mapping[str, Any], estimator: str) -> dict[str, str]:
    """The parameters that a result depends on, flat: `train.seed`, `split.method` ..."""
    train = {key: value for key, value in used["train"].items() if key != "hyperparameters"}
    settings = used["train"]["hyperparameters"].get(estimator, {})
    sections = {"split": used["split"], "train": train, "evaluate": used["evaluate"]}
    return flatten({**sections, estimator: settings})


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested mappings as one, keys joined by dots, values as text."""
    flat: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = str(value)
    return flat


def make_tags(manifest: FullManifest, commit: Revision | None) -> dict[str, str]:
    """The tags that say what a model was made of."""
    tags = {
        "task": str(manifest.task),
        "estimator": manifest.estimator.name,
        "data_sha256": manifest.data.sha256,
        "train_sha256": manifest.split.train_sha256,
        "holdout_sha256": manifest.split.holdout_sha256,
        "schema_sha256": manifest.table_schema.sha256,
        "git_commit": commit.commit if commit else "none",
        "git_dirty": str(commit.dirty).lower() if commit else "unknown",
    }
    return tags | ({"mlflow.source.git.commit": commit.commit} if commit else {})


def find_reports(paths: Paths) -> dict[str, Path]:
    """The plots and reports that are there, by their place among the run's artifacts."""
    reports = (
        paths.validation,
        paths.training,
        paths.slices,
        paths.fairness,
        paths.explanations,
        paths.split,
    )
    found = {f"reports/{path.name}": path for path in reports if path.is_file()}
    return found | {f"plots/{path.name}": path for path in sorted(paths.plots.glob("*.svg"))}


def example_row(schema: Schema) -> dict[str, float | str]:
    """One row as the model takes it, made up from the schema: no real row leaves the data."""
    return {name: _example(schema.columns[name]) for name in schema.features}


def _example(column: Column) -> float | str:
    if not column.is_numeric:
        return category_text(column.categories[0]) if column.categories else ""
    low, high = column.range or (0.0, 1.0)
    return float(low if low is not None else high if high is not None else 0.0)


def _require_same(what: str, made_with: Any, now: Any) -> None:
    if made_with != now:
        raise IntegrityError(
            f"the model was made with another state of {what} than there is now; "
            "expected files that belong together.",
            hint="run `dvc repro`",
        )
