"""Decisions as the gate makes them, with no more in them than the registry looks at."""

from datetime import date

from contender.release.gate.decision import Decision, Digests, HoldoutUse, Verdict

HOLDOUT = "a" * 64


def make_decision(
    challenger: str,
    *,
    champion: str | None = None,
    verdict: Verdict = Verdict.PROMOTE,
    look: int = 1,
    provisional: bool = False,
) -> Decision:
    """A decision on the models with these digests."""
    digests = Digests(
        holdout=HOLDOUT,
        challenger=challenger,
        champion=champion,
        table_schema="0" * 64,
        gate_code="1" * 64,
        gate_parameters="2" * 64,
    )
    use = HoldoutUse(
        digest=HOLDOUT,
        rows=1000,
        judged_rows=1000,
        look=look,
        alpha=0.05 / (look * (look + 1)),
        provable_gain=None,
        equal_pass_probability=None,
        rows_needed=None,
    )
    return Decision(
        verdict=verdict,
        summary=f"{verdict}: as the test wants it",
        provisional=provisional,
        mode="improve",
        task="binary",
        primary="roc_auc",
        opponent="champion" if champion else "linear baseline",
        as_of=date(2026, 1, 31),
        digests=digests,
        holdout=use,
        estimates=(),
        slices=(),
        fairness=(),
        cost=(),
        checks=(),
    )
