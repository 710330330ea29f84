"""Promotion: only for a final verdict, on this model, against this champion; otherwise a reason."""

from dataclasses import replace
from pathlib import Path

import pytest

from contender.errors import RaceError, RegistryError
from contender.release.gate.decision import Verdict
from contender.release.promote import digest_of, promote, remember
from contender.tracking import Registry, Version, position
from tests.servers import results
from tests.servers.decisions import HOLDOUT, make_decision
from tests.servers.registries import Place


@pytest.fixture
def registry(local_place: Place) -> Registry:
    """An empty registry."""
    return local_place.open()


def log_model(registry: Registry, folder: Path, weight: float) -> Version:
    """A version of a model that no other weight makes."""
    return registry.log(results.make_result(folder / str(weight), results.make_graph(weight)))


@pytest.fixture
def first(registry: Registry, tmp_path: Path) -> Version:
    """A recorded model that nobody promoted."""
    return log_model(registry, tmp_path, 0.1)


@pytest.fixture
def champion(registry: Registry, first: Version) -> Version:
    """The same model, promoted without a champion before it."""
    decision = make_decision(first.digest, verdict=Verdict.BOOTSTRAP)
    return promote(registry, decision, first, expected=None)


@pytest.fixture
def second(registry: Registry, champion: Version, tmp_path: Path) -> Version:
    """A model recorded after the champion."""
    assert champion.aliases
    return log_model(registry, tmp_path, 0.2)


def serving(registry: Registry) -> int | None:
    """The number of the champion."""
    champion = registry.champion()
    return champion.number if champion else None


def test_a_bootstrap_makes_the_first_champion(registry: Registry, champion: Version) -> None:
    """It says when, over whom and by which decision, and its look is spent."""
    assert registry.champion() == champion
    assert champion.tags["promoted_over"] == "none"
    assert champion.tags["promoted_at"].endswith("+00:00")
    assert champion.tags["verdict"] == "BOOTSTRAP"
    assert registry.judged(HOLDOUT) == [champion.digest]


def test_a_winner_replaces_the_champion(
    registry: Registry, champion: Version, second: Version
) -> None:
    """The old champion is the previous one, and the decision that did it is on record."""
    decision = make_decision(second.digest, champion=champion.digest, look=2)

    promoted = promote(registry, decision, second, expected=champion)

    previous = registry.previous()
    assert registry.champion() == promoted
    assert previous and previous.number == champion.number
    assert promoted.tags["promoted_over"] == champion.digest
    assert promoted.tags["decision_sha256"] == digest_of(decision)


def test_the_same_promotion_again_changes_nothing(
    registry: Registry, champion: Version, second: Version
) -> None:
    """Not even the time of it, although the champion it was judged against is gone."""
    decision = make_decision(second.digest, champion=champion.digest, look=2)
    once = promote(registry, decision, second, expected=champion)

    assert promote(registry, decision, once, expected=champion) == once


def test_a_promotion_killed_before_its_tags_is_finished(
    registry: Registry, champion: Version, second: Version
) -> None:
    """The alias was moved and nothing else: the same command adds what is missing."""
    decision = make_decision(second.digest, champion=champion.digest, look=2)
    registry.move_champion(second, expected=champion)

    promoted = promote(registry, decision, second, expected=champion)

    assert promoted.tags["promoted_over"] == champion.digest
    assert registry.champion() == promoted


def test_a_champion_whose_promotion_was_killed_is_dated_by_the_next(
    registry: Registry, first: Version, tmp_path: Path
) -> None:
    """Its alias was moved and nobody repeated the command: it still counts as promoted."""
    registry.move_champion(first, expected=None)
    second = log_model(registry, tmp_path, 0.2)
    decision = make_decision(second.digest, champion=first.digest)

    promote(registry, decision, second, expected=first)

    previous = registry.previous()
    assert previous and previous.tags["promoted_at"]
    assert previous.tags["promoted_over"] == "unknown"


@pytest.mark.parametrize("verdict", [Verdict.HOLD, Verdict.REJECT, Verdict.ERROR])
def test_other_verdicts_promote_nothing(
    registry: Registry, champion: Version, second: Version, verdict: Verdict
) -> None:
    """The champion stays, and no look is spent by asking."""
    decision = make_decision(second.digest, champion=champion.digest, verdict=verdict, look=2)

    with pytest.raises(RegistryError, match=f"the verdict is `{verdict}`"):
        promote(registry, decision, second, expected=champion)

    assert serving(registry) == champion.number
    assert registry.judged(HOLDOUT) == [champion.digest]


def test_a_provisional_verdict_promotes_nothing(
    registry: Registry, champion: Version, second: Version
) -> None:
    """It spent no look at the holdout."""
    decision = make_decision(second.digest, champion=champion.digest, look=2, provisional=True)

    with pytest.raises(RegistryError, match="is provisional"):
        promote(registry, decision, second, expected=champion)

    assert serving(registry) == champion.number


def test_a_decision_about_another_model_promotes_nothing(
    registry: Registry, champion: Version, second: Version
) -> None:
    """A decision.json left over from the last challenger."""
    decision = make_decision("f" * 64, champion=champion.digest, look=2)

    with pytest.raises(RegistryError, match="the decision is about the model `ffffffffffff`"):
        promote(registry, decision, second, expected=champion)

    assert serving(registry) == champion.number


def test_a_decision_without_digests_promotes_nothing(registry: Registry, first: Version) -> None:
    """A decision that names no model cannot be about this one."""
    decision = make_decision(first.digest).model_copy(update={"digests": None})

    with pytest.raises(RegistryError, match="the decision is about the model `None`"):
        promote(registry, decision, first, expected=None)

    assert registry.champion() is None


@pytest.mark.parametrize("judged_against", ["f" * 64, None])
def test_a_decision_against_another_champion_promotes_nothing(
    registry: Registry, champion: Version, second: Version, judged_against: str | None
) -> None:
    """Somebody was promoted since: the challenger has to be judged against that one."""
    decision = make_decision(second.digest, champion=judged_against, look=2)

    with pytest.raises(RaceError, match="the champion is `" + champion.digest[:12]):
        promote(registry, decision, second, expected=champion)

    assert serving(registry) == champion.number


def test_a_champion_that_moved_since_it_was_looked_up_wins(
    registry: Registry, champion: Version, second: Version, tmp_path: Path
) -> None:
    """The decision and the caller agree on a champion that is no longer there."""
    third = log_model(registry, tmp_path, 0.3)
    decision = make_decision(second.digest, champion=champion.digest, look=2)
    promote(registry, decision, second, expected=champion)
    late = make_decision(third.digest, champion=champion.digest, look=3)

    with pytest.raises(RaceError, match="the champion is version 2"):
        promote(registry, late, third, expected=champion)

    assert serving(registry) == second.number


def test_a_verdict_that_is_remembered_spends_a_look(
    registry: Registry, champion: Version, second: Version
) -> None:
    """HOLD and REJECT count as much as PROMOTE; the same verdict again counts once."""
    decision = make_decision(second.digest, champion=champion.digest, verdict=Verdict.HOLD, look=2)

    remembered = remember(registry, decision, second)

    assert remember(registry, decision, remembered) == remembered
    assert remembered.tags["verdict"] == "HOLD"
    assert registry.judged(HOLDOUT) == [champion.digest, second.digest]


@pytest.mark.parametrize("change", [{"provisional": True}, {"verdict": Verdict.ERROR}])
def test_a_verdict_that_judged_nothing_spends_nothing(
    registry: Registry, first: Version, change: dict[str, object]
) -> None:
    """A pull request's verdict, and one that could not be reached."""
    decision = make_decision(first.digest).model_copy(update=change)

    remembered = remember(registry, decision, first)

    assert remembered.tags["last_verdict"] == str(decision.verdict)
    assert "verdict" not in remembered.tags
    assert registry.judged(HOLDOUT) == []


def test_a_decision_that_names_no_model_is_not_remembered(
    registry: Registry, first: Version
) -> None:
    """The gate stopped before it knew what it judged."""
    decision = make_decision(first.digest, verdict=Verdict.ERROR)

    remembered = remember(registry, decision.model_copy(update={"digests": None}), first)

    assert remembered == first


def test_a_decision_without_a_holdout_spends_nothing(registry: Registry, first: Version) -> None:
    """No digest of a holdout, no look at one."""
    decision = make_decision(first.digest, verdict=Verdict.HOLD)

    remember(registry, decision.model_copy(update={"holdout": None}), first)

    assert registry.judged(HOLDOUT) == registry.judged("") == []


def test_an_unreachable_registry_promotes_nothing(registry: Registry, first: Version) -> None:
    """The database is gone: an error, and not a promotion that nobody wrote down."""
    decision = make_decision(first.digest, verdict=Verdict.BOOTSTRAP)
    Path(registry.address.removeprefix("sqlite:///")).write_bytes(b"garbage" * 500)

    with pytest.raises(RegistryError, match="could not"):
        promote(registry, decision, replace(first), expected=None)


def judged_by(registry: Registry, version: Version, **terms: object) -> None:
    """Remember a final HOLD on `version` by these parameters."""
    look = position(registry.judged(HOLDOUT), version.digest)
    decision = make_decision(version.digest, verdict=Verdict.HOLD, look=look)
    remember(registry, decision.model_copy(update={"terms": terms}), version)


def test_the_terms_before_are_those_of_the_last_other_model(
    registry: Registry, first: Version, tmp_path: Path
) -> None:
    """A challenger is never compared with itself, however often it is judged."""
    second = log_model(registry, tmp_path, 0.2)
    assert registry.terms_before(first.digest) is None
    judged_by(registry, first, alpha=0.05)
    judged_by(registry, second, alpha=0.1)

    assert registry.terms_before(first.digest) == {"alpha": 0.1}
    assert registry.terms_before(second.digest) == {"alpha": 0.05}
    assert registry.terms_before("f" * 64) == {"alpha": 0.1}


def test_the_last_is_who_was_judged_last_and_not_who_was_recorded_last(
    registry: Registry, first: Version, tmp_path: Path
) -> None:
    """A change of the parameters alone is judged on the model that is there already."""
    second = log_model(registry, tmp_path, 0.2)
    judged_by(registry, first, alpha=0.05)
    judged_by(registry, second, alpha=0.05)
    judged_by(registry, first, alpha=0.1)

    assert registry.terms_before("f" * 64) == {"alpha": 0.1}


def test_the_same_judgement_again_does_not_make_it_the_last(
    registry: Registry, first: Version, tmp_path: Path
) -> None:
    """Otherwise a repeated run could bring old terms back."""
    second = log_model(registry, tmp_path, 0.2)
    judged_by(registry, first, alpha=0.1)
    judged_by(registry, second, alpha=0.05)

    judged_by(registry, first, alpha=0.1)

    assert registry.terms_before("f" * 64) == {"alpha": 0.05}


@pytest.mark.parametrize("text", ["", "{", "[]", "7"])
def test_a_damaged_record_of_terms_is_not_no_record(
    registry: Registry, champion: Version, text: str
) -> None:
    """Empty terms, which hold whatever comes next."""
    registry.tag(champion, {"terms": text})

    assert registry.terms_before("f" * 64) == {}


def test_a_provisional_verdict_sets_no_terms(registry: Registry, first: Version) -> None:
    """A pull request cannot prepare its own way."""
    decision = make_decision(first.digest, provisional=True)

    remember(registry, decision.model_copy(update={"terms": {"alpha": 0.5}}), first)

    assert registry.terms_before("f" * 64) is None
