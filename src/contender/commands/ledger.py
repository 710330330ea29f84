"""Commands around the ledger: history, ledger, champion, restore."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contender import files
from contender.commands.answer import Answer, terminal_style
from contender.errors import MissingError, ParameterError
from contender.paths import Paths

HEAD: Final = re.compile(r"(\d{1,9}):([0-9a-f]{64})")
ARCHIVE: Final = re.compile(r"bundle-([0-9a-f]{64})\.tar\.gz")


def history(local: bool, as_json: bool, markdown: bool) -> Answer:
    """What served when, on which evidence, approved by whom."""
    from contender.ledger import open_ledger
    from contender.reporting import history as pages

    ledger = open_ledger(Paths().root, local=local)
    entries = ledger.read().entries
    if as_json:
        return Answer(text=json.dumps([it.model_dump(mode="json") for it in entries], indent=2))
    if markdown:
        return Answer(text=pages.render_markdown(entries))
    shown = pages.render_history(entries, **terminal_style())
    return Answer(text=shown, note=f"history: {ledger.place}, {len(entries)} entries, unbroken")


def ledger(action: str, local: bool, head: str | None) -> Answer:
    """Prove every entry, and that it still leads to the `head` that was seen before."""
    from contender.ledger import Head, head_of, open_ledger, verify

    del action  # "verify" is the only one
    match = HEAD.fullmatch(head or "")
    if head and not match:
        raise ParameterError(
            f"`{head}` is no head of a ledger; expected a number, a colon and a SHA-256.",
            hint="`contender ledger verify` prints it",
        )
    found = open_ledger(Paths().root, local=local)
    text = found.read().text
    entries = verify(text, seen=Head(int(match[1]), match[2]) if match else None)
    last = head_of(text)
    note = f"ledger: {found.place}, {len(entries)} entries, unbroken; its head is"
    return Answer(text=f"{last.number}:{last.digest}", note=note)


def champion(action: str, archive: str | None, to: str | None, digest: str | None) -> Answer:
    """Write the champion's bundle as one file, or make the bundle in such a file the champion."""
    paths = Paths()
    with files.only_run(paths.lock):
        if action == "export":
            return _export(paths, Path(to) if to else paths.bundles)
        if archive is None:
            raise ParameterError(
                "`contender champion import` was given no archive; expected its path.",
                hint="`contender champion export` prints it",
            )
        return _import(paths, Path(archive), digest)


def restore(place: str, local: bool) -> Answer:
    """Make the last champion of the ledger the champion of this registry, and count all looks."""
    from contender.ledger import champion_of, looks_of, open_ledger
    from contender.release.adoption import install, keep
    from contender.release.archives import obtain

    paths = Paths()
    with files.only_run(paths.lock):
        entries = open_ledger(paths.root, local=local).read().entries
        looks, entry, registry = looks_of(entries), champion_of(entries), open_registry(paths)
        registry.import_looks(looks)
        counted = f"looks at holdouts counted: {sum(map(len, looks.values()))}"
        if entry is None:
            return Answer(note=f"BOOTSTRAP: no promotion in the ledger yet; {counted}")
        if entry.bundle is None:
            raise MissingError(
                f"entry {entry.number} of the ledger names no bundle: its champion was promoted "
                "before the ledger began.",
                hint="promote again from the machine that has it",
            )
        if entry.anchor:
            keep(registry, obtain(place, entry.anchor, paths.bundles))
        version = install(registry, obtain(place, entry.bundle, paths.bundles), entry)
    note = f"version {version.number} is the champion, by entry {entry.number}; {counted}"
    return Answer(text=entry.bundle, note=f"restore: {note}")


@dataclass(frozen=True)
class Record:
    """The ledger as a final verdict finds it, and who is about to write into it."""

    ledger: Any
    before: Any
    who: Any
    repaired: str

    def enter(self, decision: Any, *, prize: Any = None) -> None:
        """Put the verdict into the ledger, and the promotion when there is a prize."""
        from contender.release.chronicle import enter

        enter(self.ledger, decision, self.who, before=self.before, prize=prize)

    def told(self, note: str) -> str:
        """`note` with where it was written down and what was repaired before."""
        lines = (self.repaired, f"{note}; it is in the ledger: {self.ledger.place}")
        return "\n".join(filter(None, lines))


def open_record(paths: Paths, *, local: bool) -> Record:
    """The ledger, in agreement with the registry, which counts its looks from now on."""
    from contender.ledger import find_circumstances, looks_of, open_ledger
    from contender.release.chronicle import reconcile

    found, who = open_ledger(paths.root, local=local), find_circumstances(paths.root)
    registry = open_registry(paths)
    repaired = reconcile(found, registry, who)
    before = found.read()
    registry.import_looks(looks_of(before.entries))
    return Record(found, before, who, repaired)


def open_registry(paths: Paths) -> Any:
    """The registry of the problem in data/schema.yaml."""
    from contender import tracking
    from contender.problem.schema import load_schema

    return tracking.open_registry(paths, uri=None, name=load_schema(paths.schema).dataset)


def _export(paths: Paths, folder: Path) -> Answer:
    from contender.bundle import open_bundle, pack
    from contender.tracking import BUNDLED

    found = open_registry(paths).champion()
    digest = found and found.tags.get(BUNDLED)
    if not digest or not (paths.bundles / digest).is_dir():
        raise MissingError(
            f"the bundle of the champion `{(digest or 'none')[:12]}` is not in `{paths.bundles}`; "
            "expected it where the champion was promoted or restored.",
            hint="`contender promote` makes it, `contender restore --from PLACE` brings it",
        )
    archive = pack(open_bundle(paths.bundles / digest, digest=digest), folder)
    return Answer(text=str(archive), note=f"champion: exported version {found.number}")


def _import(paths: Paths, archive: Path, digest: str | None) -> Answer:
    from contender.bundle import unpack
    from contender.release.adoption import install

    match = ARCHIVE.fullmatch(archive.name)
    expected = digest or (match and match[1])
    if not expected:
        raise ParameterError(
            f"nothing says which bundle `{archive}` should hold; expected --digest, or a name "
            "like `bundle-DIGEST.tar.gz`.",
            hint="the ledger names it: `contender history --json`",
        )
    bundle = unpack(archive, paths.bundles, digest=expected)
    version = install(open_registry(paths), bundle, None)
    return Answer(text=expected, note=f"champion: version {version.number} is the champion now")
