"""Run updates: one at a time, each in a runner process of its own that reports in JSON lines."""

import json
import os
import queue
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prp_mcp import process
from prp_mcp.local import environment
from prp_mcp.local.server import reports
from prp_mcp.local.server.records import CATALOGS, PIPELINES, UPDATES, Json, Pipeline, RunnerProcess, Update
from prp_mcp.local.server.store import Store

GRACE = 10.0
"""Seconds a runner gets to answer SIGTERM with CANCELED."""

TOLD = (
    *("update_id", "full_refresh", "refresh_selection", "full_refresh_selection"),
    *("validate_only", "parameters"),
)
"""What a runner is told about its update."""

VERB_TIMEOUT = 120.0
"""Seconds for the short verbs `stop` and `drop`."""


class Execution:
    """Keep the queue of updates, the one runner process, and the verbs a runner has besides `update`."""

    def __init__(self, home: Path, store: Store, runner: Sequence[str], user: str):
        self._home = home
        self._store = store
        self._runner = tuple(runner)
        self._user = user
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._child: Any = None
        self._running: str | None = None
        self._lock = threading.Lock()
        self._closing = False
        self._used = False

    def start(self) -> None:
        """Settle what an earlier server left unfinished, then take updates."""
        for update in self._store.all(UPDATES):
            if update["state"] not in reports.TERMINAL:
                self._settle(update)
        self._thread = threading.Thread(target=self._work, name="updates", daemon=True)
        self._thread.start()

    def submit(self, update_id: str) -> None:
        """Queue an update that is stored and WAITING_FOR_RESOURCES."""
        self._queue.put(update_id)

    def cancel(self, update_id: str) -> None:
        """Cancel an update: at once when it waits, within `GRACE` seconds when it runs."""
        with self._lock, self._store.transaction():
            update = self._store.get(UPDATES, update_id)
            if update is None or update["state"] in reports.TERMINAL:
                return
            running = self._running == update_id
            update["state"] = "STOPPING"
            self._store.put(UPDATES, update_id, update)
            if not running:
                reports.end(self._store, update_id, "CANCELED", "was canceled before it started")
                return
            child = self._child
        if child is not None:
            threading.Thread(target=process.end_group, args=(child, GRACE), name="cancel", daemon=True).start()

    def wait_idle(self, update_id: str, seconds: float) -> None:
        """Wait until the runner of `update_id` is gone."""
        pause = threading.Event()
        for _ in range(int(seconds / 0.05)):
            if self._running != update_id:
                return
            pause.wait(0.05)

    def drop(self, tables: Sequence[str]) -> None:
        """Delete the data of tables."""
        if tables:
            given = {"tables": list(tables), "warehouse": str(self._home / "warehouse")}
            self.verb("drop", given, VERB_TIMEOUT, "--home", str(self._home))

    def verb(self, name: str, given: Json, timeout: float, *arguments: str) -> process.Finished:
        """Run another verb of the runner to its end, with `given` as JSON on its standard input."""
        self._used = True
        return process.run(
            [*self._runner, name, *arguments],
            cwd=self._home,
            env=environment.without_credentials(),
            timeout=timeout,
            stdin=json.dumps(given).encode(),
        )

    def close(self) -> None:
        """End the running update (it becomes FAILED) and whatever the runner keeps warm; take no more."""
        self._closing = True
        self._queue.put(None)
        with self._lock:
            child = self._child
        if child is not None:
            process.end_group(child, grace=3.0)
        if self._thread:
            self._thread.join(15.0)
        if self._used or (self._home / "jvm.json").exists():
            self.verb("stop", {}, VERB_TIMEOUT, "--home", str(self._home))

    def specification(self, update: Update, pipeline: Pipeline) -> Json:
        """Return what a runner is told about one update."""
        return {
            "home": str(self._home),
            "files_root": str(self._home / "files"),
            "volumes_root": str(self._home / "volumes"),
            "warehouse": str(self._home / "warehouse"),
            "user": self._user,
            "catalogs": [catalog["name"] for catalog in self._store.all(CATALOGS)],
            "update": {name: value for name, value in update.items() if name in TOLD},
            "pipeline": {
                "pipeline_id": pipeline["pipeline_id"],
                "name": pipeline["name"],
                "spec": update["config"],
            },
        }

    def _settle(self, update: Update) -> None:
        runner = update.get("runner")
        if runner:
            process.end(runner["pid"], runner["created"])
        reports.end(
            self._store,
            update["update_id"],
            "FAILED",
            "did not survive a restart of the local workspace; start a new update",
        )

    def _work(self) -> None:
        while not self._closing:
            update_id = self._queue.get()
            if update_id is not None and not self._closing:
                self._run(update_id)

    def _run(self, update_id: str) -> None:
        update = self._store.get(UPDATES, update_id)
        pipeline = self._store.get(PIPELINES, update["pipeline_id"]) if update else None
        if update is None or pipeline is None or update["state"] in reports.TERMINAL:
            return
        log = self._home / "logs" / f"{update_id}.log"
        try:
            self._supervise(update, pipeline, log)
        except OSError as failed:
            reports.end(self._store, update_id, "FAILED", f"could not start its runner: {failed}")
        finally:
            with self._lock:
                self._child = self._running = None
        self._conclude(update_id, log)

    def _supervise(self, update: Update, pipeline: Pipeline, log: Path) -> None:
        given = self._home / "tmp" / f"{update['update_id']}.json"
        given.write_text(json.dumps(self.specification(update, pipeline)))
        read_end, write_end = os.pipe()
        with open(read_end, "rb", buffering=0) as lines:
            with open(write_end, "wb") as out, given.open("rb") as spec, log.open("wb") as err:
                with self._lock:
                    self._used = True
                    self._child = child = process.spawn(
                        [*self._runner, "update"],
                        cwd=self._home,
                        env=environment.without_credentials(),
                        stdin=spec,
                        stdout=out,
                        stderr=err,
                    )
                    self._running = update["update_id"]
                self._adopt(update["update_id"], child.pid)
            reports.follow(self._store, update["update_id"], pipeline, lines, lambda: child.poll() is not None)
        child.wait()
        process.end_group(child, grace=0.1)
        given.unlink(missing_ok=True)
        if child.returncode == -signal.SIGKILL and not self._closing:
            # A killed runner cannot have stopped its queries: what it kept warm goes with it.
            self.verb("stop", {}, VERB_TIMEOUT, "--home", str(self._home))

    def _adopt(self, update_id: str, pid: int) -> None:
        """Store which process runs the update, and end it when a cancel arrived while it was being started."""
        with self._store.transaction():
            update = self._store.get(UPDATES, update_id)
            if update is None:
                return
            created = process.identity(pid)
            if created is not None:
                update["runner"] = RunnerProcess(pid=pid, created=created)
            stopping = update["state"] in ("STOPPING", *reports.TERMINAL)
            if not stopping:
                update["state"] = "INITIALIZING"
            self._store.put(UPDATES, update_id, update)
        if stopping or self._closing:
            threading.Thread(target=process.end_group, args=(self._child, GRACE), name="cancel", daemon=True).start()

    def _conclude(self, update_id: str, log: Path) -> None:
        """Give an update whose runner left without a word its end."""
        update = self._store.get(UPDATES, update_id)
        if update is None or update["state"] in reports.TERMINAL:
            return
        if self._closing:
            reports.end(self._store, update_id, "FAILED", "was ended because the local workspace stopped")
        elif update["state"] == "STOPPING":
            reports.end(self._store, update_id, "CANCELED", "was canceled; its runner did not answer in time")
        else:
            reports.end(self._store, update_id, "FAILED", f"lost its runner. {reports.tail(log)}")
