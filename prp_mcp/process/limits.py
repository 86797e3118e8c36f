"""What a watched program may use, and at which limit it was stopped."""

from dataclasses import dataclass
from typing import Literal

Stopped = Literal["", "time", "memory", "processes"]
"""The limit at which a command was killed, or none."""


@dataclass(frozen=True)
class Limits:
    """Bound one command: seconds, bytes of memory (resident, summed), processes at once, bytes of output kept."""

    seconds: float
    memory_bytes: int = 4 * 1024**3
    processes: int = 256
    output_bytes: int = 64 * 1024
