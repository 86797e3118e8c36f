"""What makes an order or a customer acceptable: SQL conditions for the pipeline, and the values behind them."""

CURRENCIES = ("EUR", "GBP", "USD")
LATE_AFTER_DAYS = 7


def one_of(column: str, values: tuple[str, ...]) -> str:
    """Return the SQL condition that `column` has one of `values`."""
    listed = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"{column} IN ({listed})"


ORDER_WARNINGS = {
    "has_customer": "customer_id IS NOT NULL",
    "on_time": f"datediff(sent_at, ordered_at) <= {LATE_AFTER_DAYS}",
}
ORDER_DROPS = {
    "has_order_id": "order_id IS NOT NULL",
    "amount_not_negative": "amount >= 0",
}
CUSTOMER_WARNINGS = {"plausible_email": "email LIKE '%_@_%._%'"}
