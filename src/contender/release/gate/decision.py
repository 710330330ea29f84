"""The decision as a value: what reports/decision.json holds and every report is rendered from."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Verdict(StrEnum):
    """What the gate says of a challenger."""

    PROMOTE = "PROMOTE"
    BOOTSTRAP = "BOOTSTRAP"
    HOLD = "HOLD"
    REJECT = "REJECT"
    ERROR = "ERROR"


class Outcome(StrEnum):
    """What one check says; the verdict is the worst of them. `skipped` says why in its message."""

    PASS = "pass"
    SKIPPED = "skipped"
    HOLD = "hold"
    REJECT = "reject"
    ERROR = "error"


def _ten_digits(number: float) -> float:
    """Ten significant digits, so that no order of summation shows; -0 is 0."""
    return float(f"{number:.10g}") + 0.0


Number = Annotated[float, AfterValidator(_ten_digits)]
Term = int | float | str  # one parameter of the gate


class Value(BaseModel):
    """A frozen part of the decision; NaN and infinity have no place in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Estimate(Value):
    """A metric of both models on the same rows; a positive difference favours the challenger."""

    metric: str
    challenger: Number
    opponent: Number
    difference: Number = Field(description="challenger - opponent, sign-flipped for losses")
    lower: Number = Field(description="one-sided lower bound of the difference at `level`")
    upper: Number = Field(description="one-sided upper bound of the difference at `level`")
    level: Number
    method: str = Field(description="how the interval was made: delong, paired-t, ...")
    rows: int


class Check(Value):
    """One question the gate asked, and the answer."""

    family: Literal[
        "precondition", "quality", "calibration", "slice", "fairness", "cost", "behaviour", "floor"
    ]
    subject: str = Field(description="what was asked about: a metric, `column=level`, a file")
    outcome: Outcome
    code: str = Field(description="stable reason code, kebab-case")
    message: str = Field(description="one sentence with the numbers in it")


class SliceFinding(Value):
    """The primary metric on the rows with one level of one column."""

    column: str
    level: str
    rows: int
    critical: bool
    outcome: Outcome
    message: str
    estimate: Estimate | None


class Group(Value):
    """One group of a sensitive column, and its rate (or error, for a regression)."""

    level: str
    rows: int = Field(description="rows the rate is taken over")
    value: Number


class FairnessFinding(Value):
    """The widest gap of one metric between any two groups of one sensitive column."""

    column: str
    metric: str
    gap: Number | None = Field(description="missing when fewer than two groups could be compared")
    lower: Number | None
    upper: Number | None
    limit: Number
    champion_gap: Number | None
    status: Literal["safe", "harm", "inconclusive", "not-evaluated"]
    waiver: str | None = Field(description="owner, reason and expiry when the limit is raised")
    groups: tuple[Group, ...]
    outcome: Outcome


class CostFinding(Value):
    """One measured cost of the challenger; `ratio` is to the champion, when there is one."""

    name: Literal["latency_p95_ms", "size_mb", "memory_mb"]
    challenger: Number
    champion: Number | None
    ratio: Number | None
    limit: str
    outcome: Outcome


class HoldoutUse(Value):
    """How often this holdout has been looked at, and what it can still show."""

    digest: str
    rows: int
    judged_rows: int = Field(description="rows that neither model was trained on")
    look: int = Field(description="k: this is the k-th distinct challenger judged on it")
    alpha: Number = Field(
        description="alpha_k = alpha / (k (k + 1)), the error allowed to this look"
    )
    provable_gain: Number | None = Field(description="gain of the primary found with power .80")
    equal_pass_probability: Number | None = Field(description="that an equal challenger passes")
    rows_needed: int | None = Field(description="rows for that probability to be .80")


class Digests(Value):
    """SHA-256 of everything the decision rests on."""

    holdout: str
    challenger: str
    champion: str | None
    table_schema: str
    gate_code: str
    gate_parameters: str


class Decision(Value):
    """The verdict on one challenger, with every estimate behind it."""

    version: Literal[1] = 1
    verdict: Verdict
    summary: str = Field(description="the verdict and its first reason in one sentence")
    provisional: bool = Field(description="true when the look was not spent (pull request, laptop)")
    mode: Literal["improve", "refresh"]
    task: str
    primary: str
    opponent: Literal["champion", "linear baseline", "none"]
    as_of: date = Field(description="the day waivers are checked against")
    digests: Digests | None = Field(description="missing only when a precondition failed before")
    terms: dict[str, Term] = Field(
        default_factory=dict, description="the parameters it was judged by, but for waivers"
    )
    holdout: HoldoutUse | None
    estimates: tuple[Estimate, ...]
    slices: tuple[SliceFinding, ...]
    fairness: tuple[FairnessFinding, ...]
    cost: tuple[CostFinding, ...]
    checks: tuple[Check, ...]
