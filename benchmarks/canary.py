"""How often the judge of a canary errs, how soon it acts, and how long a good version waits.

The z-test and the windows see errors only: beside latency they show how often they are wrong.
"""

import argparse
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
from measure import RSS_BYTES, Bar, Usage, report
from scipy.special import ndtr

from contender.deploy.evidence import Events, log_harm, log_harmlessness
from contender.deploy.judge import Limits, slow_threshold_ms
from contender.release.gate.rates import Share

LIMITS: Final = Limits(alpha=0.01, tolerance=1.25, min_requests=500, max_ratio=2.0, max_rate=0.01)
REQUESTS: Final = 20_000  # of one release, to both versions
BATCH: Final = 100  # releases simulated at once, for the memory
PASSED_BY: Final = (600, 1_000, 2_000)  # requests to the canary
SOON: Final = {"errors 1 %, 5 times": 300, "errors 1 %, 10 times": 80, "outage": 6}
GUARDS: Final = 3  # the third, invalid answers, has nothing to say: its e-value is 1
WINDOWS: Final = 5
Z_AT_5_PERCENT: Final = 1.645
SPREAD: Final = 0.5  # standard deviation of the logarithm of a latency
CALIBRATION: Final = 500  # answers of the control that the limit of slow is taken from


@dataclass(frozen=True)
class Traffic:
    """The requests of a release, looked at every `block`, and what goes wrong with them."""

    errors: float = 0.01  # of the control's answers
    ratio: float = 1.0  # of the canary's errors to the control's
    slower: float = 1.0  # times the control's latency
    slow_ratio: float = 1.0  # of the canary's slow answers to what they would be
    shares: tuple[float, ...] = (0.1,)  # of the canary, one a step, all as long
    sent: float | None = None  # what the proxy sends it instead
    even: bool = False  # the proxy sends every tenth, not each by chance
    bursts: bool = False  # both versions' rates wander, and now and then a third of all fails
    block: int = 100
    requests: int = REQUESTS

    @property
    def looks(self) -> int:
        """How often a release is looked at."""
        return self.requests // self.block


ALIKE: Final = {
    "sent by chance": Traffic(),
    "sent in turn": Traffic(even=True),
    "errors .1 %": Traffic(errors=0.001),
    "rates wander, storms hit both": Traffic(bursts=True),
    "steps of 10, 25, 50 %": Traffic(shares=(0.1, 0.25, 0.5)),
    "at the tolerance: 1.25 times": Traffic(ratio=1.25, slow_ratio=1.25),
}
WORSE: Final = {
    "errors 1 %, 2 times": Traffic(ratio=2),
    "errors 1 %, 3 times": Traffic(ratio=3),
    "errors 1 %, 5 times": Traffic(ratio=5),
    "errors 1 %, 10 times": Traffic(ratio=10),
    "outage": Traffic(ratio=100),
    "errors .1 %, 2 times": Traffic(errors=0.001, ratio=2),
    "errors .1 %, 5 times": Traffic(errors=0.001, ratio=5),
    "errors .1 %, 10 times": Traffic(errors=0.001, ratio=10),
    "latency 1.25 times": Traffic(slower=1.25),
    "latency 1.5 times": Traffic(slower=1.5),
    "latency 2 times": Traffic(slower=2),
}
LEAVING: Final = {
    "errors 0 %, alike": (Traffic(errors=0.0), 0),
    "errors .1 %, alike": (Traffic(errors=0.001), 0),
    "errors .5 %, alike": (Traffic(errors=0.005), 0),
    "errors 1 %, alike": (Traffic(), 0),
    "slow 5 %, alike": (Traffic(), 1),
    "errors .1 %, 5 times": (Traffic(errors=0.001, ratio=5), 0),
    "errors 1 %, 2 times": (Traffic(ratio=2), 0),
    "errors 1 %, 5 times": (Traffic(ratio=5), 0),
}


@dataclass(frozen=True)
class Row:
    """One line of a table: how often something happened in `runs`, with the interval of Wilson."""

    table: str
    case: str
    rule: str
    runs: int
    percent: float
    lower: float
    upper: float
    median: float | None = None  # canary requests until then
    late: float | None = None  # and until nine of ten


def draw_releases(traffic: Traffic, runs: int) -> Iterator[tuple[Events, Events]]:
    """Errors and slow answers of `runs` releases, a batch at a time; the seed is fixed.

    Counts are since each step began, shape (n_steps, runs, looks).
    """
    rng = np.random.default_rng(7)
    step_of = np.arange(traffic.looks) * len(traffic.shares) // traffic.looks
    share = np.array(traffic.shares)[step_of]
    sent = share if traffic.sent is None else np.full(traffic.looks, traffic.sent)
    now = (step_of == np.arange(len(traffic.shares))[:, None])[:, None, :]
    for _ in range(runs // BATCH):
        shape = BATCH, traffic.looks
        requests = rng.binomial(traffic.block, sent, size=shape)
        if traffic.even:
            requests = np.broadcast_to(np.round(sent * traffic.block).astype(int), shape)
        routed = requests, traffic.block - requests
        weather = draw_weather(shape, rng) if traffic.bursts else np.ones(shape)
        both = []
        for rates in draw_rates(traffic, rng):
            hit = [
                rng.binomial(sent_to, np.minimum(rate * weather, max(0.3, float(np.max(rate)))))
                for sent_to, rate in zip(routed, rates, strict=True)
            ]
            since = [np.cumsum(now * counts, axis=2) for counts in (*hit, *routed)]
            both.append(Events(np.array(traffic.shares)[:, None, None], *since))
        yield both[0], both[1]


def draw_weather(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """What rates are multiplied by at each look: a random walk, and storms in one of twenty."""
    weather = np.exp(np.cumsum(rng.normal(0, 0.1, shape), axis=1))
    return np.where(rng.random(shape) < 0.05, 1e9, weather)


def draw_rates(traffic: Traffic, rng: np.random.Generator) -> list[tuple[Any, Any]]:
    """The rates of canary and control: of errors, then of slow answers, by a calibrated limit."""
    samples = np.exp(rng.normal(0, SPREAD, size=(BATCH, CALIBRATION)))
    limits = np.log([slow_threshold_ms(sample) for sample in samples])[:, None]
    slow = [ndtr((np.log(factor) - limits) / SPREAD) for factor in (traffic.slower, 1.0)]
    errors = min(1.0, traffic.errors * traffic.ratio), traffic.errors
    return [errors, (slow[0] * traffic.slow_ratio, slow[1])]


def roll_back(errors: Events, slow: Events) -> np.ndarray:
    """True where the judge rolls back, shape (runs, looks)."""
    logs = [log_harm(events, LIMITS.tolerance) for events in (errors, slow)]
    e_values = sum(np.exp(np.minimum(log, 690)) for log in logs) + 1.0
    return np.asarray(e_values / GUARDS >= 1 / LIMITS.alpha)


def z_tested(errors: Events) -> np.ndarray:
    """True where a one-sided z-test of two error rates says 5 %, on all counts so far."""
    n, m = errors.canary_requests.sum(axis=0), errors.control_requests.sum(axis=0)
    x, y = errors.canary.sum(axis=0), errors.control.sum(axis=0)
    pooled = (x + y) / (n + m)
    error = np.sqrt(pooled * (1 - pooled) * (1 / np.maximum(n, 1) + 1 / np.maximum(m, 1)))
    gap = x / np.maximum(n, 1) - y / np.maximum(m, 1)
    return np.asarray((error > 0) & (gap > Z_AT_5_PERCENT * error))


def windowed(errors: Events, block: int) -> np.ndarray:
    """True where over 1 % of the canary failed in five windows of 1,000 requests."""
    every = slice(1_000 // block - 1, None, 1_000 // block)
    hits, requests = (
        np.diff(counts.sum(axis=0)[:, every], axis=1, prepend=0)
        for counts in (errors.canary, errors.canary_requests)
    )
    return np.asarray(np.cumsum(hits > 0.01 * requests, axis=1) >= WINDOWS)


def row(table: str, case: str, rule: str, fired: Sequence[float]) -> Row:
    """The line for releases that something happened to after so many canary requests, or inf."""
    after = np.array(fired)
    found = Share(float(np.isfinite(after).mean()), len(after))
    until = np.quantile(after, [0.5, 0.9], method="higher")
    median, late = (float(n) if np.isfinite(n) else None for n in until)
    ends = found.lower(0.025), found.upper(0.025)
    percents = [round(100 * value, 2) for value in (found.value, *ends)]
    return Row(table, case, rule, len(after), *percents, median, late)


def first(fired: np.ndarray, events: Events) -> np.ndarray:
    """The canary's requests at the first look that fired, infinite without one, shape (runs,)."""
    requests = events.canary_requests.sum(axis=0)
    if fired.shape[1] != requests.shape[1]:
        every = requests.shape[1] // fired.shape[1]
        requests = requests[:, every - 1 :: every]
    at = fired.argmax(axis=1)
    return np.where(fired.any(axis=1), requests[np.arange(len(at)), at], np.inf)


def rollbacks(table: str, case: str, traffic: Traffic, runs: int) -> list[Row]:
    """How often each rule rolls back, and when, on the same releases."""
    fired: dict[str, list[float]] = {"judge": [], "z-test": [], "windows": []}
    for errors, slow in draw_releases(traffic, runs):
        fired["judge"] += [*first(roll_back(errors, slow), errors)]
        fired["z-test"] += [*first(z_tested(errors), errors)]
        fired["windows"] += [*first(windowed(errors, traffic.block), errors)]
    return [row(table, case, rule, after) for rule, after in fired.items()]


def share_rules(traffic: Traffic, runs: int) -> list[Row]:
    """False rollbacks where the proxy sends more than it was told, by what s is taken for."""
    nothing, unknown = np.zeros((1, 1, 1)), np.full((1, 1, 1), 1e-9)
    views: dict[str, dict[str, Any]] = {
        "share meant": {"canary_requests": nothing, "control_requests": nothing},
        "share realised": {"share": unknown},
        "larger of both": {},
    }
    fired: dict[str, list[float]] = {rule: [] for rule in views}
    for errors, slow in draw_releases(traffic, runs):
        for rule, view in views.items():
            rolled = roll_back(replace(errors, **view), replace(slow, **view))
            fired[rule] += [*first(rolled, errors)]
    case = f"told {traffic.shares[0]:.0%}, sends {traffic.sent or traffic.shares[0]:.0%}"
    return [row("share", case, rule, after) for rule, after in fired.items()]


def passes(case: str, traffic: Traffic, runs: int, *, guard: int) -> list[Row]:
    """How often one guard lets the step be left, by so many requests to the canary."""
    after: list[float] = []
    for both in draw_releases(traffic, runs):
        events = both[guard]
        e_values = log_harmlessness(events, max_ratio=LIMITS.max_ratio, max_rate=LIMITS.max_rate)
        shown = e_values[0] >= -np.log(LIMITS.alpha)
        enough = np.minimum(events.canary_requests, events.control_requests)[0]
        left = shown & (enough >= LIMITS.min_requests)
        rolled = np.maximum.accumulate(roll_back(*both), axis=1)
        after += [*first(left & ~rolled, events)]
    ever = np.array(after)
    found = [np.where(ever <= most, ever, np.inf) for most in PASSED_BY]
    rows = [row("pass", case, f"by {n:,}", f) for n, f in zip(PASSED_BY, found, strict=True)]
    return [*rows, row("pass", case, "ever", ever)]


def measure_all(runs: int) -> list[Row]:
    """All tables, one after the other."""
    rows = []
    for case, traffic in ALIKE.items():
        rows += rollbacks("false rollback", case, traffic, runs)
    for sent in (0.1, 0.14):
        rows += share_rules(Traffic(sent=sent), runs)
    for case, traffic in WORSE.items():
        rows += rollbacks("detection", case, replace(traffic, block=10), runs // 4)
    for case, (traffic, guard) in LEAVING.items():
        rows += passes(case, replace(traffic, requests=60_000), runs // 2, guard=guard)
    return rows


def show(rows: Sequence[Row]) -> None:
    """Print one line a row, a blank one between tables."""
    table = ""
    for line in rows:
        if line.table != table:
            table = line.table
            print(f"\n{table:<32}{'':<16}{'%':>7}{'95 % interval':>16}{'median':>8}{'90 %':>8}")
        until = "".join(f"{'' if n is None else f'{n:,.0f}':>8}" for n in (line.median, line.late))
        interval = f"{line.lower:.2f} to {line.upper:.2f}"
        print(f"{line.case:<32}{line.rule:<16}{line.percent:>7.2f}{interval:>16}{until}")


def main() -> int:
    """Print the tables; 0 when every bar is met, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="400 releases, to see that it works")
    quick = parser.parse_args().quick
    started, cpu = time.perf_counter(), time.process_time()
    rows = measure_all(400 if quick else 2_000)
    show(rows)
    wall_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_BYTES / 1e6
    usage = Usage("all tables", round(cpu_s, 1), round(wall_s, 1), round(peak_mb, 1))
    judge = [line for line in rows if line.rule == "judge"]
    false = [line for line in judge if line.table == "false rollback"]
    bars = [Bar(f"false rollback %, {line.case}", line.percent, 1.0) for line in false]
    for case, limit in SOON.items():
        line = next(line for line in judge if line.case == case)
        until = np.inf if line.median is None else line.median
        bars.append(Bar(f"canary requests until rollback, {case}", until, limit))
    facts = {"limits": asdict(LIMITS), "rows": [asdict(line) for line in rows]}
    return report("canary", [usage], bars, keep=not quick, **facts)


if __name__ == "__main__":
    sys.exit(main())
