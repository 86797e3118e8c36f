"""The sample project and its generated input."""
