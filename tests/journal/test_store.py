"""The journal is append-only and shows every alteration."""

import sqlite3

import pytest

from prp_mcp.errors import IntegrityError
from prp_mcp.journal.store import Journal, RecordKind
from prp_mcp.redaction import Redactor


@pytest.fixture
def journal(tmp_path):
    opened = Journal(tmp_path / "journal.db")
    for number in range(5):
        opened.append("run", "step", RecordKind.NOTE, {"number": number})
    yield opened
    opened.close()


def altered(journal, statement):
    other = sqlite3.connect(journal.path)
    other.executescript(f"DROP TRIGGER never_update; DROP TRIGGER never_delete; {statement}")
    other.close()
    with pytest.raises(IntegrityError):
        journal.verify()


def test_records_come_back_in_order_and_verify(journal):
    assert [record.body["number"] for record in journal.records("run")] == list(range(5))
    assert journal.verify() == 5
    assert journal.head() == journal.records()[-1].hash


@pytest.mark.guarantee("journal")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET body = '{\"number\":9}' WHERE seq = 3",
        "UPDATE record SET at = '2020-01-01T00:00:00.000Z' WHERE seq = 1",
        "UPDATE record SET name = 'other' WHERE seq = 5",
        "DELETE FROM record WHERE seq = 2",
        "UPDATE record SET seq = 99 WHERE seq = 5",
    ],
)
def test_an_altered_or_missing_record_is_detected(journal, statement):
    altered(journal, statement)


def test_the_database_itself_refuses_updates_and_deletions(journal):
    other = sqlite3.connect(journal.path)
    for statement in ("UPDATE record SET body = '{}'", "DELETE FROM record"):
        with pytest.raises(sqlite3.IntegrityError, match="append only"):
            other.execute(statement)
    other.close()


def test_an_intent_has_one_outcome(journal):
    intent = journal.append("run", "deploy", RecordKind.INTENT, {})
    journal.append("run", "deploy", RecordKind.OUTCOME, {"state": "done"}, intent.seq)
    with pytest.raises(IntegrityError):
        journal.append("run", "deploy", RecordKind.OUTCOME, {"state": "done"}, intent.seq)
    assert journal.verify() == 7


def test_nothing_of_a_failed_transaction_remains(journal):
    def half_way():
        with journal.transaction():
            journal.append("run", "step", RecordKind.NOTE, {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_way()
    assert journal.verify() == 5


@pytest.mark.guarantee("secrets")
def test_secrets_never_reach_the_file(tmp_path):
    secret = "dapi" + "0123456789abcdef" * 2
    opened = Journal(tmp_path / "journal.db", Redactor(["s3cr3t-value"]))
    opened.append("run", "step", RecordKind.NOTE, {"a": f"token {secret}", "s3cr3t-value": ["x s3cr3t-value y"]})
    opened.close()
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret.encode() not in raw
    assert b"s3cr3t-value" not in raw


def test_an_unknown_version_is_refused(tmp_path):
    Journal(tmp_path / "journal.db").close()
    other = sqlite3.connect(tmp_path / "journal.db")
    other.execute("PRAGMA user_version=99")
    other.close()
    with pytest.raises(IntegrityError, match="version 99"):
        Journal(tmp_path / "journal.db")
