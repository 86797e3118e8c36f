"""Take a coding agent through a PRP for a Databricks pipeline, gate by gate, with evidence and rollback."""

__version__ = "0.1.0"
