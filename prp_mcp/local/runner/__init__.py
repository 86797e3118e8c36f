"""Run one update of a pipeline on Spark, as a process the local workspace talks to in JSON lines."""
