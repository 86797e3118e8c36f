"""Attach to the warm JVM and give each update a Spark session of its own."""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from prp_mcp.local.runner import environment
from prp_mcp.local.runner.jvm import Jvm

TAG = "prp-mcp-update"
"""Marks every job of an update, so that its jobs, and no query's beside it, can be cancelled."""


def attached(jvm: Jvm, home: Path, warehouse: Path, catalogs: Iterable[str]) -> Any:
    """Return a new Spark session in `jvm` in which every catalog is an Iceberg catalog below `warehouse`.

    The Spark context is made by the first caller and shared; session configuration, views and functions are not.
    """
    environment.point_pyspark_at(jvm.port, jvm.secret)
    # pyspark reads the variables set above when it is imported.
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    gateway: Any = launch_gateway()  # type: ignore[no-untyped-call]  # pyspark leaves it untyped
    SparkContext._ensure_initialized(gateway=gateway)
    conf = SparkConf(_jvm=gateway.jvm)
    for name, value in _context_settings(home, warehouse).items():
        conf.set(name, value)
    shared = gateway.jvm.org.apache.spark.SparkContext.getOrCreate(conf._jconf)
    java_context = gateway.jvm.org.apache.spark.api.java.JavaSparkContext(shared)
    context = SparkContext(gateway=gateway, jsc=java_context, conf=conf)
    sessions = getattr(gateway.jvm, "org.apache.spark.sql.classic.SparkSession")
    root = sessions.builder().sparkContext(shared).getOrCreate()
    session = SparkSession(context, jsparkSession=root.newSession())
    sessions.setActiveSession(session._jsparkSession)
    for name, value in _session_settings().items():
        session.conf.set(name, value)
    for catalog in catalogs:
        add_catalog(session, catalog, warehouse)
    return session


def add_catalog(session: Any, catalog: str, warehouse: Path) -> None:
    """Make `catalog` known to `session`, its tables below `warehouse`."""
    prefix = f"spark.sql.catalog.{catalog}"
    session.conf.set(f"{prefix}.type", "hadoop")
    session.conf.set(f"{prefix}.warehouse", (warehouse / catalog).as_uri())
    session.conf.set(f"{prefix}.cache-enabled", "false")
    session.conf.set(prefix, "org.apache.iceberg.spark.SparkCatalog")


def mark_jobs(session: Any, update_id: str) -> None:
    """Mark the jobs that this thread starts from now on as the update's."""
    context = session.sparkContext._jsc.sc()
    context.addJobTag(TAG)
    context.setJobGroup(update_id, "", False)


def end_leftovers(session: Any, update_id: str | None) -> bool:
    """End what updates run in the JVM, and what `update_id` is about to; return False when it does not end.

    Killing the update's Python process stops nothing: its jobs and streams go on (measured for minutes).
    """
    shared = session._jsparkSession.sharedState()
    # Jobs first: a stream waits for its own.
    context = session.sparkContext._jsc.sc()
    if update_id is not None:
        context.cancelJobGroupAndFutureJobs(update_id)
    context.cancelJobsWithTag(TAG)
    for query in list(shared.activeStreamingQueries().values()):
        with contextlib.suppress(Exception):  # whatever it answers, the check below decides
            query.stop()
    context.cancelJobsWithTag(TAG)
    return bool(shared.activeStreamingQueries().isEmpty())


def _context_settings(home: Path, warehouse: Path) -> dict[str, str]:
    return {
        "spark.master": "local[2]",
        "spark.app.name": "prp-mcp",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(home / "tmp"),
        "spark.sql.warehouse.dir": (warehouse / "spark").as_uri(),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.scheduler.mode": "FAIR",
    }


def _session_settings() -> dict[str, str]:
    return {
        # A name such as text.`/x` is read by us, below the workspace's own folders; Spark would read any file.
        "spark.sql.runSQLOnFiles": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.streaming.stopTimeout": "3s",
        # Counts are read from the progress of every micro-batch: none may be forgotten before it was read.
        "spark.sql.streaming.numRecentProgressUpdates": "100000",
        "spark.sql.streaming.metricsEnabled": "false",
        "spark.sql.debug.maxToStringFields": "200",
        # It confuses count(*) with count(DISTINCT 1): "multiple fields for name count(*)" (Iceberg 1.12).
        "spark.sql.iceberg.aggregate-push-down.enabled": "false",
        "spark.sql.execution.arrow.pyspark.enabled": "false",
    }
