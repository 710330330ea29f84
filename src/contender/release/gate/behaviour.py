"""Does the challenger behave: what a change of its input may do to a prediction, in every row."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np

from contender.release.gate.decision import Check, Outcome
from contender.release.gate.evidence import Probe

TOLERANCE: Final = 1e-6  # graphs compute with float32, whose sums depend on their order
CLAIMS: Final = {"same": "stays the same", "no-lower": "never falls", "no-higher": "never rises"}
_behaviour = partial(Check, family="behaviour")


def judge_behaviour(probes: Sequence[Probe]) -> tuple[Check, ...]:
    """A check for each probe: all rows or REJECT; ERROR when nothing was probed."""
    if probes:
        return tuple(_unusable(probe) or _judge(probe) for probe in probes)
    return (
        _behaviour(
            subject="all probes",
            outcome=Outcome.ERROR,
            code="behaviour-not-probed",
            message="No prediction was probed; expected at least one for another order of rows.",
        ),
    )


def _unusable(probe: Probe) -> Check | None:
    """Why the probe shows nothing; None when it does."""
    if probe.expects != "same" and len(probe.before) == 0:
        return _behaviour(
            subject=probe.subject,
            outcome=Outcome.SKIPPED,
            code="nothing-to-change",
            message="No row has a value that could be changed that way.",
        )
    if len(probe.before) and probe.before.shape == probe.after.shape:
        if np.isfinite([probe.before, probe.after]).all():
            return None
    return _behaviour(
        subject=probe.subject,
        outcome=Outcome.ERROR,
        code="probe-unusable",
        message="The predictions of the probe are missing, not finite or not one a row.",
    )


def _judge(probe: Probe) -> Check:
    change = np.subtract(probe.after, probe.before)
    wrong = {"same": np.abs(change), "no-lower": -change, "no-higher": change}[probe.expects]
    rows = wrong.reshape(len(wrong), -1).max(axis=1)
    broken, claim = int((rows > TOLERANCE).sum()), CLAIMS[probe.expects]
    message = f"With {probe.subject} the prediction {claim} in all {len(rows):,} rows."
    if broken:
        message = (
            f"With {probe.subject} the prediction should be one that {claim}; it does not in "
            f"{broken:,} of {len(rows):,} rows, by up to {rows.max():.2g}."
        )
    return _behaviour(
        subject=probe.subject,
        outcome=Outcome.REJECT if broken else Outcome.PASS,
        code="behaviour-broken" if broken else "behaviour-kept",
        message=message,
    )
