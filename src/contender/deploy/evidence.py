"""What a canary's answers prove, at every look: e-values from who was hit, canary or control.

An e-value is a product of likelihood ratios that is 1 on average when nothing is wrong, so it
passes 1 / alpha with probability alpha at most, however often one looks (Ville 1939; Grünwald,
de Heide and Koolen 2024, JRSS B 86, 1091). The first axis of all arrays is the step of the
canary; the others are free, so that a simulation judges thousands of releases at once.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

SHARPEST: Final = 50.0  # times the control's rate: an outage beside an ordinary control
RATIOS: Final = 25  # candidates for what a bad canary's rate is, as a multiple of the control's
RARER: Final = 0.1  # of the rate that is tolerated anyway: what a good canary is taken to have


@dataclass(frozen=True)
class Events:
    """How often one thing happened to both versions, and how often it could have."""

    share: np.ndarray  # of the traffic that was meant for the canary, in (0, 1)
    canary: np.ndarray
    control: np.ndarray
    canary_requests: np.ndarray
    control_requests: np.ndarray

    @property
    def realised_share(self) -> np.ndarray:
        """The share that the canary really got; what was meant where nobody got anything."""
        total = self.canary_requests + self.control_requests
        return np.where(total > 0, self.canary_requests / np.maximum(total, 1), self.share)


def log_harm(events: Events, tolerance: float) -> np.ndarray:
    """Log e-value against "the canary's rate is at most `tolerance` times the control's".

    Among events alone, whatever their rate and however it changes, the next one is the canary's
    with probability s r / (s r + 1 - s) at most, when its rate is r times the control's and each
    request is sent to it with probability s. So their product over events is a supermartingale,
    and so is its mean over a grid of r.

    s is the larger of the share meant and the share realised. The e-value falls in s: it is
    never above the one with the share meant, which is exact for requests sent at random. Where a
    proxy sends more than it was told, the share realised keeps a canary from being blamed for it.
    """
    share = np.maximum(events.share, events.realised_share)
    ratios = np.geomspace(1.2 * tolerance, SHARPEST, RATIOS)
    steps = [_log_ratio(events, share, ratio, tolerance).sum(axis=0) for ratio in ratios]
    largest = np.max(steps, axis=0)  # an exponential of more than 709 has no number
    return np.asarray(largest + np.log(np.exp(steps - largest).mean(axis=0)))


def log_harmlessness(events: Events, *, max_ratio: float, max_rate: float) -> np.ndarray:
    """Log e-value, of each step, against a canary that is too bad beside the control and at all.

    That is: its rate is `max_ratio` times the control's or more, and `max_rate` or more. The mean
    of two e-values, one against each; where next to nothing happens, only the second can grow.
    """
    likeness = _log_likeness(events, max_ratio)
    return np.asarray(np.logaddexp(likeness, _log_rarity(events, max_rate)) - np.log(2))


def _log_likeness(events: Events, max_ratio: float) -> np.ndarray:
    """How much likelier the events are when the canary is like its control.

    This e-value grows with the share, so here the smaller of the two is the safe one.
    """
    share = np.minimum(events.share, events.realised_share)
    return _log_ratio(events, share, 1.0, max_ratio)


def _log_rarity(events: Events, max_rate: float) -> np.ndarray:
    """How much likelier the events are when they hit a tenth of `max_rate` of the canary's."""
    spared = events.canary_requests - events.canary
    per_spared = np.log1p(-RARER * max_rate) - np.log1p(-max_rate)
    return np.asarray(events.canary * np.log(RARER) + spared * per_spared)


def _log_ratio(events: Events, share: np.ndarray, ratio: float, against: float) -> np.ndarray:
    """How much likelier the canary's part of the events is when its rate is `ratio` times."""
    happened = events.canary + events.control
    odds = (1 + share * (against - 1)) / (1 + share * (ratio - 1))
    return np.asarray(events.canary * np.log(ratio / against) + happened * np.log(odds))


def is_count(value: object) -> bool:
    """Whether `value` is a whole number from 0; True and 1.0 are none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
