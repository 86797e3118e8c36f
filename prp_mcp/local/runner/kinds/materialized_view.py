"""Materialized views: their query's rows, put in place of those before."""

from collections.abc import Sequence

from prp_mcp.local.runner.fault import PipelineError
from prp_mcp.local.runner.graph import Dataset, Flow
from prp_mcp.local.runner.kinds.kind import Kind
from prp_mcp.local.runner.meter import Meter
from prp_mcp.local.runner.writing import Report, Writer


def _plan(dataset: Dataset, streams: Sequence[bool]) -> Kind:
    if streams[0]:
        raise PipelineError(
            f"The materialized view {dataset.name.table!r} reads a stream.",
            remedy="Declare it as a table, or read its sources without streaming.",
            location=dataset.location,
        )
    return MATERIALIZED_VIEW


def _write(writer: Writer, dataset: Dataset, flow: Flow, meter: Meter, report: Report) -> bool:
    report(writer.replace(dataset, flow, meter))
    return True


MATERIALIZED_VIEW = Kind(
    "MATERIALIZED_VIEW",
    _plan,
    words=(("LIVE", "TABLE"), ("MATERIALIZED", "VIEW")),
    decorators=("materialized_view",),
    write=_write,
)
