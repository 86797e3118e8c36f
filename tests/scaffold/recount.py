"""Compute in plain Python what the sample pipeline must make of its input, without the pipeline's code."""

import csv
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

CENT = Decimal("0.01")


@dataclass
class Expected:
    """Rows by table, (passed, failed) by table and expectation, dropped records by table, figures of gold."""

    rows: dict[str, int] = field(default_factory=dict)
    expectations: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    daily: dict[tuple[str, str, str], tuple[int, Decimal]] = field(default_factory=dict)
    value: dict[tuple[str, str], tuple[int, Decimal]] = field(default_factory=dict)


def recount(folder: Path) -> Expected:
    """Read the files below `folder` and return what every table must hold."""
    expected = Expected()
    records, damaged = _records(folder / "orders")
    expected.rows["bronze_orders"] = len(records) + damaged
    expected.expectations["bronze_orders", "well_formed"] = (len(records), damaged)
    orders = _silver_orders(records, expected)
    customers = _silver_customers(folder / "customers", expected)
    _gold(orders, customers, expected)
    return expected


def _records(folder: Path) -> tuple[list[dict[str, Any]], int]:
    records, damaged = [], 0
    for path in sorted(folder.iterdir()):
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                records.append(json.loads(line))
            except ValueError:
                damaged += 1
    return records, damaged


def _silver_orders(records: list[dict[str, Any]], expected: Expected) -> list[dict[str, Any]]:
    unique = {json.dumps(one, sort_keys=True): one for one in records}.values()
    checks: dict[str, Any] = {
        "has_customer": lambda one: one.get("customer_id") is not None,
        "on_time": lambda one: (_day(one["sent_at"]) - _day(one["ordered_at"])).days <= 7,
        "has_order_id": lambda one: one.get("order_id") is not None,
        "amount_not_negative": lambda one: one["amount"] >= 0,
        "known_currency": lambda one: one["currency"] in {"EUR", "GBP", "USD"},
    }
    failed = Counter(name for one in unique for name, check in checks.items() if not check(one))
    for name in checks:
        expected.expectations["silver_orders", name] = (len(unique) - failed[name], failed[name])
    kept = [one for one in unique if checks["has_order_id"](one) and checks["amount_not_negative"](one)]
    expected.rows["silver_orders"] = len(kept)
    expected.dropped["silver_orders"] = len(unique) - len(kept)
    return kept


def _silver_customers(folder: Path, expected: Expected) -> dict[str, dict[str, str]]:
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())]
    lines = [one for text in texts for one in csv.DictReader(text.splitlines())]
    expected.rows["bronze_customers"] = len(lines)
    customers = {one["customer_id"]: one for one in lines}
    plausible = sum("@" in one["email"] for one in customers.values())
    kept = {key: one for key, one in customers.items() if one["country"]}
    everyone = len(customers)
    expected.expectations["silver_customers", "plausible_email"] = (plausible, everyone - plausible)
    expected.expectations["silver_customers", "has_country"] = (len(kept), everyone - len(kept))
    expected.expectations["silver_customers", "has_customer_id"] = (everyone, 0)
    expected.rows["silver_customers"] = len(kept)
    expected.dropped["silver_customers"] = everyone - len(kept)
    return kept


def _gold(orders: list[dict[str, Any]], customers: dict[str, dict[str, str]], expected: Expected) -> None:
    daily: dict[tuple[str, str, str], list[Decimal]] = defaultdict(list)
    value: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for one in orders:
        if one["status"] != "completed":
            continue
        amount = Decimal(str(one["amount"])).quantize(CENT, ROUND_HALF_UP)
        daily[_day(one["ordered_at"]).isoformat(), one["shop"], one["currency"]].append(amount)
        if one.get("customer_id") in customers:
            value[one["customer_id"], one["currency"]].append(amount)
    expected.daily = {key: (len(amounts), sum(amounts, Decimal(0))) for key, amounts in daily.items()}
    expected.value = {key: (len(amounts), sum(amounts, Decimal(0))) for key, amounts in value.items()}
    for table, figures, name in (
        ("gold_daily_revenue", expected.daily, "has_orders"),
        ("gold_customer_value", expected.value, "revenue_not_negative"),
    ):
        expected.rows[table] = len(figures)
        expected.expectations[table, name] = (len(figures), 0)


def _day(moment: str) -> Any:
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).date()
