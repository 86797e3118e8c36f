"""A bundle executable with the Databricks CLI's command line, for the local workspace only."""

VERSION = "1.14.0-local"
"""The version of the CLI whose behaviour this follows, marked as not being it."""
