"""Was the gate made easier for this challenger: its terms against those of the last judgement."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from contender.params import EvaluateParams, GateParams
from contender.problem.metrics import Metric
from contender.release.gate.decision import Check, Outcome, Term
from contender.release.gate.evidence import Evidence
from contender.release.gate.rules import Rules

# Which way each parameter makes the gate easier to pass; one that is not named here may not be
# changed at all. Floors go by their metric.
EASIER: Final[Mapping[str, Literal["higher", "lower", "never"]]] = {
    "gate.mode": "never",  # another question with guards of its own: epsilon, and the anchor
    "gate.alpha": "higher",
    "gate.max_looks": "higher",
    "gate.min_delta": "lower",
    "gate.epsilon": "higher",
    "gate.bootstrap_replicates": "lower",
    "gate.min_rows": "lower",
    "gate.slice_margin": "higher",
    "gate.calibration_margin": "higher",
    "gate.fairness.max_gap": "higher",
    "gate.fairness.max_widening": "higher",
    "gate.cost.max_latency_ratio": "higher",
    "gate.cost.max_size_ratio": "higher",
    "gate.cost.free_size_mb": "higher",
    "gate.cost.free_latency_ms": "higher",
    "gate.cost.max_size_mb": "higher",
    "gate.cost.max_memory_ratio": "higher",
    "evaluate.min_slice_rows": "higher",
    "evaluate.min_slice_class_rows": "higher",
}
FLOORS: Final = "gate.floors."


def terms_of(gate: GateParams, reading: EvaluateParams) -> dict[str, Term]:
    """What a challenger is judged by, flat: `gate.cost.max_size_mb` and so on.

    Waivers are left out: each has an owner, a reason and an end, and stands in every report.
    """
    sections = gate.model_dump(mode="json")
    del sections["fairness"]["waivers"]
    sections["evaluate"] = reading.model_dump(include={"min_slice_rows", "min_slice_class_rows"})
    inner = {name: sections.pop(name) for name in ("floors", "fairness", "cost", "evaluate")}
    flat = {f"gate.{name}": value for name, value in sections.items()}
    for section, values in inner.items():
        prefix = section if section == "evaluate" else f"gate.{section}"
        flat |= {f"{prefix}.{name}": value for name, value in values.items()}
    return flat


def judge_terms(evidence: Evidence, rules: Rules) -> Iterator[Check]:
    """HOLD when a term is easier than it was for the model judged before; tightening is free.

    Nothing is said when no model was judged before.
    """
    before, now = evidence.terms_before, terms_of(rules.gate, rules.reading)
    if before is None:
        return
    if not before:
        yield _hold(
            "gate-unrecorded",
            "The registry does not say by which parameters any model before was judged.",
        )
    for name, old in before.items():
        if _is_easier(name, old, now.get(name), rules.metrics):
            yield _hold(
                "loosened-gate",
                f"`{name}` is `{now.get(name, 'gone')}` and was `{old}` for the model judged "
                "before: what makes the gate easier must first be judged on without this "
                "challenger, in a commit of its own.",
            )


def _is_easier(name: str, old: Term, new: Term | None, metrics: Mapping[str, Metric]) -> bool:
    if new == old:
        return False
    easier: str = EASIER.get(name, "always")
    if metric := metrics.get(name.removeprefix(FLOORS)):
        easier = "lower" if metric.greater_is_better else "higher"
    if isinstance(old, str) or not isinstance(new, int | float):
        return easier != "never"
    return {"higher": new > old, "lower": new < old}.get(easier, easier == "always")


def _hold(code: str, message: str) -> Check:
    return Check(
        family="precondition",
        subject="params.yaml",
        outcome=Outcome.HOLD,
        code=code,
        message=message,
    )
