"""A reference is looked up inside the work tree, exact in case, in bounded time."""

import pytest

from prp_mcp.repo import references
from prp_mcp.repo.references import Reference, References, resolve
from tests.project import write


@pytest.fixture
def tree(tmp_path):
    top = tmp_path / "work"
    write(
        top,
        {
            "etl/databricks.yml": "",
            "etl/src/bronze/orders.py": "1\n2\n3",
            "etl/src/bronze/items.py": "1\n2\n",
            "etl/src/gold/daily.sql": "",
            "docs/guide.md": "x\n",
            "node_modules/x/y.py": "",
        },
    )
    write(tmp_path, {"secret.py": "s"})
    (top / "etl/link.py").symlink_to(tmp_path / "secret.py")
    (top / "etl/out").symlink_to(tmp_path)
    (top / "etl/loop").symlink_to("loop")
    (top / "etl/inside.py").symlink_to("src/bronze/orders.py")
    return top


def look(top, ref: str) -> Reference:
    return resolve(top / "etl", top, ref)


@pytest.mark.parametrize(
    ("ref", "kind", "files"),
    [
        ("src/bronze/orders.py", "file", None),
        ("./src/bronze/orders.py", "file", None),
        ("src/../src/bronze/orders.py", "file", None),
        ("etl/src/bronze/orders.py", "file", None),
        ("../docs/guide.md", "file", None),
        ("docs/guide.md", "file", None),
        ("docs/guide.md#usage", "file", None),
        ("inside.py", "file", None),
        ("src/", "directory", 3),
        ("src/bronze", "directory", 2),
        ("src/**/*.py", "pattern", 2),
        ("src/**", "pattern", 3),
        ("src/*/*.sql", "pattern", 1),
        ("src/bronze/o?ders.[p]y", "pattern", 1),
        ("**/**/**/*.py", "pattern", 2),
    ],
)
def test_a_reference_is_found_from_the_bundle_or_from_the_top(tree, ref, kind, files):
    found = look(tree, ref)
    assert (found.exists, found.kind, found.files, found.near) == (True, kind, files, None)


@pytest.mark.parametrize(
    "ref",
    [
        *("src/Bronze/orders.py", "src/bronze/ORDERS.py", "src/bronze/orders.py/", "/etc/passwd", "~/x.py", "src/*.py"),
        *("../../secret.py", "link.py", "out/secret.py", "out/*.py", "out/", "../../**/*.py", "loop", "loop/x"),
        *("", "a\0b", "x" * 500),
    ],
)
def test_what_is_not_there_exactly_so_or_lies_outside_is_missing(tree, ref):
    found = look(tree, ref)
    assert (found.exists, found.kind in ("missing", "pattern"), found.files in (None, 0)) == (False, True, True)


@pytest.mark.parametrize(
    ("ref", "lines", "in_range", "length"),
    [
        ("src/bronze/orders.py:1-3", (1, 3), True, 3),
        ("src/bronze/orders.py:3", (3, 3), True, 3),
        ("src/bronze/orders.py#L2-L3", (2, 3), True, 3),
        ("src/bronze/orders.py#L2", (2, 2), True, 3),
        ("src/bronze/orders.py:L2-L3", (2, 3), True, 3),
        ("src/bronze/orders.py:2-4", (2, 4), False, 3),
        ("src/bronze/items.py:3", (3, 3), False, 2),
        ("src/bronze/orders.py:3-2", (3, 2), False, 3),
        ("src/bronze/orders.py:0", (0, 0), False, 3),
        ("src/gold/daily.sql:1", (1, 1), False, 0),
    ],
)
def test_a_range_is_compared_with_the_lines_of_the_file(tree, ref, lines, in_range, length):
    found = look(tree, ref)
    assert (found.kind, found.lines, found.in_range, found.length) == ("file", lines, in_range, length)


def test_a_file_too_large_to_count_is_not_judged(tree, monkeypatch):
    monkeypatch.setattr(references, "_MAX_BYTES", 1)
    assert look(tree, "src/bronze/orders.py:9").in_range is None


@pytest.mark.parametrize(
    ("ref", "near"),
    [
        ("src/silver/orders.py", "src/bronze/orders.py"),
        ("src/bronze/order.py:1-2", "src/bronze/orders.py"),
        ("guide.md", "../docs/guide.md"),
        ("src/bronz/", "src/bronze"),
        ("src/bronze/nothing_like_it.yml", None),
        ("src/secret.py", None),
        ("lib/y.py", None),
    ],
)
def test_the_nearest_path_is_told_for_what_is_missing(tree, ref, near):
    assert look(tree, ref).near == near


def test_only_the_first_missing_references_get_a_nearest_path(tree, monkeypatch):
    monkeypatch.setattr(references, "MAX_NEAR", 2)
    found = References(tree / "etl", tree)
    assert [bool(found.resolve("src/orders.py").near) for _ in range(3)] == [True, True, False]


def test_what_is_counted_and_looked_at_is_bounded(tree, monkeypatch):
    write(tree, {f"etl/many/{n}.py": "" for n in range(30)})
    monkeypatch.setattr(references, "MAX_HITS", 10)
    assert look(tree, "many/").files == look(tree, "many/*.py").files == look(tree, "**/*.py").files == 10
    monkeypatch.setattr(references, "MAX_VISITED", 5)
    assert look(tree, "many/").files == look(tree, "many/*.py").files == 5


def test_many_wildcards_look_at_each_folder_once(tree):
    deep = "/".join(f"d{n}" for n in range(30))
    write(tree, {f"etl/{deep}/a.txt": ""})
    assert look(tree, "**/" * 40 + "*.txt").files == 1
    assert look(tree, "**/" * 40 + "*.none").exists is False
