"""Commands from a result to answers: bundle, serve."""

import os
from pathlib import Path
from typing import Final

from contender import files
from contender.commands.answer import Answer
from contender.params import load_params
from contender.paths import Paths

DIGEST: Final = "BUNDLE_DIGEST"  # an image names the one bundle it was built with


def bundle() -> Answer:
    """Put the result that was judged last into one immutable folder."""
    from contender.bundle import point, write_bundle

    paths = Paths()
    parts = (paths.model, paths.manifest, paths.metrics, paths.decision, paths.card)
    with files.only_run(paths.lock):
        made = write_bundle({path.name: path for path in parts}, paths.bundles)
        point(paths.current, made)
    return Answer(text=made.digest, note=f"bundle: {paths.current} leads to it")


def serve(bundle: str | None, digest: str | None, host: str, port: int, workers: int) -> Answer:
    """Answer calls with the model of a bundle until told to end."""
    from contender.serving.server import Settings
    from contender.serving.server import serve as run

    paths = Paths()
    settings = Settings(
        bundle=Path(bundle) if bundle else paths.current,
        digest=digest or os.environ.get(DIGEST) or None,
        host=host,
        port=port,
        workers=workers,
        log=paths.log,
    )
    return Answer(code=run(settings, load_params(paths.params).serving))
