"""The smallest bundle that is good: one pipeline of one file."""

ROOT = """\
bundle:
  name: t
include:
  - resources/*.yml
targets:
  dev:
    mode: development
    default: true
"""
PIPELINE = """\
resources:
  pipelines:
    p:
      name: p
      catalog: main
      schema: s
      serverless: true
      libraries:
        - file:
            path: ../src/a.py
"""


def good(write, root=ROOT, pipeline=PIPELINE):
    write({"databricks.yml": root, "resources/p.yml": pipeline, "src/a.py": "x = 1\n"})
