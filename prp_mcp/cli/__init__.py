"""The command-line edge, for people and CI; it knows nothing of MCP but how to start its server."""
