"""A bundle on its way to production and back: what lets it pass, and what is written down of it."""

from collections.abc import Sequence
from typing import Final

from pydantic import ValidationError

from contender.bundle import MODEL, Bundle
from contender.errors import IntegrityError, RegistryError
from contender.ledger import Circumstances, Entry, Kind, Ledger, Sealed, champion_of
from contender.release import promote as release
from contender.release.gate.decision import Decision
from contender.tracking import BUNDLED, Registry, Version

TEXT: Final = 2000  # what an entry of the ledger may say


def read_decision(bundle: Bundle) -> Decision:
    """The decision that is in `bundle`.

    Raises:
        IntegrityError: it is none.
    """
    try:
        return Decision.model_validate_json(bundle.read("decision.json"))
    except ValidationError as error:
        raise IntegrityError(
            f"the bundle `{bundle.digest[:12]}` holds no decision of this version of the gate.",
            hint="judge the model again, then run `contender bundle`",
        ) from error


def require_passage(bundle: Bundle) -> Decision:
    """The decision in `bundle`, once it is one that lets it into production.

    Raises:
        RegistryError: it is none of PROMOTE and BOOTSTRAP, is provisional, or is about another
            model.
        IntegrityError: it cannot be read.
    """
    decision = read_decision(bundle)
    judged = decision.digests.challenger if decision.digests else None
    if decision.verdict not in release.WINNERS or decision.provisional:
        kind = "provisional " if decision.provisional else ""
        raise RegistryError(
            f"the bundle `{bundle.digest[:12]}` was judged {kind}`{decision.verdict}`; expected "
            "PROMOTE or BOOTSTRAP that counts. What is in production stays.",
            hint="`contender gate --final` judges for good; then run `contender bundle`",
        )
    if judged != bundle.sums[MODEL]:
        raise IntegrityError(
            f"the decision in the bundle `{bundle.digest[:12]}` is about the model "
            f"`{str(judged)[:12]}`, not about the one beside it.",
            hint="judge the model again, then run `contender bundle`",
        )
    return decision


def find_version(registry: Registry, bundle: Bundle) -> Version:
    """The version of the model in `bundle`, which the registry now knows to be in that bundle.

    Raises:
        RegistryError: it does not know the model, or cannot be reached.
    """
    version = registry.find(bundle.sums[MODEL])
    if version is None:
        raise RegistryError(
            f"the model of the bundle `{bundle.digest[:12]}` is not in the registry; expected a "
            "recorded one.",
            hint="run `contender record`, or `contender restore --from PLACE`, first",
        )
    return registry.tag(version, {BUNDLED: bundle.digest})


def bring_back(
    ledger: Ledger, registry: Registry, bundle: Bundle, who: Circumstances, *, reason: str
) -> None:
    """Make the model in `bundle`, which served before, the champion again; twice changes nothing.

    Raises:
        LedgerError, RegistryError: one of them cannot be reached, or refuses.
    """
    version, champion = find_version(registry, bundle), registry.champion()
    undone = champion.digest if champion else None

    def compose(entries: Sequence[Sealed]) -> list[Entry]:
        told = champion_of(entries)
        if told and told.model == version.digest:
            return []
        entry = Entry(
            kind=Kind.ROLLBACK,
            model=version.digest,
            bundle=bundle.digest,
            champion=undone,
            reason=reason[:TEXT],
            **who.facts(),
        )
        return [entry]

    ledger.write(compose)
    if champion is None or champion.number != version.number:
        registry.move_champion(version, expected=champion)


def note(ledger: Ledger, kind: Kind, bundle: Bundle, who: Circumstances, *, reason: str) -> None:
    """Let the ledger say once that `kind` happened to `bundle`.

    Raises:
        LedgerError: it cannot be read or written.
    """
    model, facts = bundle.sums[MODEL], who.facts()
    entry = Entry(kind=kind, model=model, bundle=bundle.digest, reason=reason[:TEXT], **facts)

    def compose(entries: Sequence[Sealed]) -> list[Entry]:
        same = [e for e in entries if (e.kind, e.bundle) == (kind, bundle.digest)]
        return [] if same else [entry]

    ledger.write(compose)
