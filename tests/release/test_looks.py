"""What a look at the holdout costs: one for each model, whoever asks, and however often."""

from pathlib import Path

import pytest

from contender.errors import RegistryError
from contender.paths import Paths
from contender.release.champion import count_looks
from contender.release.promote import remember
from contender.release.gate.decision import Verdict
from contender.tracking import Registry
from tests.servers import results
from tests.servers.children import LOST, WON, join, judge_at_once, make_context
from tests.servers.decisions import HOLDOUT, make_decision
from tests.servers.registries import Place


def spend(registry: Registry, digest: str) -> int:
    """The look that a final HOLD on the recorded model took."""
    look = count_looks(registry, challenger=digest, holdout=HOLDOUT)
    version = registry.find(digest)
    assert version
    remember(registry, make_decision(digest, verdict=Verdict.HOLD, look=look), version)
    return look


def record(registry: Registry, folder: Path, weight: float) -> str:
    """The digest of a recorded model that no other weight makes."""
    graph = results.make_graph(weight)
    return registry.log(results.make_result(folder / str(weight), graph)).digest


def test_the_same_challenger_again_costs_nothing(local_place: Place, tmp_path: Path) -> None:
    """Whoever is judged in between."""
    registry = local_place.open()
    first, second = (record(registry, tmp_path, weight) for weight in (0.1, 0.2))

    assert [spend(registry, digest) for digest in (first, second, first, second)] == [1, 2, 1, 2]
    assert registry.judged(HOLDOUT) == [first, second]


def test_a_registry_that_was_moved_does_not_start_again_at_one(
    local_place: Place, tmp_path: Path
) -> None:
    """Its database opens nowhere else, and where it belongs it still knows every look."""
    registry = local_place.open()
    spend(registry, record(registry, tmp_path, 0.1))
    moved = Place.copy_of(Paths(work=local_place.work).registry, tmp_path / "moved")

    with pytest.raises(RegistryError, match="it was moved or copied"):
        moved.open()

    assert count_looks(local_place.open(), challenger="f" * 64, holdout=HOLDOUT) == 2


def test_two_gates_at_once_count_both_looks(local_place: Place, tmp_path: Path) -> None:
    """One takes look 1; the other is told to judge again, and then takes look 2."""
    registry = local_place.open()
    digests = [record(registry, tmp_path, weight) for weight in (0.1, 0.2)]
    context = make_context()
    start = context.Barrier(2)
    children = [
        context.Process(target=judge_at_once, args=(local_place, digest, start))
        for digest in digests
    ]
    for child in children:
        child.start()

    codes = join(children)

    assert sorted(codes) == [WON, LOST]
    late = digests[codes.index(LOST)]
    assert registry.judged(HOLDOUT) == [digests[codes.index(WON)]]
    assert spend(registry, late) == 2
    assert len(registry.judged(HOLDOUT)) == 2
