"""Silver: orders with proper types, without repeated deliveries and without records nobody can use."""

import dlt
from order_rules import CURRENCIES, ORDER_DROPS, ORDER_WARNINGS, one_of
from pyspark.sql import functions as F

DELIVERED = ["order_id", "customer_id", "ordered_at", "sent_at", "amount", "currency", "status", "shop"]


@dlt.table(
    name="silver_orders",
    comment="Orders, typed and without repeated deliveries; records without id or with a negative amount are dropped.",
    table_properties={"quality": "silver"},
)
@dlt.expect_all(ORDER_WARNINGS)
@dlt.expect_all_or_drop(ORDER_DROPS)
@dlt.expect_or_fail("known_currency", one_of("currency", CURRENCIES))
def silver_orders():
    whole = dlt.read_stream("bronze_orders").where("_rescued_data IS NULL")
    fingerprint = F.sha2(F.to_json(F.struct(*DELIVERED)), 256)
    return (
        whole.withColumn("fingerprint", fingerprint)
        .dropDuplicates(["fingerprint"])
        .select(
            "order_id",
            "customer_id",
            F.col("ordered_at").cast("timestamp").alias("ordered_at"),
            F.col("sent_at").cast("timestamp").alias("sent_at"),
            F.col("amount").cast("decimal(12,2)").alias("amount"),
            "currency",
            "status",
            "shop",
        )
    )
