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


DEV, PROD = ("h", "b", "dev"), ("h", "b", "prod")


def test_runs_are_found_by_their_folder_and_by_what_they_hold(journal):
    for run, folder, key in (("one", "/w", DEV), ("two", "/x", DEV), ("three", "/w", PROD)):
        journal.append(run, "begin", RecordKind.RUN, {}, key=key, folder=folder)
    journal.append("one", "end", RecordKind.RUN, {})
    assert journal.runs_of_folder("/w") == ["one", "three"]
    assert journal.runs_of_folder("/w", only_open=True) == ["three"]
    assert journal.open_runs_of(DEV) == ["two"]


def test_effects_are_found_by_their_key_with_their_outcomes(journal):
    mine = journal.append("one", "deploy", RecordKind.INTENT, {}, key=DEV)
    other = journal.append("two", "deploy", RecordKind.INTENT, {}, key=PROD)
    journal.append("two", "deploy", RecordKind.OUTCOME, {}, other.seq)
    ended = journal.append("one", "deploy", RecordKind.OUTCOME, {}, mine.seq)
    assert journal.effects_on(DEV) == [mine, ended]


@pytest.mark.guarantee("journal")
@pytest.mark.parametrize(
    "statement",
    [
        'UPDATE record SET body = \'{"verdict":"passed"}\' WHERE seq = 3',
        "UPDATE record SET kind = 'gate' WHERE seq = 3",
        "UPDATE record SET hash = randomblob(32) WHERE seq = 2",
        "UPDATE record SET key = 'x' WHERE seq = 2",
        "DELETE FROM record WHERE seq = 2",
    ],
)
def test_a_forged_record_is_not_read(journal, statement):
    other = sqlite3.connect(journal.path)
    other.executescript(f"DROP TRIGGER never_update; DROP TRIGGER never_delete; {statement}")
    other.close()
    with pytest.raises(IntegrityError, match="cannot be trusted"):
        journal.records("run")


@pytest.mark.guarantee("journal")
def test_a_head_that_was_seen_shows_records_that_were_cut_off(journal, tmp_path):
    heads = [record.hash for record in journal.records()]
    assert [journal.verify(head[:12]) for head in heads] == [5] * 5
    other = sqlite3.connect(journal.path)
    other.executescript("DROP TRIGGER never_delete; DELETE FROM record WHERE seq > 3")
    other.close()
    assert journal.verify() == 3
    assert journal.verify(heads[2]) == 3
    for head in (heads[4][:12], "0" * 12):
        with pytest.raises(IntegrityError, match="were cut off, or all were replaced"):
            journal.verify(head)


@pytest.mark.guarantee("journal")
def test_a_flipped_bit_anywhere_ends_in_a_clear_verdict_or_changes_nothing(tmp_path):
    path = tmp_path / "journal.db"
    opened = Journal(path)
    for number in range(4):
        opened.append("run", "step", RecordKind.NOTE, {"number": number, "text": "x" * 50})
    opened._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    wanted, head = opened.records(), opened.head()
    opened.close()
    whole = path.read_bytes()
    for place in range(0, len(whole), 97):
        (tmp_path / "journal.db").write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        for left in ("-wal", "-shm"):
            path.with_name(f"journal.db{left}").unlink(missing_ok=True)
        try:
            again = Journal(path)
        except IntegrityError:
            continue
        try:
            again.verify(head)
            assert again.records() == wanted, place
        except IntegrityError:
            continue
        finally:
            again.close()
