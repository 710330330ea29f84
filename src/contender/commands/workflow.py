"""Commands for the workflows: capabilities, required."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from contender import capabilities as rules
from contender.commands.answer import Answer
from contender.errors import ContenderError, MissingError

ENVIRONMENT: Final = "production"


def capabilities(changed: str | None) -> Answer:
    """Which features of the workflows are on here, as a table and as outputs of the step."""
    occasion = rules.Occasion(
        event=os.environ.get("GITHUB_EVENT_NAME", ""),
        payload=_payload(),
        variables=os.environ,
        actor=os.environ.get("GITHUB_ACTOR", ""),
        changed=_lines(changed) if changed else None,
    )
    features = rules.find_features(occasion)
    protection = _protection()
    switches = json.dumps({it.name: it.is_on for it in features})
    outputs = {"on": switches, "protection": protection}
    return Answer(text=_render(features, protection), outputs=outputs)


def required() -> Answer:
    """Whether every job that the workflow waits for did its work."""
    unfinished = rules.find_unfinished(os.environ.get("NEEDS", ""))
    text = "\n".join(unfinished) or "every job did its work"
    return Answer(text=text, code=1 if unfinished else 0)


def _payload() -> dict[str, Any]:
    place = os.environ.get("GITHUB_EVENT_PATH", "")
    try:
        return dict(json.loads(Path(place).read_text(encoding="utf-8"))) if place else {}
    except (OSError, TypeError, ValueError) as error:
        raise MissingError(
            f"`GITHUB_EVENT_PATH` is `{place}`, which cannot be read: {error}.",
            hint="in a workflow GitHub writes it; elsewhere unset it",
        ) from error


def _lines(place: str) -> list[str]:
    try:
        return Path(place).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise MissingError(
            f"`{place}` cannot be read: {error}.", hint="`git diff --name-only HEAD^1` writes it"
        ) from error


def _protection() -> str:
    """What GitHub says of the environment that production is; UNKNOWN when it does not tell."""
    from contender.github import find_host

    try:
        return rules.protection_of(find_host().get(f"environments/{ENVIRONMENT}"))
    except ContenderError:
        return "UNKNOWN"


def _render(features: Iterable[rules.Feature], protection: str) -> str:
    lines = ["| feature | | why | what changes it |", "|---|---|---|---|"]
    for it in features:
        lines.append(f"| {it.name} | {'on' if it.is_on else 'off'} | {it.why} | `{it.command}` |")
    where = f"gh api repos/{{owner}}/{{repo}}/environments/{ENVIRONMENT}"
    lines.append(f"| approval | {protection} | environment `{ENVIRONMENT}` | `{where}` |")
    return "\n".join(lines)
