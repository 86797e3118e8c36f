"""Updates end when they are told to, and what a killed one leaves behind does no harm."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.local.conftest import until
from tests.local.runner.bench import Bench, ended, spark_works, verb

pytestmark = pytest.mark.spark

LONG_BATCH = """
import dlt
@dlt.table
def long():
    return spark.range(10_000_000_000).selectExpr("sum(sqrt(id) * sqrt(id + 1)) AS s")
"""
LONG_STREAM = """
import dlt
from pyspark.sql.functions import udf

@udf("int")
def slow(value):
    import time
    time.sleep(0.5)
    return value

@dlt.table
def long():
    return (
        spark.readStream.format("cloudFiles").option("cloudFiles.format", "json")
        .option("cloudFiles.schemaHints", "id int").option("cloudFiles.maxFilesPerTrigger", "1")
        .load("/Volumes/main/{schema}/raw").withColumn("slow", slow("id"))
    )
"""
QUICK = "import dlt\n@dlt.table\ndef quick():\n    return spark.range(3)\n"


def _long(bench: Bench, kind: str) -> None:
    if kind == "batch":
        bench.source("src/a.py", LONG_BATCH)
    else:
        bench.source("src/a.py", LONG_STREAM.format(schema=bench.schema))
        for number in range(50):
            bench.input(f"{number}.json", *[{"id": one} for one in range(20)])


def _until_running(bench: Bench, child: Any) -> None:
    """Read lines until the long flow runs, and wait until Spark has work of it."""
    for line in child.stdout:
        if json.loads(line).get("event", {}).get("message", "").endswith("is RUNNING.") and "Flow" in line:
            until(lambda: spark_works(bench.home))
            return
    raise AssertionError(child.stderr.read())


@pytest.mark.parametrize("kind", ["batch", "stream"])
def test_sigterm_cancels_the_update_and_ends_its_work_in_spark(bench: Bench, kind: str):
    _long(bench, kind)
    child = bench.begin()
    _until_running(bench, child)
    child.send_signal(signal.SIGTERM)
    out, _ = ended(child)
    lines = [json.loads(line) for line in out.splitlines()]
    assert child.returncode == 0
    assert lines[-1] == {"kind": "state", "state": "CANCELED"}
    assert lines[-2]["event"]["details"]["update_progress"]["state"] == "CANCELED"
    # Where the work does not heed the cancel in time, as on a busy machine, the JVM is gone with it.
    until(lambda: not spark_works(bench.home))
    bench.source("src/a.py", QUICK)
    assert bench.update().states[-1] == "COMPLETED"


@pytest.mark.parametrize("kind", ["batch", "stream"])
def test_after_a_killed_runner_the_next_update_ends_its_work_and_runs(bench: Bench, kind: str):
    _long(bench, kind)
    child = bench.begin()
    _until_running(bench, child)
    child.kill()
    ended(child)
    bench.source("src/a.py", QUICK)
    assert bench.update().states[-1] == "COMPLETED"
    until(lambda: not spark_works(bench.home))


def test_a_killed_stream_goes_on_where_it_was_and_writes_no_row_twice(bench: Bench):
    _long(bench, "stream")
    child = bench.begin()
    _until_running(bench, child)
    child.kill()
    ended(child)
    bench.source("src/a.py", LONG_STREAM.format(schema=bench.schema).replace("sleep(0.5)", "sleep(0)"))
    assert bench.update().states[-1] == "COMPLETED"
    per_id = "SELECT id, count(*) AS n FROM long GROUP BY id"
    assert bench.rows(f"SELECT count(*), min(n), max(n) FROM ({per_id})") == [["20", "50", "50"]]


@pytest.fixture
def own_home(tmp_path: Path) -> Iterator[Path]:
    """A home whose JVM is ended even when the test fails."""
    yield tmp_path / "home"
    ended(verb("stop", "--home", str(tmp_path / "home")))


def test_stop_ends_the_jvm_and_the_next_update_starts_another(own_home: Path):
    bench = Bench(own_home, "stopped")
    bench.source("src/a.py", QUICK)
    assert bench.update().states[-1] == "COMPLETED"
    first = json.loads((bench.home / "jvm.json").read_text())["pid"]
    assert (bench.home / "jvm.json").stat().st_mode & 0o777 == 0o600
    ended(verb("stop", "--home", str(bench.home)))
    assert not psutil.pid_exists(first) or psutil.Process(first).status() == psutil.STATUS_ZOMBIE
    assert bench.update().states[-1] == "COMPLETED"
    assert bench.rows("SELECT count(*) FROM quick") == [["3"]]
