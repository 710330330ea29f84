"""Commands up to the challenger: data, stages, parameters, search, and the smoke run."""

import json
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from contender import files
from contender.commands.answer import Answer, terminal_style
from contender.edits import with_values
from contender.errors import IntegrityError, ParameterError
from contender.params import Params, load_params
from contender.paths import Paths

STAGES: Final = ("ingest", "validate", "split", "train", "evaluate")
SMOKE: Final = Paths(work=Path(".smoke"))
TOO_FEW: Final = 20  # rows below which a smoke run has nothing to run on


def stage(name: str, paths: Paths = Paths(), **options: Any) -> Answer:
    """Run one stage of dvc.yaml."""
    said = import_module(f"contender.stages.{name}").run(
        load_params(paths.params), paths, **options
    )
    return Answer(note=f"{name}: {said}")


def pull() -> Answer:
    """Fetch the raw data if it is missing; verify it in any case."""
    from contender import storage

    storage.pull(Paths())
    return Answer(note="data: there, and what its pointer says")


def remote(url: str, endpoint_url: str | None) -> Answer:
    """Move the data to another DVC remote."""
    from contender import storage

    storage.move_remote(Paths(), url, endpoint_url=endpoint_url)
    return Answer(note=f"data is in `{url}` now; commit .dvc/config, then remove data/store")


def params(schema: bool) -> Answer:
    """The parameters as they are, or what may be set."""
    value = (
        Params.model_json_schema()
        if schema
        else load_params(Paths().params).model_dump(mode="json", by_alias=True)
    )
    return Answer(text=json.dumps(value, indent=2))


def expectations(check: bool) -> Answer:
    """Write what is generated from the schema, or say what is not current."""
    import pyarrow.parquet as pq

    from contender.problem.dictionary import render_dictionary
    from contender.problem.expectations import COMMAND, write_suite
    from contender.problem.schema import load_schema

    paths = Paths()
    schema, settings = load_schema(paths.schema), load_params(paths.params)
    files.read_bytes(paths.table, made_by="dvc repro ingest")
    table = pq.read_table(paths.table)
    suite = write_suite(table, schema, min_rows=settings.validate_.min_rows)
    wanted = {
        paths.expectations: files.to_json(suite),
        paths.dictionary: render_dictionary(schema),
    }
    stale = [
        str(path)
        for path, text in wanted.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    if check and stale:
        raise IntegrityError(
            f"`{', '.join(stale)}` is not what data/schema.yaml makes.", hint=f"run `{COMMAND}`"
        )
    for path in [] if check else wanted:
        files.write_text(path, wanted[path])
    return Answer(note="current" if check else f"wrote {', '.join(stale) or 'nothing new'}")


def tune() -> Answer:
    """Search hyperparameters on the training rows; the winner goes into params.yaml."""
    import pyarrow.parquet as pq

    from contender.problem import frames
    from contender.problem.schema import load_schema
    from contender.problem.tuning import search

    paths = Paths()
    settings, schema = load_params(paths.params), load_schema(paths.schema)
    split = files.read_json(paths.split, made_by="dvc repro split", keys=("train_sha256",))
    files.verify(paths.train, split["train_sha256"], made_by="dvc repro split")
    table = frames.spaced(pq.read_table(paths.train), settings.tune.rows)
    columns, target = frames.feature_columns(table, schema), frames.encode_target(table, schema)
    result = search(columns, target, schema, settings)
    files.write_json(paths.tuning, result)
    chosen = result["best"]["settings"]
    text = paths.params.read_text(encoding="utf-8")
    place = f"train.hyperparameters.{result['estimator']}"
    changes = {f"{place}.{name}": value for name, value in chosen.items()}
    files.write_text(paths.params, with_values(text, changes))
    before, best = result["before"], result["best"]
    return Answer(
        text=f"{result['metric']} by cross-validation on {result['rows']:,} training rows: "
        f"{before['score']:.4f} before, {best['score']:.4f} with {chosen} "
        f"(standard deviation over folds {best['spread']:.4f})",
        note=f"{len(result['trials'])} trials in {paths.tuning}; the winner is in params.yaml",
    )


def refresh() -> Answer:
    """Let the gate ask of the next challenger only that it does no harm."""
    paths = Paths()
    text = paths.params.read_text(encoding="utf-8")
    load_params(paths.params)
    files.write_text(paths.params, with_values(text, {"gate.mode": "refresh"}))
    return Answer(note=f"refresh: `gate.mode` in {paths.params} is `refresh`")


def smoke(rows: int) -> Answer:
    """Every stage and the gate on a subset, apart from real results: no DVC, no registry."""
    from contender.problem.schema import load_schema
    from contender.release.verdict import judge
    from contender.reporting import terminal
    from contender.reporting.writing import write_reports

    if rows < TOO_FEW:
        raise ParameterError(
            f"a smoke run on `{rows}` rows shows nothing; expected at least {TOO_FEW}.",
            hint="a thousand rows take seconds: `make run SUBSET=1000`",
        )
    settings = smaller(load_params(SMOKE.params))
    schema = load_schema(SMOKE.schema)
    said = []
    with files.only_run(SMOKE.lock):
        for name in STAGES:
            module = import_module(f"contender.stages.{name}")
            options = {"subset": rows} if name == "ingest" else {}
            said.append(f"{name}: {module.run(settings, SMOKE, **options)}")
        decision = judge(
            settings,
            schema,
            SMOKE,
            champion=None,
            anchor=None,
            look=1,
            provisional=True,
            as_of=date.today(),
        )
        write_reports(SMOKE)
    text = terminal.render_decision(decision, **terminal_style(), rehearsal=SMOKE.report)
    said.append(f"a smoke run on {rows:,} rows decides nothing")
    return Answer(text=text, note="\n".join(said))


def smaller(settings: Params) -> Params:
    """The parameters with the limits on rows lowered, except the gate's: it may say HOLD."""
    validate_ = settings.validate_.model_copy(update={"min_rows": TOO_FEW})
    split = settings.split.model_copy(update={"min_holdout_rows": 1})
    return settings.model_copy(update={"validate_": validate_, "split": split})
