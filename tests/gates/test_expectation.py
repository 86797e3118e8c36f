"""What a PRP expects of a command, held against what the command left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prp_mcp.gates.expectation import Observed, judge

COUNT = "SELECT COUNT(*) FROM main.silver.claims WHERE customer_id IS NULL"
LISTING = "SELECT claim_id, amount FROM main.silver.claims"


def lone(value: str, statement: str = COUNT) -> Observed:
    """Return a SQL result of one row with one value."""
    return Observed(0, rows=((value,),), statement=statement)


def listed(count: int) -> Observed:
    """Return a SQL result of rows with two columns."""
    return Observed(0, rows=tuple((str(n), "x") for n in range(count)), statement=LISTING)


@pytest.mark.parametrize(
    ("expected", "observed", "verdict"),
    [
        *((text, Observed(0), "met") for text in ("All tests pass", "No errors", "zero violations", "OK", "Success")),
        ("No errors. If errors exist, READ the output and fix them first.", Observed(0), "met"),
        ("No type errors", Observed(0, "warning: 1 note"), "met"),
        ("The bundle validates successfully", Observed(0), "met"),
        ("Success: no issues found", Observed(0), "met"),
        ("exit code 0", Observed(0), "met"),
        ("Exit 0, no errors", Observed(0), "met"),
        ("exit 1 and no output", Observed(1), "met"),
        ("exit 1 and no output", Observed(1, "x"), "unmet"),
        ("All 3 tests pass", Observed(0, counts={"passed": 2}), "unmet"),
        ("exits with 1", Observed(1), "met"),
        ("exits with 1", Observed(0), "unmet"),
        ("exits with 1", Observed(2), "unmet"),
        ("non-zero exit", Observed(0), "unclear"),
        ("exit code non-zero", Observed(3), "met"),
        ("It should fail", Observed(1), "met"),
        ("It should fail", Observed(0), "unmet"),
        ("All tests pass", Observed(1), "unmet"),
        (None, Observed(0), "met"),
        (None, Observed(2), "unmet"),
        ('output contains "3 tables"', Observed(0, "found 3 tables"), "met"),
        ('output contains "3 tables"', Observed(0, "found 4 tables"), "unmet"),
        ("`Validation OK!`", Observed(0, "Validation OK!"), "met"),
        ("prints 'ready'", Observed(0, "starting"), "unmet"),
        ("Pipeline state: COMPLETED", Observed(0, '{"state": "COMPLETED"}'), "met"),
        ("Pipeline state: COMPLETED", Observed(0, '{"state": "FAILED"}'), "unmet"),
        ("state COMPLETED", Observed(0, "INCOMPLETED"), "unmet"),
        ('{"ok": true}', Observed(0, '{ "ok": true }'), "met"),
        ('{"ok": true}', Observed(0, '{ "ok": false }'), "unmet"),
        ('{"ok": true}', Observed(0, "not JSON"), "unmet"),
        ("no output", Observed(0, " \n"), "met"),
        ("no output", Observed(0, "x"), "unmet"),
        ("12 passed", Observed(0, counts={"passed": 12}), "met"),
        ("12 passed", Observed(0, counts={"passed": 11}), "unmet"),
        ("12 tests pass", Observed(0, counts={"passed": 12}), "met"),
        ("12 passed", Observed(0, "12 passed in 1 s"), "unclear"),
        ("should be 0", Observed(0, "0\n"), "met"),
        ("should be 0", Observed(0, "7"), "unmet"),
        ("should be 0", Observed(0, "rows: 0"), "unclear"),
    ],
)
def test_a_command_is_judged_by_what_is_expected_of_it(expected, observed, verdict):
    assert judge(expected, observed).verdict == verdict


@pytest.mark.parametrize(
    ("expected", "observed", "verdict"),
    [
        ("Zero orphaned claims", lone("0"), "met"),
        ("Zero orphaned claims", lone("3"), "unmet"),
        ("Zero orphaned claims", listed(0), "met"),
        ("Zero orphaned claims", listed(2), "unmet"),
        ("no duplicates", lone("0"), "met"),
        ("No orphaned records should exist", lone("1"), "unmet"),
        ("0 rows", listed(0), "met"),
        ("0 rows", listed(1), "unmet"),
        ("empty result set", listed(0), "met"),
        ("nothing", listed(1), "unmet"),
        ("> 0 rows", lone("50312"), "met"),
        ("> 0 rows", lone("0"), "unmet"),
        ("non-empty", listed(0), "unmet"),
        ("at least 5 rows", listed(5), "met"),
        ("at least 5 rows", listed(4), "unmet"),
        ("10,000+ rows", lone("10000"), "met"),
        ("10,000+ rows", lone("9999"), "unmet"),
        ("fewer than 3 rows", listed(3), "unmet"),
        ("between 100 and 200 rows", lone("150"), "met"),
        ("between 100 and 200 rows", lone("201"), "unmet"),
        ("3 tables (bronze, silver, gold)", listed(3), "met"),
        ("three tables", listed(2), "unmet"),
        ("row count > 0", lone("1"), "met"),
        (">= 99.5%", lone("99.7", "SELECT round(100.0 * avg(ok), 1) FROM t"), "met"),
        (">= 99.5%", lone("0.997", "SELECT avg(ok) FROM t"), "met"),
        (">= 99.5%", lone("0.99", "SELECT avg(ok) FROM t"), "unmet"),
        ("quality_score >= 0.995", lone("0.996", "SELECT avg(ok) FROM t"), "met"),
        ("`orders`", Observed(0, rows=(("orders", "x"),)), "met"),
        ("`orders`", Observed(0, rows=(("clicks", "x"),)), "unmet"),
        ("All valid", listed(3), "unclear"),
        (None, listed(3), "unclear"),
        ("Balanced totals per region", listed(3), "unclear"),
    ],
)
def test_a_query_is_judged_by_its_rows_and_never_by_having_run(expected, observed, verdict):
    assert judge(expected, observed).verdict == verdict


def test_one_number_that_may_be_a_count_or_a_finding_is_judged_only_where_both_readings_agree():
    finding = "SELECT claim_id FROM claims WHERE amount < 0"
    assert judge("zero rows", lone("0", finding)).verdict == "unclear"
    assert judge("zero rows", lone("17", finding)).verdict == "unmet"
    assert judge("at least 1 row", lone("17", finding)).verdict == "met"


def test_what_cannot_be_decided_is_named_and_advice_is_not():
    judgement = judge("All tests pass; dashboards look right. If not, call the data team.", Observed(0))
    assert judgement.verdict == "unclear"
    assert judgement.unchecked == ("dashboards look right",)


def test_a_failed_statement_wins_over_an_undecided_one():
    assert judge("dashboards look right; exits with 2", Observed(0)).verdict == "unmet"


@pytest.mark.parametrize("said", ["200 OK", "All integrations work, proper responses", "Healthy cluster"])
def test_a_statement_nobody_can_decide_is_left_to_a_reader(said):
    assert judge(said, Observed(0, "7")).verdict == "unclear"


@given(st.text(max_size=300), st.text(max_size=60))
def test_any_text_is_judged(expected, output):
    assert judge(expected, Observed(0, output)).verdict in ("met", "unmet", "unclear")
    assert judge(expected, Observed(0, rows=((output,),), statement=COUNT)).verdict in ("met", "unmet", "unclear")
