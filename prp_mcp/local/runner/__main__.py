"""The runner's command line: one verb a process, JSON in and JSON lines out."""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from prp_mcp.errors import PrpMcpError, UsageError
from prp_mcp.local.runner import jvm
from prp_mcp.local.runner.channel import Channel, HandedOver
from prp_mcp.local.runner.spec import Spec, read_spec
from prp_mcp.local.runner.statement import answer, drop_tables
from prp_mcp.local.runner.update import Update

CANCEL_SECONDS = 4.0


def main(argv: list[str] | None = None) -> int:
    """Carry out one verb and return the exit code: 0 done (a failed update too, its state tells), 2 refused."""
    parser = argparse.ArgumentParser(prog="python -m prp_mcp.local.runner", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("update", help="run the update described on standard input")
    verbs.add_parser("sql", help="answer the reading statement on standard input")
    for verb, told in (
        ("warm", "start the Spark JVM"),
        ("stop", "end the Spark JVM"),
        ("drop", "delete the data of the tables named on standard input"),
    ):
        verbs.add_parser(verb, help=told).add_argument("--home", type=Path, required=True)
    given = parser.parse_args(argv)
    try:
        if given.verb == "update":
            return _update(read_spec(_stdin()))
        if given.verb == "sql":
            return _answer(_stdin())
        home = given.home.resolve()
        if given.verb == "warm":
            jvm.started(home)
        elif given.verb == "stop":
            jvm.stop(home)
        else:
            drop_tables(home, _stdin())
    except PrpMcpError as error:
        sys.stderr.write("\n".join(filter(None, (error.summary, error.detail, error.remedy))) + "\n")
        return 2
    return 0


def _update(spec: Spec) -> int:
    origin = {
        "pipeline_id": spec.pipeline_id,
        "pipeline_name": spec.pipeline_name,
        "update_id": spec.update_id,
    }
    update = Update(spec, Channel(origin))

    def cancel() -> None:
        backstop = threading.Timer(CANCEL_SECONDS, replace_jvm)
        backstop.daemon = True
        backstop.start()
        if not update.cancel():
            jvm.stop(spec.home)
        os._exit(0)

    def replace_jvm() -> None:
        # A stream or a job that does not end within seconds takes the JVM with it.
        update.canceled()
        jvm.stop(spec.home)
        os._exit(0)

    # The main thread may be waiting for Spark or in a user's loop: another one does the work and ends the process.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=cancel, daemon=True).start())
    try:
        update.run()
    except HandedOver:
        threading.Event().wait()  # the thread that cancels ends the process
    sys.stderr.flush()
    # Threads of user code must not keep the process alive, and there is nothing left to say.
    os._exit(0)


def _answer(request: Any) -> int:
    channel = os.dup(1)
    os.dup2(2, 1)
    answered = answer(request)
    with os.fdopen(channel, "w", encoding="utf-8") as out:
        out.write(json.dumps(answered, ensure_ascii=False) + "\n")
    return 0


def _stdin() -> Any:
    try:
        return json.load(sys.stdin)
    except ValueError as error:
        raise UsageError(
            f"Standard input is not JSON: {error}", remedy="Pass one JSON object that describes the update."
        ) from error


if __name__ == "__main__":
    sys.exit(main())
