"""Updates: their states, their events, and what becomes of a runner that misbehaves."""

import json
import os
import signal
import uuid

import pytest
from databricks.sdk.errors import NotFound, ResourceConflict

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
    assert len(found) == 3
    assert sum("was not understood" in message for message in found) == 2


def test_events_keep_their_details_and_page_in_both_directions(http, pipeline):
    pipeline_id = pipeline(*[event(number) for number in range(7)])
    ended(http, pipeline_id, start(http, pipeline_id))
    first = events(http, pipeline_id, max_results=3).json()
    assert [e["id"] for e in first["events"]] == ["event-6", "event-5", "event-4"]
    assert first["events"][0]["details"] == {"flow_progress": {"metrics": {"num_output_rows": 6}}}
    second = events(http, pipeline_id, max_results=3, page_token=first["next_page_token"]).json()
    assert [e["id"] for e in second["events"]] == ["event-3", "event-2", "event-1"]
    rising = events(http, pipeline_id, order_by="timestamp asc", filter="timestamp > '2026-01-01T00:00:05.000Z'")
    assert [e["id"] for e in rising.json()["events"]] == ["event-6"]
    numbers = [e["sequence"]["data_plane_id"]["seq_no"] for e in first["events"]]
    assert numbers == sorted(numbers, reverse=True)


def test_events_are_filtered_by_update_and_level(http, pipeline):
    pipeline_id = pipeline(event(1), event(2, "ERROR"), event(3, "WARN"))
    update_id = start(http, pipeline_id)
    ended(http, pipeline_id, update_id)
    one = events(http, pipeline_id, filter=f"update_id = '{update_id}' AND level='ERROR'").json()
    assert [e["id"] for e in one["events"]] == ["event-2"]
    two = events(http, pipeline_id, filter="level in ('ERROR','WARN')").json()
    assert [e["id"] for e in two["events"]] == ["event-3", "event-2"]
    assert events(http, pipeline_id, filter="update_id = 'other'").json()["events"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"filter": "event_type = 'flow_progress'"},
        {"filter": "update_id = 'x' OR level = 'INFO'"},
        {"filter": "1=1; DROP TABLE events"},
        {"page_token": "WyIiLCAidGltZXN0YW1wIGRlc2MiLCAwXQ==", "filter": "level='INFO'"},
        {"page_token": "nonsense"},
        {"order_by": "level"},
    ],
)
def test_what_the_event_api_does_not_know_is_refused(http, pipeline, query):
    assert events(http, pipeline(), **query).status_code == 400


def test_a_published_table_appears_in_the_catalog_and_goes_with_its_pipeline(client, http, pipeline, home):
    columns = [{"name": "id", "type_text": "bigint", "type_name": "LONG", "position": 0, "nullable": True}]
    table = {
        "catalog_name": "main",
        "schema_name": "published",
        "name": "orders",
        "table_type": "STREAMING_TABLE",
        "columns": columns,
        "comment": "All orders",
    }
    pipeline_id = pipeline({"say": {"kind": "table", "table": table}})
    ended(http, pipeline_id, start(http, pipeline_id))
    found = client.tables.get("main.published.orders")
    assert (found.owner, found.pipeline_id, found.comment) == ("engineer@example.com", pipeline_id, "All orders")
    assert client.tables.exists("main.published.orders").table_exists is True
    assert [t.name for t in client.tables.list("main", "published")] == ["orders"]
    client.pipelines.delete(pipeline_id)
    assert client.tables.exists("main.published.orders").table_exists is False
    verbs = [json.loads(line) for line in (home / "logs" / "verbs.jsonl").read_text().splitlines()]
    assert {"tables": ["main.published.orders"], "warehouse": str(home / "warehouse")} in [
        verb["given"] for verb in verbs if verb["verb"] == "drop"
    ]
    with pytest.raises(NotFound):
        client.pipelines.get(pipeline_id)


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


def test_pipeline_names_are_unique_unless_asked_otherwise(client, http, pipeline):
    pipeline_id = pipeline(name="taken")
    with pytest.raises(ResourceConflict, match="already used"):
        client.pipelines.create(name="taken", catalog="main", schema="s")
    second = client.pipelines.create(name="taken", catalog="main", schema="s", allow_duplicate_names=True)
    client.pipelines.delete(second.pipeline_id)
    listed = [row.pipeline_id for row in client.pipelines.list_pipelines(filter="name LIKE '%take%'")]
    assert listed == [pipeline_id]


def test_a_pipeline_in_an_unknown_catalog_is_refused(client):
    with pytest.raises(NotFound, match="Catalog 'nope' does not exist"):
        client.pipelines.create(name="lost", catalog="nope", schema="s")


def test_the_specification_comes_back_exactly_as_given(http, pipeline):
    given = {"tags": {"b": "1", "a": ""}, "libraries": [{"glob": {"include": "/Workspace/x/**"}}], "photon": False}
    pipeline_id = pipeline(**given)
    spec = http("GET", f"/api/2.0/pipelines/{pipeline_id}").json()["spec"]
    assert {key: spec[key] for key in given} == given


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
