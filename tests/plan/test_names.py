"""A PRP's name is read once, however it is written, and never leads anywhere else."""

from pathlib import PurePosixPath

import pytest

from prp_mcp.errors import UsageError
from prp_mcp.plan.names import parse_name

ROOT = PurePosixPath("/home/me/project")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("orders", "orders"),
        ("orders.md", "orders"),
        ("PRPs/orders.md", "orders"),
        ("./PRPs/orders.md", "orders"),
        ("@PRPs/orders.md", "orders"),
        ("/home/me/project/PRPs/orders.md", "orders"),
        (' "orders" ', "orders"),
        ("features/add-berths", "features/add-berths"),
        ("PRPs/Q3 plan/part one.md", "Q3 plan/part one"),
        ("v1.2-Berths", "v1.2-Berths"),
        ("ha\u0308fen", "häfen"),
        ("0-a_B" + "x" * 95, "0-a_B" + "x" * 95),
    ],
)
def test_a_name_is_read_however_people_write_it(given, name):
    found = parse_name(given, ROOT)
    assert (found.text, found.path) == (name, f"PRPs/{name}.md")
    assert parse_name(found.path, ROOT) == found


@pytest.mark.parametrize(
    "given",
    [
        *("", ".md", "..", "../orders", "a/../b", "a//b", "a/", "/etc/passwd", "/home/you/PRPs/orders.md", "a\\b"),
        *("orders\0", "or\nders", "-rf", "_x", ".hidden", "a/.git/b", "x" * 101, "a/b/c/d/e/f", "a*", "~/a", "$HOME"),
    ],
)
def test_what_is_no_name_is_refused_with_what_to_do(given):
    with pytest.raises(UsageError) as refused:
        parse_name(given, ROOT)
    assert "PRPs/" in refused.value.remedy
    assert len(refused.value.summary) < 200
