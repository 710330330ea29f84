"""Commands from the challenger to the champion: record, gate, promote, report."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from contender import files
from contender.commands.answer import Answer, terminal_style
from contender.commands.ledger import open_record, open_registry
from contender.commands.serving import pack_result
from contender.errors import MissingError
from contender.params import Params, load_params
from contender.paths import Paths

EXIT_CODES: Final = {"PROMOTE": 0, "BOOTSTRAP": 0, "HOLD": 10, "REJECT": 20, "ERROR": 30}


def record() -> Answer:
    """Log the result of the stages to the registry, as the challenger."""
    from contender.release.record import record as log
    from contender.reporting.writing import write_plots
    from contender.revision import find_revision

    paths = Paths()
    settings = load_params(paths.params)
    with files.only_run(paths.lock):
        write_plots(paths)
        version = log(settings, paths, open_registry(paths), commit=find_revision(paths.root))
    return Answer(note=f"record: version {version.number} is the challenger")


def gate(  # pylint: disable=too-many-arguments,too-many-positional-arguments  # each a flag
    enforce: bool = False,
    allow_hold: bool = False,
    final: bool = False,
    local: bool = False,
    as_json: bool = False,
    markdown: bool = False,
    schema: bool = False,
) -> Answer:
    """Judge the challenger; with `final` the verdict counts and spends a look at the holdout."""
    from contender.release.verdict import render_schema
    from contender.reporting import markdown as markup
    from contender.reporting import terminal

    if schema:
        return Answer(text=render_schema().rstrip())
    paths = Paths()
    with files.only_run(paths.lock):
        record_ = open_record(paths, local=local) if final else None
        decision = _judge(paths, provisional=not final).decision
        if record_:
            record_.enter(decision)
    if as_json:
        text = paths.decision.read_text(encoding="utf-8").rstrip()
    elif markdown:
        text = markup.render_decision(decision)
    else:
        text = terminal.render_decision(decision, **terminal_style())
    return _ruled(decision, text, enforce=enforce, allow_hold=allow_hold)


def promote(local: bool) -> Answer:
    """Judge for good, and make a challenger that won the champion: in the ledger, then here."""
    from contender.release import promote as release
    from contender.reporting import terminal

    paths = Paths()
    with files.only_run(paths.lock):
        book = open_record(paths, local=local)
        trial = _judge(paths, provisional=False)
        decision, registry = trial.decision, trial.registry
        shown = terminal.render_decision(decision, **terminal_style())
        if decision.verdict not in release.WINNERS:
            book.enter(decision)
            ruled = _ruled(decision, shown, enforce=True)
            return replace(ruled, note=book.told("the champion stays"))
        expected = registry.champion()
        book.enter(decision, prize=_make_prize(trial, paths))
        version = release.promote(registry, decision, trial.version, expected=expected)
    ruled = _ruled(decision, shown, enforce=True)
    return replace(ruled, note=book.told(f"version {version.number} is the champion now"))


def _ruled(decision: Any, text: str, *, enforce: bool, allow_hold: bool = False) -> Answer:
    """`text` with the exit code of the verdict and what later steps of a workflow read."""
    verdict = str(decision.verdict)
    is_allowed = not enforce or (allow_hold and verdict == "HOLD")
    return Answer(
        text=text,
        code=0 if is_allowed else EXIT_CODES[verdict],
        notice=f"{verdict}: {decision.summary}",
        outputs={"verdict": verdict},
    )


def _make_prize(trial: "Trial", paths: Paths) -> Any:
    """What the winner ships as, made now that the decision in it is final."""
    from contender.reporting.writing import write_reports
    from contender.tracking import BUNDLED

    write_reports(paths)
    bundle = pack_result(paths).digest
    version = trial.registry.tag(trial.version, {BUNDLED: bundle})
    return prize_of(trial.registry, version, bundle, paths)


def prize_of(registry: Any, version: Any, bundle: str, paths: Paths) -> Any:
    """What the ledger is told of a winner: its bundle, and that of the anchor."""
    from contender.problem.schema import load_schema
    from contender.release.champion import anchor_over
    from contender.release.chronicle import Prize

    settings, schema = load_params(paths.params), load_schema(paths.schema)
    metric = _primary(settings, schema)
    better = metric is not None and metric.greater_is_better
    primary = settings.gate.primary
    return Prize(bundle, anchor_over(registry, version, primary=primary, larger_is_better=better))


def report() -> Answer:
    """Write the report, the plots and the model card from what the stages and the gate left."""
    from contender.reporting.writing import write_reports

    paths = Paths()
    with files.only_run(paths.lock):
        write_reports(paths)
    return Answer(note=f"report: open {paths.report}; the model card is {paths.card}")


@dataclass(frozen=True)
class Trial:
    """A decision, the version it is about, and the registry that both are in."""

    decision: Any
    version: Any
    registry: Any


def _judge(paths: Paths, *, provisional: bool) -> Trial:
    """The challenger judged against the registry's champion, and the verdict remembered."""
    from contender.problem.schema import load_schema
    from contender.release import champion, promote, verdict

    settings, schema = load_params(paths.params), load_schema(paths.schema)
    manifest = files.read_json(paths.manifest, made_by="dvc repro train")
    digest, holdout = manifest["model"]["sha256"], manifest["split"]["holdout_sha256"]
    registry = open_registry(paths)
    version = registry.find(digest)
    if version is None:
        raise MissingError(
            f"the model `{digest[:12]}` is not in the registry; expected a recorded challenger.",
            hint="run `contender record` first",
        )
    decision = verdict.judge(
        settings,
        schema,
        paths,
        champion=champion.fetch_champion(registry, paths),
        anchor=_anchor(registry, settings, schema, paths),
        look=champion.count_looks(registry, challenger=digest, holdout=holdout),
        terms_before=registry.terms_before(digest),
        provisional=provisional,
        as_of=date.today(),
    )
    if decision.digests and decision.digests.challenger == digest:  # else ERROR, on other bytes
        promote.remember(registry, decision, version)
    return Trial(decision, version, registry)


def _anchor(registry: Any, settings: Params, schema: Any, paths: Paths) -> Path | None:
    """The best model ever promoted, for the mode that measures against it."""
    from contender.release import champion

    metric = _primary(settings, schema)
    if settings.gate.mode == "improve" or metric is None:
        return None
    better = metric.greater_is_better
    return champion.fetch_anchor(
        registry, paths, primary=settings.gate.primary, larger_is_better=better
    )


def _primary(settings: Params, schema: Any) -> Any:
    """The metric that the verdict rests on; None when the task has none of that name."""
    from contender.problem.metrics import metrics_for

    return metrics_for(schema.task, settings.evaluate).get(settings.gate.primary)
