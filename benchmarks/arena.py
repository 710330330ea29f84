"""Contestants who take turns under the same load: what else the machine does meets them all."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import Final

from contestants import Contestant, Running
from load import Load, Outcome, apply_load
from questions import Examiner

WARM_UP_S: Final = 0.2


@dataclass(frozen=True)
class Figures:
    """One contestant under one load: `cpu_us` is what a call cost the service.

    `callers_busy` is the share of their core that the callers needed themselves.
    """

    requests_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    callers_busy: float


Found = Mapping[str, Sequence[Figures]]  # by contestant, one a round


class Arena:
    """Running servers, and the failures of all calls to them."""

    def __init__(self, examiner: Examiner, servers: Mapping[str, Running]) -> None:
        self.failures: list[str] = []
        self._examiner, self._servers = examiner, servers

    def compare(self, contestants: Sequence[Contestant], load: Load, rounds: int) -> Found:
        """The figures of each contestant under `load`, in as many rounds."""
        found: dict[str, list[Figures]] = {contestant.name: [] for contestant in contestants}
        for _ in range(rounds):
            for contestant in contestants:
                found[contestant.name].append(self._measure(contestant, load))
        return found

    def _measure(self, contestant: Contestant, load: Load) -> Figures:
        server, asks = self._servers[contestant.server], self._examiner.ask
        questions = asks(
            contestant.path, contestant.key, load.rows, is_checked=contestant.is_checked
        )
        warm = apply_load(server.port, questions, Load(load.callers, load.rows, WARM_UP_S))
        before = server.cpu_s()
        outcome = apply_load(server.port, questions, load)
        figures = summarize(outcome, cpu_s=server.cpu_s() - before)
        failures = warm.failures + outcome.failures
        self.failures += [f"{contestant.name}: {failure}" for failure in failures]
        return figures


def summarize(outcome: Outcome, *, cpu_s: float) -> Figures:
    """The figures of `outcome`; NaN, which keeps no bar, when hardly a call was answered."""
    answers = len(outcome.latencies_ms)
    if answers < 2:
        return Figures(*[float("nan")] * 5)
    cuts = quantiles(outcome.latencies_ms, n=100, method="inclusive")
    return Figures(
        requests_s=round(answers / outcome.elapsed_s, 1),
        p50_ms=round(cuts[49], 4),
        p99_ms=round(cuts[98], 4),
        cpu_us=round(cpu_s / answers * 1e6, 1),
        callers_busy=round(outcome.busy_s / outcome.elapsed_s, 3),
    )


def middle(rounds: Sequence[Figures]) -> Figures:
    """The median of each figure over the rounds."""
    columns = zip(*(asdict(figures).values() for figures in rounds), strict=True)
    return Figures(*map(median, columns))
