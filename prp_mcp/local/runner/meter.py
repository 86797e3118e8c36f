"""Gather what the expectations of one running flow see: its dataset's, and those of the views it reads."""

from collections.abc import Mapping
from typing import Any

from prp_mcp.local.runner.graph import Dataset
from prp_mcp.local.runner.quality import Gauge, Metrics

WAIT_MS = 30_000


class Meter:
    """The counters of one flow; a stream's come with each micro-batch, a batch's after its one action.

    With `enforce` off, violations of fail-expectations are counted and stop nothing.
    """

    def __init__(self, spark: Any, *, streaming: bool, enforce: bool = True):
        self._spark = spark
        self._streaming = streaming
        self._enforce = enforce
        self._gauges: list[tuple[Gauge, Any]] = []

    def watch(self, dataset: Dataset, frame: Any) -> Any:
        """Return `frame` with the expectations of `dataset` counted and enforced; the last one watched is written."""
        from pyspark.sql import Observation

        name = f"prp_mcp_{len(self._gauges)}"
        observation: Any = None if self._streaming else Observation(name)
        gauge = Gauge(dataset, name)
        self._gauges.append((gauge, observation))
        return gauge.attach(frame, observation=observation, enforce=self._enforce)

    def of_batch(self) -> Metrics:
        """Return what the finished action counted.

        The counters arrive by Spark's listener bus; after it has run dry they are there, or nothing ran.
        """
        self._spark.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(WAIT_MS)
        return self._summed([_row(observation) for _, observation in self._gauges])

    def of_progress(self, observed: Mapping[str, Mapping[str, Any]]) -> Metrics | None:
        """Return what one micro-batch counted, or None when it was empty: such a batch has no counters."""
        if self._gauges[-1][0].name not in observed:
            return None
        return self._summed([observed.get(gauge.name) for gauge, _ in self._gauges])

    def nothing(self) -> Metrics:
        """Return the figures of a flow that had nothing to read."""
        return self._summed([None] * len(self._gauges))

    def _summed(self, rows: list[Mapping[str, Any] | None]) -> Metrics:
        parts = [gauge.read(row) for (gauge, _), row in zip(self._gauges, rows, strict=True)]
        counts = [count for part in parts for count in part.counts]
        return Metrics(parts[-1].written, sum(part.dropped for part in parts), tuple(counts))


def _row(observation: Any) -> Mapping[str, Any]:
    found = observation._jo.getOrEmpty()
    names = [found.keys().toSeq().apply(number) for number in range(found.size())]
    return {name: found.apply(name) for name in names}
