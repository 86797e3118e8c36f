"""The events of a pipeline, filtered and paged."""

import pytest


def event(number, level="INFO"):
    return {
        "id": f"event-{number}",
        "timestamp": f"2026-01-01T00:00:{number:02d}.000Z",
        "level": level,
        "event_type": "flow_progress",
        "details": {"flow_progress": {"metrics": {"num_output_rows": number}}},
    }


@pytest.fixture
def where(pipeline, workspace):
    pipeline_id = pipeline()
    for number in range(7):
        workspace.store.add_event(pipeline_id, f"u{number % 2}", event(number, ("INFO", "WARN", "ERROR")[number % 3]))
    return f"/api/2.0/pipelines/{pipeline_id}/events"


def ids(answer):
    return [int(row["id"].removeprefix("event-")) for row in answer["events"]]


def test_events_come_newest_first_and_whole(done, where):
    found = done("GET", where)
    assert ids(found) == [6, 5, 4, 3, 2, 1, 0]
    assert found["events"][0]["details"] == {"flow_progress": {"metrics": {"num_output_rows": 6}}}
    numbers = [row["sequence"]["data_plane_id"]["seq_no"] for row in found["events"]]
    assert numbers == sorted(numbers, reverse=True)


def test_a_page_leads_to_the_next_and_back(done, where):
    first = done("GET", where, max_results="3")
    second = done("GET", where, max_results="3", page_token=first["next_page_token"])
    assert (ids(first), ids(second)) == ([6, 5, 4], [3, 2, 1])
    assert ids(done("GET", where, max_results="3", page_token=second["prev_page_token"])) == [6, 5, 4]
    assert "prev_page_token" not in first


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("update_id = 'u1'", [5, 3, 1]),
        ("level='ERROR'", [5, 2]),
        ("level in ('ERROR','WARN')", [5, 4, 2, 1]),
        ("update_id = 'u0' AND level='INFO'", [6, 0]),
        ("timestamp > '2026-01-01T00:00:05.000Z'", [6]),
        ("timestamp >= '2026-01-01T00:00:05.000Z'", [6, 5]),
        ("timestamp < '2026-01-01T00:00:01.000Z'", [0]),
        ("id = 'event-4'", [4]),
        ("update_id = 'other'", []),
    ],
)
def test_events_are_filtered(done, where, wanted, found):
    assert ids(done("GET", where, filter=wanted)) == found


def test_a_page_keeps_filter_and_order(done, where):
    first = done("GET", where, filter="update_id = 'u0'", order_by="timestamp asc", max_results="2")
    assert ids(first) == [0, 2]
    assert ids(done("GET", where, page_token=first["next_page_token"], max_results="2")) == [4, 6]


@pytest.mark.parametrize(
    "query",
    [
        {"filter": "event_type = 'flow_progress'"},
        {"filter": "update_id = 'x' OR level = 'INFO'"},
        {"filter": "1=1; DROP TABLE events"},
        {"page_token": "WyIiLCAidGltZXN0YW1wIGRlc2MiLCAwXQ==", "filter": "level='INFO'"},
        {"page_token": "nonsense"},
        {"order_by": "level"},
        {"max_results": "many"},
    ],
)
def test_what_the_event_api_does_not_know_is_refused(refused, where, query):
    assert refused("GET", where, **query)[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_a_pipeline_that_is_not_there_has_no_events(refused):
    assert refused("GET", "/api/2.0/pipelines/nope/events")[0] == 404
