"""What the journal keeps of an update's event log."""

import pytest

from prp_mcp.code.event_log import read_log
from prp_mcp.gates.order import Verdict
from prp_mcp.journal.evidence import PipelineRef
from prp_mcp.journal.runs import Update
from prp_mcp.tools.poll_status import completed_verdict, update_run


def progress(name, status, rows):
    flow = {"status": status, "metrics": {"num_output_rows": rows}, "data_quality": {"dropped_records": 1}}
    return {"origin": {"dataset_name": name}, "details": {"flow_progress": flow}, "timestamp": "t"}


def test_states_are_judged_once_and_kept():
    flow = {"flow_definition": {"output_dataset": "c.s.v", "input_datasets": ["c.s.a"]}}
    definition = {"details": flow, "timestamp": "t"}
    log = read_log([progress("c.s.a", "COMPLETED", 5), progress("c.s.b", "FAILED", 0), definition])
    kept = update_run(Update(PipelineRef("k", "id"), "u", "t"), log)
    assert kept.update == "u"
    assert [(item.short, item.rows, item.dropped, item.is_done, item.is_view) for item in kept.datasets] == [
        ("a", 5, 1, True, False),
        ("b", 0, 1, False, False),
        ("v", 0, 0, False, True),
    ]
    assert kept.datasets[2].inputs == ("c.s.a",)


def log(*events):
    return read_log(events)


def ended(state):
    return {"details": {"update_progress": {"state": state}}, "timestamp": "z"}


ERROR = {"level": "ERROR", "message": "a flow was tried again", "timestamp": "t"}
DONE = progress("c.s.a", "COMPLETED", 5)
VIEW = {"details": {"flow_definition": {"output_dataset": "c.s.v"}}}


@pytest.mark.parametrize(
    ("events", "is_whole", "verdict", "says"),
    [
        ((DONE, VIEW), True, Verdict.PASSED, ""),
        ((DONE,), False, Verdict.INCONCLUSIVE, "cut off"),
        ((), True, Verdict.INCONCLUSIVE, "no dataset that was written"),
        ((VIEW,), True, Verdict.INCONCLUSIVE, "no dataset that was written"),
        ((DONE, ERROR), True, Verdict.INCONCLUSIVE, "has 1 errors"),
        *[
            ((DONE, progress("c.s.b", state, 0)), True, Verdict.FAILED, "b did not complete")
            for state in ("FAILED", "SKIPPED", "STOPPED", "CANCELED")
        ],
        *[
            ((DONE, progress("c.s.b", state, 0)), True, Verdict.INCONCLUSIVE, f"b ({state})")
            for state in ("RUNNING", "QUEUED", "STARTING", "IDLE", "EXCLUDED", "A STATE NOBODY KNOWS")
        ],
        ((progress("c.s.b", "FAILED", 0),), False, Verdict.FAILED, "b did not complete"),
    ],
)
def test_an_update_that_says_completed_passes_only_when_every_flow_was_seen_to_complete(
    events, is_whole, verdict, says
):
    found, why = completed_verdict(log(*events), is_whole=is_whole)
    assert found is verdict
    assert says in why


def test_events_count_once_and_by_their_time_however_they_arrive():
    first = {**progress("c.s.a", "RUNNING", 3), "id": "1", "timestamp": "2026-01-01T00:00:01Z"}
    last = {**progress("c.s.a", "COMPLETED", 4), "id": "2", "timestamp": "2026-01-01T00:00:02Z"}
    for events in ((first, last), (last, first), (first, last, last, first)):
        (item,) = log(*events).datasets.values()
        assert (item.state, item.rows) == ("COMPLETED", 7)
    assert log(first).ended == ""
    assert log(first, ended("COMPLETED"), last).ended == "COMPLETED"
    assert log(ended("RUNNING")).ended == ""
