"""The whole proof: every fault of the catalogue, then as many honest equal models as asked for."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from contender.release.gate.decision import Decision, Verdict
from tests.sabotage.catalogue import CASES
from tests.sabotage.project import SLOW, Project, some

BLOCKED: Final = (Verdict.REJECT, Verdict.ERROR)
COMPARED: Final = ("proven-better", "not-proven-better", "proven-worse")


@dataclass
class Tally:
    """What was caught and what was blocked so far."""

    caught: int = 0
    honest: Counter[Verdict] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        blocked = sum(self.honest[verdict] for verdict in BLOCKED)
        return f"{self.caught}/{len(CASES)} caught, {blocked}/{self.honest.total()} blocked"


def prove(project: Project, tally: Tally, *, honest: int) -> Iterator[str]:
    """One line a model that was judged, what is wrong collected in `tally`.

    The better challenger comes first: were it not promoted, its faults would prove nothing.
    """
    project.restore()
    project.run("record")
    control = project.judge()
    if control.verdict is not Verdict.PROMOTE:
        tally.wrong.append(f"the challenger without a fault: {reasons(control)}")
    yield _line("no fault at all", control, "What the faults are planted in would be promoted.")
    for case in CASES:
        decision = case.judge(project)
        if case.is_caught(decision):
            tally.caught += 1
        else:
            tally.wrong.append(f"{case.name}: {reasons(decision)}")
        yield _line(case.name, decision, case.why)
    for seed in range(honest):
        decision = judge_equal(project, seed)
        tally.honest[decision.verdict] += 1
        if decision.verdict in BLOCKED or not {c.code for c in decision.checks} & set(COMPARED):
            tally.wrong.append(f"honest model {seed}: {reasons(decision)}")
            yield _line(f"honest model {seed}", decision, "An equal model is not harm.")


def judge_equal(project: Project, seed: int) -> Decision:
    """The verdict on a model made as the champion was, but that other rows were left out."""
    project.restore()
    project.train(some(seed), rate=SLOW)
    project.run("record")
    return project.judge()


def reasons(decision: Decision) -> str:
    """The verdict, and the codes of all that did not pass."""
    codes = [c.code for c in decision.checks if c.outcome not in ("pass", "skipped")]
    return f"{decision.verdict} {', '.join(dict.fromkeys(codes))}"


def _line(name: str, decision: Decision, why: str) -> str:
    return f"{name:<33}{reasons(decision)}\n{'':<33}{why}"
