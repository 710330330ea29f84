"""The rules one decision goes by: parameters, metrics, and the error that this look is allowed."""

from collections.abc import Mapping
from dataclasses import dataclass

from contender.params import EvaluateParams, GateParams
from contender.problem.metrics import Metric
from contender.release.gate.bootstrap import Resampling


@dataclass(frozen=True)
class Rules:
    """What every judgement goes by; `alpha` is the error that this look is allowed."""

    gate: GateParams
    reading: EvaluateParams
    metrics: Mapping[str, Metric]
    alpha: float
    resampling: Resampling

    @property
    def primary(self) -> Metric:
        """The one metric that the verdict rests on."""
        return self.metrics[self.gate.primary]
