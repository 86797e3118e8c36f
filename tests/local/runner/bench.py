"""A workspace's side of the runner, for tests: lay files out, run the process, read its lines."""

import json
import os
import subprocess
import sys
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from py4j.java_gateway import GatewayParameters, JavaGateway
from py4j.protocol import Py4JError

from prp_mcp.local.runner import jvm

FILES = "/Workspace/Users/engineer@example.com/.bundle/sample/dev/files"


@dataclass
class Outcome:
    """What one update said."""

    exit: int
    lines: list[dict[str, Any]]
    stderr: str

    @property
    def states(self) -> list[str]:
        return [line["state"] for line in self.lines if line["kind"] == "state"]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [line["event"] for line in self.lines if line["kind"] == "event"]

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        return {line["table"]["name"]: line["table"] for line in self.lines if line["kind"] == "table"}

    @property
    def errors(self) -> list[str]:
        return [one["error"]["exceptions"][0]["message"] for one in self.events if one.get("error")]

    def statuses(self, dataset: str) -> list[str]:
        """The flow_progress statuses of a dataset, in order."""
        return [
            event["details"]["flow_progress"]["status"]
            for event in self.events
            if event["event_type"] == "flow_progress" and event["origin"]["dataset_name"].endswith(f".{dataset}")
        ]

    def inputs(self, dataset: str) -> list[str]:
        """What the flows of a dataset read, without catalog and schema."""
        return [
            one["name"].rpartition(".")[2]
            for event in self.events
            if event["event_type"] == "flow_definition" and event["origin"]["dataset_name"].endswith(f".{dataset}")
            for one in event["details"]["flow_definition"]["input_datasets"]
        ]

    @property
    def counted(self) -> "Counted":
        counted = Counted()
        for event in self.events:
            progress = event.get("details", {}).get("flow_progress", {})
            table = event["origin"].get("dataset_name", "").rpartition(".")[2]
            counted.rows[table] += progress.get("metrics", {}).get("num_output_rows", 0)
            quality = progress.get("data_quality", {})
            counted.dropped[table] += quality.get("dropped_records", 0)
            for one in quality.get("expectations", []):
                key = (one["dataset"].rpartition(".")[2], one["name"])
                before = counted.expectations[key]
                counted.expectations[key] = (before[0] + one["passed_records"], before[1] + one["failed_records"])
        return counted


@dataclass
class Counted:
    """The sums over all flow_progress events, as a consumer makes them."""

    rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    dropped: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    expectations: dict[tuple[str, str], tuple[int, int]] = field(default_factory=lambda: defaultdict(lambda: (0, 0)))


class Bench:
    """One pipeline in a schema of its own, in a home that tests share so that they share its JVM."""

    def __init__(self, home: Path, schema: str):
        self.home = home
        self.schema = schema
        self.pipeline_id = str(uuid.uuid4())
        self.root = f"{FILES}/{schema}"
        self.folder = home / "files" / self.root.lstrip("/")
        self.volume = home / "volumes" / "main" / schema / "raw"
        self.volume.mkdir(parents=True)
        self.settings: dict[str, Any] = {"libraries": [{"glob": {"include": f"{self.root}/src/**"}}]}

    def source(self, path: str, text: str) -> None:
        """Write a source below the bundle's files."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def input(self, path: str, *records: Any) -> None:
        """Write JSON lines into the volume `raw`."""
        target = self.volume / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(json.dumps(one) + "\n" for one in records))

    def spec(self, **update: Any) -> dict[str, Any]:
        """The description of an update."""
        return {
            "home": str(self.home),
            "files_root": str(self.home / "files"),
            "volumes_root": str(self.home / "volumes"),
            "warehouse": str(self.home / "warehouse"),
            "user": "engineer@example.com",
            "catalogs": ["main"],
            "update": {"update_id": str(uuid.uuid4()), **update},
            "pipeline": {
                "pipeline_id": self.pipeline_id,
                "name": self.schema,
                "spec": {"catalog": "main", "schema": self.schema, **self.settings},
            },
        }

    def update(self, **update: Any) -> Outcome:
        """Run one update to its end."""
        child = self.begin(**update)
        out, err = ended(child)
        return Outcome(child.returncode, [json.loads(line) for line in out.splitlines()], err)

    def begin(self, **update: Any) -> "subprocess.Popen[str]":
        """Start an update and leave it running."""
        child = verb("update")
        assert child.stdin is not None
        child.stdin.write(json.dumps(self.spec(**update)))
        child.stdin.close()
        child.stdin = None
        return child

    def rows(self, statement: str) -> list[list[str | None]]:
        """The rows of a SQL query on the workspace's tables."""
        answer = self.sql(statement)
        assert "rows" in answer, answer
        return answer["rows"]

    def sql(self, statement: str, **more: Any) -> dict[str, Any]:
        """The answer of the `sql` verb."""
        request = {**self.spec(), "catalog": "main", "schema": self.schema, "statement": statement, "row_limit": 10_000}
        child = verb("sql")
        out, err = ended(child, json.dumps(request | more))
        assert child.returncode == 0, err
        return json.loads(out)


def verb(name: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start the runner with a verb."""
    return subprocess.Popen(
        [sys.executable, "-m", "prp_mcp.local.runner", name, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )


def ended(child: "subprocess.Popen[str]", given: str | None = None) -> tuple[str, str]:
    """Wait for the end of a process and return what it printed; the time only tells that it hangs."""
    return child.communicate(given, timeout=300)


@contextmanager
def gateway_of(home: Path) -> Iterator[Any]:
    """Reach into the running JVM of `home`, beside whatever it does: its Spark session and its classes."""
    found = jvm.running(home)
    assert found is not None
    gateway = JavaGateway(gateway_parameters=GatewayParameters(port=found.port, auth_token=found.secret))
    try:
        yield gateway.jvm
    finally:
        gateway.close()


def _session(inside: Any) -> Any:
    return getattr(inside, "org.apache.spark.sql.classic.SparkSession").builder().getOrCreate()


def spark_works(home: Path) -> bool:
    """Whether the JVM of `home` has a job or a stream that is not over; there may be no JVM any more."""
    if jvm.running(home) is None:
        return False
    try:
        with gateway_of(home) as inside:
            streams = _session(inside).sharedState().activeStreamingQueries()
            jobs = inside.org.apache.spark.SparkContext.getOrCreate().statusTracker().getActiveJobIds()
            return bool(len(jobs) or not streams.isEmpty())
    except Py4JError:
        if jvm.running(home) is None:
            # It went while it was asked.
            return False
        raise


def plan_of(home: Path, statement: str) -> str:
    """Return how Spark's own parser reads a statement."""
    with gateway_of(home) as inside:
        return str(_session(inside).sessionState().sqlParser().parsePlan(statement).toString())
