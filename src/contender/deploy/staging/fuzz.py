"""Fuzz: hundreds of bad calls are each refused by name, and the server is none the worse for it."""

from typing import Final

from contender.deploy.probe import parse, quote
from contender.deploy.staging.cases import Cases, Subject
from contender.deploy.staging.golden import read_predictions, require_golden
from contender.deploy.staging.mutations import Mutation, Mutator

COUNT: Final = 300
SEED: Final = 7  # the same bundle is asked the same, wherever it is


def check_fuzz(subject: Subject, cases: Cases) -> str:
    """How many calls were refused."""
    mutator = Mutator(subject.schema, subject.golden.records[0], subject.params.serving)
    mutations = mutator.draw(COUNT, seed=SEED)
    for mutation in mutations:
        _check_refusal(subject, cases, mutation)
    answer = subject.client.post("/predict", json={"records": subject.golden.records})
    require_golden(answer, subject.golden, read_predictions, "after all bad calls:")
    named = sum(mutation.field is not None for mutation in mutations)
    return f"{len(mutations)} bad calls refused, {named} of them by the name of the field"


def _check_refusal(subject: Subject, cases: Cases, mutation: Mutation) -> None:
    headers = {"content-type": "application/json"}
    answer = subject.client.post(mutation.path, content=mutation.content, headers=headers)
    wanted = f"4xx that names `{mutation.field}`" if mutation.field else "4xx"
    told = f"{mutation.path} with {mutation.what} is answered {quote(answer)}; expected {wanted}"
    field = parse(answer).get("field")
    is_named = mutation.field is None or f"{field}[".startswith(f"{mutation.field}[")
    cases.expect(400 <= answer.status_code < 500 and is_named, told)
