"""params.yaml as frozen values; an unknown, missing or impossible entry is refused by name."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveInt
from pydantic import ValidationError as PydanticError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from contender.errors import ParameterError

Share = Annotated[float, Field(gt=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Setting = str | int | float | bool | None


class Section(BaseModel):
    """A part of params.yaml: frozen, strict about keys, without defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class IngestParams(Section):
    """Where the raw table is and how it is written."""

    source: str = Field(min_length=1, description="CSV or Parquet file, relative to the root")
    delimiter: str = Field(min_length=1, max_length=1)
    encoding: str = Field(min_length=1)
    decimal: Literal[".", ","] = Field(description="what stands before the fraction of a number")
    missing: tuple[str, ...] = Field(description="texts that mean no value")


class ValidateParams(Section):
    """What every table must have, whatever its expectations say."""

    min_rows: PositiveInt


class SplitParams(Section):
    """Which rows are held out."""

    method: Literal["id", "group", "time"]
    holdout: Share = Field(description="share of rows both models are judged on")
    salt: str = Field(description="another salt is another holdout")
    min_holdout_rows: PositiveInt


class TrainParams(Section):
    """Which estimator is fitted, and how closely its ONNX form must agree."""

    estimator: str
    seed: Seed
    max_parity_error: Annotated[float, Field(gt=0)]
    parity_rows: PositiveInt
    baseline_rows: PositiveInt
    hyperparameters: dict[str, dict[str, Setting]]


class Costs(Section):
    """The cost of one error of each kind, in any unit."""

    false_positive: NonNegativeFloat
    false_negative: NonNegativeFloat


class EvaluateParams(Section):
    """How predictions are read and taken apart."""

    threshold: Share
    costs: Costs
    calibration_bins: Annotated[int, Field(ge=2)]
    min_slice_rows: PositiveInt
    min_slice_class_rows: PositiveInt
    explain_rows: PositiveInt
    explain_examples: PositiveInt


class TuneParams(Section):
    """The search for hyperparameters."""

    trials: PositiveInt
    folds: Annotated[int, Field(ge=2)]
    rows: PositiveInt
    seed: Seed
    space: dict[str, dict[str, list[Setting]]]


class Waiver(Section):
    """A raised fairness limit for one column and metric: by an owner, for a reason, until a day."""

    column: str
    metric: str
    max_gap: Annotated[float, Field(gt=0)]
    owner: str = Field(min_length=1)
    reason: str = Field(min_length=10)
    expires: date


class FairnessParams(Section):
    """Limits on the gap between the groups of a sensitive column."""

    max_gap: Annotated[float, Field(gt=0)]
    max_widening: NonNegativeFloat
    waivers: list[Waiver]


class CostParams(Section):
    """Limits on what a challenger may cost, against the champion."""

    max_latency_ratio: Annotated[float, Field(gt=0)]
    max_size_ratio: Annotated[float, Field(gt=0)]
    free_size_mb: NonNegativeFloat = Field(description="up to it the ratio of sizes is no cost")
    free_latency_ms: NonNegativeFloat = Field(description="up to it the ratio of times is no cost")
    max_size_mb: Annotated[float, Field(gt=0)]
    max_memory_ratio: Annotated[float, Field(gt=0)]


class GateParams(Section):
    """What a challenger must prove."""

    mode: Literal["improve", "refresh"]
    primary: str
    alpha: Share
    max_looks: PositiveInt
    min_delta: NonNegativeFloat
    epsilon: Annotated[float, Field(gt=0)]
    bootstrap_replicates: Annotated[int, Field(ge=200)]
    min_rows: PositiveInt
    slice_margin: Annotated[float, Field(gt=0)]
    calibration_margin: Annotated[float, Field(gt=0)]
    floors: dict[str, float]
    fairness: FairnessParams
    cost: CostParams


class ServingParams(Section):
    """What a caller may ask of the service, and what it keeps of its answers."""

    max_body_bytes: PositiveInt
    max_rows: PositiveInt
    max_concurrency: PositiveInt = Field(description="calls under way; one more is answered 503")
    deadline_s: Annotated[float, Field(gt=0)]
    drain_s: Annotated[float, Field(ge=0, le=20)] = Field(
        description="from SIGTERM to the last accepted connection, so that proxies notice"
    )
    unknown_category: Literal["refuse", "accept"]
    out_of_range: Literal["refuse", "accept"]
    explain_permutations: PositiveInt
    log_queue_rows: PositiveInt
    log_file_bytes: PositiveInt
    log_files: PositiveInt


class ReleaseParams(Section):
    """How a bundle gets from a verdict to production, and what sends it back."""

    target: Literal["local", "compose"]
    port: Annotated[int, Field(ge=1, le=65535)]
    staging_p95_ms: Annotated[float, Field(gt=0)] = Field(
        description="of calls on a few connections at once, before there is any traffic"
    )
    shadow_answers: NonNegativeInt = Field(description="copies of calls to answer; 0: no shadow")
    canary_shares: Annotated[list[Share], Field(min_length=1)]
    step_s: Annotated[float, Field(gt=0)] = Field(
        description="for one step to be decided; extended once, then rolled back"
    )
    tick_s: Annotated[float, Field(gt=0, le=5)]
    approval: bool
    alpha: Share
    tolerance: Annotated[float, Field(ge=1, le=10)]
    min_requests: PositiveInt
    max_ratio: Annotated[float, Field(gt=1)]
    max_rate: Share
    max_prediction_psi: Annotated[float, Field(gt=0)] = Field(
        description="population stability index of both versions' predictions in one step"
    )


class Params(Section):
    """The whole of params.yaml."""

    ingest: IngestParams
    validate_: ValidateParams = Field(alias="validate")
    split: SplitParams
    train: TrainParams
    evaluate: EvaluateParams
    tune: TuneParams
    gate: GateParams
    serving: ServingParams
    release: ReleaseParams


def load_params(path: Path) -> Params:
    """The parameters in the YAML file `path`.

    Raises:
        ParameterError: no file, not YAML, or an entry is unknown, missing or out of range; all
            bad entries are named at once.
    """
    try:
        return parse_params(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise ParameterError(
            f"`{path}` cannot be read as YAML: {error}; expected the parameters of the pipeline.",
            hint="restore it with `git checkout params.yaml` and make the change again",
        ) from error
    except PydanticError as error:
        raise ParameterError(
            f"`{path}` has entries that cannot be used:\n{describe(error)}",
            hint="`python -m contender params --schema` prints what may be set",
        ) from error


def parse_params(text: str) -> Params:
    """The parameters in the YAML `text`."""
    return Params.model_validate(parse_yaml(text))


def read_yaml(path: Path) -> Any:
    """The plain value in the YAML file `path`."""
    return parse_yaml(path.read_text(encoding="utf-8"))


def parse_yaml(text: str) -> Any:
    """The plain value in the YAML `text`."""
    return YAML(typ="safe", pure=True).load(text)


def describe(error: PydanticError) -> str:
    """One line a bad entry: where, what was given, what was expected."""
    lines = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"]) or "the file"
        given = "" if problem["type"] == "missing" else f" (given: `{problem['input']}`)"
        lines.append(f"  `{where}`: {problem['msg'].lower()}{given}")
    return "\n".join(lines)
