"""The door with two made-up tools: order, refusals, resuming, bounds; no workspace is asked."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import Field

from prp_mcp.engine.door import Engine
from prp_mcp.engine.result import size
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Refusal, Tool
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.notes import RollbackStep, RolledBack
from prp_mcp.journal.runs import Run, fold
from prp_mcp.settings import read_settings
from prp_mcp.tools.load_prp import TOOL as LOAD
from prp_mcp.tools.rollback import TOOL as ROLLBACK
from prp_mcp.tools.run_status import TOOL as STATUS
from tests.project import mini, write

HOST = {"DATABRICKS_HOST": "http://127.0.0.1:9", "DATABRICKS_TOKEN": "dapi" + "f" * 32}


NO_TEXTS: tuple[Any, ...] = (3, 0, False, [], {})


class Sized(Arguments):
    """How much to answer."""

    rows: int = Field(1, ge=1)


class Rows(Fields):
    """Rows."""

    rows: list[dict[str, Any]] = Field(default_factory=list)


def runs(engine: Engine) -> list[Run]:
    with engine.journal() as journal:
        return fold(journal.records())


def fake(name: str, gate: Gate, verdict: Verdict = Verdict.PASSED) -> Tool:
    def run(step, arguments):
        rows = [{"row": index, "text": "x" * 40} for index in range(arguments.rows)]
        findings = tuple(Finding("a.py:1:1", f"finding {index}") for index in range(30))
        return Outcome(verdict, f"{name} did it", Rows(rows=rows), findings)

    return Tool(name, name, name, Sized, Rows, run, "read", gate, gate)


@pytest.fixture
def engine(tmp_path):
    project = mini(tmp_path / "p", "door")
    settings = read_settings({**HOST, "PRP_MCP_STATE_DIR": str(tmp_path / "state"), "PATH": ""})
    tools = [LOAD, fake("check_environment", Gate.ENVIRONMENT), fake("validate_bundle", Gate.BUNDLE), ROLLBACK, STATUS]
    return Engine(tools, settings, project)


def call(engine, name, **arguments):
    done = engine.execute(name, arguments)
    return done if isinstance(done, Refusal) else done.structured


@pytest.mark.guarantee("order")
def test_a_tool_is_refused_before_its_gate_is_open_and_admitted_after(engine):
    call(engine, "load_prp", prp="mini")
    refused = call(engine, "validate_bundle")
    assert isinstance(refused, Refusal)
    assert refused.code == "closed"
    call(engine, "check_environment")
    assert call(engine, "validate_bundle")["verdict"] == "passed"


@pytest.mark.guarantee("freshness")
@pytest.mark.parametrize(
    ("file", "text", "why"),
    [
        ("PRPs/mini.md", None, "PRPs/mini.md changed"),
        ("prp-mcp.toml", "[quality]\nthreshold = 0.5\n", "prp-mcp.toml or the user's grants changed"),
    ],
)
def test_a_changed_prp_or_policy_closes_the_gates(engine, file, text, why):
    call(engine, "load_prp", prp="mini")
    old = (engine.folder / file).read_text() if text is None else ""
    write(engine.folder, {file: text or old + "\nMore.\n"})
    assert why in call(engine, "check_environment").reason


def test_ticking_a_check_box_changes_nothing(engine):
    call(engine, "load_prp", prp="mini")
    path = engine.folder / "PRPs/mini.md"
    path.write_text(path.read_text().replace("- [ ]", "- [x]"))
    assert call(engine, "check_environment")["verdict"] == "passed"


def test_a_run_is_resumed_by_a_new_engine_and_abandoned_by_restart(engine):
    first = call(engine, "load_prp", prp="mini")
    other = Engine(list(engine.tools.values()), engine.settings, engine.folder)
    again = call(other, "load_prp", prp="mini")
    assert (again["run"], again["resumed"]) == (first["run"], True)
    new = call(other, "load_prp", prp="mini", restart=True)
    assert new["run"] != first["run"]
    assert [run.outcome for run in runs(engine)] == ["abandoned", None]


def test_without_a_run_a_tool_says_to_load_a_prp(engine):
    refused = call(engine, "check_environment")
    assert refused.code == "usage"
    assert "Call load_prp" in refused.next


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("nope", {}, "there is no tool 'nope'"),
        ("load_prp", {"prp": "mini", "force": True}, "argument 'force'"),
        ("load_prp", {}, "argument 'prp'"),
        ("load_prp", {"prp": "../../etc/passwd"}, "etc/passwd"),
        ("load_prp", {"prp": "maxi.md"}, "there is no PRP 'maxi'"),
        ("load_prp", {"prp": "mini", "run": "x"}, "argument 'run'"),
        *(("run_status", {"run": run}, "`run` must be a string") for run in NO_TEXTS),
        ("load_prp", {"prp": "mini", "target": 3}, "argument 'target'"),
    ],
)
def test_bad_arguments_are_refused_with_a_remedy_and_nothing_is_recorded(engine, name, arguments, says):
    refused = engine.execute(name, arguments)
    assert refused.code == "usage"
    assert says in refused.reason
    assert refused.next
    assert runs(engine) == []


@pytest.mark.parametrize("given", ["mini.md", "PRPs/mini.md", "@PRPs/mini.md", "Mini", " mini "])
def test_however_a_prp_is_named_it_is_one_run(engine, given):
    first = call(engine, "load_prp", prp=given)
    again = call(engine, "load_prp", prp="mini")
    assert (first["verdict"], again["run"], again["resumed"]) == ("passed", first["run"], True)


@pytest.mark.guarantee("bounded")
def test_a_large_result_is_shortened_and_counts_what_it_left_out(engine):
    call(engine, "load_prp", prp="mini")
    done = call(engine, "check_environment", rows=2000)
    assert size(done) <= 4000
    assert done["omitted"]["rows"] + len(done["rows"]) == 2000
    assert (len(done["findings"]) + done["omitted"].get("findings", 0), done["findings_total"]) == (10, 30)


def test_attempts_are_counted_and_the_last_one_rolls_back(engine):
    rolled = []

    def undo(step, arguments):
        rolled.append(arguments.reason)
        step.note(RolledBack(arguments.reason, (RollbackStep("all of it", "done"),)))
        return Outcome(Verdict.PASSED, "Rolled back: all.", Rows(), next="ended")

    failing = fake("validate_bundle", Gate.BUNDLE, Verdict.FAILED)
    undoing = replace(ROLLBACK, run=undo)
    tools = [LOAD, fake("check_environment", Gate.ENVIRONMENT), failing, undoing]
    other = Engine(tools, engine.settings, engine.folder)
    call(other, "load_prp", prp="mini")
    call(other, "check_environment")
    texts = []
    for number in range(3):
        write(engine.folder, {"src/pipelines/numbers.py": f"# try {number}\n"})
        done = call(other, "validate_bundle")
        texts.append(done["next"])
        if number < 2:
            call(other, "validate_bundle")  # looking twice at one failure is no second attempt
    assert "(attempt 2 of 3)" in texts[0]
    assert "(attempt 3 of 3)" in texts[1]
    assert texts[2] == "ended"
    assert len(rolled) == 1
    assert done["rollback"] == [{"what": "all of it", "state": "done"}]


def test_without_a_tool_that_undoes_there_is_no_door(engine):
    with pytest.raises(StopIteration):
        Engine([LOAD], engine.settings, engine.folder)


def test_a_bug_in_a_tool_is_named_without_a_trace_and_the_run_goes_on(engine):
    def broken(step, arguments):
        raise RuntimeError("secret detail")

    tools = [LOAD, Tool("check_environment", "", "", Arguments, Rows, broken, "read", Gate.ENVIRONMENT), ROLLBACK]
    other = Engine(tools, engine.settings, engine.folder)
    call(other, "load_prp", prp="mini")
    refused = call(other, "check_environment")
    assert refused.code == "internal"
    assert "secret detail" not in refused.text
