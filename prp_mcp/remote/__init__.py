"""Everything that leaves this process for a workspace: the bundle executable and the REST API."""
