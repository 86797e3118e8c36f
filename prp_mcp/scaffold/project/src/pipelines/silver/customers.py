"""Silver: one row per customer."""

import dlt
from order_rules import CUSTOMER_WARNINGS
from pyspark.sql import functions as F


@dlt.table(
    name="silver_customers",
    comment="Customers, one row each, with the country in capitals.",
    table_properties={"quality": "silver"},
)
@dlt.expect_all(CUSTOMER_WARNINGS)
@dlt.expect_or_drop("has_country", "country IS NOT NULL")
@dlt.expect_or_fail("has_customer_id", "customer_id IS NOT NULL")
def silver_customers():
    return (
        dlt.read("bronze_customers")
        .dropDuplicates(["customer_id"])
        .select(
            "customer_id",
            "name",
            F.lower("email").alias("email"),
            F.upper("country").alias("country"),
            "segment",
            F.to_date("signed_up").alias("signed_up"),
        )
    )
