"""Facts of sources are kept by the digest of their file, and what is not known is read."""

import sqlite3

import pytest

from prp_mcp.code.sources import read_source
from prp_mcp.repo import source_facts
from prp_mcp.repo.git import GitFacts, Repository
from prp_mcp.repo.snapshot import Snapshots
from prp_mcp.repo.source_facts import SourceFactsStore
from prp_mcp.repo.tree import read_tree
from tests.project import commit, git, write

TABLE = 'import dlt\n\n\n@dlt.table\n@dlt.expect("positive", "x > 0")\ndef {name}():\n    return spark.table("raw")\n'


class Project:
    """A repository whose sources are read through a store."""

    def __init__(self, folder, state):
        self.folder, self.state = folder, state
        self.store = SourceFactsStore(state / "facts.db")

    def read(self):
        repository = Repository(self.folder)
        snapshot = Snapshots(self.state / "snapshots").take(repository, read_tree(repository, ()), GitFacts("", "", ""))
        return self.store.read(snapshot, [file for file in snapshot.tree.files if file.path.endswith((".py", ".sql"))])

    def known(self):
        """Return how many files were known, after holding everything against a fresh reading."""
        facts, known = self.read()
        texts = {path: (self.folder / path).read_text() for path in facts}
        assert facts == {path: read_source(path, text) for path, text in texts.items()}
        return known


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "-q")
    write(folder, {"a.py": TABLE.format(name="a"), "b.py": TABLE.format(name="b"), "c.sql": "SELECT '${x}'"})
    commit(folder)
    (tmp_path / "state").mkdir()
    return Project(folder, tmp_path / "state")


def test_only_what_changed_is_read_again(project):
    assert project.known() == 0
    assert project.known() == 3
    write(project.folder, {"a.py": TABLE.format(name="other"), "d.py": "d = ("})
    assert project.known() == 2
    write(project.folder, {"a.py": TABLE.format(name="a")})
    assert project.known() == 4


def test_the_same_text_under_another_name_is_read_for_that_name(project):
    project.read()
    write(project.folder, {"copy.py": TABLE.format(name="a")})
    assert project.known() == 3


def test_what_another_version_of_the_reader_found_is_not_taken_over(project, monkeypatch):
    project.read()
    monkeypatch.setattr(source_facts, "_reader", lambda: "another")
    assert project.known() == 0


@pytest.mark.parametrize("harm", ["damage", "delete", "alter"])
def test_a_store_that_is_damaged_or_gone_costs_time_and_nothing_else(project, harm):
    project.read()
    path = project.state / "facts.db"
    if harm == "damage":
        path.write_bytes(b"no database" * 1000)
    elif harm == "delete":
        path.unlink()
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE facts SET body = '{\"path\": 3}'")
        connection.close()
    assert project.known() == 0
    project.read()  # what was damaged is begun anew
    assert project.known() == 3


def test_a_store_that_cannot_be_opened_is_done_without(project):
    (project.state / "facts.db").mkdir()
    assert [project.known(), project.known()] == [0, 0]


def test_facts_that_cannot_be_written_are_read_each_time(project):
    write(
        project.folder, {"a.py": 'import dlt\n\n\n@dlt.table\n@dlt.expect("sm\\ud800", "x")\ndef a():\n    return 1\n'}
    )
    assert [project.known(), project.known()] == [0, 2]


def test_what_another_python_read_is_not_taken_over(project, monkeypatch):
    project.read()
    source_facts._reader.cache_clear()
    monkeypatch.setattr("sys.version", "3.99")
    assert project.known() == 0
    source_facts._reader.cache_clear()


def test_the_store_is_bounded_and_keeps_what_was_used_last(project, monkeypatch):
    monkeypatch.setattr(source_facts, "KEPT", 3)
    project.read()
    write(project.folder, {f"n{number}.py": f"x = {number}\n" for number in range(4)})
    project.read()
    connection = sqlite3.connect(project.state / "facts.db")
    assert connection.execute("SELECT count(*), min(used), max(used) FROM facts").fetchone() == (3, 2, 2)
    connection.close()


def test_a_source_that_is_too_large_is_not_read(project, monkeypatch):
    monkeypatch.setattr(source_facts, "SOURCE_CAP", 20)
    assert list(project.read()[0]) == ["c.sql"]
