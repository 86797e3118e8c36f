"""Serve the part of the Databricks REST API that a pipeline bundle needs, on loopback, with its state on disk."""
