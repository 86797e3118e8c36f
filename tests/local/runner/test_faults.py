"""What is wrong with a pipeline is told with its place, before anything runs where that can be."""

import pytest

from tests.local.runner.bench import Bench

pytestmark = pytest.mark.spark

GOOD = """
import dlt
@dlt.table
def good():
    return spark.range(3)
"""


def test_an_exception_at_load_names_file_and_line(bench: Bench):
    bench.source("src/a.py", "import dlt\n\nsettings = {}\nsettings['missing']\n")
    outcome = bench.update()
    assert outcome.states[-1] == "FAILED"
    assert outcome.errors[-1].startswith("KeyError: 'missing' (test_")
    assert "/src/a.py:4)" in outcome.errors[-1].splitlines()[0]
    assert outcome.exit == 0


def test_a_syntax_error_names_file_and_line(bench: Bench):
    bench.source("src/a.py", "import dlt\n\ndef broken(:\n    pass\n")
    outcome = bench.update()
    assert outcome.states[-1] == "FAILED"
    assert "SyntaxError" in outcome.errors[-1]
    assert "/src/a.py:3" in outcome.errors[-1].splitlines()[0]


def test_a_wrong_column_is_found_in_planning_and_nothing_is_written(bench: Bench):
    bench.source("src/a.py", GOOD)
    bench.source(
        "src/b.py",
        "import dlt\n\n@dlt.table\ndef bad():\n    frame = dlt.read('good')\n    return frame.select('amnt')\n",
    )
    outcome = bench.update()
    assert outcome.states == ["INITIALIZING", "FAILED"]
    assert outcome.tables == {}
    assert "`amnt`" in outcome.errors[0]
    assert "/src/b.py:6" in outcome.errors[0].splitlines()[0]


def test_an_unknown_dataset_is_found_in_planning(bench: Bench):
    bench.source("src/a.py", "import dlt\n\n@dlt.table\ndef bad():\n    return spark.read.table('nowhere')\n")
    outcome = bench.update(validate_only=True)
    assert outcome.states[-1] == "FAILED"
    assert "'nowhere'" in outcome.errors[0]
    assert "/src/a.py:5" in outcome.errors[0].splitlines()[0]


def test_a_circle_of_datasets_is_found_in_planning(bench: Bench):
    text = "import dlt\n@dlt.table\ndef {0}():\n    return dlt.read('{1}')\n"
    bench.source("src/a.py", text.format("one", "two") + text.format("two", "one"))
    outcome = bench.update()
    assert outcome.states[-1] == "FAILED"
    assert "one -> two -> one" in outcome.errors[0]


def test_a_bad_expectation_is_found_in_planning(bench: Bench):
    bench.source(
        "src/a.py",
        "import dlt\n\n@dlt.table\n@dlt.expect('positive', 'ide > 0')\ndef bad():\n    return spark.range(3)\n",
    )
    outcome = bench.update()
    assert outcome.states == ["INITIALIZING", "FAILED"]
    assert "'positive'" in outcome.errors[0]
    assert "/src/a.py:3" in outcome.errors[0].splitlines()[0]


def test_every_dataset_with_a_fault_of_its_own_is_reported_at_once(bench: Bench):
    bad = "@dlt.table\ndef bad_{0}():\n    return spark.range(3).select('nope_{0}')\n"
    bench.source("src/a.py", "import dlt\n" + bad.format(1) + bad.format(2))
    bench.source("src/b.py", "import dlt\n@dlt.table\ndef after():\n    return dlt.read('bad_1')\n")
    outcome = bench.update()
    failed = [one["origin"]["dataset_name"] for one in outcome.events if one["event_type"] == "flow_progress"]
    assert [name.rpartition(".")[2] for name in failed] == ["bad_1", "bad_2"]


def test_a_python_function_that_fails_in_a_worker_names_its_line(bench: Bench):
    bench.source(
        "src/a.py",
        "import dlt\nfrom pyspark.sql.functions import udf\n\n@udf('int')\ndef halve(value):\n"
        "    return 1 // (value - value)\n\n@dlt.table\ndef bad():\n    return spark.range(3).select(halve('id'))\n",
    )
    outcome = bench.update()
    assert outcome.states[-1] == "FAILED"
    assert "ZeroDivisionError" in outcome.errors[0]
    assert "/src/a.py:6" in outcome.errors[0].splitlines()[0]


def test_a_failing_flow_takes_its_readers_with_it_and_leaves_the_others_alone(bench: Bench):
    bench.source("src/a.py", GOOD)
    bench.source(
        "src/b.py",
        "import dlt\n@dlt.table\ndef bad():\n    return spark.range(3).selectExpr('1 / (id - id) AS x')\n"
        "@dlt.view\ndef between():\n    return dlt.read('bad')\n"
        "@dlt.table\ndef after():\n    return dlt.read('between')\n",
    )
    outcome = bench.update()
    assert outcome.states[-1] == "FAILED"
    assert outcome.statuses("bad")[-1] == "FAILED"
    assert outcome.statuses("after")[-1] == "SKIPPED"
    assert outcome.statuses("good")[-1] == "COMPLETED"
    assert "DIVIDE_BY_ZERO" in outcome.errors[0]
    assert "/src/b.py:2" in outcome.errors[0].splitlines()[0]


def test_what_the_local_workspace_does_not_do_is_refused_by_name(bench: Bench):
    bench.source("src/a.py", "from pyspark import pipelines as dp\n\ndp.create_sink('s', 'kafka', {})\n")
    outcome = bench.update()
    assert "'create_sink'" in outcome.errors[0]
    assert "/src/a.py:3" in outcome.errors[0]


def test_sys_exit_in_a_source_fails_the_update_instead_of_ending_it_silently(bench: Bench):
    bench.source("src/a.py", "import sys\nsys.exit(0)\n")
    outcome = bench.update()
    assert outcome.states[-1] == "FAILED"
    assert "/src/a.py:2" in outcome.errors[-1]


def test_a_pipeline_without_sources_is_refused(bench: Bench):
    bench.settings = {"libraries": [{"file": {"path": f"{bench.root}/src/absent.py"}}]}
    outcome = bench.update()
    assert outcome.states[-1] == "FAILED"
    assert "src/absent.py" in outcome.errors[-1]


def test_what_user_code_prints_never_reaches_the_protocol(bench: Bench):
    bench.source("src/a.py", "import os\nprint('printed')\nos.system('echo from a shell')\n" + GOOD)
    outcome = bench.update()
    assert outcome.states[-1] == "COMPLETED"
    assert "printed" in outcome.stderr
    assert "from a shell" in outcome.stderr
