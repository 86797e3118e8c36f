"""Time as the REST API writes it: milliseconds since the epoch."""

from datetime import datetime

from prp_mcp import clock


def milliseconds(moment: str | None = None) -> int:
    """Return an ISO 8601 `moment` (default: now) as milliseconds since the epoch."""
    then = datetime.fromisoformat((moment or clock.now()).replace("Z", "+00:00"))
    return int(then.timestamp() * 1000)
