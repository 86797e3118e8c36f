"""The one place that tells time: wall time is data, monotonic time measures."""

import time
from datetime import UTC, datetime


def now() -> str:
    """Return the present UTC time as ISO 8601 with milliseconds and a `Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def monotonic() -> float:
    """Return seconds that only ever grow; the origin means nothing."""
    return time.monotonic()


def seconds_since(moment: str) -> float:
    """Return the seconds from an ISO 8601 `moment` until now, never below zero."""
    then = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    return max(0.0, (datetime.now(UTC) - then).total_seconds())


class Deadline:
    """Count down `seconds` of monotonic time."""

    def __init__(self, seconds: float):
        self._end = monotonic() + seconds

    @property
    def left(self) -> float:
        """Return the seconds left, never below zero."""
        return max(0.0, self._end - monotonic())

    @property
    def passed(self) -> bool:
        """Return whether the time is up."""
        return self.left <= 0.0
