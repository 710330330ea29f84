"""Commands that try a version before callers depend on it: staging, judge."""

import contextlib
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from contender.commands.answer import Answer
from contender.errors import MissingError
from contender.params import load_params
from contender.paths import Paths

# One library of each group of pyproject.toml that a release needs.
GROUPS: Final = {"deploy": "httpx", "serving": "uvicorn"}


def staging(address: str | None, bundle: str | None, as_json: bool) -> Answer:
    """Test a server that runs at `address`, or one that is started for it."""
    require_groups()
    from contender.bundle import open_bundle
    from contender.deploy.staging import hosting, run_checks

    paths = Paths()
    settings = load_params(paths.params)
    opened = open_bundle(Path(bundle) if bundle else paths.current)
    with contextlib.nullcontext(address) if address else hosting(opened) as place:
        found = run_checks(place, opened, settings)
    text = json.dumps(found.to_json(), indent=2) if as_json else found.render()
    return Answer(text=text, code=20 if found.fault else 0)


def judge(  # pylint: disable=too-many-arguments  # each is an option of the command
    *,
    prometheus: str,
    canary: str,
    control: str,
    share: float,
    seconds: float | None,
    as_json: bool,
) -> Answer:
    """Watch a canary that a cluster runs: exit code 0 on, 20 roll back, 10 not decided in time."""
    from dataclasses import asdict

    from contender.deploy.judge import limits
    from contender.deploy.prometheus import Prometheus
    from contender.deploy.watch import Split, watch

    params = load_params(Paths().params).release
    said = watch(
        Prometheus(prometheus),
        Split(canary, control, share),
        limits(params),
        seconds=2 * params.step_s if seconds is None else seconds,
        tick_s=params.tick_s,
    )
    text = f"{said.outcome}: {said.message}"
    codes = {"pass": 0, "rollback": 20, "wait": 10}
    return Answer(json.dumps(asdict(said)) if as_json else text, code=codes[said.outcome])


def require_groups() -> None:
    """Nothing, once what a release needs is installed.

    Raises:
        MissingError: it is not; the pipeline alone does without.
    """
    if missing := [group for group, library in GROUPS.items() if find_spec(library) is None]:
        names = " and ".join(f"`{group}`" for group in missing)
        raise MissingError(
            f"the libraries of {names} are not in this environment; expected them for a release.",
            hint=f"`uv sync --inexact {' '.join(f'--group {group}' for group in missing)}`, or "
            "`make rollout`, which does it first",
        )
