"""Expectations are counted exactly, in batch and in streams, and do what they say."""

import pytest

from tests.local.runner.bench import Bench

pytestmark = pytest.mark.spark

STREAM = """
import dlt
@dlt.table
@dlt.expect("small", "id < 90")
@dlt.expect_or_drop("even", "id % 2 = 0")
@dlt.expect_or_{action}("positive", "id >= 0")
def numbers():
    return (
        spark.readStream.format("cloudFiles").option("cloudFiles.format", "json")
        .option("cloudFiles.inferColumnTypes", "true").option("cloudFiles.maxFilesPerTrigger", "1")
        .load("/Volumes/main/{schema}/raw")
    )
"""


def test_counts_of_many_micro_batches_add_up(bench: Bench):
    bench.source("src/a.py", STREAM.format(action="drop", schema=bench.schema))
    for part in range(4):
        bench.input(f"{part}.json", *[{"id": number} for number in range(part * 25, part * 25 + 25)])
    outcome = bench.update()
    assert outcome.states[-1] == "COMPLETED", outcome.errors
    measured = [one for one in outcome.events if one["level"] == "METRICS"]
    assert len(measured) == 4
    counted = outcome.counted
    assert counted.expectations["numbers", "small"] == (90, 10)
    assert counted.expectations["numbers", "even"] == (50, 50)
    assert counted.expectations["numbers", "positive"] == (100, 0)
    assert counted.dropped["numbers"] == 50
    assert counted.rows["numbers"] == 50
    assert bench.rows("SELECT count(*) FROM numbers") == [["50"]]


def test_the_completed_event_does_not_repeat_the_counts(bench: Bench):
    bench.source("src/a.py", STREAM.format(action="drop", schema=bench.schema))
    bench.input("1.json", {"id": 1})
    last = [one for one in bench.update().events if one["event_type"] == "flow_progress"][-1]
    assert last["details"]["flow_progress"] == {"status": "COMPLETED"}


def test_a_null_condition_does_not_hold(bench: Bench):
    bench.source(
        "src/a.py",
        "import dlt\n@dlt.table\n@dlt.expect_or_drop('known', 'x > 0')\ndef t():\n"
        "    return spark.createDataFrame([(1,), (None,), (-1,)], 'x int')\n",
    )
    outcome = bench.update()
    assert outcome.counted.expectations["t", "known"] == (1, 2)
    assert bench.rows("SELECT x FROM t") == [["1"]]


@pytest.mark.parametrize("kind", ["stream", "batch"])
def test_a_fail_expectation_fails_the_update_with_name_record_and_counts(bench: Bench, kind: str):
    bench.input("1.json", *[{"id": number} for number in range(-3, 7)])
    source = STREAM.format(action="fail", schema=bench.schema)
    if kind == "batch":
        source = source[: source.index("    return")] + "    return spark.range(-3, 7)\n"
    bench.source("src/a.py", source)
    outcome = bench.update()
    assert outcome.states[-1] == "FAILED"
    message = outcome.errors[0]
    assert "'positive'" in message.splitlines()[0]
    assert "/src/a.py:3" in message.splitlines()[0]
    assert '{"id":-' in message
    assert "failed_records: 3, passed_records: 7" in message
    assert outcome.counted.rows["numbers"] == 0
    if kind == "stream":
        assert bench.rows("SELECT count(*) FROM numbers") == [["0"]]


def test_after_a_failed_expectation_a_mended_pipeline_reads_the_same_records_again(bench: Bench):
    bench.input("1.json", *[{"id": number} for number in range(-3, 7)])
    bench.source("src/a.py", STREAM.format(action="fail", schema=bench.schema))
    assert bench.update().states[-1] == "FAILED"
    bench.source("src/a.py", STREAM.format(action="drop", schema=bench.schema))
    outcome = bench.update()
    assert outcome.states[-1] == "COMPLETED", outcome.errors
    assert outcome.counted.expectations["numbers", "positive"] == (7, 3)


def test_an_empty_source_counts_zero_and_not_unknown(bench: Bench):
    bench.source(
        "src/a.py",
        "import dlt\n@dlt.table\n@dlt.expect('positive', 'id > 0')\ndef t():\n"
        "    return spark.range(3).where('id > 5')\n"
        "@dlt.table\n@dlt.expect('never', 'id > 0')\ndef u():\n    return spark.range(3).where('false')\n",
    )
    outcome = bench.update()
    assert outcome.states[-1] == "COMPLETED", outcome.errors
    assert outcome.counted.expectations == {("t", "positive"): (0, 0), ("u", "never"): (0, 0)}


def test_an_expectation_of_a_view_is_counted_where_the_view_is_read(bench: Bench):
    bench.source(
        "src/a.py",
        "import dlt\n@dlt.view\n@dlt.expect_or_drop('odd', 'id % 2 = 1')\ndef v():\n    return spark.range(10)\n"
        "@dlt.table\n@dlt.expect('big', 'id > 4')\ndef t():\n    return dlt.read('v')\n",
    )
    outcome = bench.update()
    assert outcome.states[-1] == "COMPLETED", outcome.errors
    assert outcome.counted.expectations == {("v", "odd"): (5, 5), ("t", "big"): (3, 2)}
    assert outcome.counted.rows["t"] == 5
