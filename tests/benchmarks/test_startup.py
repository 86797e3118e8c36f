"""What the benchmark of starts says of its figures; nothing here is measured."""

import pytest

from benchmarks.startup import Cost, starts, table, trouble

BOUNDS = {"bare server": Cost(1.0, 67.0), "prp-mcp serve": Cost(1.1, 73.0), "prp-mcp tools": Cost(0.4, 40.0)}


def test_figures_are_told_as_ratios_to_the_bare_server():
    assert "1.10" in table(BOUNDS)
    assert [start.name for start in starts()][:3] == [*list(BOUNDS)[:2], "prp-mcp --help"]


@pytest.mark.parametrize(
    ("name", "cost", "told"),
    [
        ("prp-mcp serve", Cost(1.2, 73.0), "prp-mcp serve takes more than 1.15 times"),
        ("prp-mcp serve", Cost(1.0, 76.0), "prp-mcp serve holds more than 8 MiB"),
        ("prp-mcp tools", Cost(0.6, 40.0), "prp-mcp tools takes more than 0.5 CPU seconds"),
    ],
)
def test_a_start_that_costs_too_much_is_named(name, cost, told):
    assert trouble(BOUNDS) == []
    assert [each.startswith(told) for each in trouble({**BOUNDS, name: cost})] == [True]
