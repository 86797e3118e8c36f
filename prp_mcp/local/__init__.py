"""The local workspace: the Databricks REST API on loopback, and a bundle executable that talks to it."""
