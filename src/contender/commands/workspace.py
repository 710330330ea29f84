"""Commands that look at the repository: reproduce, doctor."""

import os
import re
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from contender.commands.answer import Answer, terminal_style
from contender.commands.pipeline import STAGES
from contender.errors import MissingError, ParameterError, ReproductionError
from contender.params import load_params, read_yaml
from contender.paths import Paths


def reproduce() -> Answer:
    """Run every stage from nothing in a folder of its own, and compare with what git has."""
    from contender import reproduction as rules

    paths = Paths()
    settings = load_params(paths.params)
    lock = rules.parse_lock(_committed(paths, paths.pins))
    before = rules.parse_metrics(_committed(paths, paths.metrics))
    pipeline = read_yaml(paths.pipeline)
    if stale := rules.find_stale(lock, pipeline, read_yaml(paths.params), paths.root):
        raise ReproductionError(
            "dvc.lock of the commit is not about this tree:\n  " + "\n  ".join(stale),
            hint=rules.HINT,
        )
    with tempfile.TemporaryDirectory() as folder:
        made = Paths(root=paths.root, work=Path(folder))
        for name in STAGES:
            import_module(f"contender.stages.{name}").run(settings, made)
        now = rules.parse_metrics(made.metrics.read_text(encoding="utf-8"))
        outcome = rules.compare(lock, made.work, before, now)
    rules.require_same(outcome, limit=settings.train.max_parity_error)
    told = (
        f"the same metrics within {outcome.difference:.2g}; other bytes: "
        f"{', '.join(outcome.changed)}"
        if outcome.changed
        else f"all {outcome.outputs} outputs to the byte"
    )
    return Answer(note=f"reproduce: a run from nothing gives what the commit has: {told}")


def _committed(paths: Paths, path: Path) -> str:
    """The text of the file at `path` in the commit that is checked out.

    Raises:
        MissingError: the commit has none, or there is no commit.
    """
    from contender.ledger.git import Repository

    place = path.relative_to(paths.work).as_posix()
    said = Repository(paths.root).ask("cat-file", "blob", f"HEAD:./{place}")
    if said.code != 0:
        raise MissingError(
            f"`{place}` is not in the commit that is checked out: {said.reason}",
            hint="`dvc repro && git add dvc.lock reports`, then commit",
        )
    return said.out


def doctor(as_json: bool) -> Answer:
    """What is set up and what is not, with the command for each; exit code 1 when it is broken."""
    from contender.checkup import State, find_hosted, find_local
    from contender.checkup.local import find_template
    from contender.commands.ledger import open_registry
    from contender.reporting import checkup

    paths = Paths()
    host, unknown = _find_host(paths)
    hosted = find_hosted(host, unknown)
    findings = [
        *find_local(paths, lambda: str(open_registry(paths).shown), os.environ),
        find_template(paths.root, hosted.source),
        *hosted.findings,
    ]
    shown = (
        checkup.render_json(findings)
        if as_json
        else checkup.render_findings(findings, **terminal_style())
    )
    return Answer(text=shown, code=int(any(it.state is State.BROKEN for it in findings)))


def _find_host(paths: Paths) -> tuple[Any, str]:
    """The repository on GitHub that the environment names, or `origin`; or why there is none."""
    from contender.github import find_host
    from contender.ledger.git import Repository

    address = Repository(paths.root).setting("remote.origin.url") or ""
    match = re.search(r"github\.com[:/]([^/]+/[^/]+?)(?:\.git)?/?$", address)
    try:
        return find_host({"GITHUB_REPOSITORY": match[1] if match else ""} | os.environ), ""
    except ParameterError as error:
        return None, str(error.args[0])
