"""Populations of which everything is known: rows are drawn from them, and models that are equal."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.special import expit, softmax

from contender.problem.metrics import Metric
from contender.problem.schema import Task
from contender.release.gate.evidence import Labels

ROWS: Final = 20_000
SEED: Final = 1
MIXING_SEED: Final = 3  # another, so that who is mixed in has nothing to do with the target
POSITIVES: Final = 0.2
SEPARATION: Final = 1.28  # with the noise of an equal model, an area under the ROC curve of .80
SHARES: Final = (0.5, 0.3, 0.2)  # of three classes
EQUAL_NOISE: Final = 0.4  # standard deviation of what a model adds to the signal all models see
MIDDLING_NOISE: Final = 0.6
WEAK_NOISE: Final = 1.0


@dataclass(frozen=True)
class World:
    """A finite population, drawn from with replacement, so that its own metrics are the truth.

    `equals` has shape (n_models, n_rows, ...): models of one recipe. `weaker`, (n_rows, ...), is a
    model that is worse. `labels` are the slices of real rows.
    """

    source: str
    task: Task
    target: np.ndarray
    equals: np.ndarray
    weaker: np.ndarray
    classes: tuple[str, ...] = ()
    labels: tuple[Labels, ...] = ()

    def draw(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        """The positions of `rows` rows, each drawn anew."""
        return rng.integers(len(self.target), size=rows)

    def draw_equals(self, rng: np.random.Generator, places: np.ndarray) -> np.ndarray:
        """Predictions of as many equal models as there are: each row's own, in random order.

        Models that take turns at random have the same distribution, hence exactly the same
        metrics, whichever metric; and they disagree as much as the real ones do.
        """
        turns = rng.random((len(self.equals), len(places))).argsort(axis=0)
        drawn: np.ndarray = self.equals[turns, places]
        return drawn

    def pair(self) -> "World":
        """The same with two equal models only."""
        return replace(self, equals=self.equals[:2])

    def mixed(self, share: float) -> np.ndarray:
        """The first model's predictions in this share of the rows, the weaker model's in others."""
        shape = (-1,) + (1,) * (self.weaker.ndim - 1)
        chosen = np.random.default_rng(MIXING_SEED).random(len(self.target)) < share
        return np.where(chosen.reshape(shape), self.equals[0], self.weaker)


def gain_of(metric: Metric, world: World, better: np.ndarray) -> float:
    """How much better than the weaker model `better` truly is."""
    sign = 1 if metric.greater_is_better else -1
    return sign * (metric.value(world.target, better) - metric.value(world.target, world.weaker))


def rows_for(errors: float, metric: Metric, world: World, better: np.ndarray) -> int:
    """The rows with which the true gain over the weaker model is so many standard errors."""
    assert metric.pseudo_values is not None
    gains = metric.pseudo_values(world.target, better)
    spread = np.std(gains - metric.pseudo_values(world.target, world.weaker))
    return int(np.ceil((errors * spread / gain_of(metric, world, better)) ** 2))


def solve(rising: Callable[[float], float], *, low: float = 0.0, high: float = 1.0) -> float:
    """Where a `rising` function crosses zero between `low` and `high`, by halving.

    Raises:
        ValueError: it does not cross there.
    """
    if rising(high) < 0:
        raise ValueError(f"the function is still below zero at {high:g}")
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) >= 0 else (middle, high)
    return high


def binormal(models: int = 2) -> World:
    """Two classes: a score that is normal in each, with noise of each model's own; calibrated."""
    rng = np.random.default_rng(SEED)
    target = (rng.random(ROWS) < POSITIVES).astype(np.int64)
    signal = rng.normal(size=ROWS) + SEPARATION * target
    own = rng.normal(size=(models, ROWS))
    equals = probability(signal, own, noise=EQUAL_NOISE)
    weaker = probability(signal, rng.normal(size=ROWS), noise=WEAK_NOISE)
    return World("synthetic", Task.BINARY, target, equals, weaker, ("no", "yes"))


def binormal_gain(metric: Metric, gain: float) -> World:
    """Two classes, and one model that is truly better by `gain` than one with middling noise."""
    rng = np.random.default_rng(SEED)
    target = (rng.random(ROWS) < POSITIVES).astype(np.int64)
    signal = rng.normal(size=ROWS) + SEPARATION * target
    weaker = probability(signal, rng.normal(size=ROWS), noise=MIDDLING_NOISE)
    own = rng.normal(size=ROWS)
    world = World("synthetic", Task.BINARY, target, weaker[None], weaker, ("no", "yes"))

    def lost(noise: float) -> float:
        return gain - gain_of(metric, world, probability(signal, own, noise=noise))

    found = probability(signal, own, noise=solve(lost, high=2 * MIDDLING_NOISE))
    return replace(world, equals=found[None])


def probability(signal: np.ndarray, own: np.ndarray, *, noise: float) -> np.ndarray:
    """The probability of the second class given the signal with `noise`, by Bayes' rule."""
    variance, seen = 1 + noise**2, signal + noise * own
    prior = np.log(POSITIVES / (1 - POSITIVES))
    known: np.ndarray = expit(prior + SEPARATION / variance * (seen - SEPARATION / 2))
    return known


def three_classes() -> World:
    """Three classes, each with a normal score of its own."""
    rng = np.random.default_rng(SEED)
    target = rng.choice(3, size=ROWS, p=SHARES)
    signal = rng.normal(size=(ROWS, 3)) + 1.5 * np.eye(3)[target]

    def predict(noise: float) -> np.ndarray:
        seen = signal + noise * rng.normal(size=signal.shape)
        probabilities: np.ndarray = softmax(np.log(SHARES) + 1.5 / (1 + noise**2) * seen, axis=1)
        return probabilities

    equals = np.array([predict(EQUAL_NOISE), predict(EQUAL_NOISE)])
    classes = ("first", "second", "third")
    return World("synthetic", Task.MULTICLASS, target, equals, predict(WEAK_NOISE), classes)


def skewed_numbers() -> World:
    """A regression whose signal is skewed, with errors of heavy tails (Student's t, 5 degrees)."""
    rng = np.random.default_rng(SEED)
    signal = rng.gamma(2.0, 1.0, size=ROWS)
    target = signal + 0.5 * rng.standard_t(5, size=ROWS)
    equals = signal + 0.3 * rng.normal(size=(2, ROWS))
    weaker = signal + 0.45 * rng.normal(size=ROWS)
    return World("synthetic", Task.REGRESSION, target, equals, weaker)
