"""Contract: what the server says of itself is what its bundle says."""

import os
import re
from typing import Any, Final

from contender.deploy.probe import parse, quote
from contender.deploy.staging.cases import Cases, Subject, find
from contender.revision import VARIABLE

_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MAX_LINKS: Final = 8  # from one reference of a document to the next


def check_contract(subject: Subject, cases: Cases) -> str:
    """What the documents say."""
    _check_document(subject, cases)
    _check_metadata(subject, cases)
    commit = _check_version(subject, cases)
    return f"{len(subject.schema.features)} features described, commit {commit or 'not told'}"


def _check_document(subject: Subject, cases: Cases) -> None:
    answer = subject.client.get("/openapi.json")
    cases.expect(answer.status_code == 200, f"/openapi.json answers {quote(answer)}")
    document = parse(answer)
    place = ("paths", "/predict", "post", "requestBody", "content", "application/json", "schema")
    request = _resolve(document, find(document, *place))
    record = _resolve(document, find(request, "properties", "records", "items"))
    needed = subject.schema.features
    taken = (*needed, *subject.schema.named("ignored"))
    for what, names, columns in (
        ("describes", "properties", taken),
        ("requires", "required", needed),
    ):
        told = sorted(map(str, find(record, names) or ()))
        odd = ", ".join(sorted({*told}.symmetric_difference(columns)))
        fault = f"/predict {what} other columns than the schema: `{odd}`"
        cases.expect(told == sorted(columns), fault)
    is_closed = find(record, "additionalProperties") is False
    cases.expect(is_closed, "/predict does not describe that other features are refused")


def _check_metadata(subject: Subject, cases: Cases) -> None:
    schema = subject.schema
    answer = subject.client.get(f"/v2/models/{schema.dataset}")
    cases.expect(answer.status_code == 200, f"the model's metadata are {quote(answer)}")
    told = parse(answer)
    named = find(told, "name"), find(told, "versions")
    wanted = schema.dataset, [subject.digest]
    cases.expect(named == wanted, f"the metadata are of `{named}`, not of `{wanted}`")
    kinds = {name: "FP32" if name in schema.numeric else "BYTES" for name in schema.features}
    given = {find(item, "name"): find(item, "datatype") for item in find(told, "inputs") or ()}
    cases.expect(given == kinds, f"the metadata have the inputs `{given}`, not `{kinds}`")


def _check_version(subject: Subject, cases: Cases) -> str | None:
    """The commit that the server was made from, if it says one."""
    told = parse(subject.client.get("/version"))
    digest, commit = told.get("model_digest"), told.get("commit")
    cases.expect(digest == subject.digest, f"/version names the bundle `{digest}`")
    if wanted := os.environ.get(VARIABLE):
        cases.expect(commit == wanted, f"/version names the commit `{commit}`, not `{wanted}`")
    else:
        is_one = commit is None or bool(_COMMIT.fullmatch(str(commit)))
        cases.expect(is_one, f"/version names `{commit}`, which is no commit")
    return commit


def _resolve(document: Any, schema: Any) -> Any:
    """`schema`, or what it refers to in `document`."""
    for _ in range(_MAX_LINKS):
        reference = find(schema, "$ref")
        if reference is None:
            break
        schema = find(document, *str(reference).removeprefix("#/").split("/"))
    return schema
