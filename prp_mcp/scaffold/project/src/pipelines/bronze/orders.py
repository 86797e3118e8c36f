"""Bronze: order records exactly as the shops deliver them."""

import dlt
from pyspark.sql import functions as F


@dlt.table(
    name="bronze_orders",
    comment="Order records as delivered, one row per line; damaged lines are kept in _rescued_data.",
    table_properties={"quality": "bronze"},
)
@dlt.expect("well_formed", "_rescued_data IS NULL")
def bronze_orders():
    source = spark.conf.get("orders.source_path")
    return (
        spark.readStream.format("cloudFiles")
        .option("cloudFiles.format", "json")
        .option("cloudFiles.inferColumnTypes", "true")
        .load(f"{source}/orders")
        .withColumn("source_file", F.element_at(F.split(F.col("_metadata.file_path"), "/"), -1))
    )
