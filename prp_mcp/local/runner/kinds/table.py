"""What Python sources call a table: its query makes it a streaming table or a materialized view."""

from collections.abc import Sequence

from prp_mcp.local.runner.graph import Dataset
from prp_mcp.local.runner.kinds.kind import Kind
from prp_mcp.local.runner.kinds.materialized_view import MATERIALIZED_VIEW
from prp_mcp.local.runner.kinds.streaming_table import STREAMING_TABLE


def _plan(dataset: Dataset, streams: Sequence[bool]) -> Kind:
    return (STREAMING_TABLE if streams[0] else MATERIALIZED_VIEW).plan(dataset, streams)


TABLE = Kind("TABLE", _plan, decorators=("table", "create_table"))
