"""Small projects for tests: a bundle with one pipeline, a PRP that is complete, a git repository around them."""

import json
import os
import subprocess
from pathlib import Path

PRP = """\
# Mini pipeline

## Goal
A table of numbers.

## All Needed Context
- `src/pipelines/numbers.py` - the source

## Implementation Blueprint
### Task 1: Create the numbers table
MODIFY src/pipelines/numbers.py

## Validation Loop
### Level 1: Syntax
```bash
python -m py_compile src/pipelines/numbers.py
databricks bundle validate --target dev
```

## Final Validation Checklist
- [ ] The bundle is valid: `databricks bundle validate --target dev`
"""

SOURCE = """\
import dlt


@dlt.table(comment="Numbers")
@dlt.expect("small", "id < 1000")
def numbers():
    return spark.range(100)
"""

BUNDLE = """\
bundle:
  name: {name}
targets:
  dev:
    mode: development
    default: true
  prod:
    mode: production
    workspace:
      root_path: /Workspace/Users/engineer@example.com/.bundle/{name}/prod
resources:
  schemas:
    mini_schema:
      catalog_name: main
      name: {name}
      comment: Mini tables
  pipelines:
    mini:
      name: {name}
      catalog: main
      schema: ${{resources.schemas.mini_schema.name}}
      serverless: true
      libraries:
        - file:
            path: src/pipelines/numbers.py
      configuration:
        script: '{script}'
"""

FEW_PLUGINS = "[pytest]\naddopts = -p no:hypothesispytest -p no:anyio -p no:xdist\n"
"""A project's pytest.ini: loading the plugins of this very environment takes a second that no test is about."""


def event(kind: str, dataset: str = "", level: str = "INFO", message: str = "", **details):
    """Return an event report of a scripted runner."""
    body = {"level": level, "event_type": kind, "message": message or kind, "details": details}
    body["origin"] = {"dataset_name": dataset} if dataset else {}
    return {"say": {"kind": "event", "event": body}}


def progress(dataset: str, status: str = "COMPLETED", rows: int = 0, expectations=(), dropped: int = 0):
    """Return a flow_progress report."""
    found: dict = {"status": status, "metrics": {"num_output_rows": rows}}
    if expectations:
        counted = [dict(zip(("name", "passed_records", "failed_records"), item, strict=True)) for item in expectations]
        listed = [{**item, "dataset": dataset} for item in counted]
        found["data_quality"] = {"dropped_records": dropped, "expectations": listed}
    return event("flow_progress", dataset, flow_progress=found)


def table(name: str, schema: str):
    """Return a table report."""
    columns = [{"name": "id", "type_text": "bigint", "type_name": "LONG", "position": 0, "nullable": True}]
    body = {"catalog_name": "main", "schema_name": schema, "name": name, "table_type": "MATERIALIZED_VIEW"}
    return {"say": {"kind": "table", "table": {**body, "columns": columns, "comment": "Numbers", "properties": {}}}}


def good_script(name: str, *, sleep: float = 0.0, failed: int = 0) -> list:
    """Return what a scripted runner does for a mini pipeline that goes well."""
    dataset = f"main.dev_engineer_{name}.numbers"
    pause = [{"sleep": sleep}] if sleep else []
    done = progress(dataset, rows=100, expectations=[("small", 100 - failed, failed)])
    return [event("create_update"), *pause, table("numbers", f"dev_engineer_{name}"), done]


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files by relative path."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def git(folder: Path, *words: str) -> str:
    """Run git in `folder` as a test identity and return its output."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "gc.auto=0")
    done = subprocess.run(["git", *identity, *words], cwd=folder, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def init(folder: Path) -> None:
    """Make `folder` an empty repository: these few files are one, and `git init` takes longer than what is tested."""
    for name in ("hooks", "objects", "refs/heads"):
        (folder / ".git" / name).mkdir(parents=True)
    write(folder / ".git", {"HEAD": "ref: refs/heads/main\n", "config": "[core]\n\trepositoryformatversion = 0\n"})


def commit(folder: Path, message: str = "change") -> str:
    """Commit everything in `folder` and return the commit's id."""
    git(folder, "add", "-A")
    git(folder, "-c", "maintenance.auto=false", "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def mini(folder: Path, name: str, script: list | None = None, source: str = SOURCE, policy: str = "") -> Path:
    """Make a project called `name` in `folder`: one pipeline, one complete PRP `mini`, one commit."""
    text = json.dumps(script if script is not None else good_script(name)).replace("'", "''")
    files = {
        "databricks.yml": BUNDLE.format(name=name, script=text),
        "src/pipelines/numbers.py": source,
        "PRPs/mini.md": PRP,
        ".gitignore": ".databricks/\n__pycache__/\n",
    }
    if policy:
        files["prp-mcp.toml"] = policy
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, files)
    if not (folder / ".git").exists():
        init(folder)
    commit(folder)
    return folder
