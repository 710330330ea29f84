"""The judge of a canary: what it rolls back, what it lets pass, and how seldom it errs."""

import json
from dataclasses import asdict, replace
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, hypergeom

from contender.deploy.evidence import Events, log_harm, log_harmlessness
from contender.deploy.judge import Judgement, Limits, Step, Tally, judge, slow_threshold_ms
from contender.errors import ObservationError

LIMITS = Limits(alpha=0.01, tolerance=1.25, min_requests=500, max_ratio=2.0, max_rate=0.01)
NOTHING = Tally(0, 0, 0, 0)
GOOD = Step(0.1, Tally(1_000, 0, 50, 0), Tally(9_000, 3, 450, 0))


def failing(canary: int, control: int, *, share: float = 0.1, requests: int = 1_000) -> Step:
    """A step with so many errors, and nothing else."""
    others = round(requests * (1 - share) / share)
    return Step(share, Tally(requests, canary, 0, 0), Tally(others, control, 0, 0))


def events(canary: Any, control: Any, *, share: float, sent: tuple[int, int] = (0, 0)) -> Events:
    """One step of events, of which there may be many alternatives."""
    counts = (np.asarray(value)[None] for value in (canary, control, *sent))
    return Events(np.array([share]).reshape([1] * (1 + np.ndim(canary))), *counts)


tallies = st.integers(0, 3_000).flatmap(
    lambda n: st.builds(Tally, st.just(n), *[st.integers(0, n)] * 3)
)
shares = st.floats(0.01, 0.99)
steps = st.builds(Step, shares, tallies, tallies)


def test_a_version_like_its_control_passes() -> None:
    """Few errors on both sides, one of twenty slow, nothing invalid."""
    said = judge([GOOD], LIMITS)

    assert (said.outcome, said.reason) == ("pass", "ok")
    assert said.e_value < 1
    assert set(said.guards) == {"errors", "slow", "invalid"}


def test_an_outage_is_rolled_back_after_five_answers() -> None:
    """Nothing is waited for: no smallest number of requests, no end of the step."""
    said = judge([Step(0.1, Tally(5, 5, 0, 0), Tally(45, 0, 2, 0))], LIMITS)

    assert (said.outcome, said.reason) == ("rollback", "errors")
    assert said.e_value >= 100


def test_a_slow_canary_is_rolled_back_as_slow() -> None:
    """No error at all, four times as many slow answers."""
    said = judge([Step(0.1, Tally(500, 0, 100, 0), Tally(4_500, 0, 225, 0))], LIMITS)

    assert (said.outcome, said.reason) == ("rollback", "slow")


def test_guards_convict_together_what_none_convicts_alone() -> None:
    """The mean of the e-values counts: here neither is three times what is needed."""
    said = judge([Step(0.1, Tally(200, 4, 4, 0), Tally(1_800, 1, 1, 0))], LIMITS)

    assert (said.outcome, said.reason) == ("rollback", "combined")
    assert max(said.guards.values()) < 300


def test_one_invalid_answer_is_enough_when_a_thousand_of_the_control_are_valid() -> None:
    """With 999 it is evidence like any other, and does not convict alone."""
    canary = Tally(100, 0, 0, 1)

    certain = judge([Step(0.1, canary, Tally(1_000, 0, 0, 0))], LIMITS)
    unsure = judge([Step(0.1, canary, Tally(999, 0, 0, 0))], LIMITS)
    shared = judge([Step(0.1, canary, Tally(1_000, 0, 0, 1))], LIMITS)

    assert (certain.outcome, certain.reason) == ("rollback", "invalid")
    assert (unsure.outcome, shared.outcome) == ("wait", "wait")


def test_an_invalid_answer_of_an_earlier_step_is_not_forgotten() -> None:
    """Nor are the control's thousand valid ones, wherever they were counted."""
    before = Step(0.1, Tally(60, 0, 0, 1), Tally(540, 0, 0, 0))

    assert judge([before, GOOD], LIMITS).reason == "invalid"


@pytest.mark.parametrize(
    ("canary", "control"),
    [
        (NOTHING, NOTHING),
        (NOTHING, Tally(90_000, 0, 0, 0)),
        (Tally(90_000, 0, 0, 0), NOTHING),
        (Tally(499, 0, 24, 0), Tally(4_500, 0, 225, 0)),
        (Tally(4_500, 0, 225, 0), Tally(499, 0, 24, 0)),
    ],
)
def test_silence_is_no_proof(canary: Tally, control: Tally) -> None:
    """No traffic, or too little to either version, never passes a step."""
    said = judge([Step(0.5, canary, control)], LIMITS)

    assert (said.outcome, said.reason) == ("wait", "few-requests")


def test_a_step_is_left_for_what_it_showed_itself() -> None:
    """A good step before does not stand in for an empty one."""
    assert judge([GOOD, Step(0.25, NOTHING, NOTHING)], LIMITS).reason == "few-requests"
    assert judge([Step(0.25, NOTHING, NOTHING), GOOD], LIMITS).outcome == "pass"


def test_what_is_neither_proven_bad_nor_proven_good_waits() -> None:
    """One and a half times the control's errors, and not rare either."""
    said = judge([failing(15, 90)], LIMITS)

    assert (said.outcome, said.reason) == ("wait", "ratio-open")
    assert "errors 15 of 1,000" in said.message


def test_a_version_without_any_event_passes() -> None:
    """A ratio of nothing to nothing is never known; that next to nothing happens is."""
    assert judge([failing(0, 0, requests=500)], LIMITS).reason == "ratio-open"
    assert judge([failing(0, 0, requests=600)], LIMITS).outcome == "pass"


def test_an_unlucky_first_step_counts_in_the_second() -> None:
    """Neither step convicts; both together do."""
    one, two = failing(10, 20), failing(9, 6, share=0.25)

    assert [judge([step], LIMITS).outcome for step in (one, two)] == ["wait", "wait"]
    assert judge([one, two], LIMITS).reason == "errors"


def test_a_proxy_that_sends_more_than_it_was_told_blames_nobody() -> None:
    """Two of ten requests instead of one: twice the errors, at the same rate.

    Nor does the step pass: what was meant to be compared is not what was.
    """
    told = Step(0.1, Tally(4_000, 80, 0, 0), Tally(16_000, 320, 0, 0))
    honest = replace(told, control=Tally(36_000, 320, 0, 0))

    assert judge([told], LIMITS).outcome == "wait"
    assert judge([honest], LIMITS).outcome == "rollback"


def test_a_judgement_is_json_however_bad_the_canary() -> None:
    """No infinity: a million errors have a finite e-value."""
    step = Step(0.1, *[Tally(10**6, 10**6, 10**6, 10**6), Tally(10**7, 0, 0, 0)])

    said = judge([step], LIMITS)

    assert Judgement(**json.loads(json.dumps(asdict(said), allow_nan=False))) == said


@given(st.lists(steps, min_size=1, max_size=3))
def test_the_order_of_steps_and_names_of_guards_change_no_evidence(seen: list[Step]) -> None:
    """Harm is a product over steps, and the same function for every guard."""
    values = [judge(list(order), LIMITS).e_value for order in permutations(seen)]
    turned = [
        replace(
            step,
            canary=Tally(
                step.canary.requests, step.canary.slow, step.canary.invalid, step.canary.errors
            ),
            control=Tally(
                step.control.requests, step.control.slow, step.control.invalid, step.control.errors
            ),
        )
        for step in seen
    ]

    assert values == pytest.approx([values[0]] * len(values), rel=1e-6)
    assert judge(turned, LIMITS).e_value == pytest.approx(values[0], rel=1e-6)


@given(steps)
def test_one_more_error_of_the_canary_never_helps_it(step: Step) -> None:
    """Nor does one more of the control harm it."""
    if step.canary.errors < step.canary.requests:
        worse = replace(step, canary=replace(step.canary, errors=step.canary.errors + 1))
        assert errors_of(worse) >= errors_of(step) * (1 - 1e-9)
        assert harmless(worse) <= harmless(step) + 1e-9
    if step.control.errors < step.control.requests:
        other = replace(step, control=replace(step.control, errors=step.control.errors + 1))
        assert errors_of(other) <= errors_of(step) * (1 + 1e-9)


@given(steps, st.integers(0, 1_000))
def test_one_more_good_answer_of_the_canary_never_harms_it(step: Step, more: int) -> None:
    """More requests without an error are no evidence against it."""
    better = replace(step, canary=replace(step.canary, requests=step.canary.requests + more))

    assert errors_of(better) <= errors_of(step) * (1 + 1e-9)
    assert harmless(better) >= harmless(step) - 1e-9


def errors_of(step: Step) -> float:
    """The evidence of harm by errors."""
    return judge([step], LIMITS).guards["errors"]


def harmless(step: Step) -> float:
    """The log evidence that errors are no harm."""
    sent = step.canary.requests, step.control.requests
    seen = events(step.canary.errors, step.control.errors, share=step.share, sent=sent)
    return float(log_harmlessness(seen, max_ratio=2.0, max_rate=0.01)[0])


@given(shares, st.floats(0, 1.25), st.integers(0, 40), st.integers(0, 40))
def test_the_next_event_raises_no_evidence_on_average(
    share: float, ratio: float, canary: int, control: int
) -> None:
    """The law that makes every look valid, exactly, from any state, up to the tolerance."""
    chance = share * ratio / (share * ratio + 1 - share)
    now, hit, spared = np.exp(
        log_harm(
            events([canary, canary + 1, canary], [control, control, control + 1], share=share),
            1.25,
        )
    )

    assert chance * hit + (1 - chance) * spared <= now * (1 + 1e-9)
    if ratio == 1.25:
        assert chance * hit + (1 - chance) * spared == pytest.approx(now)


@given(st.integers(1, 20), st.integers(1, 100), st.data())
def test_requests_sent_in_turn_raise_no_evidence_on_average(
    canary: int, control: int, data: st.DataObject
) -> None:
    """However many were sent to each, with the events dealt out among all requests alike."""
    happened = data.draw(st.integers(0, canary + control))
    hits = np.arange(max(0, happened - control), min(canary, happened) + 1)
    chances = hypergeom.pmf(hits, canary + control, canary, happened)
    sent = np.full(hits.shape, canary), np.full(hits.shape, control)
    e_values = np.exp(log_harm(events(hits, happened - hits, share=0.01, sent=sent), 1.25))

    assert chances @ e_values <= 1 + 1e-9


@given(st.floats(0.05, 0.6), st.floats(0.01, 0.3), st.integers(1, 25), st.integers(1, 25))
def test_a_bad_canary_seems_harmless_on_average_no_more_than_by_chance(
    share: float, rate: float, canary: int, control: int
) -> None:
    """At twice the control's rate and at least `max_rate`: expectation 1 at most."""
    hits, others = np.meshgrid(np.arange(canary + 1), np.arange(control + 1))
    chances = binom.pmf(hits, canary, rate) * binom.pmf(others, control, rate / 2)
    sent = np.full(hits.shape, canary), np.full(hits.shape, control)
    seen = events(hits, others, share=min(share, canary / (canary + control)), sent=sent)
    e_values = np.exp(log_harmlessness(seen, max_ratio=2.0, max_rate=0.01)[0])

    assert (chances * e_values).sum() <= 1 + 1e-9


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_versions_alike_are_seldom_rolled_back_and_bad_ones_soon(share: float) -> None:
    """Of 500, looked at 100 times: 1 % at the tolerance, and two standard errors for chance."""
    rng = np.random.default_rng(3)
    fired = {}
    for ratio in (1.25, 6.0):
        requests = rng.binomial(100, share, size=(500, 100))
        counts = (
            rng.binomial(requests, 0.02 * ratio),
            rng.binomial(100 - requests, 0.02),
            requests,
            100 - requests,
        )
        seen = Events(np.array([[[share]]]), *(np.cumsum(c, axis=1)[None] for c in counts))
        fired[ratio] = (log_harm(seen, 1.25) >= np.log(100)).any(axis=1).mean()

    assert fired[1.25] <= 0.01 + 2 * np.sqrt(0.01 * 0.99 / 500)
    assert fired[6.0] >= 0.99


@pytest.mark.parametrize("share", [0, 1, 0.0, 1.0, -0.1, 1.5, float("nan"), True, "0.1", None])
def test_a_share_that_leaves_nothing_to_compare_is_refused(share: Any) -> None:
    """Neither all nor none of the traffic, and no number that is none."""
    with pytest.raises(ObservationError, match="the share of a step is"):
        Step(share, NOTHING, NOTHING)


@pytest.mark.parametrize(
    "counts",
    [
        (-1, 0, 0, 0),
        (10, 11, 0, 0),
        (10, 0, 11, 0),
        (10, 0, 0, -1),
        (10.0, 0, 0, 0),
        (10, float("nan"), 0, 0),
        (10, True, 0, 0),
        ("10", 0, 0, 0),
        (None, 0, 0, 0),
    ],
)
def test_a_tally_that_cannot_be_is_refused(counts: Any) -> None:
    """By the name of the count, before it is judged."""
    with pytest.raises(ObservationError, match=r"`(requests|errors|slow|invalid)` of a tally"):
        Tally(*counts)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha", 0.0),
        ("alpha", 1.0),
        ("alpha", float("nan")),
        ("tolerance", 0.9),
        ("tolerance", 11.0),
        ("tolerance", True),
        ("min_requests", 0),
        ("max_ratio", 1.25),
        ("max_ratio", float("inf")),
        ("max_rate", 0.0),
        ("max_rate", 1.0),
    ],
)
def test_limits_that_limit_nothing_are_refused(name: str, value: Any) -> None:
    """Every one of them, by its name."""
    with pytest.raises(ObservationError, match=f"`{name}` of the canary's limits"):
        replace(LIMITS, **{name: value})


def test_no_step_is_no_release() -> None:
    """Nothing is never judged well."""
    with pytest.raises(ObservationError, match="no step of the canary"):
        judge([], LIMITS)


def test_slow_is_what_one_of_twenty_answers_of_the_control_is() -> None:
    """A latency that was measured, and 5 % at most beyond it."""
    latencies = list(np.random.default_rng(1).exponential(20, size=1_000))

    limit = slow_threshold_ms(latencies)

    assert limit in latencies
    assert np.mean(np.array(latencies) > limit) == pytest.approx(0.05, abs=0.0011)


@pytest.mark.parametrize(
    "latencies",
    [[], [1.0] * 199, [1.0] * 500 + [float("nan")], [1.0] * 500 + [-1.0], [float("inf")] * 500],
)
def test_too_few_or_impossible_latencies_calibrate_nothing(latencies: list[float]) -> None:
    """The step does not begin without a limit."""
    with pytest.raises(ObservationError, match="latencies calibrate"):
        slow_threshold_ms(latencies)
