"""Evaluate every query against empty frames, so that what is wrong is found before anything runs."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prp_mcp.local.runner.fault import PipelineError
from prp_mcp.local.runner.graph import Dataset, Flow, Graph, Name
from prp_mcp.local.runner.kinds.kind import Kind
from prp_mcp.local.runner.quality import Gauge
from prp_mcp.local.runner.reading import Reader
from prp_mcp.local.runner.sqltext import quoted


@dataclass
class Planned:
    """A dataset as its queries make it: `kind` is what the declared one turned out to be.

    `inputs` are three-level names by flow.
    """

    dataset: Dataset
    kind: Kind
    schema: Any
    streaming: bool
    inputs: dict[str, list[str]] = field(default_factory=dict)

    def flow_name(self, flow: Flow) -> str:
        """Return a flow's name as events give it: its dataset's when the two are called the same."""
        return self.dataset.name.dotted if flow.name == self.dataset.name.table else flow.name


class DependencyError(PipelineError):
    """Report that a dataset could not be planned because one it reads could not; no fault of its own."""


class Planner:
    """Plan the datasets of a graph in the order in which they must run."""

    def __init__(self, graph: Graph, reader: Reader, empty: Path):
        self._graph = graph
        self._reader = reader
        self._empty = empty
        self._stack: list[Name] = []
        self._failed: set[Name] = set()
        self.planned: dict[Name, Planned] = {}
        self.errors: list[tuple[Dataset, Exception]] = []

    def plan(self) -> Mapping[Name, Planned]:
        """Return every dataset that could be planned, in dependency order; `errors` holds the others."""
        self._reader.provider = self._provide
        for dataset in self._graph:
            if dataset.name not in self.planned and dataset.name not in self._failed:
                try:
                    self._plan(dataset)
                except DependencyError:
                    continue
        return self.planned

    def _plan(self, dataset: Dataset) -> Planned:
        self._stack.append(dataset.name)
        try:
            planned = self._evaluate(dataset)
        except DependencyError:
            self._failed.add(dataset.name)
            raise
        except Exception as error:  # user code may raise anything: it is reported with its place, as the source's fault
            self._failed.add(dataset.name)
            self.errors.append((dataset, error))
            raise DependencyError(
                f"The dataset {dataset.name.table!r} has an error.", remedy="Correct that dataset first."
            ) from error
        finally:
            self._stack.pop()
        self.planned[dataset.name] = planned
        return planned

    def _evaluate(self, dataset: Dataset) -> Planned:
        if not dataset.flows:
            raise PipelineError(
                f"The streaming table {dataset.name.table!r} has no flow that writes to it.",
                remedy="Add an append_flow or a CDC flow whose target it is.",
                location=dataset.location,
            )
        frames, inputs = [], {}
        for flow in dataset.flows:
            frame, read = self._reader.recording(functools.partial(frame_of, flow))
            frames.append(frame)
            inputs[flow.name] = read
        schema = self._schema(dataset, frames)
        streams = [bool(frame.isStreaming) for frame in frames]
        kind = dataset.kind.plan(dataset, streams)
        return Planned(dataset, kind, schema, kind.streaming or streams[0], inputs)

    def _schema(self, dataset: Dataset, frames: list[Any]) -> Any:
        from pyspark.sql.types import StructType

        fields: dict[str, Any] = {}
        for frame in frames:
            # Attaching the expectations is what proves that they can be evaluated.
            checked = Gauge(dataset, "plan").attach(frame)
            for one in declared(dataset, checked).schema.fields:
                fields.setdefault(one.name.lower(), one)
        return StructType(list(fields.values()))

    def _provide(self, dataset: Dataset, streaming: bool, _options: dict[str, str]) -> Any:
        if dataset.name in self._stack:
            circle = [*self._stack[self._stack.index(dataset.name) :], dataset.name]
            raise PipelineError(
                f"The datasets depend on each other in a cycle: {' -> '.join(name.table for name in circle)}.",
                remedy="Break the cycle: one of them must not read the other.",
            )
        if dataset.name in self._failed:
            raise DependencyError(
                f"The dataset {dataset.name.table!r} has an error.", remedy="Correct that dataset first."
            )
        planned = self.planned.get(dataset.name) or self._plan(dataset)
        return self._nothing(planned.schema, planned.kind.read(planned, streaming))

    def _nothing(self, schema: Any, streaming: bool) -> Any:
        """Return a frame of `schema` without rows."""
        self._empty.mkdir(parents=True, exist_ok=True)
        reader = self._reader.plain_stream() if streaming else self._reader.spark.read
        return reader.schema(schema).format("parquet").load(str(self._empty))


def frame_of(flow: Flow) -> Any:
    """Return the data frame that the flow's query function makes. Raises PipelineError when it makes none."""
    from pyspark.sql import DataFrame

    frame = flow.function()
    if not isinstance(frame, DataFrame):
        raise PipelineError(
            f"The query of {flow.name!r} returned {type(frame).__name__}, expected a DataFrame.",
            remedy="Return a Spark DataFrame from the function.",
            location=flow.location,
        )
    return frame


def declared(dataset: Dataset, frame: Any) -> Any:
    """Return `frame` as it is stored: in the declared schema, and without columns of no type.

    Raises PipelineError when the query's columns are not those that were declared.
    """
    from pyspark.sql import functions as f
    from pyspark.sql.types import NullType, StructType

    if dataset.schema is None:
        columns = [
            f.col(quoted(one.name)).cast("string").alias(one.name)
            if isinstance(one.dataType, NullType)
            else f.col(quoted(one.name))
            for one in frame.schema.fields
        ]
        return frame.select(*columns)
    wanted: Any = StructType.fromDDL(dataset.schema) if isinstance(dataset.schema, str) else dataset.schema
    have = {one.name.lower() for one in frame.schema.fields}
    missing = [one.name for one in wanted.fields if one.name.lower() not in have]
    extra = sorted(have - {one.name.lower() for one in wanted.fields})
    if missing or extra:
        raise PipelineError(
            f"The query of {dataset.name.table!r} does not have the declared columns: "
            f"missing {missing!r}, not declared {extra!r}.",
            remedy="Correct the declared schema or the query.",
            location=dataset.location,
        )
    return frame.select(*[f.col(quoted(one.name)).cast(one.dataType).alias(one.name) for one in wanted.fields])
