"""Write a dataset's rows to its Iceberg table, whole or by micro-batch, and hand on what was counted."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prp_mcp.local.runner.fault import PipelineError
from prp_mcp.local.runner.graph import Dataset, Flow, Name
from prp_mcp.local.runner.meter import Meter
from prp_mcp.local.runner.planning import declared, frame_of
from prp_mcp.local.runner.quality import Metrics
from prp_mcp.local.runner.sqltext import quoted

POLL_SECONDS = 0.2

Report = Callable[[Metrics], None]


class Writer:
    """Write flows; `checkpoints` is where the pipeline's streams remember what they have read."""

    def __init__(self, spark: Any, checkpoints: Path, plain_read: Callable[[], Any]):
        self._spark = spark
        self._checkpoints = checkpoints
        self._plain_read = plain_read

    def exists(self, name: Name) -> bool:
        """Return whether the table is there."""
        return bool(self._spark.catalog._jcatalog.tableExists(name.quoted))

    def reset(self, name: Name) -> None:
        """Drop the table and forget what its streams have read.

        The table goes first: a stream whose table is gone starts anew, whatever its checkpoint says.
        """
        self._plain_sql(f"DROP TABLE IF EXISTS {name.quoted} PURGE")
        shutil.rmtree(self._folder(name), ignore_errors=True)

    def ensure(self, dataset: Dataset, schema: Any) -> None:
        """Make the streaming table, or add the columns that it lacks. Raises PipelineError for a changed type."""
        name = dataset.name
        if not self.exists(name):
            shutil.rmtree(self._folder(name), ignore_errors=True)
            empty = self._spark.createDataFrame([], schema)
            self._create(empty, dataset).create()
            return
        present = {one.name.lower(): one for one in self._plain_read().table(name.quoted).schema.fields}
        for one in schema.fields:
            column = quoted(one.name)
            stored = present.get(one.name.lower())
            if stored is None:
                self._plain_sql(f"ALTER TABLE {name.quoted} ADD COLUMN {column} {one.dataType.simpleString()}")
            elif not _fits(one.dataType, stored.dataType):
                raise PipelineError(
                    f"The column {one.name!r} of {name.table!r} is now {one.dataType.simpleString()}, "
                    f"its table has {stored.dataType.simpleString()}.",
                    remedy="Cast it to the stored type, or run a full refresh of this table.",
                    location=dataset.location,
                )

    def replace(self, dataset: Dataset, flow: Flow, meter: Meter) -> Metrics:
        """Compute a materialized view and put it in place of what was there, atomically."""
        frame = declared(dataset, meter.watch(dataset, frame_of(flow)))
        self._create(frame, dataset).createOrReplace()
        return meter.of_batch()

    def append(self, dataset: Dataset, flow: Flow, meter: Meter) -> Metrics | None:
        """Append the rows of a flow that runs once; None when it has run before."""
        done = self._folder(dataset.name) / flow.name / "once"
        if done.is_file():
            return None
        frame = declared(dataset, meter.watch(dataset, frame_of(flow)))
        self._shaped(dataset, frame).writeTo(dataset.name.quoted).append()
        done.parent.mkdir(parents=True, exist_ok=True)
        done.touch()
        return meter.of_batch()

    def stream(self, dataset: Dataset, flow: Flow, meter: Meter, report: Report) -> None:
        """Append what is new in the flow's stream and report each micro-batch as it is committed."""
        frame = self._shaped(dataset, declared(dataset, meter.watch(dataset, frame_of(flow))))
        writer = frame.writeStream.format("iceberg").outputMode(_output_mode(frame)).trigger(availableNow=True)
        writer = writer.option("checkpointLocation", str(self._folder(dataset.name) / flow.name / "checkpoint"))
        query = writer.queryName(f"{dataset.name.dotted}:{flow.name}").toTable(dataset.name.quoted)
        if not follow(query, meter, report):
            report(meter.nothing())

    def violations(self, dataset: Dataset, flow: Flow, meter: Meter) -> Metrics:
        """Count, without writing, what a flow that failed on an expectation saw; `meter` does not enforce."""
        frame = meter.watch(dataset, frame_of(flow))
        if not frame.isStreaming:
            frame.write.format("noop").mode("overwrite").save()
            return meter.of_batch()
        # A copy of the checkpoint, so that the very records that the failed stream had before it are read.
        folder = self._folder(dataset.name) / flow.name
        copy = folder / "violations"
        shutil.rmtree(copy, ignore_errors=True)
        if (folder / "checkpoint").is_dir():
            shutil.copytree(folder / "checkpoint", copy)
        seen: list[Metrics] = []
        writer = frame.writeStream.format("noop").trigger(availableNow=True).option("checkpointLocation", str(copy))
        try:
            follow(writer.outputMode(_output_mode(frame)).start(), meter, seen.append)
        finally:
            shutil.rmtree(copy, ignore_errors=True)
        return sum(seen, start=meter.nothing())

    def _shaped(self, dataset: Dataset, frame: Any) -> Any:
        """Return `frame` with exactly the table's columns in the table's order; Iceberg's sink checks the order."""
        from pyspark.sql import functions as f

        have = {name.lower(): name for name in frame.columns}
        columns = []
        for one in self._plain_read().table(dataset.name.quoted).schema.fields:
            name = have.get(one.name.lower())
            value = f.lit(None) if name is None else f.col(quoted(name))
            columns.append(value.cast(one.dataType).alias(one.name))
        return frame.select(*columns)

    def _create(self, frame: Any, dataset: Dataset) -> Any:
        from pyspark.sql import functions as f

        writer = frame.writeTo(dataset.name.quoted).using("iceberg")
        if "variant" in frame.schema.simpleString():
            writer = writer.tableProperty("format-version", "3")
        if dataset.partitions:
            columns = [f.col(quoted(name)) for name in dataset.partitions]
            writer = writer.partitionedBy(*columns)
        return writer

    def _plain_sql(self, text: str) -> None:
        self._spark._jsparkSession.sql(text)

    def _folder(self, name: Name) -> Path:
        return self._checkpoints / name.dotted


def follow(query: Any, meter: Meter, report: Report) -> bool:
    """Report the counters of every micro-batch of `query` until it ends; return whether there was any.

    Raises what the query failed with, after the batches before it were reported.
    """
    seen, counted = 0, False
    while True:
        active = query.isActive
        progress = query._jsq.recentProgress()
        for index in range(seen, len(progress)):
            metrics = meter.of_progress(json.loads(progress[index].json()).get("observedMetrics", {}))
            if metrics is not None:
                report(metrics)
                counted = True
        seen = len(progress)
        if not active:
            query.awaitTermination()
            return counted
        query.awaitTermination(POLL_SECONDS)


def _fits(new: Any, stored: Any) -> bool:
    """Return whether values of type `new` go into a column of type `stored`; Iceberg keeps small integers as INT."""
    widened = {"tinyint": "int", "smallint": "int", "void": "string"}

    def named(kind: Any) -> str:
        text = str(kind.simpleString())
        return "string" if text.startswith(("varchar", "char")) else widened.get(text, text)

    return named(new) == named(stored)


def _output_mode(frame: Any) -> str:
    """Return `complete` for an aggregate without a watermark, which has no final rows, else `append`."""
    plan = frame._jdf.queryExecution().analyzed().toString()
    return "complete" if "Aggregate [" in plan and "EventTimeWatermark" not in plan else "append"
