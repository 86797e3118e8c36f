"""What several tools share of their steps: the deployment, its updates, the target, the sources, the context."""
