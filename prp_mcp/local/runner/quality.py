"""Count expectations in the very pass that writes, drop what is to be dropped, fail on what must not be."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prp_mcp.local.runner.fault import PipelineError
from prp_mcp.local.runner.graph import Action, Dataset, Expectation
from prp_mcp.local.runner.sqltext import quoted

VIOLATION = "PRP_MCP_EXPECTATION_VIOLATED"
RECORD_CAP = 1000
"""Characters of a violating record that are shown."""


@dataclass(frozen=True)
class Count:
    """What one expectation saw."""

    dataset: str
    name: str
    passed: int
    failed: int


@dataclass(frozen=True)
class Metrics:
    """What one pass wrote: every figure is this pass's own, to be added to those before."""

    written: int
    dropped: int
    counts: tuple[Count, ...]

    def __add__(self, other: "Metrics") -> "Metrics":
        counts = {(one.dataset, one.name): one for one in self.counts}
        for one in other.counts:
            had = counts.get((one.dataset, one.name), Count(one.dataset, one.name, 0, 0))
            summed = Count(one.dataset, one.name, had.passed + one.passed, had.failed + one.failed)
            counts[one.dataset, one.name] = summed
        return Metrics(self.written + other.written, self.dropped + other.dropped, tuple(counts.values()))

    def as_details(self) -> dict[str, Any]:
        """Return the figures in the shape of a `flow_progress` event."""
        details: dict[str, Any] = {"metrics": {"num_output_rows": self.written}}
        if self.counts:
            details["data_quality"] = {
                "dropped_records": self.dropped,
                "expectations": [
                    {
                        "name": one.name,
                        "dataset": one.dataset,
                        "passed_records": one.passed,
                        "failed_records": one.failed,
                    }
                    for one in self.counts
                ],
            }
        return details


class Gauge:
    """The expectations of one dataset, attached to one data frame."""

    def __init__(self, dataset: Dataset, name: str):
        self._expectations = list(dataset.expectations)
        self._dataset = dataset
        self.name = name

    def attach(self, frame: Any, *, observation: Any = None, enforce: bool = True) -> Any:
        """Return `frame` counted and filtered: counters see every record, before any is dropped.

        `observation` is for batch; a stream's counters come with the progress of each micro-batch, under
        `self.name`. With `enforce` off, violations of fail-expectations are counted and do not fail. Raises
        PipelineError for a condition that does not hold on this schema.
        """
        from pyspark.sql import functions as f

        columns = frame.columns
        marks = [f"__prp_mcp_expectation_{number}" for number in range(len(self._expectations))]
        marked = frame
        for mark, expectation in zip(marks, self._expectations, strict=True):
            marked = self._marked(marked, mark, expectation)
        dropping = [m for m, e in zip(marks, self._expectations, strict=True) if e.action is Action.DROP]
        kept = f.expr(" AND ".join(f"`{mark}`" for mark in dropping) or "true")
        counters = [f.count(f.lit(1)).alias("total"), f.count_if(~kept).alias("dropped")]
        counters += [f.count_if(~f.col(mark)).alias(f"failed_{n}") for n, mark in enumerate(marks)]
        observed = marked.observe(observation if observation is not None else self.name, *counters)
        if enforce:
            observed = self._failing(observed, columns, marks)
        if dropping:
            observed = observed.filter(kept)
        return observed.drop(*marks) if marks else observed

    def read(self, row: Mapping[str, Any] | None) -> Metrics:
        """Return observed counters as Metrics; no row means that nothing went through."""
        seen = row or {}
        total, dropped = int(seen.get("total", 0)), int(seen.get("dropped", 0))
        counts = []
        for number, expectation in enumerate(self._expectations):
            failed = int(seen.get(f"failed_{number}", 0))
            counts.append(Count(self._dataset.name.dotted, expectation.name, total - failed, failed))
        return Metrics(total - dropped, dropped, tuple(counts))

    def _marked(self, frame: Any, mark: str, expectation: Expectation) -> Any:
        from pyspark.errors import AnalysisException, ParseException
        from pyspark.sql import functions as f

        condition = expectation.condition
        try:
            passes = f.expr(condition) if isinstance(condition, str) else condition
            # A condition that is NULL does not hold.
            return frame.select("*", f.coalesce(passes.cast("boolean"), f.lit(False)).alias(mark))
        except (AnalysisException, ParseException) as error:
            raise PipelineError(
                f"The expectation {expectation.name!r} of {self._dataset.name.table!r} cannot be evaluated: "
                f"{str(error).splitlines()[0]}",
                remedy=f"Correct its condition, got {str(condition)!r}.",
                location=self._dataset.location,
            ) from error

    def _failing(self, frame: Any, columns: Sequence[str], marks: Sequence[str]) -> Any:
        from pyspark.sql import functions as f

        for mark, expectation in zip(marks, self._expectations, strict=True):
            if expectation.action is Action.FAIL:
                record = f.to_json(f.struct(*[f.col(quoted(name)) for name in columns]))
                shown = f.substring(record, 1, RECORD_CAP)
                label = json.dumps([self._dataset.name.dotted, expectation.name])
                text = f.concat(f.lit(f"{VIOLATION}{label}\n"), shown, f.lit(f"\n{VIOLATION}"))
                holds = f.when(f.col(mark), f.lit(True)).otherwise(f.raise_error(text).cast("boolean"))
                frame = frame.filter(holds)
        return frame


def violation(message: str) -> tuple[str, str, str] | None:
    """Return dataset, expectation and the violating record (JSON) from Spark's error text, or None."""
    _, found, rest = message.partition(VIOLATION)
    if not found:
        return None
    head, _, tail = rest.partition("\n")
    dataset, name = json.loads(head)
    return dataset, name, tail.partition(f"\n{VIOLATION}")[0]
