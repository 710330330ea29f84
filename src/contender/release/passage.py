"""A bundle on its way to production: the verdict that lets it pass, and its place as champion."""

from pydantic import ValidationError

from contender.bundle import MODEL, Bundle
from contender.errors import IntegrityError, RegistryError
from contender.release import promote as release
from contender.release.gate.decision import Decision
from contender.tracking import Registry, Version


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


def promote(registry: Registry, bundle: Bundle, *, is_return: bool) -> Version:
    """The version of the model in `bundle`, now the champion; once more changes nothing.

    A model that `is_return`, served before, needs no new verdict.

    Raises:
        RaceError: the champion is no longer the one it was judged against.
        RegistryError: the registry does not know the model, or cannot be reached.
    """
    version = registry.find(bundle.sums[MODEL])
    if version is None:
        raise RegistryError(
            f"the model of the bundle `{bundle.digest[:12]}` is not in the registry; expected a "
            "recorded one.",
            hint="run `contender record` or `contender champion import` first",
        )
    champion = registry.champion()
    if not is_return:
        return release.promote(registry, read_decision(bundle), version, expected=champion)
    if champion and champion.number == version.number:
        return version
    return registry.move_champion(version, expected=champion)
