"""Expectations are judged by what was counted: every one seen, each against its threshold, never by a rounded rate."""

import pytest

from prp_mcp.code.event_log import DatasetLog, ExpectationCount, UpdateLog
from prp_mcp.code.facts import CodeFacts, ExpectationFact, SourceFacts
from prp_mcp.gates.order import Verdict
from prp_mcp.journal.evidence import Measured, MeasuredDataset
from prp_mcp.policy import QualityPolicy
from prp_mcp.tools.quality_metrics import judged, measured, missing

FACTS = CodeFacts(
    (
        SourceFacts(
            "src/orders.py",
            expectations=(
                ExpectationFact("orders", "positive", "drop", "x > 0", 7),
                ExpectationFact("orders", None, "warn", None, 9),
            ),
        ),
    )
)


def log(passed: int, failed: int, *, rows: int = 10, name: str = "positive") -> DatasetLog:
    counts = {name: ExpectationCount(name, passed, failed)}
    return DatasetLog("main.shop.orders", "COMPLETED", rows, 3, measured=True, expectations=counts)


@pytest.mark.parametrize(
    ("passed", "failed", "rate", "is_low"),
    [
        (95, 5, 0.95, False),
        (94, 6, 0.94, True),
        (0, 0, None, False),
        (9_499_999, 500_001, 0.95, True),
        (0, 9, 0.0, True),
    ],
)
def test_a_rate_is_low_by_the_counts(passed, failed, rate, is_low):
    found = measured(log(passed, failed), FACTS, QualityPolicy(), {})
    assert (found.name, found.rows, found.dropped) == ("orders", 10, 3)
    (item,) = found.expectations
    assert (item.rate, item.is_low, item.action, item.threshold) == (rate, is_low, "drop", 0.95)


def test_an_expectation_that_no_source_names_is_computed():
    (item,) = measured(log(1, 0, name="made_up"), FACTS, QualityPolicy(), {}).expectations
    assert item.action == "computed"


@pytest.mark.parametrize(
    ("logs", "why"),
    [
        ([], "the event log does not mention it"),
        ([log(0, 0)], "the event log does not mention it"),
        ([log(0, 0, rows=0)], "no new record was processed"),
        ([log(3, 0)], None),
        ([log(0, 0), log(2, 1)], None),
    ],
)
def test_an_expectation_of_the_sources_must_have_been_measured(logs, why):
    found = missing([UpdateLog({each.name: each}, ()) for each in logs], FACTS)
    assert [(item.at, item.text) for item in found] == ([("src/orders.py:7", f"orders.positive: {why}")] if why else [])


def dataset(*items: Measured) -> list[MeasuredDataset]:
    return [MeasuredDataset("orders", 10, 3, items)]


GOOD = Measured("good", "warn", 99, 1, 0.99, 0.95)
LOW = Measured("low", "warn", 9, 1, 0.9, 0.95, is_low=True)
IDLE = Measured("idle", "warn", 0, 0, None, 0.95)


@pytest.mark.parametrize(
    ("items", "complete", "verdict", "says"),
    [
        ((GOOD,), True, Verdict.PASSED, "1 expectations hold; lowest good 99.00%; 3 records dropped."),
        ((GOOD, LOW), True, Verdict.FAILED, "1 of 2 expectations are below their threshold."),
        ((LOW, IDLE), False, Verdict.FAILED, "1 of 1"),
        ((GOOD,), False, Verdict.INCONCLUSIVE, "The event log is cut off."),
        ((GOOD, IDLE), True, Verdict.INCONCLUSIVE, "1 expectations were not measured."),
        ((), True, Verdict.INCONCLUSIVE, "No expectation was measured"),
    ],
)
def test_only_what_was_measured_and_is_high_enough_passes(items, complete, verdict, says):
    outcome = judged(dataset(*items), [], complete=complete)
    assert outcome.verdict is verdict
    assert says in outcome.summary


def test_what_was_not_measured_is_told_once():
    unseen = missing([], FACTS)
    idle = Measured("positive", "drop", 0, 0, None, 0.95)
    assert len(judged(dataset(GOOD, idle), unseen, complete=True).findings) == 1
