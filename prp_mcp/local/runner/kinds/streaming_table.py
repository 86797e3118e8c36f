"""Streaming tables: flows append to them what is new in their streams."""

from collections.abc import Sequence

from prp_mcp.local.runner.fault import PipelineError
from prp_mcp.local.runner.graph import Dataset, Flow
from prp_mcp.local.runner.kinds.kind import Kind
from prp_mcp.local.runner.meter import Meter
from prp_mcp.local.runner.planning import Planned
from prp_mcp.local.runner.writing import Report, Writer


def _plan(dataset: Dataset, streams: Sequence[bool]) -> Kind:
    for flow, is_stream in zip(dataset.flows, streams, strict=True):
        if not is_stream and not flow.once:
            raise PipelineError(
                f"The flow {flow.name!r} of the streaming table {dataset.name.table!r} does not read a stream.",
                remedy="Read its source as a stream, or declare a materialized view.",
                location=flow.location,
            )
    return STREAMING_TABLE


def _set_up(writer: Writer, planned: Planned) -> bool:
    writer.ensure(planned.dataset, planned.schema)
    return True


def _write(writer: Writer, dataset: Dataset, flow: Flow, meter: Meter, report: Report) -> bool:
    if not flow.once:
        writer.stream(dataset, flow, meter, report)
    elif (metrics := writer.append(dataset, flow, meter)) is not None:
        report(metrics)
    return False


STREAMING_TABLE = Kind(
    "STREAMING_TABLE",
    _plan,
    words=(("STREAMING", "TABLE"), ("STREAMING", "LIVE", "TABLE"), ("INCREMENTAL", "LIVE", "TABLE")),
    creators=("create_streaming_table", "create_target_table", "create_streaming_live_table"),
    streaming=True,
    set_up=_set_up,
    write=_write,
)
