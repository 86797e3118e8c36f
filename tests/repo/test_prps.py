"""Which PRP a name means: exactly that one, or the only one it can mean, or none."""

import os
import unicodedata

import pytest

from prp_mcp.errors import UsageError
from prp_mcp.plan.names import MAX_BYTES, PrpName
from prp_mcp.repo.prps import find_prp, prps_of, read_prp
from tests.project import write


@pytest.fixture
def root(tmp_path):
    names = ("orders", "features/add-berths", "Q3 plan/part one", "a/same", "b/same", "templates/base")
    write(tmp_path, {f"PRPs/{name}.md": "" for name in (*names, "orders_execution_summary", ".hidden", "x/.y/z")})
    os.symlink("orders.md", tmp_path / "PRPs/linked.md")
    return tmp_path


def test_listed_are_prps_and_no_summaries_templates_links_or_hidden_files(root):
    assert [str(name) for name in prps_of(root)] == [
        *("Q3 plan/part one", "a/same", "b/same", "features/add-berths", "orders")
    ]


@pytest.mark.parametrize(
    ("given", "name"),
    [("orders", "orders"), ("ORDERS.md", "orders"), ("add-berths", "features/add-berths"), ("b/same", "b/same")],
)
def test_a_name_means_that_file_or_the_only_one_of_that_name(root, given, name):
    assert find_prp(root, given) == PrpName(name)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("same", "several PRPs are called 'same'"),
        ("linked", "there is no PRP 'linked'"),
        ("orders_execution_summary", "there is no PRP"),
        ("order", "there is no PRP 'order'"),
    ],
)
def test_what_could_mean_several_or_none_is_refused_with_those_there_are(root, given, why):
    with pytest.raises(UsageError, match=why) as refused:
        find_prp(root, given)
    assert "a/same" in refused.value.remedy


def test_a_folder_that_is_a_link_is_named(root, tmp_path):
    (tmp_path / "other").mkdir()
    os.symlink(root / "PRPs", tmp_path / "other/PRPs")
    with pytest.raises(UsageError, match="PRPs/ is a link"):
        find_prp(tmp_path / "other", "orders")


def test_a_file_whose_name_is_written_with_other_code_points_is_none_before_a_run_begins(root):
    write(root, {f"PRPs/{unicodedata.normalize('NFD', 'café')}.md": ""})
    with pytest.raises(UsageError, match="there is no PRP"):
        find_prp(root, "café")


@pytest.mark.parametrize(("data", "why"), [(b"x" * (MAX_BYTES + 1), "larger than"), (b"\xff", "not UTF-8")])
def test_what_cannot_be_read_is_refused_and_what_is_gone_is_none(root, data, why):
    assert read_prp(root, PrpName("gone")) is None
    (root / "PRPs/orders.md").write_bytes(data)
    with pytest.raises(UsageError, match=why):
        read_prp(root, PrpName("orders"))
