"""Commands that look at the repository: reproduce, doctor."""

import tempfile
from importlib import import_module
from pathlib import Path

from contender.commands.answer import Answer
from contender.commands.pipeline import STAGES
from contender.errors import MissingError, ReproductionError
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
