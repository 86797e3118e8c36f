"""Write what happens to the workspace: one JSON object a line, the terminal state last."""

import json
import os
import sys
import threading
import uuid
from collections.abc import Mapping
from typing import Any

from prp_mcp.clock import now

TERMINAL = ("COMPLETED", "FAILED", "CANCELED")


class HandedOver(BaseException):  # no error: the update was cancelled meanwhile
    """Unwind a thread that has lost its say; no handler of user errors may catch it."""


class Channel:
    """Own the process's real standard output; whatever user code or Spark prints goes to standard error."""

    def __init__(self, origin: Mapping[str, str]):
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        self._lock = threading.Lock()
        self._closed = False
        self._speaker: int | None = None
        self._origin = dict(origin)

    def state(self, state: str) -> None:
        """Report the update's state as an event and as a state; after a terminal one nothing more is written."""
        level = "ERROR" if state == "FAILED" else "INFO"
        self.event(
            "update_progress",
            f"Update {self._origin['update_id'][:6]} is {state}.",
            level=level,
            details={"update_progress": {"state": state}},
        )
        self._write({"kind": "state", "state": state}, last=state in TERMINAL)

    def failed(self, message: str, error: Mapping[str, Any] | None) -> None:
        """Report that the update failed and why; this is the end."""
        self.event(
            "update_progress",
            f"Update {self._origin['update_id'][:6]} has failed. {message}".strip(),
            level="ERROR",
            details={"update_progress": {"state": "FAILED"}},
            error=error,
        )
        self._write({"kind": "state", "state": "FAILED"}, last=True)

    def table(self, table: Mapping[str, Any]) -> None:
        """Report a table as it now is."""
        self._write({"kind": "table", "table": table})

    def event(
        self,
        event_type: str,
        message: str,
        *,
        level: str = "INFO",
        origin: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """Report one event in the shape of Databricks' pipeline event log."""
        event: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "timestamp": now(),
            "level": level,
            "event_type": event_type,
            "maturity_level": "STABLE",
            "message": message,
            "origin": {**self._origin, **(origin or {})},
        }
        if details is not None:
            event["details"] = details
        if error is not None:
            event["error"] = error
        self._write({"kind": "event", "event": event})

    def only_this_thread(self) -> None:
        """Let nobody but the calling thread report from now on; another that tries is unwound by HandedOver.

        A cancelled stream ends like one that is done, so the thread that ran it must not have the last word.
        """
        with self._lock:
            self._speaker = threading.get_ident()

    def _write(self, line: Mapping[str, Any], *, last: bool = False) -> None:
        with self._lock:
            if self._speaker not in (None, threading.get_ident()):
                raise HandedOver
            if self._closed:
                return
            self._out.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
            self._out.flush()
            self._closed = last
