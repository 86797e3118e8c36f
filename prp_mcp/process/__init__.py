"""The one place that starts and ends processes; `watch` (imported by its name) holds one to its limits."""

from prp_mcp.process.run import STILL_RUNNING, Finished, Hold, end, end_group, identity, run, spawn

__all__ = ["STILL_RUNNING", "Finished", "Hold", "end", "end_group", "identity", "run", "spawn"]
