"""The command that makes another team's table the project's own."""

import difflib
import re
import shutil
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contender import files, objects
from contender.adoption.proposal import Note, Proposal, Split, propose
from contender.adoption.reading import read_delivery
from contender.adoption.roles import Wishes
from contender.adoption.writing import render_schema, restoring
from contender.commands import release
from contender.commands.answer import Answer
from contender.edits import with_values
from contender.errors import ParameterError, SplitError
from contender.params import Params, load_params, parse_params
from contender.paths import Paths
from contender.problem.dictionary import render_dictionary
from contender.problem.expectations import write_suite
from contender.stages import ingest, split

EMBEDDED: Final = Path("data/store")
MAX_EMBEDDED_BYTES: Final = 20_000_000  # more does not belong into git
SALTS: Final = ("contender", *(f"contender-{number}" for number in range(2, 11)))
SHOWN: Final = 5  # names in one line
UNDO: Final = "undo      git checkout . && git clean -fd data reports"
Ask = Callable[[str], str]


@dataclass(frozen=True)
class Plan:
    """All that will be written: each file's text, where the data goes, and what was assumed."""

    source: Path
    place: Path
    texts: dict[Path, str]
    notes: tuple[Note, ...]
    replaced: Path | None


def adopt(source: str, *, dry_run: bool, ask: Ask | None, **wishes: Any) -> Answer:
    """Describe the table at `source`, track it, run the pipeline, and say what was assumed."""
    paths = Paths()
    with files.only_run(paths.lock):
        plan = make_plan(Path(source), wishes, paths, ask)
        assumed = render_notes(plan.notes)
        if dry_run:
            return Answer(text=render_diff(plan), note=f"{assumed}\nnothing was changed")
        if ask and ask(f"{assumed}\n\nadopt it? [y/N] ").lower() not in ("y", "yes"):
            return Answer(note="nothing was changed", code=1)
        kept = write_files(plan, paths)
    objects.reproduce(paths.root)
    recorded = release.record().note
    verdict = release.gate().text
    reported = release.report().note
    return Answer(text=f"{verdict}\n\n{assumed}\n\n{kept}\n{UNDO}", note=f"{recorded}\n{reported}")


def make_plan(source: Path, wishes: dict[str, Any], paths: Paths, ask: Ask | None) -> Plan:
    """What adopting the table at `source` would write, once the stages have taken it in memory.

    Raises:
        ParameterError: no target is named, or a wish cannot be met.
        DataError: the file cannot be read, learnt from, or split.
    """
    params = load_params(paths.params)
    delivery = read_delivery(source, params.ingest)
    if wishes["target"] is None:
        wishes["target"] = _ask_target(list(delivery.columns), ask)
    name = _slug(source.stem)
    proposal = propose(delivery, Wishes(**wishes), name=name, params=params)
    place, old = _find_place(source, name, paths), paths.root / f"{params.ingest.source}.dvc"
    changes = {"ingest.source": str(place.relative_to(paths.root)), **proposal.changes}
    before = paths.params.read_text(encoding="utf-8")
    settings = parse_params(with_values(before, changes))
    schema = proposal.schema
    table = ingest.type_table(ingest.read_raw(source, schema, settings.ingest), schema)
    choice, salt = _first_that_works(table, proposal, settings)
    changes |= {"split.method": choice.method, "split.salt": salt}
    texts = {
        paths.schema: render_schema(schema),
        paths.expectations: files.to_json(
            write_suite(table, schema, min_rows=settings.validate_.min_rows)
        ),
        paths.dictionary: render_dictionary(schema),
        paths.params: with_values(before, changes),
    }
    notes = (*proposal.notes, *_split_notes(choice, settings))
    return Plan(source, place, texts, notes, old if old != _pointer(place) else None)


def write_files(plan: Plan, paths: Paths) -> str:
    """Where the data is kept now; all of `plan` is written, or nothing of it.

    Raises:
        StorageError: the remote cannot be reached, or does not keep what it is given.
        WriteError: a file cannot be written.
    """
    old = [plan.replaced] if plan.replaced else []
    with restoring((*plan.texts, _pointer(plan.place), *old)):
        if plan.place.resolve() != plan.source.resolve():
            with plan.source.open("rb") as source, files.replacing(plan.place) as stream:
                shutil.copyfileobj(source, stream)
        with objects.open_repository(paths.root) as repo:
            objects.track(repo, plan.place)
            said = _store(repo, plan.place, paths)
        for path, text in plan.texts.items():
            files.write_text(path, text)
        for path in old:
            path.unlink(missing_ok=True)
    return said


def render_notes(notes: tuple[Note, ...]) -> str:
    """What was assumed, one line each, those that say the same together."""
    together: dict[tuple[str, str], list[str]] = {}
    for note in notes:
        together.setdefault((note.said, note.change), []).append(note.subject)
    lines = ["assumed, and how to change it:"]
    for (said, change), subjects in together.items():
        more = f" and {len(subjects) - SHOWN} more" if len(subjects) > SHOWN else ""
        lines.append(f"  {', '.join(subjects[:SHOWN]) or 'a column'}{more}: {said}  [{change}]")
    return "\n".join(lines)


def render_diff(plan: Plan) -> str:
    """What would change in each file, as `git diff` shows it."""
    parts = [f"+ {_pointer(plan.place)}"] + ([f"- {plan.replaced}"] if plan.replaced else [])
    for path, text in plan.texts.items():
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        lines = difflib.unified_diff(
            before.splitlines(), text.splitlines(), f"a/{path}", f"b/{path}", lineterm=""
        )
        parts += lines
    return "\n".join(parts)


def _ask_target(names: list[str], ask: Ask | None) -> str:
    listed = ", ".join(names)
    if ask is None:
        raise ParameterError(
            f"no target is named; expected one of `{listed}`.",
            hint="say which column is predicted: `--target NAME`",
        )
    return ask(f"{listed}\nwhich of these is to be predicted? ")


def _first_that_works(table: Any, proposal: Proposal, settings: Params) -> tuple[Split, str]:
    """The first way to hold rows out that leaves enough of each class on both sides.

    Raises:
        SplitError: none does; it is the error of the last one.
    """
    error: SplitError | None = None
    instead = ""
    for choice in proposal.splits:
        for salt in SALTS if choice.method != "time" else SALTS[:1]:
            wanted = settings.split.model_copy(update={"method": choice.method, "salt": salt})
            rule = split.make_rule(table, proposal.schema, wanted)
            train, holdout = split.divide(table, proposal.schema, rule)
            try:
                split.check(train, holdout, proposal.schema, wanted)
            except SplitError as refusal:
                error = refusal
            else:
                return Split(choice.method, f"{choice.why}{instead}"), salt
        instead = instead or f"; not by {choice.method}: {str(error).partition(';')[0]}"
    assert error is not None
    raise error


def _find_place(source: Path, name: str, paths: Paths) -> Path:
    """Where the file goes below `data/raw`; another one of that name is not overwritten."""
    if source.resolve().parent == paths.raw.resolve():
        return paths.raw / source.name
    place = paths.raw / f"{name}{source.suffix.lower() or '.csv'}"
    if not place.is_file():
        return place
    digest = objects.md5_of(source)
    return place if objects.md5_of(place) == digest else place.with_stem(f"{name}_{digest[:6]}")


def _pointer(path: Path) -> Path:
    return path.with_name(f"{path.name}.dvc")


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "_", plain).strip("_") or "table"


def _split_notes(choice: Split, settings: Params) -> tuple[Note, Note]:
    said = (
        f"{settings.split.holdout:.0%} held out, at least {settings.split.min_holdout_rows:,}; "
        f"the gate decides from {settings.gate.min_rows:,} held-out rows on"
    )
    return (
        Note("split", f"by {choice.method}: {choice.why}", "`split.method` in params.yaml"),
        Note("rows", said, "`split` and `validate` in params.yaml"),
    )


def _store(repo: Any, path: Path, paths: Paths) -> str:
    """Where the bytes of `path` are, besides here; a large file is not put into git."""
    remote, size = objects.find_remote(repo), path.stat().st_size
    embedded = Path(remote).resolve() == (paths.root / EMBEDDED).resolve()
    if embedded and size > MAX_EMBEDDED_BYTES:
        return (
            f"data      {size / 1e6:,.0f} MB are too much for `{EMBEDDED}` in git: so far they are "
            "here only\n          make remote URL=s3://bucket/path: keep them where others can "
            "fetch them"
        )
    objects.keep(repo, objects.md5_of(path))
    return f"data      tracked by `{_pointer(path)}`, kept in `{EMBEDDED if embedded else remote}`"
