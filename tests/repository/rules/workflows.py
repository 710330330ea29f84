"""What every workflow keeps to, so that a stranger's pull request finds nothing to take."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.repository.rules.trees import read_text, read_yaml

TRIGGERS: Final = frozenset(
    "pull_request push merge_group schedule workflow_dispatch workflow_call".split()
)
PINNED: Final = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+(?:\.\d+)*$")
WORDS: Final = ("make", "contender", "python3 -m contender", "gh", "git", "docker", "cat", "touch")
LONE: Final = ("release", "rollback", "retrain")
# Where a stranger's code runs: what these start, and what they call.
OPEN: Final = ("ci", "scan")


def pins(root: Path) -> list[str]:
    """Actions that are not pinned to a commit with its version, and images without a digest."""
    broken, count = [], 0
    for place in _files(root):
        for number, line in enumerate(read_text(root, place).splitlines(), start=1):
            if "uses:" in line and "uses: ./" not in line:
                count += 1
                if not PINNED.search(line):
                    broken.append(f"{place}:{number} is not pinned: {line.strip()}")
    base = re.search(r"^ARG PYTHON=(\S+)$", read_text(root, "Dockerfile"), re.MULTILINE)
    if not base or not re.search(r"@sha256:[0-9a-f]{64}$", base[1]):
        broken.append("the Dockerfile takes a base image without a digest")
    return broken if count else [*broken, "no workflow uses an action"]


def permissions(root: Path) -> list[str]:
    """Rights that are not asked for one job at a time, each with its reason."""
    broken = [] if _workflows(root) else ["there is no workflow"]
    for place, flow in _workflows(root).items():
        if flow.get("permissions") != {}:
            broken.append(f"{place} does not begin with `permissions: {{}}`")
        broken += [
            f"{place}: {name} does not say its permissions"
            for name, job in _jobs(flow)
            if not isinstance(job.get("permissions"), dict)
        ]
        for number, line in enumerate(read_text(root, place).splitlines(), start=1):
            if re.fullmatch(r"      [a-z-]+: (read|write)", line.rstrip()):
                broken.append(f"{place}:{number} gives no reason for `{line.strip()}`")
    return broken


def timeouts(root: Path) -> list[str]:
    """Jobs that may hang for six hours, or run on whatever is newest."""
    jobs = [
        (place, name, job) for place, flow in _workflows(root).items() for name, job in _jobs(flow)
    ]
    broken = [] if jobs else ["there is no job"]
    for place, name, job in jobs:
        if "uses" not in job and not 0 < job.get("timeout-minutes", 0) <= 60:
            broken.append(f"{place}: {name} has no timeout-minutes up to 60")
        if "uses" not in job and "latest" in str(job.get("runs-on", "latest")):
            broken.append(f"{place}: {name} runs on {job.get('runs-on')}; expected a version")
    return broken


def plain_steps(root: Path) -> list[str]:
    """Steps that are more than one command a person can type, or take values past `env:`."""
    broken, count = [], 0
    for place, step in _steps(root):
        command = str(step.get("run", ""))
        count += bool(command)
        if "${{" in command:
            broken.append(f"{place} puts `${{{{ }}}}` into a shell: {command.strip()}")
        if len(command.strip().splitlines()) > 1 or re.search(r"&&|\|\||;", command):
            broken.append(f"{place} has more than one command in a step: {command.strip()}")
        if command and not command.startswith(WORDS) and "GITHUB_PATH" not in command:
            broken.append(f"{place} runs `{command.strip()}`; expected a verb of make or contender")
        if "checkout" in str(step.get("uses")):
            if step.get("with", {}).get("persist-credentials") is not False:
                broken.append(f"{place} leaves its token in the clone")
    return broken if count else [*broken, "no workflow has a step"]


def triggers(root: Path) -> list[str]:
    """Events that start a workflow with more rights than the code in it deserves."""
    flows = _workflows(root)
    broken = [] if flows else ["there is no workflow"]
    for place, flow in flows.items():
        given = _triggers(flow)
        broken += [f"{place} starts on {name}" for name in sorted(given - TRIGGERS)]
        broken += [] if given else [f"{place} never starts"]
    missing = {"pull_request", "merge_group", "push", "workflow_dispatch"} - _triggers(
        flows.get(".github/workflows/ci.yml", {})
    )
    return broken + [f"ci.yml does not start on {name}" for name in sorted(missing)]


def hostile_code(root: Path) -> list[str]:
    """Rights and secrets of jobs in which the code of a pull request runs."""
    flows, broken, count = _workflows(root), [], 0
    for place, name, job in _reachable(flows):
        text = json.dumps(job)
        is_base = "github.event.pull_request.base.sha" in text
        runs = any("run" in step for step in job.get("steps", []))
        count += runs
        rights = job.get("permissions", {})
        if runs and not is_base and "write" in rights.values():
            broken.append(f"{place}: {name} runs code of a pull request with the right to write")
        if "secrets." in text or "secrets" in job:
            broken.append(f"{place}: {name} takes a secret, which a fork does not have")
    return broken if count else [*broken, "ci.yml runs nothing"]


def no_cache(root: Path) -> list[str]:
    """Jobs of a release that read what some other run cached."""
    flow = _workflows(root).get(".github/workflows/release.yml", {})
    broken = [] if flow.get("jobs") else ["release.yml has no job"]
    for name, job in _jobs(flow):
        for step in job.get("steps", []):
            if "actions/setup" in step.get("uses", "") and step["with"].get("cache") != "false":
                broken.append(f"release.yml: {name} takes a cache")
        called = str(job.get("uses", ""))
        if re.search("pipeline|drill", called) and job.get("with", {}).get("cache") is not False:
            broken.append(f"release.yml: {name} takes a cache")
    default = read_yaml(root, ".github/actions/setup/action.yml").get("inputs", {})
    if default.get("cache", {}).get("default") != "false":
        broken.append("the action `setup` takes a cache without being asked")
    return broken


def required_needs_all(root: Path) -> list[str]:
    """Jobs of ci.yml that could fail and leave `required` green."""
    jobs = dict(_jobs(_workflows(root).get(".github/workflows/ci.yml", {})))
    required = jobs.pop("required", {})
    broken = [] if required else ["ci.yml has no job `required`"]
    broken += [
        f"`required` does not need {name}" for name in jobs if name not in required.get("needs", [])
    ]
    if required.get("if") != "always()":
        broken.append("`required` is skipped when a job fails, which counts as passed")
    checks = read_yaml(root, ".github/rulesets/main.json").get("rules", [])
    names = [
        check["context"]
        for rule in checks
        for check in rule.get("parameters", {}).get("required_status_checks", [])
    ]
    if names != ["required"]:
        broken.append(f"the ruleset requires {names}; expected `required` alone")
    return broken


def one_at_a_time(root: Path) -> list[str]:
    """Workflows that could change production beside one another, or be dropped in the queue."""
    flows = {Path(place).stem: flow for place, flow in _workflows(root).items()}
    broken = []
    for name in LONE:
        told = flows.get(name, {}).get("concurrency", {})
        if not told.get("group") or told.get("cancel-in-progress") is not False:
            broken.append(f"{name}.yml could be cancelled, or run beside itself")
    for name in ("release", "rollback"):
        told = flows.get(name, {}).get("concurrency", {})
        if (told.get("group"), told.get("queue")) != ("release", "max"):
            broken.append(f"{name}.yml does not wait in the queue `release`")
    for name, flow in flows.items():
        if "workflow_call" in _triggers(flow) and "concurrency" in flow:
            broken.append(f"{name}.yml would wait for its own caller")
    return broken


def image_name(root: Path) -> list[str]:
    """Places where a name of an image could keep the capitals of an owner."""
    text = read_text(root, "src/contender/deploy/image.py")
    broken = [] if "{name.lower()}:" in text else ["an image may get a name with capitals"]
    for place, step in _steps(root):
        if re.search(r"docker (build|push|tag)", str(step.get("run", ""))):
            broken.append(f"{place} names an image past `contender image`")
    return broken


def updates(root: Path) -> list[str]:
    """Kinds of dependencies that nobody proposes updates for, a week after they came out."""
    entries = read_yaml(root, ".github/dependabot.yml").get("updates", [])
    known = {entry["package-ecosystem"]: entry for entry in entries}
    broken = [
        f"no updates for {kind}" for kind in ("uv", "github-actions", "docker") if kind not in known
    ]
    for kind, entry in known.items():
        if entry.get("cooldown", {}).get("default-days", 0) < 7 or not entry.get("groups"):
            broken.append(f"{kind} is updated before it is a week old, or one at a time")
    return broken


def optional(root: Path) -> list[str]:
    """Schedules that run in a fork which did not ask for them."""
    broken, count = [], 0
    for place, flow in _workflows(root).items():
        if "schedule" not in _triggers(flow):
            continue
        count += 1
        for name, job in _jobs(flow):
            guarded = "capabilities" in str(job.get("if", "")) or "needs" in job
            if name != "capabilities" and not guarded:
                broken.append(f"{place}: {name} runs by schedule in every fork")
    return broken if count else ["no workflow has a schedule"]


def _files(root: Path) -> list[str]:
    found = (root / ".github").glob("*/**/*.yml")
    return [path.relative_to(root).as_posix() for path in sorted(found)]


def _workflows(root: Path) -> dict[str, Any]:
    return {
        place: read_yaml(root, place)
        for place in _files(root)
        if place.startswith(".github/workflows/")
    }


def _jobs(flow: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from flow.get("jobs", {}).items()


def _triggers(flow: dict[str, Any]) -> set[str]:
    found = flow.get("on", flow.get(True, {}))
    return {found} if isinstance(found, str) else set(found or ())


def _steps(root: Path) -> Iterator[tuple[str, Any]]:
    for place in _files(root):
        flow = read_yaml(root, place)
        steps = [step for _, job in _jobs(flow) for step in job.get("steps", [])]
        for step in steps + flow.get("runs", {}).get("steps", []):
            yield place, step


def _reachable(flows: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Every job that a pull request starts, also in the workflows that are called."""
    waiting = [f".github/workflows/{name}.yml" for name in OPEN]
    while waiting:
        place = waiting.pop()
        for name, job in _jobs(flows.get(place, {})):
            yield place, name, job
            if str(job.get("uses", "")).startswith("./"):
                waiting.append(job["uses"].removeprefix("./"))
