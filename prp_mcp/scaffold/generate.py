"""Make the sample project's input: order records and customers with the defects that real deliveries have."""

import csv
import io
import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

ORDER_FILES = 8
CUSTOMERS = 2_000
FIRST_DAY = datetime(2025, 3, 1, tzinfo=UTC)
DAYS = 60
SHOPS = ("berlin", "lisbon", "london", "online")
CURRENCIES = ("EUR", "EUR", "EUR", "GBP", "USD")
STATUSES = ("completed",) * 9 + ("cancelled", "returned")
COUNTRIES = ("de", "pt", "gb", "fr", "us")
SEGMENTS = ("consumer", "business", "partner")
MISSING_ID, NEGATIVE, NO_CUSTOMER, LATE, REPEATED, DAMAGED = 0.004, 0.006, 0.01, 0.015, 0.01, 0.003
NO_COUNTRY, BAD_EMAIL = 0.01, 0.02


@dataclass(frozen=True)
class InputFacts:
    """What was written: figures are lines; a line may have several defects."""

    order_lines: int
    order_files: int
    customer_lines: int
    missing_ids: int
    negative_amounts: int
    missing_customers: int
    late: int
    repeated: int
    damaged: int


def write_input(folder: Path, *, orders: int = 50_000, seed: int = 7) -> InputFacts:
    """Write `orders/*.jsonl` and `customers/customers.csv` below `folder`; the same arguments write the same bytes.

    There are `orders` whole records, and on top of them repeated and damaged lines.
    """
    chance = random.Random(seed)  # noqa: S311  # sample data, nothing to guess
    lines, counted = _order_lines(chance, orders)
    (folder / "orders").mkdir(parents=True, exist_ok=True)
    (folder / "customers").mkdir(parents=True, exist_ok=True)
    size = -(-len(lines) // ORDER_FILES)
    files = [lines[start : start + size] for start in range(0, len(lines), size)]
    for number, part in enumerate(files, 1):
        target = folder / "orders" / f"orders-{number:02}.jsonl"
        target.write_text("".join(line + "\n" for line in part), encoding="utf-8", newline="\n")
    customers = _customers(chance)
    (folder / "customers" / "customers.csv").write_text(customers, encoding="utf-8", newline="\n")
    return InputFacts(len(lines), len(files), customers.count("\n") - 1, **counted)


def _order_lines(chance: random.Random, orders: int) -> tuple[list[str], dict[str, int]]:
    counted = dict.fromkeys(("missing_ids", "negative_amounts", "missing_customers", "late", "repeated", "damaged"), 0)
    lines: list[str] = []
    for number in range(orders):
        record = _order(chance, number, counted)
        line = json.dumps(record, separators=(",", ":"))
        lines.append(line)
        if chance.random() < REPEATED:
            counted["repeated"] += 1
            # A shop that got no receipt sends the record again, a little later.
            lines.insert(max(0, len(lines) - chance.randrange(1, 200)), line)
        if chance.random() < DAMAGED:
            counted["damaged"] += 1
            lines.append(line[: chance.randrange(10, len(line) - 10)])
    return lines, counted


def _order(chance: random.Random, number: int, counted: dict[str, int]) -> dict[str, object]:
    moment = FIRST_DAY + timedelta(seconds=chance.randrange(DAYS * 86_400))
    sent = moment + timedelta(minutes=chance.randrange(1, 600))
    record: dict[str, object] = {
        "order_id": f"O{number:07}",
        "customer_id": f"C{chance.randrange(CUSTOMERS):05}",
        "ordered_at": _text(moment),
        "sent_at": _text(sent),
        "amount": round(chance.lognormvariate(3.5, 0.8), 2),
        "currency": chance.choice(CURRENCIES),
        "status": chance.choice(STATUSES),
        "shop": chance.choice(SHOPS),
    }
    if chance.random() < MISSING_ID:
        del record["order_id"]
        counted["missing_ids"] += 1
    if chance.random() < NEGATIVE:
        record["amount"] = -float(str(record["amount"]))
        counted["negative_amounts"] += 1
    if chance.random() < NO_CUSTOMER:
        record["customer_id"] = None
        counted["missing_customers"] += 1
    if chance.random() < LATE:
        record["sent_at"] = _text(moment + timedelta(days=chance.randrange(9, 40)))
        counted["late"] += 1
    return record


def _customers(chance: random.Random) -> str:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["customer_id", "name", "email", "country", "segment", "signed_up"])
    for number in range(CUSTOMERS):
        name = f"Customer {number:05}"
        email = f"Customer{number:05}@example.com"
        if chance.random() < BAD_EMAIL:
            email = email.replace("@", "(at)")
        country = "" if chance.random() < NO_COUNTRY else chance.choice(COUNTRIES)
        signed_up = (FIRST_DAY - timedelta(days=chance.randrange(1, 2_000))).date().isoformat()
        table.writerow([f"C{number:05}", name, email, country, chance.choice(SEGMENTS), signed_up])
    return out.getvalue()


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
