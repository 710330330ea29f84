"""What each command does: stages, release and reporting put together; values in, an answer out."""

import json
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from contender import files
from contender.errors import IntegrityError
from contender.params import Params, load_params
from contender.paths import Paths

EXIT_CODES: Final = {"PROMOTE": 0, "BOOTSTRAP": 0, "HOLD": 10, "REJECT": 20, "ERROR": 30}
SMOKE: Final = Paths(work=Path(".smoke"))


@dataclass(frozen=True)
class Answer:
    """What a command says: data for stdout, talk for stderr, and the exit code."""

    text: str = ""
    note: str = ""
    code: int = 0


def stage(name: str, paths: Paths = Paths(), **options: Any) -> Answer:
    """Run one stage of dvc.yaml."""
    said = import_module(f"contender.stages.{name}").run(load_params(paths.params), paths, **options)
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
    value = Params.model_json_schema() if schema else load_params(Paths().params).model_dump(mode="json", by_alias=True)
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
    from contender.problem.tuning import tune as search

    return Answer(note=search(load_params(Paths().params), Paths()))
