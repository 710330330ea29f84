"""Command `promote`: the verdict is remembered, and a winner takes the champion's place."""

from datetime import UTC, datetime
from typing import Final

from contender import files
from contender.errors import RaceError, RegistryError
from contender.release.gate.decision import Decision, Verdict
from contender.tracking import PROMOTED, Judgement, Registry, Version

WINNERS: Final = (Verdict.PROMOTE, Verdict.BOOTSTRAP)


def remember(registry: Registry, decision: Decision, version: Version) -> Version:
    """`version` with the verdict on it; one that is final spends its look at the holdout.

    ERROR spends nothing, nor does a decision without a holdout: the model was not judged on it. A
    decision that names no model at all is not remembered. The same verdict again changes nothing.

    Raises:
        RegistryError: the decision is about another model.
        RaceError: another challenger was judged on the holdout meanwhile.
    """
    if decision.digests is None:
        return version
    _require_about(decision, version)
    use = decision.holdout
    final = not decision.provisional and decision.verdict is not Verdict.ERROR
    judgement = Judgement(
        verdict=str(decision.verdict),
        decision=digest_of(decision),
        holdout=use.digest if use else "",
        look=use.look if use else 0,
        spent=final and use is not None,
        terms=decision.terms,
    )
    return registry.record_verdict(version, judgement)


def promote(
    registry: Registry, decision: Decision, version: Version, *, expected: Version | None
) -> Version:
    """`version`, now the champion in place of `expected`; the same promotion again changes nothing.

    Killed between two steps and started again it finishes what is left.

    Raises:
        RegistryError: the decision does not allow it: it is no PROMOTE or BOOTSTRAP, is
            provisional, or is about another model.
        RaceError: the champion is not, or no longer, the one that `version` was judged against.
    """
    _require_winner(decision)
    _require_about(decision, version)
    version = remember(registry, decision, version)
    champion = registry.champion()
    if champion is None or champion.number != version.number:
        _require_opponent(decision, expected)
        version = registry.move_champion(version, expected=expected)
    if expected and expected.number != version.number:
        _date(registry, expected, over="unknown")  # whose own promotion may have been killed
    return _date(registry, version, over=(decision.digests and decision.digests.champion) or "none")


def _date(registry: Registry, version: Version, *, over: str) -> Version:
    """`version` with the time of its promotion: now, when it has none yet."""
    if PROMOTED in version.tags:
        return version
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return registry.tag(version, {"promoted_over": over, PROMOTED: now})


def digest_of(decision: Decision) -> str:
    """The SHA-256 of the decision as decision.json holds it."""
    return files.sha256_of(decision.model_dump(mode="json"))


def _require_winner(decision: Decision) -> None:
    if decision.verdict not in WINNERS:
        raise RegistryError(
            f"the verdict is `{decision.verdict}`; expected PROMOTE or BOOTSTRAP. "
            "The champion stays.",
            hint="`contender gate` prints the reasons",
        )
    if decision.provisional:
        raise RegistryError(
            f"the verdict `{decision.verdict}` is provisional: it spent no look at the holdout; "
            "expected a final one. The champion stays.",
            hint="run `contender gate --final` where verdicts count",
        )


def _require_about(decision: Decision, version: Version) -> None:
    judged = decision.digests.challenger if decision.digests else None
    if judged != version.digest:
        raise RegistryError(
            f"the decision is about the model `{str(judged)[:12]}`; expected "
            f"`{version.digest[:12]}`, which is version {version.number}.",
            hint="run `contender record` and then `contender gate` again",
        )


def _require_opponent(decision: Decision, expected: Version | None) -> None:
    judged_against = decision.digests.champion if decision.digests else None
    champion = expected.digest if expected else None
    if judged_against != champion:
        raise RaceError(
            f"the challenger was judged against `{_short(judged_against)}`, but the champion is "
            f"`{_short(champion)}`. Nothing was changed.",
            hint="run `contender gate` again, against the champion there is now",
        )


def _short(digest: str | None) -> str:
    return digest[:12] if digest else "no champion"
