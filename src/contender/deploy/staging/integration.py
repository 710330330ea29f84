"""Integration: one call from its start to the label that comes later, as a caller lives it."""

import re
import secrets
from typing import Any, Final

import numpy as np

from contender.bundle import Golden
from contender.deploy.probe import REQUEST_ID, parse, quote
from contender.deploy.staging.cases import Cases, Subject, find
from contender.deploy.staging.golden import read_predictions, require_golden

TOLERANCE: Final = 1e-6
COUNTED: Final = {
    "calls": re.compile(r'^contender_requests_total\{route="predict",status="200"\} (\S+)$', re.M),
    "rows": re.compile(r"^contender_rows_total (\S+)$", re.M),
}


def check_integration(subject: Subject, cases: Cases) -> str:
    """What was kept, counted and explained."""
    id_ = f"{REQUEST_ID}-{secrets.token_hex(8)}"
    before = _read_counts(subject)
    _check_call(subject, cases, id_)
    after = _read_counts(subject)
    for name, count in before.items():
        told = f"/metrics counts {after[name]:g} {name} after a call, {count:g} before it"
        cases.expect(after[name] >= count + 1, told)
    explained = {0, len(subject.golden.records) - 1}
    for index in explained:
        _check_explanation(subject, cases, index)
    _check_feedback(subject, cases, id_)
    return f"id and trace kept, call counted, {len(explained)} explanations add up, label taken"


def _check_call(subject: Subject, cases: Cases, id_: str) -> None:
    trace = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    golden = Golden(subject.golden.records[:1], subject.golden.predictions[:1])
    headers = {"x-request-id": id_, "traceparent": trace}
    answer = subject.client.post("/predict", json={"records": golden.records}, headers=headers)
    require_golden(answer, golden, read_predictions, "/predict:")
    kept = {answer.headers.get("x-request-id"), find(parse(answer), "request_id")}
    cases.expect(kept == {id_}, f"the request id `{id_}` comes back as `{kept}`")
    told = answer.headers.get("traceparent")
    cases.expect(told == trace, f"the traceparent `{trace}` comes back as `{told}`")


def _check_explanation(subject: Subject, cases: Cases, index: int) -> None:
    record, prediction = subject.golden.records[index], subject.golden.predictions[index]
    answer = subject.client.post("/explain", json={"record": record})
    require_golden(answer, Golden([record], [prediction]), lambda told: [told["prediction"]], "")
    told: Any = parse(answer)
    contributions = find(told, "contributions") or {}
    is_named = set(contributions) == set(subject.schema.features)
    cases.expect(is_named, f"/explain names the features `{', '.join(contributions)}`")
    try:
        parts = [np.asarray(part, float) for part in contributions.values()]
        total = sum(parts, np.asarray(told["reference_prediction"], float))
        adds_up = np.allclose(total, prediction, rtol=TOLERANCE, atol=TOLERANCE)
    except (LookupError, TypeError, ValueError):
        total, adds_up = None, False
    cases.expect(adds_up, f"the parts of an explanation give `{total}`, not `{prediction}`")


def _check_feedback(subject: Subject, cases: Cases, id_: str) -> None:
    label = subject.schema.classes[-1] if subject.schema.classes else 0.0
    labels = [{"request_id": id_, "label": label}]
    answer = subject.client.post("/feedback", json={"labels": labels})
    is_taken = answer.status_code == 202 and parse(answer).get("accepted") == 1
    cases.expect(is_taken, f"the label `{label}` is answered {quote(answer)}")


def _read_counts(subject: Subject) -> dict[str, float]:
    """The numbers that a call must move; a series that is not there yet is at 0."""
    text = subject.client.get("/metrics").text
    return {
        name: sum(map(float, pattern.findall(text)), start=0.0) for name, pattern in COUNTED.items()
    }
