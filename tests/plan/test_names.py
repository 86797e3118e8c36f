import pytest

from prp_mcp.errors import UsageError
from prp_mcp.plan.names import check_name


@pytest.mark.parametrize(
    ("given", "name"), [("orders", "orders"), ("orders.md", "orders"), ("0-a_B" + "x" * 95, "0-a_B" + "x" * 95)]
)
def test_a_plain_name_is_taken_without_its_ending(given, name):
    assert check_name(given) == name


@pytest.mark.parametrize(
    "given",
    [
        *("", ".md", "..", "../orders", "PRPs/orders", "/etc/passwd", "a\\b", "orders\0", "orders\n", "-rf", "_x"),
        *("órders", "a b", "orders.md.md", "x" * 101, "a.b", "٣", "orders.MD"),
    ],
)
def test_what_is_no_name_is_refused_with_what_to_do(given):
    with pytest.raises(UsageError) as refused:
        check_name(given)
    assert "PRPs/" in refused.value.remedy
    assert len(refused.value.summary) < 200
