"""What a challenger is judged against: the champion, the anchor, and the looks already taken."""

from pathlib import Path

from contender.paths import Paths
from contender.tracking import BUNDLED, Registry, Version, position


def fetch_champion(registry: Registry, paths: Paths) -> Path | None:
    """The folder with the champion's bundle, every file proven; None before the first promotion.

    Raises:
        RegistryError: the registry cannot be reached, which is not "no champion".
        IntegrityError: a file is not the one that was recorded.
    """
    champion = registry.champion()
    return registry.fetch(champion, paths.champion) if champion else None


def fetch_anchor(
    registry: Registry, paths: Paths, *, primary: str, larger_is_better: bool
) -> Path | None:
    """The folder with the bundle of the best model ever promoted; None before the first promotion.

    In refresh mode each champion may lose a little to the one before: measured against the best
    of all, small losses cannot add up.

    Raises:
        RegistryError: the registry cannot be reached, or has `primary` of no promoted model.
        IntegrityError: a file is not the one that was recorded.
    """
    best = registry.best_promoted(primary, larger_is_better=larger_is_better)
    return registry.fetch(best, paths.champion) if best else None


def anchor_over(
    registry: Registry, winner: Version, *, primary: str, larger_is_better: bool
) -> str | None:
    """The bundle of the best model ever promoted, `winner` among them; None when that is the best.

    None too for one that was promoted before bundles were on record.
    """
    best = registry.best_promoted(primary, larger_is_better=larger_is_better, also=winner)
    return best.tags.get(BUNDLED) if best and best.digest != winner.digest else None


def count_looks(registry: Registry, *, challenger: str, holdout: str) -> int:
    """Which look at `holdout` a verdict on `challenger` is, from 1; both are SHA-256.

    A model that was judged on it keeps its look, so judging it again costs nothing.
    """
    return position(registry.judged(holdout), challenger)
