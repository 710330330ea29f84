"""What the service tells Prometheus; the number of its series is fixed before the first call."""

import os
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily as Counter
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.core import HistogramMetricFamily as Histogram
from prometheus_client.metrics_core import Metric

from contender.problem.schema import Schema, Task
from contender.serving.counters import Counters
from contender.serving.release import VERSION

MODEL_ROUTES: Final = ("predict", "invocations", "infer", "explain")
ROUTES: Final = (*MODEL_ROUTES, "feedback", "health", "metrics", "other")
STATUSES: Final = (200, 202, 400, 404, 405, 408, 413, 415, 422, 500, 503, 504)
UNKNOWN: Final = 0  # any status that is not in STATUSES
SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5)
COPIES: Final = ("same", "different", "failed", "dropped")  # of calls, for a shadow
MAX_BINS: Final = 20  # classes beyond are counted as one
COUNTS: Final = {
    "rows": "Rows predicted",
    "invalid_predictions": "Calls refused because a prediction was NaN or infinite",
    "log_written": "Lines of predictions, feedback and events written",
    "log_dropped": "Lines dropped because the disk could not keep up",
    "log_failed": "Lines dropped because the disk was full or could not be written to",
    "loads": "Models loaded",
    "failed_loads": "Models that could not be loaded; the one before was kept",
}


def edges_of(schema: Schema) -> tuple[float, ...]:
    """The upper edges of the bins that predictions are counted in; none for many classes."""
    if schema.task is Task.MULTICLASS:
        return ()
    if schema.task is Task.BINARY:
        return tuple(index / 10 for index in range(1, 11))
    low, high = schema.columns[schema.target].range or (None, None)
    if low is None or high is None:
        return (-1e6, -1e4, -1e3, -100, -10, -1, 0, 1, 10, 100, 1e3, 1e4, 1e6)
    return tuple(low + (high - low) * index / 10 for index in range(1, 11))


class Metrics:
    """The numbers of the service, and their text for Prometheus."""

    def __init__(self, *, workers: int = 1, has_shadow: bool = False) -> None:
        self._copies = COPIES if has_shadow else ()
        bins = range(MAX_BINS + 1)
        keys: list[Any] = [*COUNTS, "in_flight", "prediction_sum"]
        keys += [("bin", index) for index in bins]
        keys += [("shadow", outcome) for outcome in self._copies]
        keys += [(route, status) for route in ROUTES for status in (*STATUSES, UNKNOWN)]
        keys += [("sum", route) for route in MODEL_ROUTES]
        keys += [("took", route, index) for route in MODEL_ROUTES for index in bins]
        self.counters = Counters(keys, workers=workers)
        self._edges: tuple[float, ...] = ()
        self._classes: tuple[str, ...] = ()
        self._info: dict[str, str] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def become(self, worker: int) -> None:
        """Count as `worker` from now on; what a dead one had under way is over."""
        self.counters.become(worker)
        self.counters.reset("in_flight")

    def show(self, schema: Schema, digest: str) -> None:
        """Count predictions of another model from now on."""
        edges = edges_of(schema)
        if edges != self._edges or schema.classes != self._classes:
            for key in ("prediction_sum", *(("bin", index) for index in range(MAX_BINS + 1))):
                self.counters.reset(key)
        self._edges, self._classes = edges, schema.classes
        self._info = {
            "model": schema.dataset,
            "digest": digest,
            "task": str(schema.task),
            "version": VERSION,
            "commit": os.environ.get("GIT_SHA", ""),
        }

    def count_call(self, route: str, status: int, seconds: float) -> None:
        """Count one answer on `route`, given after `seconds`."""
        self.counters.add((route, status if status in STATUSES else UNKNOWN))
        if route in MODEL_ROUTES:
            self.counters.add(("sum", route), seconds)
            self.counters.add(("took", route, bisect_left(SECONDS, seconds)))

    def count_predictions(self, predictions: Sequence[Any]) -> None:
        """Count the predictions of one call: by size, or by the likeliest of many classes."""
        self.counters.add("rows", len(predictions))
        for prediction in predictions:
            if self._edges:
                place = bisect_left(self._edges, prediction)
                self.counters.add("prediction_sum", prediction)
            else:
                place = min(prediction.index(max(prediction)), MAX_BINS)
            self.counters.add(("bin", place))

    def render(self) -> bytes:
        """All numbers in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """The families of series, as the Prometheus client asks for them."""
        total = self.counters.total
        yield Gauge("contender_in_flight", "Calls under way", total("in_flight"))
        for name, meaning in COUNTS.items():
            yield Counter(f"contender_{name}", meaning, total(name))
        info = Gauge("contender_model_info", "The model at work", labels=list(self._info))
        if self._info:
            info.add_metric(list(self._info.values()), 1)
        yield info
        shadow = Counter("contender_shadow", "Copies of calls for a shadow", labels=["outcome"])
        for outcome in self._copies:
            shadow.add_metric([outcome], total(("shadow", outcome)))
        yield shadow
        yield self._collect_requests()
        yield self._collect_durations()
        yield self._collect_predictions()

    def _collect_requests(self) -> Metric:
        family = Counter("contender_requests", "Calls answered", labels=["route", "status"])
        for route in ROUTES:
            for status in (*STATUSES, UNKNOWN):
                if count := self.counters.total((route, status)):
                    family.add_metric([route, str(status) if status else "other"], count)
        return family

    def _collect_durations(self) -> Metric:
        family = Histogram("contender_duration_seconds", "Time to answer", labels=["route"])
        for route in MODEL_ROUTES:
            counts = [self.counters.total(("took", route, i)) for i in range(len(SECONDS) + 1)]
            buckets = _cumulate(SECONDS, counts)
            family.add_metric([route], buckets, self.counters.total(("sum", route)))
        return family

    def _collect_predictions(self) -> Metric:
        counts = [self.counters.total(("bin", index)) for index in range(MAX_BINS + 1)]
        if not self._edges:
            family = Counter("contender_predicted_class", "Likeliest class", labels=["class"])
            for name, count in zip(self._classes, counts[:MAX_BINS], strict=False):
                family.add_metric([name], count)
            if len(self._classes) > MAX_BINS:
                family.add_metric(["other"], counts[MAX_BINS])
            return family
        histogram = Histogram("contender_prediction", "Predictions")
        buckets = _cumulate(self._edges, counts[: len(self._edges) + 1])
        histogram.add_metric([], buckets, self.counters.total("prediction_sum"))
        return histogram


def _cumulate(edges: Sequence[float], counts: Sequence[float]) -> list[tuple[str, float]]:
    names = [*map(str, edges), "+Inf"]
    return list(zip(names, accumulate(counts), strict=True))
