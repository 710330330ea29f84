"""Commands from a result to answers: bundle, predict, serve."""

import os
import time
from pathlib import Path
from typing import Any, Final

from contender import files
from contender.commands.answer import Answer
from contender.params import load_params
from contender.paths import Paths

DIGEST: Final = "BUNDLE_DIGEST"  # an image names the one bundle it was built with


def bundle() -> Answer:
    """Put the result that was judged last into one immutable folder."""
    from contender.bundle import point

    paths = Paths()
    with files.only_run(paths.lock):
        made = pack_result(paths)
        point(paths.current, made)
    return Answer(text=made.digest, note=f"bundle: {paths.current} leads to it")


def pack_result(paths: Paths) -> Any:
    """The bundle of the result in the work tree."""
    from contender.bundle import write_bundle

    parts = (paths.model, paths.manifest, paths.metrics, paths.decision, paths.card)
    return write_bundle({path.name: path for path in parts}, paths.bundles)


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


def serve(
    bundle: str | None, digest: str | None, log: str | None, shadow: str | None, **listen: Any
) -> Answer:
    """Answer calls with the model of a bundle until told to end; `listen` says where, and how."""
    from contender.serving.server import Settings
    from contender.serving.server import serve as run
    from contender.serving.shadow import parse_address

    paths = Paths()
    settings = Settings(
        bundle=Path(bundle) if bundle else paths.current,
        digest=digest or os.environ.get(DIGEST) or None,
        log=Path(log) if log else paths.log,
        shadow=parse_address(shadow) if shadow is not None else None,
        **listen,
    )
    return Answer(code=run(settings, load_params(paths.params).serving))
