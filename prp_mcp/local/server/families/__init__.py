"""The API families: one module each, listed in `prp_mcp.local.server.all_families`."""
