"""Workflows as GitHub reads them: what starts one, what `if:` says, which job needs which."""

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.fork_matrix.personas import Persona
from tests.repository.rules.trees import read_yaml

FOLDER: Final = ".github/workflows"
# Actions that GitHub only lets a repository use that has the feature.
SOLD: Final = {
    "actions/attest-build-provenance": "attest",
    "actions/dependency-review-action": "dependency_review",
    "github/codeql-action/analyze": "code_scanning",
}


class Context(dict[str, Any]):
    """A context of an expression; what is not there is the empty text, as on GitHub."""

    def __getattr__(self, name: str) -> Any:
        value = self.get(name, "")
        return Context(value) if isinstance(value, dict) else value


@dataclass(frozen=True)
class Job:
    """One job for one persona: whether it runs, and what it would need and not get."""

    name: str
    runs: bool
    lacks: tuple[str, ...] = ()


def jobs_of(root: Path, persona: Persona) -> Iterator[Job]:
    """Every job of every workflow that an event starts; one that is not started does not run."""
    for path in sorted((root / FOLDER).glob("*.yml")):
        flow = _read(root, f"{FOLDER}/{path.name}")
        if set(flow["on"]) != {"workflow_call"}:
            is_started = _starts(flow["on"], persona.event)
            yield from _walk(root, flow, persona, Call(path.stem, is_started))


@dataclass(frozen=True)
class Call:
    """A workflow that runs, or does not, in the name of `name`, given `inputs`."""

    name: str
    runs: bool
    inputs: tuple[tuple[str, Any], ...] = ()


def evaluate(expression: str, contexts: dict[str, Any]) -> Any:
    """What an expression of a workflow is; without a `${{ }}` around it, or with one."""
    text = re.sub(r"^\$\{\{(.*)\}\}$", r"\1", expression.strip()).strip()
    for ours, theirs in ((r"&&", " and "), (r"\|\|", " or "), (r"!(?!=)", " not ")):
        text = re.sub(ours, theirs, text)
    functions = {"always": lambda: True, "fromJSON": lambda it: Context(json.loads(it))}
    names = {name: Context(value) for name, value in contexts.items()} | functions
    words = {"true": True, "false": False}
    # The text is a file of this repository, and nothing built in is within its reach.
    return eval(text.strip(), {"__builtins__": {}}, names | words)  # pylint: disable=eval-used


@functools.cache
def _read(root: Path, place: str) -> dict[str, Any]:
    return read_yaml(root, place)


def _starts(triggers: Any, event: str) -> bool:
    return event in ([triggers] if isinstance(triggers, str) else triggers)


def _walk(root: Path, flow: Any, persona: Persona, call: Call) -> Iterator[Job]:
    """The jobs of one workflow, in the order in which they need each other."""
    done: dict[str, bool] = {}
    outputs = {"on": json.dumps(persona.features()), "bundle": "0" * 64}
    for name, job in flow["jobs"].items():
        needs = job.get("needs", [])
        needs = [needs] if isinstance(needs, str) else needs
        contexts = {
            "github": {"event_name": persona.event, "event": persona.payload},
            "inputs": dict(call.inputs),
            "needs": {need: {"outputs": outputs if done[need] else {}} for need in needs},
        }
        done[name] = call.runs and _is_met(job, contexts, all(done[need] for need in needs))
        if "uses" in job:
            given = {k: _value(v, contexts) for k, v in job.get("with", {}).items() if done[name]}
            inner = _read(root, job["uses"].removeprefix("./"))
            called = Call(f"{call.name}.{name}", done[name], tuple(given.items()))
            yield from _walk(root, inner, persona, called)
        else:
            is_namesake = call.name.endswith(f".{name}")
            full = call.name if is_namesake else f"{call.name}.{name}"
            lacks = _lacks(job, persona, contexts) if done[name] else ()
            yield Job(full, done[name], tuple(lacks))


def _is_met(job: Any, contexts: dict[str, Any], needs_ran: bool) -> bool:
    """Whether `if:` lets it run; without `always()` all that it needs must have run, too."""
    condition = str(job.get("if", "true"))
    if "always()" not in condition and not needs_ran:
        return False
    return bool(evaluate(condition, contexts))


def _value(value: Any, contexts: dict[str, Any]) -> Any:
    return evaluate(value, contexts) if isinstance(value, str) and "${{" in value else value


def _lacks(job: Any, persona: Persona, contexts: dict[str, Any]) -> Iterator[str]:
    """What the job needs and the persona has not: a right, a secret, a feature."""
    for right, level in job.get("permissions", {}).items():
        if level == "write" and not persona.may_write:
            yield f"the right to write {right}"
    if "secrets." in json.dumps(job):
        yield "a secret"
    for step in job.get("steps", []):
        feature = SOLD.get(step.get("uses", "").partition("@")[0])
        if feature and feature not in persona.has and _is_met(step, contexts, True):
            yield f"the feature {feature}"
