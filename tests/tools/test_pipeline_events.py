"""Events are shown with their root cause, and chosen by level and dataset."""

import pytest

from prp_mcp.tools.pipeline_events import EventArguments, event_row, fits

ERROR = {
    "timestamp": "2026-01-01T00:00:00Z",
    "level": "ERROR",
    "message": "Update failed.",
    "origin": {"dataset_name": "main.shop.orders"},
    "error": {"exceptions": [{"class_name": "a.b.ValueError", "message": "no amount\n at src/etl/orders.py:7"}]},
}


def test_an_error_is_told_by_its_cause_and_place():
    row = event_row(ERROR)
    assert (row.dataset, row.text) == ("orders", "ValueError: no amount src/etl/orders.py:7")


def test_an_event_without_anything_is_an_empty_row():
    assert event_row({}).model_dump() == {"time": "", "level": "", "dataset": "", "text": ""}


@pytest.mark.parametrize(
    ("level", "least", "shown"),
    [
        ("ERROR", "ERROR", True),
        ("WARN", "ERROR", False),
        ("WARN", "INFO", True),
        ("METRICS", "INFO", False),
        ("FATAL", "ERROR", True),  # one nobody knows is never hidden
    ],
)
def test_events_are_chosen_by_the_least_level(level, least, shown):
    assert fits(event_row({**ERROR, "level": level}), EventArguments(level=least)) is shown


def test_events_are_chosen_by_the_short_name_of_their_dataset():
    assert fits(event_row(ERROR), EventArguments(dataset="orders"))
    assert not fits(event_row(ERROR), EventArguments(dataset="customers"))
