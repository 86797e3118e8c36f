"""Reading a raw event log."""

from prp_mcp.code.event_log import cause, read_log
from prp_mcp.remote.bundle import diagnostics


def flow(dataset, status="COMPLETED", rows=None, expectations=(), dropped=0):
    progress = {"status": status, "metrics": {} if rows is None else {"num_output_rows": rows}}
    if expectations:
        counted = [
            dict(zip(("name", "dataset", "passed_records", "failed_records"), x, strict=True)) for x in expectations
        ]
        progress["data_quality"] = {"dropped_records": dropped, "expectations": counted}
    return {"origin": {"dataset_name": dataset}, "details": {"flow_progress": progress}, "level": "INFO"}


def test_increments_are_summed_and_a_second_object_of_zeroes_changes_nothing():
    log = read_log(
        [
            flow("main.s.t", "RUNNING", 10, [("e", "t", 8, 2)], dropped=2),
            flow("main.s.t", "RUNNING", 5, [("e", "t", 5, 0)]),
            flow("main.s.t", "COMPLETED", 0, [("e", "t", 0, 0)]),
        ]
    )
    dataset = log.datasets["main.s.t"]
    assert (dataset.rows, dataset.dropped, dataset.state) == (15, 2, "COMPLETED")
    assert (dataset.expectations["e"].passed, dataset.expectations["e"].failed) == (13, 2)


def test_a_cause_names_dataset_text_and_source_location():
    error = {
        "level": "ERROR",
        "message": "Flow failed",
        "origin": {"dataset_name": "silver"},
        "error": {
            "exceptions": [{"class_name": "a.b.AnalysisException", "message": "no column\nat src/x/orders.py:41"}]
        },
    }
    assert cause(read_log([error])) == "silver: AnalysisException: no column (src/x/orders.py:41)"


def test_no_events_give_no_datasets_and_no_cause():
    log = read_log([])
    assert (dict(log.datasets), cause(log)) == ({}, "")


def test_diagnostics_carry_severity_place_and_path():
    text = "Warning: unknown field: catalogue\n  at resources.pipelines.p\n  in resources/p.yml:11:7\n\nError: bad\n"
    first, second = diagnostics(text)
    assert (first.severity, first.text, first.at, first.where) == (
        "warning", "unknown field: catalogue", "resources.pipelines.p", "resources/p.yml:11:7",
    )  # fmt: skip
    assert (second.severity, second.text) == ("error", "bad")
