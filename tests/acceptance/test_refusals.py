"""What must not pass does not pass, and says why."""

import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from tests.acceptance.conftest import SCRIPTS
from tests.project import SOURCE, commit, event, git, good_script, mini, progress, table, write

STEPS = ("load_prp", "check_environment", "validate_bundle", "compile_check", "deploy", "start_pipeline", "poll_status")


def until(place, project, last, **first):
    """Call the tools in order up to `last`, stopping at the first that does not pass; return the last result."""
    done = {}
    for name in STEPS[: STEPS.index(last) + 1]:
        done = place.call(project, name, **({"prp": "mini", **first} if name == "load_prp" else {}))
        while name == "poll_status" and done.get("verdict") == "running":
            done = place.call(project, name, wait_seconds=5)
        if done.get("verdict") not in ("passed", "running"):
            break
    return done


def said(done):
    return " ".join(f"{item.get('at')} {item.get('text')}" for item in done["findings"])


def test_a_target_that_is_no_development_target_needs_a_grant(scripted, tmp_path):
    done = until(scripted, mini(tmp_path / "p", "target"), "check_environment", target="prod")
    assert done["verdict"] == "failed"
    assert "target 'prod' is not allowed: its mode is production" in said(done)


def test_a_target_made_productive_after_the_environment_gate_is_refused(scripted, tmp_path):
    project = mini(tmp_path / "p", "disguise")
    until(scripted, project, "check_environment")
    path = project / "databricks.yml"
    path.write_text(path.read_text().replace("mode: development", "mode: production"))
    done = scripted.call(project, "validate_bundle")
    assert done["verdict"] == "failed"
    assert "target 'dev' is not allowed: its mode is production" in said(done)


def test_a_misspelt_prp_begins_no_run(scripted, tmp_path):
    project = mini(tmp_path / "p", "typo")
    assert scripted.call(project, "load_prp", prp="minni")["code"] == "usage"
    assert scripted.call(project, "load_prp", prp="mini")["verdict"] == "passed"


@pytest.mark.guarantee("rollback")
def test_what_a_person_deployed_meanwhile_is_not_destroyed_by_a_rollback(scripted, tmp_path):
    project = mini(tmp_path / "p", "person")
    until(scripted, project, "deploy")
    assert scripted.call(project, "rollback", reason="first")["verdict"] == "passed"
    by_hand = subprocess.run([SCRIPTS / "prp-mcp-bundle", "bundle", "deploy"], cwd=project, env=scripted.env)
    assert by_hand.returncode == 0
    write(project, {"src/pipelines/numbers.py": SOURCE + "# second\n"})
    commit(project)
    until(scripted, project, "deploy")
    done = scripted.call(project, "rollback", reason="second")
    assert "destroyed" not in done["summary"]
    assert scripted.deployed("person", "databricks.yml") != ""


@pytest.mark.guarantee("rollback")
def test_a_table_that_others_put_into_a_schema_of_the_run_keeps_the_rollback_from_destroying_it(scripted, tmp_path):
    project = mini(tmp_path / "p", "putin")
    until(scripted, project, "poll_status")
    schema = {"catalog_name": "main", "schema_name": "dev_engineer_putin", "name": "theirs", "volume_type": "MANAGED"}
    assert scripted.http("POST", "/api/2.1/unity-catalog/volumes", json=schema).ok
    done = scripted.call(project, "rollback", reason="not wanted")
    assert done["verdict"] == "inconclusive"
    assert "others put main.dev_engineer_putin.theirs into a schema that this run created" in done["summary"]
    theirs = "/api/2.1/unity-catalog/volumes/main.dev_engineer_putin.theirs"
    assert scripted.http("GET", theirs).ok
    assert scripted.deployed("putin", "databricks.yml") != ""
    scripted.http("DELETE", theirs)
    assert scripted.call(project, "rollback", reason="again")["verdict"] == "passed"
    assert scripted.deployed("putin", "databricks.yml") == ""


@pytest.mark.guarantee("rollback")
def test_what_somebody_deployed_after_this_run_is_left_as_it_is(scripted, tmp_path):
    project = mini(tmp_path / "p", "between")
    until(scripted, project, "deploy")
    write(project, {"src/pipelines/numbers.py": SOURCE + "# a colleague's\n"})
    path = project / "databricks.yml"
    path.write_text(path.read_text().replace("comment: Mini tables", "comment: Their tables"))
    by_hand = subprocess.run([SCRIPTS / "prp-mcp-bundle", "bundle", "deploy"], cwd=project, env=scripted.env)
    assert by_hand.returncode == 0
    done = scripted.call(project, "rollback", reason="not wanted")
    assert done["verdict"] == "inconclusive"
    assert "deployed by somebody else meanwhile" in done["summary"]
    assert "a colleague's" in scripted.deployed("between", "src/pipelines/numbers.py")


def test_uncommitted_changes_are_named_before_the_first_change(scripted, tmp_path):
    project = mini(tmp_path / "p", "dirty")
    write(project, {"src/extra.py": "x = 1\n"})
    done = until(scripted, project, "check_environment")
    assert "uncommitted changes: src/extra.py" in said(done)


class _Listener(BaseHTTPRequestHandler):
    seen: ClassVar[list] = []

    def do_GET(self):
        type(self).seen.append(self.headers.get("Authorization"))
        self.send_error(404)

    def log_message(self, *_):
        pass


@pytest.mark.guarantee("secrets")
def test_a_host_in_the_bundle_is_refused_and_never_sees_the_token(scripted, tmp_path):
    with HTTPServer(("127.0.0.1", 0), _Listener) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        project = mini(tmp_path / "p", "thief")
        path = project / "databricks.yml"
        path.write_text(path.read_text() + f"workspace:\n  host: http://127.0.0.1:{listener.server_port}\n")
        commit(project)
        done = until(scripted, project, "validate_bundle")
        listener.shutdown()
    assert "the bundle names another host" in said(done)
    assert _Listener.seen == []


@pytest.mark.guarantee("no-code")
def test_code_in_the_bundle_is_refused_before_anything_runs_it(scripted, tmp_path):
    project = mini(tmp_path / "p", "hooks")
    canary = tmp_path / "canary"
    path = project / "databricks.yml"
    path.write_text(path.read_text() + f"experimental:\n  scripts:\n    preinit: touch {canary}\n")
    commit(project)
    done = until(scripted, project, "validate_bundle")
    assert "`experimental.scripts` runs code from the bundle" in said(done)
    assert not canary.exists()


def test_a_warning_of_the_bundle_is_a_failure_with_its_line(scripted, tmp_path):
    project = mini(tmp_path / "p", "warns")
    path = project / "databricks.yml"
    path.write_text(path.read_text().replace("      serverless: true", "      serverless: true\n      catalogue: x"))
    commit(project)
    done = until(scripted, project, "validate_bundle")
    assert "warning: unknown field: catalogue" in said(done)
    assert "databricks.yml:2" in said(done)


def test_a_syntax_error_is_named_with_its_line_and_nothing_is_imported(scripted, tmp_path):
    project = mini(tmp_path / "p", "syntax", source=SOURCE + "\n\ndef broken(:\n    pass\n")
    done = until(scripted, project, "compile_check")
    assert "src/pipelines/numbers.py:10:" in said(done)


def test_a_repeated_deploy_changes_nothing_and_says_so(scripted, tmp_path):
    project = mini(tmp_path / "p", "repeat")
    first = until(scripted, project, "deploy")
    again = scripted.call(project, "deploy")
    assert again["repeated"] is True
    assert again["resources"] == first["resources"]


def test_an_expectation_that_was_not_measured_is_inconclusive_never_passed(scripted, tmp_path):
    dataset = "main.dev_engineer_unseen.numbers"
    script = [event("create_update"), table("numbers", "dev_engineer_unseen"), progress(dataset, rows=100)]
    project = mini(tmp_path / "p", "unseen", script)
    assert until(scripted, project, "poll_status")["verdict"] == "passed"
    done = scripted.call(project, "quality_metrics")
    assert done["verdict"] == "inconclusive"
    assert "numbers.small: the event log does not mention it" in said(done)


def test_an_update_that_names_no_dataset_is_inconclusive(scripted, tmp_path):
    project = mini(tmp_path / "p", "silent", [event("create_update")])
    assert until(scripted, project, "poll_status")["verdict"] == "inconclusive"


def test_a_table_without_a_comment_or_in_the_wrong_place_fails_governance(scripted, tmp_path):
    script = good_script("govern")
    script[1]["say"]["table"]["comment"] = ""
    project = mini(tmp_path / "p", "govern", script)
    until(scripted, project, "poll_status")
    assert scripted.call(project, "quality_metrics")["verdict"] == "passed"
    done = scripted.call(project, "check_governance")
    assert done["verdict"] == "failed"
    assert "it has no comment" in said(done)


@pytest.mark.guarantee("secrets")
def test_the_token_is_in_no_record_and_no_report(scripted, tmp_path):
    project = mini(tmp_path / "p", "token")
    assert scripted.run(project, "run", "mini").returncode == 0
    token = scripted.server.token.encode()
    stored = [path for path in scripted.state.iterdir() if path.is_file()]
    for path in [*stored, *(project / "PRPs").iterdir()]:
        assert token not in path.read_bytes(), path


def test_a_checklist_item_nobody_proved_keeps_the_run_open_until_it_is_attested(scripted, tmp_path):
    project = mini(tmp_path / "p", "attest")
    path = project / "PRPs/mini.md"
    path.write_text(path.read_text() + "- [ ] A person looked at the numbers\n")
    commit(project)
    until(scripted, project, "poll_status")
    for name in ("quality_metrics", "check_governance"):
        scripted.call(project, name)
    refused = scripted.call(project, "record_check", item="L1.9", evidence="It would have passed, I am sure.")
    assert refused["code"] == "usage"
    waiting = scripted.call(project, "run_validation")
    assert waiting["verdict"] == "running"
    assert [item["id"] for item in waiting["open"]] == ["C2"]
    assert scripted.call(project, "write_summary")["code"] == "closed"
    done = scripted.call(project, "record_check", item="C2", evidence="I looked at ten of them by hand.")
    assert done["verdict"] == "passed"
    summary = scripted.call(project, "write_summary")
    assert "| C2 | attested |" in (project / summary["summary_path"]).read_text()


@pytest.mark.guarantee("rollback")
def test_a_rollback_that_cannot_be_proven_says_so_and_can_be_called_again(scripted, tmp_path):
    project = mini(tmp_path / "p", "doubt")
    until(scripted, project, "deploy")
    match = {"method": "DELETE", "path": ".*/pipelines/.*"}
    fault = {
        "match": match,
        "action": "refuse",
        "status": 403,
        "body": {"error_code": "PERMISSION_DENIED", "message": "no"},
    }
    scripted.http("POST", "/__faults", json=fault)
    try:
        done = scripted.call(project, "rollback", reason="trying it")
    finally:
        scripted.http("DELETE", "/__faults")
    assert done["verdict"] == "inconclusive"
    assert done["steps"][-1]["state"] == "unverified"
    assert "pipelines" in done["steps"][-1]["what"]
    assert scripted.call(project, "run_status")["state"] == "open"
    assert scripted.call(project, "rollback", reason="again")["verdict"] in ("passed", "inconclusive")
    pipelines = scripted.http("GET", "/api/2.0/pipelines").json().get("statuses", [])
    ended = scripted.call(project, "run_status")["state"]
    assert (ended == "rolled back") == ("[dev engineer] doubt" not in [item["name"] for item in pipelines])


@pytest.mark.guarantee("nothing-lost")
def test_a_rollback_sets_the_work_tree_back_and_keeps_the_changes_on_a_branch(scripted, tmp_path):
    project = mini(tmp_path / "p", "restore")
    base = git(project, "rev-parse", "HEAD")
    until(scripted, project, "check_environment")
    write(project, {"src/pipelines/numbers.py": SOURCE + "# the agent's work\n", "src/new.py": "x = 1\n"})
    for name in STEPS[2:5]:
        assert scripted.call(project, name)["verdict"] == "passed"
    done = scripted.call(project, "rollback", reason="start over", restore_files=True)
    assert done["verdict"] == "passed"
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "rev-parse", "HEAD") == base
    kept = git(project, "show", f"{done['kept_branch']}:src/pipelines/numbers.py")
    assert kept.endswith("# the agent's work")
    assert git(project, "show", f"{done['kept_branch']}:src/new.py") == "x = 1"
    assert scripted.deployed("restore", "databricks.yml") == ""


def test_an_event_log_that_arrives_late_is_waited_for_and_costs_neither_an_attempt_nor_a_start(scripted, tmp_path):
    project = mini(tmp_path / "p", "late")
    until(scripted, project, "deploy")
    empty = {"match": {"method": "GET", "path": "/events"}, "times": 1000, "action": "refuse", "status": 200}
    before = scripted.starts()
    scripted.http("POST", "/__faults", json={**empty, "body": {"events": []}})
    try:
        scripted.call(project, "start_pipeline")
        while (done := scripted.call(project, "poll_status", wait_seconds=1))["state"] != "COMPLETED":
            assert done["verdict"] == "running"
        assert done["verdict"] == "running"
        assert "its event log has not arrived whole yet" in done["summary"]
        assert scripted.call(project, "start_pipeline")["code"] == "busy"
    finally:
        scripted.http("DELETE", "/__faults")
    assert scripted.call(project, "poll_status", wait_seconds=5)["verdict"] == "passed"
    assert scripted.starts(before) == 1


def test_an_event_log_that_never_arrives_is_inconclusive_and_undoes_nothing(scripted, tmp_path):
    project = mini(tmp_path / "p", "never", policy="[limits]\nevent_log_seconds = 1\n")
    empty = {"match": {"method": "GET", "path": "/events"}, "times": 1000, "action": "refuse", "status": 200}
    scripted.http("POST", "/__faults", json={**empty, "body": {"events": []}})
    try:
        done = scripted.run(project, "run", "mini")
    finally:
        scripted.http("DELETE", "/__faults")
    assert done.returncode == 1
    assert "inconclusive" in done.stdout
    assert "Rolled back" not in done.stdout
    assert scripted.deployed("never", "databricks.yml") != ""
