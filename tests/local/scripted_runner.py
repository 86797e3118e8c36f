"""A runner without Spark, for tests: it does what the pipeline's configuration `script` says.

The script is a JSON list of steps: {"say": REPORT}, {"sleep": SECONDS}, {"exit": CODE}, {"print": TEXT on stderr},
{"ignore": "SIGTERM"}, {"raw": TEXT}. Without a script it completes at once. SIGTERM is answered with CANCELED.
A SQL statement is answered with itself; a COUNT(*) with 100, or with 0 where it has a WHERE.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path


def say(report):
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()


def state(name):
    """Say how the update ended, as an event of its log and as its state."""
    level = "ERROR" if name == "FAILED" else "INFO"
    body = {"level": level, "event_type": "update_progress", "message": f"Update is {name}.", "origin": {}}
    say({"kind": "event", "event": {**body, "details": {"update_progress": {"state": name}}}})
    say({"kind": "state", "state": name})


def cancel(*_):
    state("CANCELED")
    os._exit(0)


def update(given):
    signal.signal(signal.SIGTERM, cancel)
    home = Path(given["home"])
    (home / "tmp" / "last_spec.json").write_text(json.dumps(given))
    steps = json.loads(given["pipeline"]["spec"].get("configuration", {}).get("script", "[]"))
    for step in steps:
        if "say" in step:
            say(step["say"])
        if "raw" in step:
            sys.stdout.write(step["raw"] + "\n")
        if "print" in step:
            sys.stderr.write(step["print"] + "\n")
        if "ignore" in step:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if "sleep" in step:
            time.sleep(step["sleep"])
        if "exit" in step:
            sys.stdout.flush()
            os._exit(step["exit"])
    state("COMPLETED")


def main():
    verb = sys.argv[1]
    given = json.loads(sys.stdin.read() or "{}")
    if verb == "update":
        update(given)
    elif verb == "sql":
        columns = [{"name": "statement", "type_text": "string", "type_name": "STRING", "position": 0}]
        if given["statement"] == "fail":
            say({"error": {"error_code": "BAD_REQUEST", "message": "you asked for it"}})
        elif given["statement"] == "crash":
            sys.exit("crashed as asked")
        elif "COUNT(*)" in given["statement"]:
            say({"columns": columns, "rows": [["0" if "WHERE" in given["statement"] else "100"]], "truncated": False})
        else:
            say({"columns": columns, "rows": [[given["statement"]]], "truncated": False})
    else:
        home = Path(sys.argv[sys.argv.index("--home") + 1])
        with (home / "logs" / "verbs.jsonl").open("a") as log:
            log.write(json.dumps({"verb": verb, "given": given}) + "\n")


main()
