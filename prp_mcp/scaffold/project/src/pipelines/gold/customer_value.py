"""Gold: what each customer is worth."""

import dlt
from pyspark.sql import functions as F


@dlt.view(name="completed_orders", comment="Orders that were neither cancelled nor returned.")
def completed_orders():
    return dlt.read("silver_orders").where("status = 'completed'")


@dlt.table(
    name="gold_customer_value",
    comment="Completed orders and revenue per customer and currency.",
    table_properties={"quality": "gold"},
)
@dlt.expect_or_fail("revenue_not_negative", "revenue >= 0")
def gold_customer_value():
    customers = dlt.read("silver_customers")
    return (
        dlt.read("completed_orders")
        .join(customers, "customer_id")
        .groupBy("customer_id", "segment", "country", "currency")
        .agg(F.count("*").alias("orders"), F.sum("amount").alias("revenue"), F.max("ordered_at").alias("last_order_at"))
    )
