"""The faults that tests inject: what is to go wrong, at which request, how often."""

import re
import threading
from dataclasses import dataclass, field
from typing import Any

ACTIONS = ("refuse", "hang", "error_after", "drop", "kill")


@dataclass
class Fault:
    """One fault; `skip` matching requests pass before it strikes `times` times.

    `when` is before or after the effect; the fields behind it belong to one action each.
    """

    action: str
    method: str
    path: re.Pattern[str]
    skip: int
    times: int
    when: str = "before"
    status: int = 500
    body: Any = None
    seconds: float = 0.0
    pid: int = 0
    seen: int = 0
    hits: int = 0

    def strikes(self, method: str, path: str) -> bool:
        """Count the request if it matches and return whether the fault strikes it."""
        if self.method not in ("", method) or not self.path.search(path):
            return False
        self.seen += 1
        if self.seen <= self.skip or self.hits >= self.times:
            return False
        self.hits += 1
        return True


@dataclass
class Faults:
    """The faults in force, oldest first; at most one strikes a request."""

    _faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Lift all faults."""
        with self._lock:
            self._faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that strikes this request, if one does."""
        with self._lock:
            return next((fault for fault in self._faults if fault.strikes(method, path)), None)

    def listing(self) -> list[dict[str, Any]]:
        """Return the faults with how many requests matched (`seen`) and how many were struck (`hits`)."""
        with self._lock:
            return [
                {
                    "action": fault.action,
                    "match": {"method": fault.method, "path": fault.path.pattern},
                    "nth": fault.skip + 1,
                    "times": fault.times,
                    "seen": fault.seen,
                    "hits": fault.hits,
                    "when": fault.when,
                }
                for fault in self._faults
            ]
