"""Run the planned flows in dependency order and report each one's progress."""

from collections.abc import Mapping
from typing import Any

from prp_mcp.local.runner.channel import Channel
from prp_mcp.local.runner.fault import Fault, PipelineError, describe
from prp_mcp.local.runner.graph import Dataset, Flow, Name
from prp_mcp.local.runner.meter import Meter
from prp_mcp.local.runner.paths import Paths
from prp_mcp.local.runner.planning import Planned, frame_of
from prp_mcp.local.runner.quality import Metrics, violation
from prp_mcp.local.runner.reading import Reader
from prp_mcp.local.runner.spec import Spec
from prp_mcp.local.runner.tables import table_record
from prp_mcp.local.runner.writing import Writer

LEVELS = {"FAILED": "ERROR", "SKIPPED": "WARN"}


class FlowRunner:
    """Write the datasets of one update."""

    def __init__(
        self,
        spec: Spec,
        channel: Channel,
        paths: Paths,
        reader: Reader,
        writer: Writer,
        planned: Mapping[Name, Planned],
    ):
        self._spec = spec
        self._channel = channel
        self._paths = paths
        self._reader = reader
        self._writer = writer
        self._planned = planned
        self._selected: set[Name] = set()
        self._failed: set[Name] = set()
        self._meter: Meter | None = None

    def set_up(self, selected: set[Name], reset: set[Name]) -> None:
        """Reset what is to be reset and make the streaming tables; nothing is written yet."""
        self._reader.provider = self._provide
        self._selected = {name for name in selected if self._planned[name].kind.write is not None}
        for name, one in self._planned.items():
            if name not in self._selected:
                continue
            if name in reset:
                self._writer.reset(name)
            if one.kind.set_up(self._writer, one):
                self._publish(one)

    def run(self) -> Fault | None:
        """Run every selected flow; one that fails takes those with it that read its dataset, not the others.

        Returns the first failure, or None.
        """
        chosen = [one for name, one in self._planned.items() if name in self._selected]
        for one in chosen:
            for flow in one.dataset.flows:
                self._progress(one, flow, "QUEUED")
        first: Fault | None = None
        for one in chosen:
            fault = self._dataset(one)
            first = first or fault
        return first

    def _dataset(self, one: Planned) -> Fault | None:
        name = one.dataset.name
        if self._lost(one):
            self._failed.add(name)
            for flow in one.dataset.flows:
                self._progress(one, flow, "SKIPPED", why="because a dataset it reads failed")
            return None
        for flow in one.dataset.flows:
            try:
                self._flow(one, flow)
            except Exception as error:  # noqa: BLE001  # whatever a query raises is told with its place
                self._failed.add(name)
                fault = self._fault(one, flow, error)
                self._progress(one, flow, "FAILED", why=fault.summary, fault=fault)
                return fault
        return None

    def _lost(self, one: Planned) -> bool:
        """Return whether a dataset that `one` reads, directly or through views, has failed."""
        failed = {name.dotted for name in self._failed}
        views = {name.dotted: view for name, view in self._planned.items() if view.kind.write is None}
        todo, seen = [one], set()
        while todo:
            for read in (name for inputs in todo.pop().inputs.values() for name in inputs):
                if read in failed:
                    return True
                if read in views and read not in seen:
                    seen.add(read)
                    todo.append(views[read])
        return False

    def _flow(self, one: Planned, flow: Flow) -> None:
        self._progress(one, flow, "STARTING")
        self._progress(one, flow, "RUNNING")

        def report(metrics: Metrics) -> None:
            self._progress(one, flow, "RUNNING", metrics=metrics)

        meter = self._meter = self._new_meter(one, flow)
        assert one.kind.write is not None
        if one.kind.write(self._writer, one.dataset, flow, meter, report):
            self._publish(one)
        self._progress(one, flow, "COMPLETED")

    def _new_meter(self, one: Planned, flow: Flow, *, enforce: bool = True) -> Meter:
        return Meter(self._reader.spark, streaming=one.kind.streaming and not flow.once, enforce=enforce)

    def _fault(self, one: Planned, flow: Flow, error: Exception) -> Fault:
        found = violation(str(error))
        if found is None:
            return describe(error, self._paths, otherwise=flow.location)
        owner, name, record = found
        self._meter = self._new_meter(one, flow, enforce=False)
        counts = self._writer.violations(one.dataset, flow, self._meter).counts
        figures = next(count for count in counts if (count.dataset, count.name) == (owner, name))
        detail = (
            f"Violating record: {record}\nfailed_records: {figures.failed}, passed_records: {figures.passed}; "
            "nothing of them was written."
        )
        dataset = next(each.dataset for each in self._planned.values() if each.dataset.name.dotted == owner)
        return describe(
            PipelineError(
                f"The expectation {name!r} of {dataset.name.table!r} failed the update.",
                detail=detail,
                remedy="Correct the records or the query; use expect_or_drop if such records may be left out.",
                location=dataset.location,
            ),
            self._paths,
        )

    def _progress(
        self,
        one: Planned,
        flow: Flow,
        status: str,
        *,
        metrics: Metrics | None = None,
        why: str = "",
        fault: Fault | None = None,
    ) -> None:
        dataset = one.dataset.name.dotted
        name = one.flow_name(flow)
        details: dict[str, Any] = {"status": status}
        if metrics is not None:
            details |= metrics.as_details()
        text = f"Flow '{name}' has {status}." if status == "FAILED" else f"Flow '{name}' is {status}."
        self._channel.event(
            "flow_progress",
            f"{text} {why}".strip(),
            level=LEVELS.get(status, "METRICS" if metrics is not None else "INFO"),
            origin={"dataset_name": dataset, "flow_name": name, "flow_id": f"{self._spec.pipeline_id}/{name}"},
            details={"flow_progress": details},
            error=fault.as_error() if fault else None,
        )

    def _provide(self, dataset: Dataset, streaming: bool, options: dict[str, str]) -> Any:
        planned = self._planned[dataset.name]
        streaming = planned.kind.read(planned, streaming)
        if planned.kind.write is None:
            frame = frame_of(dataset.flows[0])
            return self._meter.watch(dataset, frame) if dataset.expectations and self._meter else frame
        return self._reader.stored(dataset.name.quoted, streaming=streaming, options=options)

    def _publish(self, one: Planned) -> None:
        if not one.dataset.private:
            self._channel.table(table_record(one, self._spec.pipeline_id))
