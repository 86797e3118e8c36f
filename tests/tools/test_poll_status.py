"""What the journal keeps of an update's event log."""

from prp_mcp.code.event_log import read_log
from prp_mcp.journal.evidence import PipelineRef
from prp_mcp.journal.runs import Update
from prp_mcp.tools.poll_status import update_run


def progress(name, status, rows):
    flow = {"status": status, "metrics": {"num_output_rows": rows}, "data_quality": {"dropped_records": 1}}
    return {"origin": {"dataset_name": name}, "details": {"flow_progress": flow}, "timestamp": "t"}


def test_states_are_judged_once_and_kept():
    definition = {"details": {"flow_definition": {"output_dataset": "c.s.v", "input_datasets": ["c.s.a"]}}}
    log = read_log([progress("c.s.a", "COMPLETED", 5), progress("c.s.b", "FAILED", 0), definition])
    kept = update_run(Update(PipelineRef("k", "id"), "u", "t"), log)
    assert kept.update == "u"
    assert [(item.short, item.rows, item.dropped, item.is_done, item.is_view) for item in kept.datasets] == [
        ("a", 5, 1, True, False),
        ("b", 0, 1, False, False),
        ("v", 0, 0, False, True),
    ]
    assert kept.datasets[2].inputs == ("c.s.a",)
