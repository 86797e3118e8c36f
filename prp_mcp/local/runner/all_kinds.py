"""Every kind of dataset that a pipeline's source can declare: this list is the map of the language."""

from prp_mcp.local.runner.kinds.kind import Kind
from prp_mcp.local.runner.kinds.materialized_view import MATERIALIZED_VIEW
from prp_mcp.local.runner.kinds.streaming_table import STREAMING_TABLE
from prp_mcp.local.runner.kinds.table import TABLE
from prp_mcp.local.runner.kinds.view import VIEW

KINDS: tuple[Kind, ...] = (TABLE, STREAMING_TABLE, MATERIALIZED_VIEW, VIEW)
