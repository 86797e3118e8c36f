"""The suite through the door: commands really run in a copy; the gates before it are made up."""

import io

import pytest

from prp_mcp.cli.waive import waive_open
from prp_mcp.engine.door import Engine
from prp_mcp.engine.step import Asking, Caller
from prp_mcp.engine.tool import Arguments, Fields, Outcome, Refusal, Tool
from prp_mcp.errors import PolicyError
from prp_mcp.gates.order import TOOL_OF, Gate, Verdict, before
from prp_mcp.journal.evidence import BundleEvidence, DeploymentEvidence, PipelineSettings, Resource
from prp_mcp.journal.notes import Approval, CommandRun, Note
from prp_mcp.settings import read_settings
from prp_mcp.suite.approvals import pending, record_answers
from prp_mcp.suite.items import suite_items
from prp_mcp.suite.known_values import known_values
from prp_mcp.suite.preparation import prepare
from prp_mcp.tools.load_prp import TOOL as LOAD
from prp_mcp.tools.record_check import TOOL as RECORD
from prp_mcp.tools.rollback import TOOL as ROLLBACK
from prp_mcp.tools.run_validation import TOOL as RUN
from tests.project import FEW_PLUGINS, commit, mini, write

HOST = {"DATABRICKS_HOST": "http://127.0.0.1:9", "DATABRICKS_TOKEN": "dapi" + "f" * 32}
PRP = """\
# Checks

## All Needed Context
- `src/a.py` - a file

## Implementation Blueprint
### Task 1: Create a
CREATE src/a.py

## Validation Loop
### Level 1
```bash
{commands}
```

## Final Validation Checklist
- [ ] Looked at by a person
{checks}
"""
COUNTING = """\
import pathlib


def test_counts():
    assert pathlib.Path("src/a.py").exists()
"""


class Nothing(Fields):
    """No fields."""


SEEN = {
    Gate.BUNDLE: BundleEvidence(
        pipelines={"mini": PipelineSettings(catalog="main", schema="numbers")},
        variables={"warehouse_id": "abc123", "odd": "a; rm -rf /"},
    ),
    Gate.DEPLOYMENT: DeploymentEvidence(resources=(Resource("mini", "pipelines", "p-1", "mini", "create"),)),
}


def passing(gate: Gate) -> Tool:
    def run(step, arguments):
        return Outcome(Verdict.PASSED, "as made up", Nothing(), evidence=SEEN.get(gate))

    name = TOOL_OF[gate]
    return Tool(name, name, name, Arguments, Nothing, run, "read", gate, gate)


def engine_for(tmp_path, commands: str, checks: str = "", policy: str = "", **files: str) -> Engine:
    project = mini(tmp_path / "p", "suite", policy=policy)
    prp = PRP.format(commands=commands, checks=checks)
    write(project, {"PRPs/checks.md": prp, "src/a.py": "A = 1\n", "pytest.ini": FEW_PLUGINS, **files})
    commit(project)
    env = {**HOST, "PRP_MCP_STATE_DIR": str(tmp_path / "state"), "PRP_MCP_CONFIG_DIR": str(tmp_path / "config")}
    settings = read_settings({**env, "PATH": "/usr/bin:/bin"})
    gates = [passing(gate) for gate in before(Gate.SUITE) if gate is not Gate.PRP]
    engine = Engine([LOAD, *gates, RUN, RECORD, ROLLBACK], settings, project)
    for name in ("load_prp", *(TOOL_OF[gate] for gate in before(Gate.SUITE)[1:])):
        assert call(engine, name, **({"prp": "checks"} if name == "load_prp" else {}))["verdict"] == "passed"
    return engine


def call(engine: Engine, name: str, **arguments: str) -> dict:
    done = engine.execute(name, arguments)
    assert not isinstance(done, Refusal), done
    return done.structured


def refused(engine: Engine, name: str, **arguments: str) -> Refusal:
    done = engine.execute(name, arguments)
    assert isinstance(done, Refusal), done
    return done


def run(engine: Engine, caller: Caller | None = None, **arguments):
    done = engine.execute("run_validation", arguments, caller)
    assert not isinstance(done, Refusal), done
    return {item["id"]: item for item in done.structured["commands"]}, done.structured


def notes(engine: Engine, kind: type[Note]) -> list:
    with engine.opened() as step:
        return step.run.notes(kind)


def test_an_unchanged_tree_is_not_tested_twice_and_a_changed_test_is(tmp_path):
    engine = engine_for(tmp_path, "python -m pytest tests -q", **{"tests/test_a.py": COUNTING})
    first, _ = run(engine)
    assert first["L1.1"]["counts"] == {"passed": 1, "failed": 0, "errors": 0, "skipped": 0}
    assert run(engine)[0] == first
    assert len(notes(engine, CommandRun)) == 1
    write(engine.folder, {"tests/test_a.py": COUNTING + "\n\ndef test_more():\n    assert True\n"})
    assert run(engine)[0]["L1.1"]["counts"]["passed"] == 2
    assert len(notes(engine, CommandRun)) == 2


def test_a_failing_command_fails_the_suite_is_kept_and_runs_again_only_when_it_is_asked_for(tmp_path):
    engine = engine_for(tmp_path, "python -m py_compile_missing\npython -m pytest tests -q")
    items, done = run(engine)
    assert done["verdict"] == "failed"
    assert items["L1.2"]["met"] is False
    assert len([note for note in notes(engine, CommandRun) if note.item == "L1.2"]) == 1
    run(engine)
    assert len([note for note in notes(engine, CommandRun) if note.item == "L1.2"]) == 1
    run(engine, command="L1.2")
    assert len([note for note in notes(engine, CommandRun) if note.item == "L1.2"]) == 2


def test_a_suite_in_which_no_test_ran_is_no_pass(tmp_path):
    skipped = "import pytest\n\n\n@pytest.mark.skip\ndef test_a():\n    assert False\n"
    engine = engine_for(tmp_path, "python -m pytest tests -q", **{"tests/test_a.py": skipped})
    items, done = run(engine)
    assert (items["L1.1"]["met"], items["L1.1"]["why"]) == (False, "no test ran")
    assert done["verdict"] == "failed"


def test_an_expectation_that_does_not_hold_fails_a_command_that_ended_well(tmp_path):
    commands = "python -m pytest tests -q\n# Expected: 2 passed"
    engine = engine_for(tmp_path, commands, **{"tests/test_a.py": COUNTING})
    items, done = run(engine)
    assert items["L1.1"]["exit"] == 0
    assert items["L1.1"]["why"] == "expected '2 passed', got 1 passed (1 passed)"
    assert done["verdict"] == "failed"


def test_an_expectation_nobody_can_decide_stays_open_until_it_is_attested(tmp_path):
    commands = "python -m pytest tests -q\n# Expected: Tests pass; the dashboards look right"
    engine = engine_for(tmp_path, commands, **{"tests/test_a.py": COUNTING})
    items, done = run(engine)
    assert items["L1.1"]["unchecked"] == ["the dashboards look right"]
    assert (done["verdict"], [item["id"] for item in done["open"]]) == ("running", ["L1.1", "C1"])
    said = call(engine, "record_check", item="L1.1", evidence="Both dashboards show the new figures.")
    assert [item["id"] for item in said["open"]] == ["C1"]


def test_a_checklist_item_with_a_failing_command_cannot_be_attested(tmp_path):
    engine = engine_for(tmp_path, "python -m pytest tests -q", "- [ ] Tested: `python -m pytest tests -q`")
    run(engine)
    done = refused(engine, "record_check", item="C2", evidence="It worked on my machine, really.")
    assert "an attestation cannot settle that" in done.reason


def rewrite(engine: Engine, old: str, new: str) -> None:
    """Change the PRP and go through the made-up gates again."""
    path = engine.folder / "PRPs/checks.md"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    for name in ("load_prp", *(TOOL_OF[gate] for gate in before(Gate.SUITE)[1:])):
        call(engine, name, **({"prp": "checks"} if name == "load_prp" else {}))


def test_a_result_does_not_outlive_the_expectation_it_was_held_against(tmp_path):
    commands = "python -m pytest tests -q\n# Expected: 1 passed"
    engine = engine_for(tmp_path, commands, **{"tests/test_a.py": COUNTING})
    assert run(engine)[0]["L1.1"]["met"] is True
    rewrite(engine, "Expected: 1 passed", "Expected: 250 passed")
    assert run(engine)[0]["L1.1"]["met"] is False


def test_one_command_with_two_expectations_is_held_against_both(tmp_path):
    commands = "python -m pytest tests -q\n# Expected: 1 passed\npython -m pytest tests -q\n# Expected: 9 passed"
    engine = engine_for(tmp_path, commands, **{"tests/test_a.py": COUNTING})
    items, _ = run(engine)
    assert (items["L1.1"]["met"], items["L1.2"]["met"]) == (True, False)


def test_an_attestation_does_not_pass_to_the_item_that_takes_its_number(tmp_path):
    engine = engine_for(tmp_path, "python -m pytest tests -q", "- [ ] Signed by the data owner")
    call(engine, "record_check", item="C1", evidence="I looked at it from every side.")
    rewrite(engine, "- [ ] Looked at by a person\n", "")
    with engine.opened() as step:
        assert {item.id: item.state for item in suite_items(step)}["C1"] == "open"


@pytest.mark.parametrize("terminal", [True, False])
def test_waiving_needs_a_person_and_stays_with_its_item(tmp_path, monkeypatch, terminal):
    engine = engine_for(tmp_path, "python -m pytest tests -q", "- [ ] Signed by the data owner")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    if not terminal:
        with pytest.raises(PolicyError, match="for a person at a terminal"):
            waive_open(engine, "", "no time", "C1")
        return
    allowed = engine.settings.with_grants(waive=True)
    waive_open(Engine(list(engine.tools.values()), allowed, engine.folder), "", "no time", "C1")
    rewrite(engine, "- [ ] Looked at by a person\n", "")
    with engine.opened() as step:
        assert {item.id: item.state for item in suite_items(step)}["C1"] == "open"


def test_a_test_that_passes_after_failing_on_the_same_files_says_so(tmp_path):
    engine = engine_for(tmp_path, "make flaky", Makefile="flaky:\n\tfalse\n")
    with engine.opened() as step:
        (question,) = pending(step)
        record_answers(step, {question.what: True}, by="a test")
        assert step.present.plan
        (prepared,) = prepare(step, step.present.plan.commands)
        for met in (False, False, True):
            step.note(CommandRun("L1.1", prepared.key, "make flaky", met, "exit 0"))
        item = next(item for item in suite_items(step) if item.id == "L1.1")
    assert (item.state, item.proof) == ("verified", "exit 0; failed 2 times before, with the same files")


@pytest.mark.parametrize(
    ("command", "expected", "state"),
    [
        ("databricks bundle validate", "Validation OK!", "verified"),
        ("databricks bundle validate", "no errors", "verified"),
        ("databricks bundle run mini", "COMPLETED", "verified"),
        ("databricks bundle deploy", "6 new dashboards show the figures", "open"),
        ("databricks bundle validate", "exits with 1", "open"),
    ],
)
def test_a_gate_proves_that_the_work_was_done_and_not_what_else_is_expected(tmp_path, command, expected, state):
    engine = engine_for(tmp_path, f"{command}\n# Expected: {expected}")
    with engine.opened() as step:
        item = next(item for item in suite_items(step) if item.id == "L1.1")
    assert item.state == state
    if state == "open":
        done = call(engine, "record_check", item="L1.1", evidence="Looked at all six of them.")
        assert [each["id"] for each in done["open"]] == ["C1"]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("databricks bundle validate -t dev --target prod", "it is for target 'prod'"),
        ('databricks bundle deploy "--target" prod', "it is for target 'prod'"),
        ("databricks bundle deploy -tprod", "it is for target 'prod'"),
        ("databricks bundle deploy --target $T", "nobody can tell which target"),
        ("databricks bundle run nightly_job", "'nightly_job' is no pipeline of the bundle"),
    ],
)
def test_a_gate_does_not_prove_a_command_about_something_else(tmp_path, command, why):
    engine = engine_for(tmp_path, command)
    item = run(engine)[0]["L1.1"]
    assert item["met"] is None
    assert why in item["why"]


def test_a_source_the_compile_gate_does_not_see_is_compiled_by_the_command_itself(tmp_path):
    files = {"tests/broken.py": "def broken(:\n"}
    engine = engine_for(tmp_path, "python -m py_compile src/a.py\npython -m py_compile tests/broken.py", **files)
    items, _ = run(engine)
    assert items["L1.1"]["gate"] == "compile"
    assert items["L1.2"]["met"] is False


@pytest.mark.parametrize(
    ("command", "by_gate"),
    [
        ("python -m compileall -q src", True),
        ("python -m py_compile src/*.py", True),
        ("python -m py_compile src/a.py src/pipelines/numbers.py", True),
        ("python -m compileall -q .", False),
        ("python -m py_compile */*.py", False),
        ("python -m py_compile src/gone.py", False),
    ],
)
def test_the_compile_gate_proves_folders_and_patterns_only_when_it_sees_all_of_them(tmp_path, command, by_gate):
    engine = engine_for(tmp_path, command, **{"tests/other.py": "B = 1\n"})
    with engine.opened() as step:
        assert step.present.plan
        (prepared,) = prepare(step, step.present.plan.commands)
    assert (prepared.way == "gate") is by_gate


def test_the_policy_cannot_point_a_binding_away_from_what_the_bundle_says(tmp_path):
    policy = '[validation.bindings]\nschema = "golden_copy"\nregion = "eu-1"\n'
    engine = engine_for(tmp_path, "python -m pytest tests", policy=policy)
    with engine.opened() as step:
        values = known_values(step)
    assert (values["schema"], values["region"]) == ("numbers", "eu-1")


def test_what_a_gate_proves_cannot_be_attested(tmp_path):
    engine = engine_for(tmp_path, "databricks bundle validate --target dev")
    write(engine.folder, {"src/a.py": "A = 2\n"})
    done = refused(engine, "record_check", item="L1.1", evidence="It validated, I am sure of it.")
    assert "proven by the bundle gate alone" in done.reason
    assert "Call validate_bundle." in done.next


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("python -m pytest tests | tee log", "pipe"),
        ("python -m pytest tests || true", "whatever happens"),
        ("uvicorn app:app --reload", "does not end"),
        ("databricks tables get <nowhere>", "it needs a value for <nowhere>"),
        ("databricks bundle summary --target prod", "it is for target 'prod'"),
        ("databricks bundle logs --target dev", "has no `bundle logs`"),
    ],
)
def test_a_command_that_cannot_be_run_says_why_and_is_never_a_pass(tmp_path, command, why):
    engine = engine_for(tmp_path, command)
    items, done = run(engine)
    assert items["L1.1"]["met"] is None
    assert items["L1.1"]["why"].startswith("not run: ")
    assert why in items["L1.1"]["why"]
    assert done["verdict"] == "running"


def test_bindings_are_filled_from_the_bundle_the_run_and_the_policy_and_odd_values_are_not(tmp_path):
    engine = engine_for(tmp_path, "python -m pytest tests", policy='[validation.bindings]\nregion = "eu-1"\n')
    with engine.opened() as step:
        values = known_values(step)
    assert (values["catalog"], values["schema"], values["target"]) == ("main", "numbers", "dev")
    assert (values["pipeline_id"], values["mini_id"], values["warehouse_id"]) == ("p-1", "p-1", "abc123")
    assert values["region"] == "eu-1"
    assert "odd" not in values


def test_a_command_off_the_list_runs_only_after_a_person_approved_exactly_it(tmp_path):
    makefile = "lint:\n\tpython3 -c 'print(1)'\nevil:\n\techo evil\n"
    engine = engine_for(tmp_path, "make lint\nmake evil", Makefile=makefile)
    items, _ = run(engine)
    assert "is not among the allowed commands" in items["L1.1"]["why"]
    with engine.opened() as step:
        questions = pending(step)
        assert [question.item for question in questions] == ["L1.1", "L1.2"]
        assert "make lint" in questions[0].what
        record_answers(step, {questions[0].what: True, questions[1].what: False}, by="a test")
    items, _ = run(engine)
    assert (items["L1.1"]["met"], items["L1.1"]["exit"]) == (True, 0)
    assert items["L1.2"]["met"] is None


def test_a_person_who_can_be_asked_is_asked_before_anything_runs_and_once(tmp_path):
    engine = engine_for(tmp_path, "python -m pytest tests\nmake lint", Makefile="lint:\n\ttrue\n")
    with pytest.raises(Asking) as asking:
        engine.execute("run_validation", {}, Caller(answers={}))
    assert notes(engine, CommandRun) == []
    question = asking.value.questions[0]
    assert question.item == "L1.2"
    assert "make lint" in question.text
    items, _ = run(engine, Caller(answers={question.what: False}))
    assert items["L1.2"]["met"] is None
    assert run(engine, Caller(answers={}))[0]["L1.2"]["met"] is None  # declined once, it is not asked again
    assert [note.approved for note in notes(engine, Approval)] == [False]


@pytest.mark.guarantee("secrets")
def test_a_command_sees_no_credentials_and_not_our_environment(tmp_path):
    look = (
        "import os\n\n\ndef test_environment():\n    seen = ' '.join(f'{k}={v}' for k, v in os.environ.items())\n"
        "    assert 'DATABRICKS' not in seen and 'PRP_MCP' not in seen and 'dapi' not in seen, seen\n"
    )
    engine = engine_for(tmp_path, "python -m pytest tests -q", **{"tests/test_a.py": look})
    assert run(engine)[0]["L1.1"]["met"] is True


def test_a_command_in_the_users_grants_runs_and_one_that_only_begins_alike_does_not(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "grants.toml").write_text('commands = ["make lint"]\n')
    engine = engine_for(tmp_path, "make lint\nmake lint CC=evil", Makefile="lint:\n\t@echo linted\n")
    items, _ = run(engine)
    assert (items["L1.1"]["met"], items["L1.1"]["tail"]) == (True, "linted")
    assert items["L1.2"]["met"] is None


def test_a_command_that_runs_too_long_fails_and_is_tried_again(tmp_path):
    endless = "import time\n\n\ndef test_a():\n    time.sleep(600)\n"
    policy = "[limits]\ncommand_seconds = 1\n"
    engine = engine_for(tmp_path, "python -m pytest tests -q", policy=policy, **{"tests/test_a.py": endless})
    items, done = run(engine)
    assert (items["L1.1"]["met"], items["L1.1"]["why"]) == (False, "it ran into its time limit of 1 s")
    assert done["verdict"] == "failed"
    run(engine)
    assert len(notes(engine, CommandRun)) == 2


def test_a_script_of_the_project_runs_only_after_a_person_approved_it(tmp_path):
    engine = engine_for(tmp_path, "./scripts/check.sh fast", **{"scripts/check.sh": "#!/bin/sh\necho checked $1\n"})
    (engine.folder / "scripts/check.sh").chmod(0o755)
    commit(engine.folder)
    assert "not the bare name of a program" in run(engine)[0]["L1.1"]["why"]
    with engine.opened() as step:
        (question,) = pending(step)
        assert question.what == "./scripts/check.sh fast"
        record_answers(step, {question.what: True}, by="a test")
    item = run(engine)[0]["L1.1"]
    assert (item["met"], item["tail"]) == (True, "checked fast")


def test_a_command_that_stands_twice_is_run_once_and_told_under_each_id(tmp_path):
    commands = "python -m pytest tests -q\n```\n### Level 2\n```bash\npython -m pytest tests -q"
    engine = engine_for(tmp_path, commands, **{"tests/test_a.py": COUNTING})
    items, _ = run(engine)
    assert sorted(items) == ["L1.1", "L2.1"]
    assert sorted(run(engine, level=2)[0]) == ["L2.1"]
    assert len(notes(engine, CommandRun)) == 1
