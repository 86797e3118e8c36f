"""Bronze: the customer list as exported."""

import dlt


@dlt.table(
    name="bronze_customers",
    comment="Customers as exported, every column as text.",
    table_properties={"quality": "bronze"},
)
def bronze_customers():
    source = spark.conf.get("orders.source_path")
    return (
        spark.readStream.format("cloudFiles")
        .option("cloudFiles.format", "csv")
        .option("header", "true")
        .load(f"{source}/customers")
    )
