"""Commands from a result to answers: bundle, predict, serve."""

import time
from pathlib import Path
from typing import Any

from contender import files
from contender.commands.answer import Answer
from contender.params import load_params
from contender.paths import Paths


def bundle() -> Answer:
    """Put the result that was judged last into one immutable folder."""
    from contender.bundle import point, write_bundle

    paths = Paths()
    parts = (paths.model, paths.manifest, paths.metrics, paths.decision, paths.card)
    with files.only_run(paths.lock):
        made = write_bundle({path.name: path for path in parts}, paths.bundles)
        point(paths.current, made)
    return Answer(text=made.digest, note=f"bundle: {paths.current} leads to it")


def predict(source: str, target: str, bundle: str | None, digest: str | None) -> Answer:
    """Predict every row of a file with the model of a bundle."""
    from tqdm import tqdm

    from contender.batch.scoring import Scorer
    from contender.bundle import open_bundle

    paths, started = Paths(), time.monotonic()
    opened = open_bundle(Path(bundle) if bundle else paths.current, digest=digest)
    scorer = Scorer(opened, load_params(paths.params))
    with tqdm(unit=" rows", unit_scale=True, disable=None, leave=False) as shown:

        def show(done: int, rows: int | None) -> None:
            shown.total = rows
            shown.update(done - shown.n)

        rows = scorer.score(Path(source), Path(target), show)
    seconds = time.monotonic() - started
    return Answer(note=f"predict: {rows:,} rows in {seconds:.1f} s by the model {opened.digest}")


def serve(bundle: str | None, log: str | None, shadow: str | None, **options: Any) -> Answer:
    """Answer calls with the model of a bundle until told to end; `options` say where, and how."""
    from contender.serving.server import Settings
    from contender.serving.server import serve as run
    from contender.serving.shadow import parse_address

    paths = Paths()
    settings = Settings(
        bundle=Path(bundle) if bundle else paths.current,
        log=Path(log) if log else paths.log,
        shadow=parse_address(shadow) if shadow is not None else None,
        **options,
    )
    return Answer(code=run(settings, load_params(paths.params).serving))
