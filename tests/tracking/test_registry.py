"""Champion, verdicts and promotions: who wins, what is remembered, and that nothing is guessed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contender.errors import RaceError, RegistryError
from contender.tracking import PROMOTED, Judgement, Registry, Version, position
from tests.servers import children, results
from tests.servers.registries import Place

HOLDOUT, OTHER_HOLDOUT = "a" * 64, "b" * 64


def log_models(registry: Registry, folder: Path, count: int) -> list[Version]:
    """That many versions, each of another model."""
    return [
        registry.log(results.make_result(folder / str(index), results.make_graph(index / 10)))
        for index in range(1, count + 1)
    ]


def spend(look: int, holdout: str = HOLDOUT, verdict: str = "HOLD") -> Judgement:
    """A final verdict that used the `look`-th look."""
    return Judgement(verdict, decision="d" * 64, holdout=holdout, look=look, spent=True)


def crown(registry: Registry, version: Version) -> None:
    """Promote the version."""
    registry.move_champion(version, expected=registry.champion())
    registry.tag(version, {PROMOTED: "2026-01-31T12:00:00+00:00"})


def test_an_empty_registry_has_no_champion(registry: Registry) -> None:
    """Nothing recorded, nothing promoted: the answer is none, in every question."""
    assert registry.champion() is None
    assert registry.previous() is None
    assert registry.challenger() is None
    assert registry.find("a" * 64) is None
    assert registry.versions() == []
    assert registry.judged(HOLDOUT) == []
    assert registry.best_promoted("roc_auc", larger_is_better=True) is None


def test_the_champion_moves_and_the_last_one_is_remembered(
    registry: Registry, tmp_path: Path
) -> None:
    """Each promotion makes the champion before it the previous one."""
    first, second = log_models(registry, tmp_path, 2)

    registry.move_champion(first, expected=None)
    assert (registry.champion(), registry.previous()) == (
        replace(first, aliases=("champion",)),
        None,
    )
    registry.move_champion(second, expected=first)

    assert registry.champion() == replace(second, aliases=("challenger", "champion"))
    assert registry.previous() == replace(first, aliases=("previous",))


def test_a_champion_that_was_moved_is_not_moved_again(registry: Registry, tmp_path: Path) -> None:
    """Whoever expected another champion is told, and changes nothing."""
    first, second, third = log_models(registry, tmp_path, 3)
    registry.move_champion(first, expected=None)
    registry.move_champion(second, expected=first)

    for expected in (None, first):
        with pytest.raises(RaceError, match="the champion is version 2"):
            registry.move_champion(third, expected=expected)

    champion, previous = registry.champion(), registry.previous()
    assert champion and previous
    assert (champion.number, previous.number) == (2, 1)


def test_a_champion_that_is_gone_is_not_replaced(registry: Registry, tmp_path: Path) -> None:
    """Expecting a champion where there is none is a race lost, not a first promotion."""
    first, second = log_models(registry, tmp_path, 2)

    with pytest.raises(RaceError, match="the champion is not set"):
        registry.move_champion(second, expected=first)

    assert registry.champion() is None


def test_one_of_several_racing_promotions_wins(place: Place, tmp_path: Path) -> None:
    """Of three processes that saw no champion, one moves the alias and two are told."""
    registry = place.open()
    versions = log_models(registry, tmp_path, 3)
    context = children.make_context()
    start = context.Barrier(3)
    running = [
        context.Process(target=children.promote_at_once, args=(place, version.number, start))
        for version in versions
    ]
    for child in running:
        child.start()

    codes = children.join(running)

    assert sorted(codes, key=str) == [children.WON, children.LOST, children.LOST]
    champion = registry.champion()
    assert champion and champion.number == versions[codes.index(children.WON)].number
    assert registry.previous() is None


def test_a_promotion_killed_anywhere_can_be_made_again(
    tmp_path: Path, empty_database: Path
) -> None:
    """After each question to the registry: the champion is the old or the new one, never lost."""
    context = children.make_context()
    for calls in range(1, 20):
        place = Place.copy_of(empty_database, tmp_path / str(calls))
        registry = place.open()
        (version,) = log_models(registry, tmp_path / f"files{calls}", 1)
        child = context.Process(target=children.promote_and_die, args=(place, 1, calls))
        child.start()
        (code,) = children.join([child])
        children.end_lease(registry)

        before = registry.champion()
        moved = registry.move_champion(version, expected=before)

        assert before is None or before.number == 1
        assert registry.champion() == moved
        if code == 0:
            break
    assert code == 0 and calls > 5


def test_a_look_is_spent_once_a_model(registry: Registry, tmp_path: Path) -> None:
    """Judged again, a model keeps its look; the next model gets the next one, in order."""
    first, second = log_models(registry, tmp_path, 2)

    registry.record_verdict(second, spend(1))
    registry.record_verdict(first, spend(2))
    registry.record_verdict(second, spend(1, verdict="PROMOTE"))

    assert registry.judged(HOLDOUT) == [second.digest, first.digest]
    assert registry.judged(OTHER_HOLDOUT) == []
    judged = registry.find(second.digest)
    assert judged and judged.tags["verdict"] == "PROMOTE"


def test_the_same_model_in_two_versions_is_one_look(registry: Registry, tmp_path: Path) -> None:
    """What was looked at is the model, whatever parameters it was evaluated with."""
    first = registry.log(results.make_result(tmp_path / "one"))
    second = registry.log(results.make_result(tmp_path / "two", threshold="0.4"))

    registry.record_verdict(first, spend(1))
    registry.record_verdict(second, spend(1))

    assert first.number != second.number
    assert registry.judged(HOLDOUT) == [first.digest]


def test_holdouts_are_counted_apart(registry: Registry, tmp_path: Path) -> None:
    """A refreshed holdout starts at its first look."""
    (version,) = log_models(registry, tmp_path, 1)

    registry.record_verdict(version, spend(1))
    registry.record_verdict(version, spend(1, OTHER_HOLDOUT))

    assert registry.judged(HOLDOUT) == registry.judged(OTHER_HOLDOUT) == [version.digest]


def test_a_look_taken_by_another_meanwhile_is_a_race_lost(
    registry: Registry, tmp_path: Path
) -> None:
    """Two gates that both saw the first look: the second verdict is not recorded."""
    first, second = log_models(registry, tmp_path, 2)
    registry.record_verdict(first, spend(1))

    with pytest.raises(RaceError, match="look 2 is next"):
        registry.record_verdict(second, spend(1))

    assert registry.judged(HOLDOUT) == [first.digest]


def test_a_provisional_verdict_spends_nothing(registry: Registry, tmp_path: Path) -> None:
    """It is noted, and neither counts nor hides the final one."""
    (version,) = log_models(registry, tmp_path, 1)
    registry.record_verdict(version, spend(1, verdict="PROMOTE"))

    noted = registry.record_verdict(version, replace(spend(7, OTHER_HOLDOUT), spent=False))

    assert noted.tags["verdict"] == "PROMOTE"
    assert noted.tags["last_verdict"] == "HOLD"
    assert registry.judged(OTHER_HOLDOUT) == []


def test_the_position_of_a_model_is_its_own_or_the_next() -> None:
    """Looks count from one."""
    assert position([], "x") == 1
    assert position(["x", "y"], "y") == 2
    assert position(["x", "y"], "z") == 3


def test_the_best_promoted_is_found_among_the_promoted(registry: Registry, tmp_path: Path) -> None:
    """A better model that never was champion does not count; direction does."""
    scores = {0.1: (0.70, 0.15), 0.2: (0.80, 0.20), 0.3: (0.99, 0.01)}
    versions = [
        registry.log(
            results.make_result(
                tmp_path / str(weight),
                results.make_graph(weight),
                metrics={"roc_auc": auc, "brier": brier},
            )
        )
        for weight, (auc, brier) in scores.items()
    ]
    for version in versions[:2]:
        crown(registry, version)

    best_auc = registry.best_promoted("roc_auc", larger_is_better=True)
    best_brier = registry.best_promoted("brier", larger_is_better=False)

    assert best_auc and best_auc.number == 2
    assert best_brier and best_brier.number == 1


def test_a_champion_without_a_date_counts_as_promoted(registry: Registry, tmp_path: Path) -> None:
    """Its promotion was killed after the alias was moved."""
    (version,) = log_models(registry, tmp_path, 1)
    registry.move_champion(version, expected=None)

    best = registry.best_promoted("roc_auc", larger_is_better=True)

    assert best and best.number == version.number


def test_promoted_models_without_the_metric_are_no_silent_none(
    registry: Registry, tmp_path: Path
) -> None:
    """Otherwise a new primary metric would quietly do away with the anchor."""
    (version,) = log_models(registry, tmp_path, 1)
    crown(registry, version)

    with pytest.raises(RegistryError, match="`macro_f1` on file"):
        registry.best_promoted("macro_f1", larger_is_better=True)


def test_a_version_that_was_not_recorded_here_is_refused(
    local_place: Place, tmp_path: Path
) -> None:
    """A model that somebody registered by hand has no digest: it cannot be the champion."""
    registry = local_place.open()
    (version,) = log_models(registry, tmp_path, 1)
    source = registry.client.get_model_version(registry.name, "1").source
    registry.client.create_model_version(registry.name, source, version.run_id)
    registry.client.set_registered_model_alias(registry.name, "champion", "2")

    with pytest.raises(RegistryError, match="version 2 of `sample` has no digest"):
        registry.champion()


@pytest.mark.parametrize("gone", ["alias", "version"])
def test_a_champion_that_got_lost_is_not_no_champion(
    local_place: Place, tmp_path: Path, gone: str
) -> None:
    """After a promotion an alias that is missing is an error: nothing may bootstrap over it."""
    registry = local_place.open()
    for version in log_models(registry, tmp_path, 2):
        crown(registry, version)
    if gone == "alias":
        registry.client.delete_registered_model_alias(registry.name, "champion")
    else:
        registry.client.delete_model_version(registry.name, "2")

    with pytest.raises(RegistryError, match="was promoted; expected a champion"):
        registry.champion()


class MeddlingClient:
    """An MLflow client whose aliases somebody moves back by hand at once."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        """Set the alias, and then to version 1."""
        self._client.set_registered_model_alias(name, alias, version)
        self._client.set_registered_model_alias(name, alias, "1")


def test_an_alias_moved_by_hand_meanwhile_is_told(local_place: Place, tmp_path: Path) -> None:
    """A hand takes no turn; what it did is seen right after."""
    registry = local_place.open()
    first, second = log_models(registry, tmp_path, 2)
    registry.move_champion(first, expected=None)
    client: Any = MeddlingClient(registry.client)

    with pytest.raises(RaceError, match="the champion is version 1"):
        replace(registry, client=client).move_champion(second, expected=first)
