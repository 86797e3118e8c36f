"""Updates: their states, their events, and what becomes of a runner that misbehaves."""

import json
import os
import signal
import uuid

import pytest
from databricks.sdk.errors import ResourceConflict

from prp_mcp.local import control
from tests.local.conftest import RUNNER, Http, until

TERMINAL = ("COMPLETED", "FAILED", "CANCELED")


def state(name):
    return {"say": {"kind": "state", "state": name}}


def event(number, level="INFO", **more):
    body = {
        "id": f"event-{number}",
        "timestamp": f"2026-01-01T00:00:{number:02d}.000Z",
        "level": level,
        "event_type": "flow_progress",
        "message": f"event {number}",
        "details": {"flow_progress": {"metrics": {"num_output_rows": number}}},
        **more,
    }
    return {"say": {"kind": "event", "event": body}}


@pytest.fixture
def pipeline(http):
    """Make a pipeline whose updates follow a script of the scripted runner."""

    def make(*steps, **more):
        spec = {"name": f"p-{uuid.uuid4()}", "catalog": "main", "schema": "updates", **more}
        answer = http("POST", "/api/2.0/pipelines", json={**spec, "configuration": {"script": json.dumps(steps)}})
        assert answer.status_code == 200, answer.text
        made.append(answer.json()["pipeline_id"])
        return made[-1]

    made: list[str] = []
    yield make
    for pipeline_id in made:
        http("DELETE", f"/api/2.0/pipelines/{pipeline_id}")


def start(http, pipeline_id, **asked):
    answer = http("POST", f"/api/2.0/pipelines/{pipeline_id}/updates", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["update_id"]


def get(http, pipeline_id, update_id):
    return http("GET", f"/api/2.0/pipelines/{pipeline_id}/updates/{update_id}").json()["update"]


def ended(http, pipeline_id, update_id):
    def look():
        update = get(http, pipeline_id, update_id)
        return update if update["state"] in TERMINAL else None

    return until(look)


def events(http, pipeline_id, **query):
    return http("GET", f"/api/2.0/pipelines/{pipeline_id}/events", params=query)


def test_an_update_runs_to_completed_and_says_what_was_asked(client, http, pipeline, home):
    pipeline_id = pipeline(state("RUNNING"))
    started = client.pipelines.start_update(pipeline_id, parameters={"prp_mcp.intent": "i1"}, full_refresh=True)
    update = ended(http, pipeline_id, started.update_id)
    assert (update["state"], update["cause"], update["full_refresh"]) == ("COMPLETED", "API_CALL", True)
    assert update["parameters"] == {"prp_mcp.intent": "i1"}
    told = json.loads((home / "tmp" / "last_spec.json").read_text())
    assert told["update"]["full_refresh"] is True
    assert told["pipeline"]["pipeline_id"] == pipeline_id
    assert told["files_root"] == str(home / "files")
    found = client.pipelines.get(pipeline_id)
    assert found.state is not None
    assert (found.state.value, found.latest_updates[0].update_id) == ("IDLE", started.update_id)


def test_a_second_start_is_refused_while_one_is_active(client, http, pipeline):
    pipeline_id = pipeline(state("RUNNING"), {"sleep": 600})
    first = start(http, pipeline_id)
    with pytest.raises(ResourceConflict, match=first):
        client.pipelines.start_update(pipeline_id)
    client.pipelines.stop_and_wait(pipeline_id)
    assert ended(http, pipeline_id, first)["state"] == "CANCELED"
    assert start(http, pipeline_id)


def test_updates_of_two_pipelines_queue_and_a_waiting_one_cancels_at_once(http, pipeline):
    running, waiting = pipeline(state("RUNNING"), {"sleep": 600}), pipeline()
    first = start(http, running)
    until(lambda: get(http, running, first)["state"] == "RUNNING")
    second = start(http, waiting)
    assert get(http, waiting, second)["state"] == "WAITING_FOR_RESOURCES"
    http("POST", f"/api/2.0/pipelines/{waiting}/stop")
    assert get(http, waiting, second)["state"] == "CANCELED"
    http("POST", f"/api/2.0/pipelines/{running}/stop")
    assert ended(http, running, first)["state"] == "CANCELED"


def test_a_runner_that_dies_fails_the_update_with_the_end_of_its_log(http, pipeline):
    pipeline_id = pipeline(state("RUNNING"), {"print": "java.lang.OutOfMemoryError"}, {"exit": 3})
    update = ended(http, pipeline_id, start(http, pipeline_id))
    assert update["state"] == "FAILED"
    found = events(http, pipeline_id, filter="level='ERROR'").json()["events"]
    assert "OutOfMemoryError" in found[0]["error"]["exceptions"][0]["message"]
    assert found[0]["details"]["update_progress"]["state"] == "FAILED"


def test_a_killed_runner_is_replaced_and_the_next_update_works(http, pipeline, home):
    pipeline_id = pipeline(state("RUNNING"), {"sleep": 600})
    first = start(http, pipeline_id)
    until(lambda: get(http, pipeline_id, first)["state"] == "RUNNING")
    told = home / "logs" / "verbs.jsonl"
    before = told.read_text().count('"stop"') if told.exists() else 0
    runner = until(lambda: _runner_pid(home))
    os.kill(runner, signal.SIGKILL)
    assert ended(http, pipeline_id, first)["state"] == "FAILED"
    until(lambda: told.exists() and told.read_text().count('"stop"') == before + 1)
    other = pipeline()
    assert ended(http, other, start(http, other))["state"] == "COMPLETED"


def test_a_runner_that_ignores_the_cancel_is_killed_and_counts_as_canceled(http, pipeline):
    pipeline_id = pipeline({"ignore": "SIGTERM"}, state("RUNNING"), {"sleep": 600})
    update_id = start(http, pipeline_id)
    until(lambda: get(http, pipeline_id, update_id)["state"] == "RUNNING")
    http("POST", f"/api/2.0/pipelines/{pipeline_id}/stop")
    assert get(http, pipeline_id, update_id)["state"] == "STOPPING"
    assert ended(http, pipeline_id, update_id)["state"] == "CANCELED"


def test_nonsense_from_a_runner_is_reported_and_does_not_stop_the_update(http, pipeline):
    pipeline_id = pipeline({"raw": "not json"}, {"raw": '{"kind": "state", "state": "DANCING"}'}, event(1))
    assert ended(http, pipeline_id, start(http, pipeline_id))["state"] == "COMPLETED"
    found = [e["message"] for e in events(http, pipeline_id).json()["events"]]
    assert sum("was not understood" in message for message in found) == 2
    assert {"event 1", "Update is COMPLETED."} < set(found)
    assert len(found) == 4


def test_a_restart_fails_the_update_whose_runner_is_gone(tmp_path):
    http = Http(first := control.start(tmp_path, runner=RUNNER))
    spec = {"name": "p", "catalog": "main", "schema": "s"}
    script = json.dumps([state("RUNNING"), {"sleep": 600}])
    pipeline_id = http("POST", "/api/2.0/pipelines", json={**spec, "configuration": {"script": script}}).json()[
        "pipeline_id"
    ]
    update_id = start(http, pipeline_id)
    until(lambda: get(http, pipeline_id, update_id)["state"] == "RUNNING")
    runner = until(lambda: _runner_pid(tmp_path))
    os.kill(first.pid, signal.SIGKILL)
    http = Http(control.start(tmp_path, runner=RUNNER))
    try:
        assert get(http, pipeline_id, update_id)["state"] == "FAILED"
        message = events(http, pipeline_id).json()["events"][0]["message"]
        assert "did not survive a restart" in message
        until(lambda: not _alive(runner))
        assert http("GET", f"/api/2.0/pipelines/{pipeline_id}").json()["state"] == "IDLE"
    finally:
        control.stop(tmp_path)


def _runner_pid(home):
    import sqlite3

    with sqlite3.connect(f"file:{home / 'workspace.db'}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT body FROM documents WHERE kind = 'updates'").fetchall()
    connection.close()
    active = [json.loads(row[0]) for row in rows]
    pids = [update["runner"]["pid"] for update in active if update["state"] not in TERMINAL and "runner" in update]
    return pids[0] if pids else None


def _alive(pid):
    from prp_mcp import process

    return process.identity(pid) is not None
