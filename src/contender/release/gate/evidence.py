"""What the gate is shown: everything a decision rests on, as values somebody else has gathered."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np

from contender.problem.schema import Task
from contender.release.gate.decision import Digests, Term

CostName = Literal["latency_p95_ms", "size_mb", "memory_mb"]
Expectation = Literal["same", "no-lower", "no-higher"]


@dataclass(frozen=True)
class Scored:
    """A model and its predictions for the holdout, one a row.

    `held_out` has shape (n_rows,): true where the model's own split kept the row from training.
    """

    digest: str
    predictions: np.ndarray
    held_out: np.ndarray

    def take(self, rows: np.ndarray) -> "Scored":
        """The same for the rows at these positions."""
        return replace(self, predictions=self.predictions[rows], held_out=self.held_out[rows])


@dataclass(frozen=True)
class Labels:
    """The level of one column that each row has, as a position in `levels`; -1 where missing."""

    column: str
    levels: tuple[str, ...]
    codes: np.ndarray
    slices: Literal["no", "report", "critical"] = "no"
    sensitive: bool = False

    def take(self, rows: np.ndarray) -> "Labels":
        """The same for the rows at these positions."""
        return replace(self, codes=self.codes[rows])


@dataclass(frozen=True)
class Seal:
    """A digest that was promised and the one that was found; `code` is the reason they differ."""

    code: str
    subject: str
    expected: str
    actual: str


@dataclass(frozen=True)
class Cost:
    """One measured cost of both models; the champion's is None when there is no champion."""

    name: CostName
    challenger: float
    champion: float | None


@dataclass(frozen=True)
class Probe:
    """The challenger's predictions before and after its input was changed, shape (n_rows,) each.

    `expects` says what the change may do to a prediction: nothing, only raise it, or only lower it.
    """

    subject: str
    expects: Expectation
    before: np.ndarray
    after: np.ndarray


@dataclass(frozen=True)
class Evidence:
    """All that `decide` looks at besides the parameters.

    Arrays have one entry a row of the holdout. `groups` names rows that belong together, by any
    integer; None when rows are independent. `baseline` and `prior` (class shares or mean of the
    training rows) are what a challenger is measured by when there is no champion. `terms_before`
    are those of the model judged last before: None when there was none, empty when unknown.
    """

    task: Task
    classes: tuple[str, ...]
    target: np.ndarray
    challenger: Scored
    digests: Digests
    look: int
    provisional: bool
    as_of: date
    champion: Scored | None = None
    anchor: Scored | None = None
    baseline: np.ndarray | None = None
    prior: tuple[float, ...] = ()
    groups: np.ndarray | None = None
    labels: tuple[Labels, ...] = ()
    seals: tuple[Seal, ...] = ()
    shared_rows: int = 0
    costs: tuple[Cost, ...] = ()
    probes: tuple[Probe, ...] = ()
    terms_before: Mapping[str, Term] | None = None

    @property
    def models(self) -> dict[str, Scored]:
        """The models there are, by what they are to each other."""
        named = {"challenger": self.challenger, "champion": self.champion, "anchor": self.anchor}
        return {name: scored for name, scored in named.items() if scored is not None}

    @property
    def constant(self) -> np.ndarray:
        """What a model that looks at nothing predicts for each row: the training prior."""
        shape = (len(self.target), len(self.prior))
        every = np.broadcast_to(np.asarray(self.prior, dtype=np.float64), shape)
        return every if self.task is Task.MULTICLASS else every[:, -1]

    def judged(self) -> "Evidence":
        """The same for the rows that neither challenger nor champion was trained on.

        Groups are numbered from 0, which lets sums over them be taken without sorting.
        """
        kept = self.challenger.held_out
        if self.champion is not None:
            kept = kept & self.champion.held_out
        judged = self if kept.all() else self.take(np.flatnonzero(kept))
        if judged.groups is None:
            return judged
        return replace(judged, groups=np.unique(judged.groups, return_inverse=True)[1])

    def take(self, rows: np.ndarray) -> "Evidence":
        """The same for the rows at these positions."""
        return replace(
            self,
            target=self.target[rows],
            challenger=self.challenger.take(rows),
            champion=self.champion and self.champion.take(rows),
            anchor=self.anchor and self.anchor.take(rows),
            baseline=None if self.baseline is None else self.baseline[rows],
            groups=None if self.groups is None else self.groups[rows],
            labels=tuple(labels.take(rows) for labels in self.labels),
        )
