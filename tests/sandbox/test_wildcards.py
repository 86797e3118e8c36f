"""Wildcards match files of the copy only, and no file's name becomes an option."""

import pytest

from prp_mcp.sandbox import wildcards
from prp_mcp.sandbox.wildcards import expanded
from tests.project import write


@pytest.fixture
def top(tmp_path):
    folder = tmp_path / "top"
    folder.mkdir()
    write(
        folder, {"src/a.py": "", "src/b/c.py": "", "src/b/d/e.py": "", "x.sql": "", ".hidden/h.py": "", "src/.i.py": ""}
    )
    write(tmp_path, {"outside/o.py": ""})
    return folder


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("*.sql", ["x.sql"]),
        ("src/**/*.py", ["src/a.py", "src/b/c.py", "src/b/d/e.py"]),
        ("**/*.py", ["src/a.py", "src/b/c.py", "src/b/d/e.py"]),
        ("src/*/?.py", ["src/b/c.py"]),
        ("src/[ab].py", ["src/a.py"]),
        ("src/**", ["src/a.py", "src/b", "src/b/c.py", "src/b/d", "src/b/d/e.py"]),
        ("src/.*.py", ["src/.i.py"]),
        ("./src/*.py", ["./src/a.py"]),
        ("*.none", ["*.none"]),
        ("src/a.py", ["src/a.py"]),
        ("[*].sql", ["*.sql"]),
        ("missing/*.py", ["missing/*.py"]),
        ("tests/t.py::test_x[1-2]", ["tests/t.py::test_x[1-2]"]),
    ],
)
def test_a_word_becomes_what_it_matches_or_stays(top, word, found):
    assert expanded([word], top, top) == found


@pytest.mark.parametrize(
    "word", ["../outside/*.py", "/etc/host*", "link/*.py", "link/**/*.py", "**/o.py", "*/o.py", "src/../../outside/*"]
)
def test_nothing_outside_the_copy_is_matched(top, word):
    (top / "link").symlink_to(top.parent / "outside")
    assert expanded([word], top, top) == [word]


def test_a_loop_of_links_ends(top):
    (top / "src/loop").symlink_to(top)
    (top / "src/loop2").symlink_to(top)
    assert expanded(["**/c.py"], top, top) == ["src/b/c.py"]


def test_a_files_name_does_not_become_an_option(top):
    write(top, {"-pevil": "", "--rootdir=..": "", "@args": ""})
    assert expanded(["*[!q]*"], top, top)[:3] == ["./--rootdir=..", "./-pevil", "./@args"]
    assert expanded(["?args"], top, top) == ["./@args"]


def test_a_pattern_from_a_folder_matches_there(top):
    assert expanded(["*.py"], top / "src", top) == ["a.py"]
    assert expanded(["../*.sql"], top / "src", top) == ["../x.sql"]


def test_too_many_matches_count_as_none(top, monkeypatch):
    monkeypatch.setattr(wildcards, "MAX_FOUND", 2)
    assert expanded(["*.sql", "**/*.py"], top, top) == ["x.sql", "**/*.py"]


def test_a_huge_tree_is_not_walked_to_its_end_and_then_nothing_matches(top, monkeypatch):
    monkeypatch.setattr(wildcards, "MAX_VISITED", 3)
    assert expanded(["**", "*.sql"], top, top) == ["**", "*.sql"]
