"""Commands from a result to answers: bundle, predict, serve."""

import os
import time
from pathlib import Path
from typing import Any, Final

from contender import files
from contender.commands.answer import Answer
from contender.errors import ParameterError
from contender.params import load_params
from contender.paths import Paths

DIGEST: Final = "BUNDLE_DIGEST"  # an image names the one bundle it was built with


def bundle(winner: bool, to: str | None, place: str | None, digest: str | None) -> Answer:
    """Put the result that was judged last, or what is at `place`, into one immutable folder."""
    from contender.bundle import pack, point
    from contender.release.archives import obtain

    paths = Paths()
    with files.only_run(paths.lock):
        if place:
            made = obtain(place, _require(digest), paths.bundles)
        else:
            made = _find_winner(paths) if winner else pack_result(paths)
        point(paths.current, made)
        if to:
            pack(made, Path(to))
    note = f"bundle: {paths.current} leads to it"
    return Answer(text=made.digest, note=note, outputs={"bundle": made.digest})


def _require(digest: str | None) -> str:
    if digest is None:
        raise ParameterError(
            "nothing says which bundle to take; expected --digest.",
            hint="the ledger names those that were promoted: `contender history --json`",
        )
    return digest


def _find_winner(paths: Paths) -> Any:
    """The bundle of what was judged last, when it won; else that of the champion, which stays."""
    from contender.bundle import open_bundle
    from contender.commands.ledger import open_registry
    from contender.errors import MissingError
    from contender.release import promote
    from contender.tracking import BUNDLED

    verdict = files.read_json(paths.decision, made_by="contender gate")["verdict"]
    if verdict in promote.WINNERS:
        return pack_result(paths)
    champion = open_registry(paths).champion()
    digest = champion and champion.tags.get(BUNDLED)
    if not digest:
        raise MissingError(
            f"the verdict is `{verdict}` and the bundle of the champion is not known here; "
            "expected one that may ship.",
            hint="`contender restore --from PLACE` brings the champion",
        )
    return open_bundle(paths.bundles / digest, digest=digest)


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
