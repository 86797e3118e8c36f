"""Views: a query with a name, run by whoever reads it and stored nowhere."""

from collections.abc import Sequence

from prp_mcp.local.runner.fault import PipelineError
from prp_mcp.local.runner.graph import Dataset
from prp_mcp.local.runner.kinds.kind import Kind
from prp_mcp.local.runner.planning import Planned


def _plan(_dataset: Dataset, _streams: Sequence[bool]) -> Kind:
    return VIEW


def _read(planned: Planned, streaming: bool) -> bool:
    """Answer what the view's query makes. Raises PipelineError when that is no stream and one is asked for."""
    if streaming and not planned.streaming:
        raise PipelineError(
            f"The view {planned.dataset.name.table!r} is read as a stream, but its query does not read one.",
            remedy="Read it without streaming, or let the view read a stream.",
        )
    return planned.streaming


VIEW = Kind(
    "VIEW",
    _plan,
    words=(("VIEW",), ("LIVE", "VIEW"), ("STREAMING", "LIVE", "VIEW"), ("INCREMENTAL", "LIVE", "VIEW")),
    decorators=("view", "create_view", "temporary_view"),
    read=_read,
)
