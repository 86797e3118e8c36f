"""The conditions that decide which orders are kept."""

import sqlite3

import order_rules
import pytest


def holds(condition: str, **values: object) -> bool:
    """Evaluate a condition in SQLite, whose answer for these operators is that of Spark."""
    columns = ", ".join(f"? AS {name}" for name in values)
    row = sqlite3.connect(":memory:").execute(f"SELECT {condition} FROM (SELECT {columns})", list(values.values()))
    return bool(row.fetchone()[0])


@pytest.mark.parametrize("currency", order_rules.CURRENCIES)
def test_every_listed_currency_is_known(currency):
    assert holds(order_rules.one_of("currency", order_rules.CURRENCIES), currency=currency)


def test_another_currency_is_not_known():
    assert not holds(order_rules.one_of("currency", order_rules.CURRENCIES), currency="XXX")


def test_a_quote_in_a_value_stays_inside_its_literal():
    assert holds(order_rules.one_of("shop", ("O'Hare",)), shop="O'Hare")


def test_an_order_without_id_is_dropped():
    assert not holds(order_rules.ORDER_DROPS["has_order_id"], order_id=None)


@pytest.mark.parametrize(("amount", "kept"), [(0, True), (12.5, True), (-0.01, False), (None, False)])
def test_only_amounts_from_zero_up_are_kept(amount, kept):
    assert holds(order_rules.ORDER_DROPS["amount_not_negative"], amount=amount) is kept


@pytest.mark.parametrize(("email", "plausible"), [("a@b.de", True), ("a.b.de", False), ("", False)])
def test_an_email_needs_an_at_sign_and_a_domain(email, plausible):
    assert holds(order_rules.CUSTOMER_WARNINGS["plausible_email"], email=email) is plausible
