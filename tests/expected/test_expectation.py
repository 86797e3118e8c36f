"""What a PRP expects of a command, held against what the command left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prp_mcp.expected.judgement import LONGEST, Observed, hold_against

COUNT = "SELECT COUNT(*) FROM main.silver.claims WHERE customer_id IS NULL"
ALL = "SELECT COUNT(*) FROM main.gold.claims"
LISTING = "SELECT claim_id, amount FROM main.silver.claims WHERE customer_id IS NULL"
TWO = "SELECT COUNT(*) AS n, SUM(amount) AS total FROM main.gold.claims"
GROUPED = "SELECT region, count_if(is_twice) FROM t GROUP BY region"
AVERAGE = "SELECT avg(ok) FROM t"


def lone(value: str, statement: str = COUNT) -> Observed:
    """Return a SQL result of one row with one value."""
    return Observed(0, rows=((value,),), statement=statement)


def listed(count: int, statement: str = LISTING) -> Observed:
    """Return a SQL result of rows with two columns."""
    return Observed(0, rows=tuple((str(n), "x") for n in range(count)), statement=statement)


def ran(passed: int, failed: int = 0, errors: int = 0, exit: int = 0) -> Observed:
    """Return what a run of tests left."""
    return Observed(exit, counts={"passed": passed, "failed": failed, "errors": errors, "skipped": 0})


UNDERSTOOD = [
    *((text, Observed(0)) for text in ("All tests pass", "No errors", "zero violations", "OK", "Success", "passed")),
    ("No type errors", Observed(0, "warning: 1 note")),
    ("The bundle validates successfully", Observed(0)),
    ("exits cleanly", Observed(0)),
    ("Validation OK!", Observed(0, "Validation OK!")),
    ("Success: no issues found", Observed(0, "Success: no issues found in 3 source files")),
    ("exit code 0", Observed(0)),
    ("exit 0, no errors", Observed(0)),
    ("Exit 0, no errors or warnings", Observed(0)),
    ("exit 1 and no output", Observed(1)),
    ("exits with 1", Observed(1)),
    ("exit code non-zero", Observed(3)),
    ("non-zero exit", Observed(3)),
    ("It should fail", Observed(1)),
    ("2 failed", ran(1, failed=2, exit=1)),
    ("12 passed", ran(12)),
    ("12 tests pass", ran(12)),
    ("five passed", ran(5)),
    ("12 passed, 0 failed", ran(12)),
    ("no errors", ran(3)),
    ('output contains "3 tables"', Observed(0, "found 3 tables")),
    ("`Validation OK!`", Observed(0, "Validation OK!")),
    ("does not contain 'ERROR'", Observed(0, "all is well")),
    ("no 'ERROR' in the output", Observed(0, "all is well")),
    ("output: 'ready'", Observed(0, "ready\n")),
    ("prints 'OK'", Observed(0, "it is OK now")),
    ("Pipeline state: COMPLETED", Observed(0, '{"state": "COMPLETED"}')),
    ("the state is IDLE", Observed(0, "IDLE")),
    ("state COMPLETED", Observed(0, "CREATED_AT: 7, state: COMPLETED")),
    ("COMPLETED", Observed(0, rows=(("COMPLETED",), ("COMPLETED",)))),
    ('{"ok": true}', Observed(0, '{ "ok": true }')),
    ("no output", Observed(0, " \n")),
    ("no rows", Observed(0, "")),
    ("should be 0", Observed(0, "0\n")),
    ("Should return 0", Observed(0, "0")),
    ("Should return 0 rows", Observed(0, "0")),
    ("`0`", Observed(0, "0")),
    (">= 95%", Observed(0, "97.5%")),
    ("no orphans", Observed(0, "0")),
    ("0", lone("0")),
    ("Should return 0", lone("0")),
    ("Must be zero", lone("0")),
    ("`0`", lone("0")),
    ("Zero orphaned claims", lone("0")),
    ("Zero orphaned claims", listed(0)),
    ("zero orphans", lone("0", "SELECT COUNT(*) FROM silver.orphans")),
    ("zero violations", lone("0")),
    ("no duplicates", lone("0")),
    ("No orphaned records should exist", lone("0")),
    ("Zero null ids", lone("0")),
    ("no duplicate order ids found", listed(0)),
    ("0 rows", listed(0)),
    ("0", listed(0)),
    ("there should be no rows", listed(0)),
    ("empty result set", listed(0)),
    ("> 0 rows", lone("50312")),
    ("> 0", lone("5")),
    ("more than 500 rows", lone("501", ALL)),
    ("1 row", lone("1")),
    ("at least 1 row", lone("17", "SELECT claim_id FROM claims WHERE amount < 0")),
    ("non-empty", listed(1)),
    ("at least 5 rows", listed(5)),
    ("at least 500 rows", lone("500", ALL)),
    ("500 or more rows", lone("500", ALL)),
    ("no more than 5 rows", listed(5)),
    ("10,000+ rows", lone("10000")),
    ("between 100 and 200 rows", lone("150")),
    ("3 tables", Observed(0, rows=(("a",), ("b",), ("c",)), statement="SHOW TABLES IN main.gold")),
    ("row count > 0", lone("1")),
    (">= 99.5%", lone("99.7", "SELECT round(100.0 * avg(ok), 1) FROM t")),
    (">= 99.5%", lone("0.997", AVERAGE)),
    ("quality_score >= 0.995", lone("0.996", AVERAGE)),
    ("lag_days < 3", lone("2", "SELECT MAX(lag_days) FROM t")),
    ("`orders`", Observed(0, rows=(("orders", "x"),))),
]


@pytest.mark.parametrize(("expected", "observed"), UNDERSTOOD)
def test_what_is_understood_whole_and_holds_is_met(expected, observed):
    assert hold_against(expected, observed).verdict == "met"


@pytest.mark.parametrize(("expected", "observed"), UNDERSTOOD)
@pytest.mark.parametrize(
    "twist",
    [
        *(
            "not {}",
            "it must never be the case that {}",
            "{} is a failure",
            "{} means a bug",
            "unless {}",
            "{}; or not",
        ),
        *("never {}", "{} (never)", "{} except on Mondays", "!{}", "{} instead of the rest", "\u274c {}", "{}?"),
    ],
)
def test_what_is_understood_is_not_met_by_its_negation(expected, observed, twist):
    assert hold_against(twist.format(expected), observed).verdict != "met"


@pytest.mark.parametrize(
    ("expected", "observed"),
    [
        ("exit 1 and no output", Observed(1, "x")),
        ("All 3 tests pass", ran(2)),
        ("exits with 1", Observed(0)),
        ("exits with 1", Observed(2)),
        ("non-zero exit", Observed(0)),
        ("It should fail", Observed(0)),
        ("All tests pass", Observed(1)),
        ("All tests pass", ran(0)),
        ("All tests pass", ran(3, failed=1)),
        ("no errors", ran(3, errors=1)),
        ("12 passed", ran(11)),
        ("12 passed", ran(12, failed=1)),
        ("12 passed, 0 failed", ran(12, failed=1)),
        (None, Observed(2)),
        ("dashboards look right", Observed(1)),
        ('output contains "3 tables"', Observed(0, "found 4 tables")),
        ("prints 'ready'", Observed(0, "starting")),
        ("Pipeline state: COMPLETED", Observed(0, '{"state": "FAILED"}')),
        ("state COMPLETED", Observed(0, "INCOMPLETED")),
        ('{"ok": true}', Observed(0, '{ "ok": false }')),
        ('{"ok": true}', Observed(0, "not JSON")),
        ("no output", Observed(0, "x")),
        ("should be 0", Observed(0, "7")),
        ("Should return 0", lone("3")),
        ("Zero orphaned claims", lone("3")),
        ("Zero orphaned claims", listed(2)),
        ("No orphaned records should exist", lone("1")),
        ("0 rows", listed(1)),
        ("nothing", listed(1)),
        ("> 0 rows", lone("0")),
        ("> 0", listed(0)),
        ("non-empty", listed(0)),
        ("at least 5 rows", listed(4)),
        ("at least 1 row", lone("0")),
        ("10,000+ rows", lone("9999")),
        ("fewer than 3 rows", listed(3)),
        ("no more than 5 rows", listed(6)),
        ("between 100 and 200 rows", lone("201")),
        ("zero rows", lone("17", "SELECT claim_id FROM claims WHERE amount < 0")),
        ("three tables", listed(2, "SHOW TABLES IN main.gold")),
        (">= 99.5%", lone("0.99", AVERAGE)),
        ("`orders`", Observed(0, rows=(("clicks", "x"),))),
        # One number more than 15 digits of a float can tell apart.
        ("9007199254740992", lone("9007199254740993")),
    ],
)
def test_what_is_understood_and_does_not_hold_is_unmet(expected, observed):
    assert hold_against(expected, observed).verdict == "unmet"


@pytest.mark.parametrize(
    ("expected", "observed", "verdict"),
    [
        # The contrary is said.
        ("does not contain 'ERROR'", Observed(0, "ERROR: disk full"), "unmet"),
        ('must not print "Traceback"', Observed(0, "Traceback (most recent call last)"), "unmet"),
        ("no rows contain 'UNKNOWN'", Observed(0, rows=(("a", "UNKNOWN"),)), "unclear"),
        ("state is not FAILED", Observed(0, "state: FAILED"), "unclear"),
        ("must not be FAILED", Observed(0, rows=(("FAILED",),)), "unclear"),
        ("never FAILED", Observed(0, "FAILED"), "unclear"),
        ("It is a bug if the count is 0", lone("0"), "unclear"),
        ("must not have row count 0", lone("0"), "unclear"),
        ("never a count of 0", lone("0"), "unclear"),
        ("!= 0", lone("0"), "unclear"),
        ("count > 0 means duplicates", lone("7"), "unclear"),
        ("0 rows is a failure", listed(0), "unclear"),
        ("no rows means that the load broke", listed(0), "unclear"),
        ("no records lost", lone("0", ALL), "unclear"),
        ("no rows dropped", lone("0", ALL), "unclear"),
        ("0 rows are missing from gold", lone("0", ALL), "unclear"),
        ("zero data loss", lone("0", ALL), "unclear"),
        ("no duplicates", lone("0", ALL), "unclear"),
        ("passes except test_private", Observed(0), "unclear"),
        ("must not contain: 'ERROR'; 'FATAL'", Observed(0, "FATAL"), "unclear"),
        ("does not contain 'ERROR' and 'FATAL'", Observed(0, "FATAL"), "unclear"),
        # Only a part would be read.
        ("1 row with status COMPLETED", Observed(0, rows=(("FAILED",),)), "unclear"),
        ("100 rows with no nulls in email", listed(100), "unclear"),
        ("5 columns", listed(5), "unclear"),
        ("2 files", listed(2), "unclear"),
        ("3 warnings", Observed(0, "3"), "unclear"),
        ("under 30 seconds", listed(3), "unclear"),
        ("less than 5 minutes", lone("3"), "unclear"),
        ("1 row per customer", listed(1), "unclear"),
        ("between 1 and 5 errors in the log", listed(1), "unclear"),
        ("two tables named orders and customers", listed(2, "SHOW TABLES"), "unclear"),
        ("3 tables (bronze, silver, gold)", listed(3, "SHOW TABLES"), "unclear"),
        ("3 tables", listed(3), "unclear"),
        ("3 active pipelines", listed(3), "unclear"),
        ("success (exit code 3)", Observed(0), "unclear"),
        ("0 rows (never so at the end of a month)", listed(0), "unclear"),
        ("1 000 rows", lone("1"), "unclear"),
        ("1.000 rows", lone("1"), "unclear"),
        ("0,995", lone("995"), "unclear"),
        # A number that may be something else.
        ("`0`", lone("10"), "unmet"),
        ("returns `5`", lone("1523"), "unmet"),
        ("> 0", Observed(0, rows=(("0", "0"),), statement=TWO), "unclear"),
        ("at least 1", Observed(0, rows=(("0", "0"),), statement=TWO), "unclear"),
        ("> 0 rows", Observed(0, rows=(("0", "0"),), statement=TWO), "unclear"),
        ("> 0", lone("null", "SELECT MAX(amount) FROM gold"), "unclear"),
        ("> 0", lone("", "SELECT MAX(amount) FROM gold"), "unclear"),
        ("1 row", lone("7", ALL), "unclear"),
        ("0 rows", lone("0", "SELECT MAX(amount) FROM gold"), "unclear"),
        ("> 0", lone("-1E10", "SELECT SUM(amount) FROM gold"), "unmet"),
        ("no duplicates", Observed(0, rows=(("eu", "0"), ("us", "0")), statement=GROUPED), "unclear"),
        ("less than 1%", lone("0.5", "SELECT AVG(is_bad) FROM gold"), "unclear"),
        ("error rate below 1%", lone("0.99", "SELECT AVG(is_bad) FROM gold"), "unclear"),
        ("at least 95%", lone("1", "SELECT ROUND(pct) FROM q"), "unclear"),
        ("less than 5%", lone("3", COUNT), "unclear"),
        ("error rate < 1", lone("0.5", AVERAGE), "unclear"),
        ("lag_days < 3", lone("2", COUNT), "unclear"),
        ("no duplicates and no orphaned claims", lone("0"), "unclear"),
        ("zero gold rows", lone("0"), "unclear"),
        ("no late orders ships", lone("0"), "unclear"),
        ("rate > 0.5", lone("60"), "unclear"),
        ("at least 1%", lone("0.5", AVERAGE), "unclear"),
        ("less than 99%", lone("0.995", AVERAGE), "unclear"),
        ("< 5", listed(0), "unclear"),
        ("at least 5+ rows", listed(5), "unclear"),
        ("1.5 rows", lone("1.5"), "unclear"),
        ("3 lines", Observed(0, "3"), "unclear"),
        ("0", lone("0", f"{ALL} |> WHERE customer_id IS NULL"), "unclear"),
        ("> 0 rows", lone("0.5", "SELECT COUNT(*) / 10 FROM t"), "unclear"),
        ("17", lone("17", "SELECT COUNT(*) OVER () FROM t"), "unclear"),
        # A demand in the place of advice.
        ("Read 50000 records", Observed(0, "Read 3 records"), "unclear"),
        ("See 12 passed", ran(1), "unclear"),
        ("when run twice, the output contains 'unchanged'", Observed(0, "changed"), "unclear"),
        ("Note: the output must contain 'OK'", Observed(0, "nope"), "unclear"),
        ("then prints 'DONE'", Observed(0), "unclear"),
        ("review shows no private data", Observed(0, "ssn=1"), "unclear"),
        ("Fix all warnings", Observed(0), "unclear"),
        ("If run twice, nothing changes", Observed(0), "unclear"),
        ("If errors exist, read 12 lines", Observed(0), "unclear"),
        ("No errors. If warnings exist, fix them, they must be few", Observed(0), "unclear"),
        ("No errors. If errors exist, read 12 lines", Observed(0), "unclear"),
        ("No errors. If no failure shows, read on", Observed(0), "unclear"),
        ("No errors. If run twice, check the output", Observed(0), "unclear"),
        ("No errors. Otherwise it may fix itself", Observed(0), "unclear"),
        # The counts say more than the exit.
        ("no errors", Observed(0, "[...]", counts={"violations": 12}), "unmet"),
        ("all checks pass", Observed(0, "[...]", counts={"violations": 12}), "unmet"),
        ("0 violations", Observed(0, "[{},{}]", counts={"violations": 2}), "unmet"),
        ("no errors", Observed(0, "ERROR: disk full"), "unclear"),
        ("no warnings", Observed(0, "2 warnings"), "unclear"),
        ("OK", Observed(0, "NOT OK"), "unclear"),
        ("no errors", Observed(0, "0 errors, failed: 0"), "met"),
        # It failed, but for another reason.
        ("should fail", Observed(127, "No such file or directory"), "unclear"),
        ("fails", Observed(-9), "unclear"),
        ("fails", ran(0, exit=4), "unclear"),
        ("is rejected with an error about rights", Observed(1), "unclear"),
        # Words in other words, and negated ones.
        ("output 'OK'", Observed(0, "NOT OK"), "unclear"),
        ("prints 'ready'", Observed(0, "already"), "unclear"),
        ("does not contain 'ERR'", Observed(0, "ERROR"), "unclear"),
        ("`0 rows`", listed(0), "unclear"),
        ("prints 'ready'", Observed(0, "not yet ready"), "unclear"),
        ("output: 'ready'", Observed(0, "ready or so"), "unclear"),
        ("state COMPLETED", Observed(0, '[{"state": "COMPLETED"}, {"state": "FAILED"}]'), "unclear"),
        ("COMPLETED", Observed(0, rows=(("COMPLETED",), ("lost",))), "unclear"),
        ("COMPLETED", Observed(0, "not COMPLETED"), "unclear"),
        ('{"ok": true}', Observed(0, '{"ok": 1}'), "unclear"),
        ('{"ok": true}', Observed(0, 'starting\n{"ok": true}'), "unclear"),
        ('{"ok": true}', Observed(0, '{"ok": true, "id": 3}'), "unclear"),
        ("does not contain 'ERROR'", Observed(0, "a\n... 99 bytes left out ...\nb"), "unclear"),
        ("prints 'ready'", Observed(0, "a\n... 99 bytes left out ...\nb"), "unclear"),
        # SQL has no exit code.
        ("exit code 0", lone("7"), "unclear"),
        ("All valid", listed(3), "unclear"),
        (None, listed(3), "unclear"),
        ("Balanced totals per region", listed(3), "unclear"),
        ("12 passed", Observed(0, "12 passed in 1 s"), "unclear"),
        ("should be 0", Observed(0, "rows: 0"), "unclear"),
    ],
)
def test_a_statement_is_never_read_as_its_opposite_or_in_part(expected, observed, verdict):
    assert hold_against(expected, observed).verdict == verdict


@pytest.mark.parametrize(
    "advice",
    [
        "If errors exist, READ output and fix",
        "If there are errors, read them and fix the code first.",
        "If errors, READ the error and fix.",
        "if not, call the data team",
        "Otherwise fix the code",
        "In case of failures check the logs",
    ],
)
def test_advice_on_a_failure_is_no_statement_and_no_expectation_by_itself(advice):
    assert hold_against(f"No errors. {advice}", Observed(0)).verdict == "met"
    assert hold_against(f"No errors. {advice}", Observed(1)).verdict == "unmet"
    assert hold_against(advice, Observed(0)).verdict == "unclear"


def test_an_expectation_that_may_have_been_cut_is_unclear_whatever_it_says():
    text = "no errors; 'all is well'" + " " * LONGEST
    assert hold_against(text[: LONGEST - 1], Observed(0, "all is well")).verdict == "met"
    assert hold_against(text[:LONGEST], Observed(0, "all is well")).verdict == "unclear"


def test_one_number_that_may_be_a_count_or_a_finding_is_judged_only_where_both_readings_agree():
    finding = "SELECT claim_id FROM claims WHERE amount < 0"
    assert hold_against("zero rows", lone("0", finding)).verdict == "unclear"
    assert hold_against("17", lone("17", finding)).verdict == "unclear"
    assert hold_against("17", lone("17", f"WITH x AS ({finding}) SELECT COUNT(*) FROM x")).verdict == "met"
    assert hold_against("0", lone("0", f"{COUNT} GROUP BY region")).verdict == "unclear"


def test_what_cannot_be_decided_is_named_and_advice_is_not():
    judgement = hold_against("All tests pass; dashboards look right. If not, call the data team.", Observed(0))
    assert judgement.verdict == "unclear"
    assert judgement.unchecked == ("dashboards look right",)


def test_a_failed_statement_wins_over_an_undecided_one():
    assert hold_against("dashboards look right; exits with 2", Observed(0)).verdict == "unmet"


def test_what_was_counted_against_a_command_is_told():
    assert hold_against("no errors", ran(3, failed=2)).why == "expected 'no errors', got exit 0, 2 failed"
    assert hold_against("12 passed", ran(12, failed=1)).why == "expected '12 passed', got 12 passed, 1 failed"


@pytest.mark.parametrize("said", ["200 OK", "All integrations work, proper responses", "Healthy cluster"])
def test_a_statement_nobody_can_decide_is_left_to_a_reader(said):
    assert hold_against(said, Observed(0, "7")).verdict == "unclear"


SAID = (
    "a all and at be between but contain does count empty error errors except exit fails from if in is it least more "
    "must never no non-empty not of ok only or output pass rows should state tests than the unless with without zero "
    "0 1 5 > >= 99% 'x' `0` \"ERROR\" COMPLETED FAILED , ; . ( ) duplicates orphaned claims null ids"
)
SEEN = st.sampled_from([each for _, each in UNDERSTOOD])


@given(st.text(max_size=300), st.text(max_size=60))
def test_any_text_is_judged(expected, output):
    assert hold_against(expected, Observed(0, output)).verdict in ("met", "unmet", "unclear")
    assert hold_against(expected, Observed(0, rows=((output,),), statement=COUNT)).verdict in (
        "met",
        "unmet",
        "unclear",
    )


@given(st.lists(st.sampled_from(SAID.split()), min_size=1, max_size=8).map(" ".join), SEEN)
def test_no_sentence_is_met_together_with_its_negation(said, seen):
    if hold_against(said, seen).verdict == "met":
        for twist in ("not {}", "it must never be the case that {}", "{} is a failure"):
            assert hold_against(twist.format(said), seen).verdict != "met"
