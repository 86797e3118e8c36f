"""Tell a run's story from its records alone: Markdown for a pull request, HTML for a person, JSON for a machine."""
