"""What the challenger is judged against comes from the registry, proven, or not at all."""

from pathlib import Path

import pytest

from contender.errors import IntegrityError, RegistryError
from contender.paths import Paths
from contender.release.champion import count_looks, fetch_anchor, fetch_champion
from contender.tracking import PROMOTED, Judgement, Registry, Version
from tests.servers import results
from tests.servers.registries import Place

HOLDOUT = "a" * 64


@pytest.fixture
def registry(local_place: Place) -> Registry:
    """An empty registry."""
    return local_place.open()


@pytest.fixture
def paths(local_place: Place) -> Paths:
    """The folder that the registry is in."""
    return Paths(work=local_place.work)


def crown(registry: Registry, folder: Path, weight: float, auc: float) -> Version:
    """A new champion with this metric on file."""
    metrics = {"roc_auc": auc, "brier": 1 - auc}
    result = results.make_result(folder / str(weight), results.make_graph(weight), metrics=metrics)
    version = registry.move_champion(registry.log(result), expected=registry.champion())
    return registry.tag(version, {PROMOTED: "2026-01-31T12:00:00+00:00"})


def test_before_the_first_promotion_there_is_nothing_to_beat(
    registry: Registry, paths: Paths, tmp_path: Path
) -> None:
    """A recorded challenger is no champion."""
    registry.log(results.make_result(tmp_path / "one"))

    assert fetch_champion(registry, paths) is None
    assert fetch_anchor(registry, paths, primary="roc_auc", larger_is_better=True) is None


def test_the_champion_is_fetched_into_its_folder(
    registry: Registry, paths: Paths, tmp_path: Path
) -> None:
    """A folder named by its digest, with the model in it."""
    champion = crown(registry, tmp_path, 0.1, 0.8)

    folder = fetch_champion(registry, paths)

    assert folder == paths.champion / champion.digest
    assert (paths.champion / champion.digest / "model.onnx").read_bytes() == results.make_graph(0.1)


def test_a_tampered_champion_is_refused(registry: Registry, paths: Paths, tmp_path: Path) -> None:
    """In the cached copy as much as in the registry."""
    crown(registry, tmp_path, 0.1, 0.8)
    folder = fetch_champion(registry, paths)
    assert folder
    (folder / "model.onnx").write_bytes(results.make_graph(0.2))

    with pytest.raises(IntegrityError, match="`model.onnx` of the cached copy"):
        fetch_champion(registry, paths)


def test_the_anchor_is_the_best_that_ever_was(
    registry: Registry, paths: Paths, tmp_path: Path
) -> None:
    """Not the champion, when the champions got a little worse each time; direction matters."""
    best = crown(registry, tmp_path, 0.1, 0.84)
    crown(registry, tmp_path, 0.2, 0.83)
    last = crown(registry, tmp_path, 0.3, 0.82)

    up = fetch_anchor(registry, paths, primary="roc_auc", larger_is_better=True)
    down = fetch_anchor(registry, paths, primary="roc_auc", larger_is_better=False)

    assert up == paths.champion / best.digest
    assert down == paths.champion / last.digest


def test_a_registry_that_broke_is_not_no_champion(
    registry: Registry, paths: Paths, tmp_path: Path
) -> None:
    """Asking a registry that no longer answers is an error, for champion, anchor and looks."""
    crown(registry, tmp_path, 0.1, 0.8)
    paths.registry.write_bytes(b"garbage" * 500)

    with pytest.raises(RegistryError):
        fetch_champion(registry, paths)
    with pytest.raises(RegistryError):
        fetch_anchor(registry, paths, primary="roc_auc", larger_is_better=True)
    with pytest.raises(RegistryError):
        count_looks(registry, challenger="f" * 64, holdout=HOLDOUT)


def test_each_new_challenger_is_the_next_look(registry: Registry, tmp_path: Path) -> None:
    """One that was judged before keeps its own."""
    first = crown(registry, tmp_path, 0.1, 0.8)
    judgement = Judgement("BOOTSTRAP", decision="d" * 64, holdout=HOLDOUT, look=1, spent=True)
    assert count_looks(registry, challenger=first.digest, holdout=HOLDOUT) == 1

    registry.record_verdict(first, judgement)

    assert count_looks(registry, challenger=first.digest, holdout=HOLDOUT) == 1
    assert count_looks(registry, challenger="f" * 64, holdout=HOLDOUT) == 2
    assert count_looks(registry, challenger="f" * 64, holdout="b" * 64) == 1
