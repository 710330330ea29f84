"""The rules one decision goes by: parameters, metrics, and the error that this look is allowed."""

from collections.abc import Mapping
from dataclasses import dataclass

from contender.params import EvaluateParams, GateParams
from contender.problem.metrics import Metric
from contender.release.gate.bootstrap import Resampling


@dataclass(frozen=True)
class Rules:
    """What every judgement goes by.

    `alpha` is the error that this look is allowed. `spread` is the standard deviation of the
    target: margins of a metric that has the unit of the target are given in it, so that the same
    numbers fit any unit.
    """

    gate: GateParams
    reading: EvaluateParams
    metrics: Mapping[str, Metric]
    alpha: float
    resampling: Resampling
    spread: float

    @property
    def primary(self) -> Metric:
        """The one metric that the verdict rests on."""
        return self.metrics[self.gate.primary]

    @property
    def min_delta(self) -> float:
        """The gain that must be exceeded, in units of the primary metric."""
        return self.gate.min_delta * self._unit

    @property
    def epsilon(self) -> float:
        """The loss that is harm, in units of the primary metric."""
        return self.gate.epsilon * self._unit

    @property
    def slice_margin(self) -> float:
        """The loss that is harm to a slice, in units of the primary metric."""
        return self.gate.slice_margin * self._unit

    @property
    def _unit(self) -> float:
        return self.spread if self.primary.in_target_units else 1.0
