"""Commands that change who is champion by a bundle: crown, reinstate."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contender import files
from contender.commands.answer import Answer
from contender.commands.ledger import open_record, open_registry
from contender.commands.release import prize_of
from contender.errors import LedgerError
from contender.paths import Paths


def crown(bundle: str | None, local: bool) -> Answer:
    """Make the model of a bundle that was judged for good the champion; twice changes nothing."""
    from contender.bundle import MODEL, open_bundle
    from contender.release import adoption, passage, promote
    from contender.tracking import BUNDLED

    paths = Paths()
    with files.only_run(paths.lock):
        opened = open_bundle(Path(bundle) if bundle else paths.current)
        decision = passage.require_passage(opened)
        record, registry = open_record(paths, local=local), open_registry(paths)
        expected = registry.champion()
        if expected and expected.digest == opened.sums[MODEL]:
            return Answer(note=f"crown: version {expected.number} is the champion already")
        version = registry.find(opened.sums[MODEL]) or registry.add(adoption.to_result(opened))
        version = registry.tag(version, {BUNDLED: opened.digest})
        record.enter(decision, prize=prize_of(registry, version, opened.digest, paths))
        version = promote.promote(registry, decision, version, expected=expected)
    return Answer(note=record.told(f"crown: version {version.number} is the champion now"))


def reinstate(place: str, digest: str | None, reason: str, local: bool) -> Answer:
    """Make a model that was champion before the champion again, with its bundle from `place`."""
    from contender.bundle import point
    from contender.release import passage
    from contender.release.adoption import keep
    from contender.release.archives import obtain

    paths = Paths()
    with files.only_run(paths.lock):
        record, registry = open_record(paths, local=local), open_registry(paths)
        opened = obtain(place, _earlier(record.before.entries, digest), paths.bundles)
        keep(registry, opened)
        passage.bring_back(record.ledger, registry, opened, record.who, reason=reason)
        point(paths.current, opened)
    told = record.told(f"reinstate: {opened.digest[:12]} is the champion again")
    return Answer(text=opened.digest, note=told, outputs={"bundle": opened.digest})


def _earlier(entries: Sequence[Any], digest: str | None) -> str:
    """The bundle of a champion before this one: the one that `digest` begins, or the last one.

    Raises:
        LedgerError: there was none.
    """
    from contender.ledger import champion_of, reigns_of

    champion = champion_of(entries)
    crowned = [reign.began for reign in reigns_of(entries) if reign.began.bundle]
    earlier = [it.bundle for it in crowned if champion and it.model != champion.model]
    fitting = [it for it in earlier if it and it.startswith(digest or "")]
    if not fitting:
        raise LedgerError(
            f"the ledger names no earlier champion `{digest or ''}`; expected the bundle of one "
            "that was promoted before.",
            hint="`contender history` shows who served",
        )
    return fitting[-1]
