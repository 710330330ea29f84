"""Commands from a result to answers: bundle, serve."""

from pathlib import Path
from typing import Any

from contender import files
from contender.commands.answer import Answer
from contender.params import load_params
from contender.paths import Paths


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


def serve(bundle: str | None, digest: str | None, host: str, port: int, workers: int) -> Answer:
    """Answer calls with the model of a bundle until told to end."""
    from contender.serving.server import Settings
    from contender.serving.server import serve as run

    paths = Paths()
    place = Path(bundle) if bundle else paths.current
    settings = Settings(
        bundle=place, digest=digest, host=host, port=port, workers=workers, log=paths.log
    )
    return Answer(code=run(settings, load_params(paths.params).serving))
