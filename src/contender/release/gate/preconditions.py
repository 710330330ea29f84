"""What must hold before anything is judged; each thing that does not is an ERROR of its own."""

from collections.abc import Iterable, Iterator, Mapping

from contender.params import GateParams
from contender.problem.faults import find_fault
from contender.problem.metrics import Metric
from contender.problem.schema import Task
from contender.release.gate.decision import Check, Outcome
from contender.release.gate.evidence import Evidence, Seal
from contender.release.gate.rates import RATES


def check_evidence(evidence: Evidence) -> tuple[Check, ...]:
    """One ERROR for each reason why this evidence proves nothing; empty when there is none."""
    gaps = (*check_seals(evidence.seals), *_incomplete(evidence))
    return gaps or tuple(_faults(evidence))


def check_seals(seals: tuple[Seal, ...]) -> Iterator[Check]:
    """One ERROR for each digest that is not the one promised, an empty one included."""
    for seal in seals:
        if not seal.expected or seal.expected != seal.actual:
            message = (
                f"The digest of {seal.subject} is `{seal.actual[:12]}`; "
                f"expected `{seal.expected[:12]}`."
            )
            yield _error(seal.subject, seal.code, message)


def check_parameters(
    evidence: Evidence, gate: GateParams, metrics: Mapping[str, Metric]
) -> Iterator[Check]:
    """One ERROR for each name in the parameters that means nothing for this task and table."""
    for subject, code, names in (
        ("gate.primary", "primary-unknown", [gate.primary]),
        ("gate.floors", "floor-unknown", sorted(gate.floors)),
    ):
        for name in names:
            if name not in metrics:
                message = f"`{name}` is no metric of a {evidence.task} task: {_one_of(metrics)}"
                yield _error(subject, code, message)
    columns = [labels.column for labels in evidence.labels if labels.sensitive]
    for waiver in gate.fairness.waivers:
        for given, known in (
            (waiver.column, columns),
            (waiver.metric, RATES[evidence.task]),
        ):
            if given not in known:
                message = f"A waiver names `{given}` and would waive nothing: {_one_of(known)}"
                yield _error("gate.fairness.waivers", "waiver-unknown", message)


def _one_of(known: Iterable[str]) -> str:
    return f"expected one of `{', '.join(known)}`."


def _incomplete(evidence: Evidence) -> Iterator[Check]:
    """What is missing, shared with training, or not there once a row."""
    if evidence.shared_rows:
        message = f"{evidence.shared_rows} holdout rows are training rows too; expected none."
        yield _error("holdout", "rows-shared", message)
    if evidence.look < 1:
        yield _error("look", "look-unknown", f"this is look `{evidence.look}`; expected 1 or more.")
    if evidence.champion is None and evidence.baseline is None:
        message = "There is neither a champion nor a baseline to compare with."
        yield _error("baseline", "opponent-missing", message)
    if evidence.champion is None and len(evidence.prior) != max(len(evidence.classes), 1):
        message = f"The prior has `{len(evidence.prior)}` shares; expected one a class."
        yield _error("prior", "prior-incomplete", message)
    lengths = {f"labels of {labels.column}": len(labels.codes) for labels in evidence.labels}
    lengths |= {f"split of the {name}": len(m.held_out) for name, m in evidence.models.items()}
    if evidence.groups is not None:
        lengths["groups"] = len(evidence.groups)
    for subject, length in lengths.items():
        if length != len(evidence.target):
            message = f"{subject}: `{length}` for {len(evidence.target)} rows; expected one a row."
            yield _error(subject, "evidence-incomplete", message)


def _faults(evidence: Evidence) -> Iterator[Check]:
    """What is wrong with the target, once, and with the predictions of each model."""
    predictions = {name: model.predictions for name, model in evidence.models.items()}
    if evidence.champion is None and evidence.baseline is not None:
        predictions |= {"linear baseline": evidence.baseline, "prior": evidence.constant}
    for name, given in predictions.items():
        fault = find_fault(evidence.task, evidence.target, given)
        if fault and not fault.code.startswith("prediction"):
            yield _error("holdout", fault.code, fault.message)
            return
        if fault:
            yield _error(name, fault.code, fault.message)
        elif evidence.task is Task.MULTICLASS and given.shape[1] != len(evidence.classes):
            message = f"`{given.shape[1]}` probabilities a row for {len(evidence.classes)} classes."
            yield _error(name, "prediction-shape", message)


def _error(subject: str, code: str, message: str) -> Check:
    return Check(
        family="precondition", subject=subject, outcome=Outcome.ERROR, code=code, message=message
    )
