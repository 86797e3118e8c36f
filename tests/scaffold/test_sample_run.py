"""The sample pipeline on generated input: every figure equals an independent recount."""

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from prp_mcp.scaffold.generate import InputFacts, write_input
from prp_mcp.scaffold.project import write_project
from tests.local.runner.bench import Bench, Outcome, verb
from tests.scaffold.recount import Expected, recount

pytestmark = pytest.mark.spark


class Sample:
    """The sample project, deployed by hand, and its first update."""

    def __init__(self, home: Path):
        self.bench = Bench(home, "dev_orders")
        write_project(self.bench.folder)
        shutil.rmtree(self.bench.volume)
        self.facts: InputFacts = write_input(self.bench.volume)
        self.bench.settings = {
            "root_path": f"{self.bench.root}/src",
            "libraries": [{"glob": {"include": f"{self.bench.root}/src/pipelines/**"}}],
            "configuration": {"orders.source_path": "/Volumes/main/dev_orders/raw"},
        }
        self.expected: Expected = recount(self.bench.volume)
        self.first: Outcome = self.bench.update()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    home = tmp_path_factory.mktemp("sample")
    yield Sample(home)
    verb("stop", "--home", str(home)).communicate()


def test_the_first_update_completes_and_its_counts_equal_the_recount(sample: Sample):
    assert sample.first.states[-1] == "COMPLETED", sample.first.errors
    counted = sample.first.counted
    assert {key: rows for key, rows in counted.rows.items() if key} == {**sample.expected.rows, "completed_orders": 0}
    assert dict(counted.expectations) == sample.expected.expectations
    assert {table: count for table, count in counted.dropped.items() if count} == sample.expected.dropped


def test_the_input_has_more_than_fifty_thousand_orders_and_every_kind_of_defect(sample: Sample):
    facts = sample.facts
    assert facts.order_lines > 50_000
    assert sample.expected.expectations["bronze_orders", "well_formed"][1] == facts.damaged > 0
    assert sample.expected.expectations["silver_orders", "has_order_id"][1] == facts.missing_ids > 0
    assert sample.expected.expectations["silver_orders", "amount_not_negative"][1] == facts.negative_amounts > 0
    assert sample.expected.expectations["silver_orders", "on_time"][1] == facts.late > 0
    repeated = sample.expected.rows["bronze_orders"] - facts.damaged - 50_000
    assert repeated == facts.repeated > 0


def test_every_expectation_passes_the_default_threshold(sample: Sample):
    rates = {key: passed / (passed + failed) for key, (passed, failed) in sample.expected.expectations.items()}
    assert min(rates.values()) >= 0.95, rates


def test_the_gold_tables_hold_the_recounted_figures(sample: Sample):
    daily = sample.bench.rows("SELECT day, shop, currency, orders, revenue FROM gold_daily_revenue")
    found = {(row[0], row[1], row[2]): (int(row[3] or 0), Decimal(row[4] or 0)) for row in daily}
    assert found == sample.expected.daily
    value = sample.bench.rows("SELECT customer_id, currency, orders, revenue FROM main.dev_orders.gold_customer_value")
    assert {(row[0], row[1]): (int(row[2] or 0), Decimal(row[3] or 0)) for row in value} == sample.expected.value


def test_every_table_has_a_comment_and_a_quality_property(sample: Sample):
    assert len(sample.first.tables) == 6
    for table in sample.first.tables.values():
        assert table["comment"]
        assert table["properties"]["quality"] == table["name"].partition("_")[0]


def test_lineage_follows_the_sources(sample: Sample):
    assert sample.first.inputs("silver_orders") == ["bronze_orders"]
    assert sample.first.inputs("gold_customer_value") == ["silver_customers", "completed_orders"]
    assert sample.first.inputs("gold_daily_revenue") == ["silver_orders"]


def test_a_second_update_reads_no_order_twice_and_a_full_refresh_reads_all_again(sample: Sample):
    second = sample.bench.update()
    assert second.states[-1] == "COMPLETED", second.errors
    assert second.counted.rows["bronze_orders"] == second.counted.rows["silver_orders"] == 0
    assert second.counted.expectations["silver_orders", "has_order_id"] == (0, 0)
    rows = "SELECT count(*) FROM silver_orders"
    assert sample.bench.rows(rows) == [[str(sample.expected.rows["silver_orders"])]]
    third = sample.bench.update(full_refresh=True)
    assert third.states[-1] == "COMPLETED", third.errors
    assert dict(third.counted.expectations) == sample.expected.expectations
    assert sample.bench.rows(rows) == [[str(sample.expected.rows["silver_orders"])]]
