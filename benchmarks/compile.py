"""How long `compile_check` takes over 1,000 sources: the first time, and again after one of them was edited.

Run `python -m benchmarks.compile`. Both are measured in one run, as a call of the tool through the door (tree, snapshot
and journal with it) and as the reading of the sources alone; the ratios are what counts.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from prp_mcp.engine.door import Engine
from prp_mcp.engine.present import read_present
from prp_mcp.engine.result import Result
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Outcome, Tool
from prp_mcp.gates.order import TOOL_OF, Gate, Verdict
from prp_mcp.plan.names import PrpName
from prp_mcp.repo.snapshot import Snapshots
from prp_mcp.repo.source_facts import SourceFactsStore
from prp_mcp.settings import Settings, read_settings
from prp_mcp.tools.compile_check import TOOL as COMPILE
from prp_mcp.tools.load_prp import TOOL as LOAD
from prp_mcp.tools.rollback import TOOL as ROLLBACK

FILES = 1_000
EDITED = "\n# edited\n"
BEFORE = (Gate.ENVIRONMENT, Gate.BUNDLE)
ENOUGH = 10.0
"""How much faster the second reading must be."""

PRP = """\
# Many

## All Needed Context
- `src/table_1.py` - a source

## Implementation Blueprint
### Task 1: Write it
MODIFY src/table_1.py

## Validation Loop
```bash
python -m pytest
```
"""
_HEAD = '''"""Datasets of source {number}."""

import dlt
from pyspark.sql import functions as F

'''
_DATASET = """
@dlt.table(name="table_{number}_{part}", comment="Rows of source {number}.", table_properties={{"quality": "silver"}})
@dlt.expect_or_drop("has_id", "id IS NOT NULL")
@dlt.expect("positive", "amount >= 0")
def table_{number}_{part}():
    rows = spark.readStream.table("source_{number}").withColumn("loaded", F.current_timestamp())
    joined = rows.join(spark.read.table("customers"), on="customer_id", how="left")
    return (
        joined.select("id", "amount", F.col("loaded").alias("loaded_at"), F.coalesce("name", F.lit("?")).alias("name"))
        .where(F.col("amount") < {number})
        .groupBy("name", F.window("loaded_at", "1 hour"))
        .agg(F.sum("amount").alias("amount"), F.countDistinct("id").alias("orders"))
    )
"""


def source(number: int) -> str:
    """Return a source of some 80 lines with five datasets, as real ones have."""
    return "\n".join([_HEAD.format(number=number), *(_DATASET.format(number=number, part=part) for part in range(5))])


def project(folder: Path) -> None:
    """Lay out a repository with FILES sources."""
    (folder / "src").mkdir(parents=True)
    (folder / "PRPs").mkdir()
    (folder / "databricks.yml").write_text("bundle: {name: many}\ntargets: {dev: {mode: development}}\n")
    (folder / "PRPs/many.md").write_text(PRP)
    for number in range(FILES):
        (folder / f"src/table_{number}.py").write_text(source(number))
    for words in (("init", "-q"), ("add", "-A"), ("-c", "user.name=b", "-c", "user.email=b@b", "commit", "-qm", "b")):
        subprocess.run(["git", *words], cwd=folder, check=True)


def seconds(action: Callable[[], object]) -> float:
    """Return how long an action took."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def edit(folder: Path) -> None:
    """Change one source."""
    (folder / "src/table_1.py").write_text(source(1) + EDITED)


def reading(folder: Path, settings: Settings) -> Callable[[], object]:
    """Return what takes a snapshot and reads its sources; only the reading is timed."""
    present = read_present(folder, settings, PrpName("many"), "dev")
    snapshot = Snapshots(settings.state_dir / "snapshots").take(present.repository, present.tree, present.git)
    store = SourceFactsStore(settings.state_dir / "source-facts.db")
    wanted = [file for file in snapshot.tree.files if file.path.endswith(".py")]
    return lambda: store.read(snapshot, wanted)


def opened(gate: Gate) -> Tool:
    """Return a made-up tool that passes a gate before `compile_check`, and takes the snapshot as the real one does."""

    def run(step: Step, _: Arguments) -> Outcome:
        assert step.snapshot
        return Outcome(Verdict.PASSED, "made up", Fields())

    name = TOOL_OF[gate]
    return Tool(name, name, name, Arguments, Fields, run, "read", gate)


def calling(folder: Path, settings: Settings) -> Callable[[], object]:
    """Return what calls `compile_check` for the present files; only that call is timed."""
    engine = Engine([LOAD, *map(opened, BEFORE), COMPILE, ROLLBACK], settings, folder)
    called(engine, "load_prp", prp="many")
    for gate in BEFORE:
        called(engine, TOOL_OF[gate])
    if not (folder / "src/table_1.py").read_text().endswith(EDITED):
        (settings.state_dir / "source-facts.db").unlink()  # load_prp has read the sources already
    return lambda: called(engine, "compile_check")


def called(engine: Engine, name: str, **arguments: str) -> None:
    """Call a tool that passes."""
    done = engine.execute(name, arguments)
    assert isinstance(done, Result), done
    assert done.verdict is Verdict.PASSED, done.summary


def main() -> int:
    """Print the figures and their ratios; return 1 when the second reading is not fast enough."""
    ratios = {}
    for what, prepared in (("reading the sources", reading), ("the whole call", calling)):
        with tempfile.TemporaryDirectory() as base:
            folder, state = Path(base, "project"), Path(base, "state")
            project(folder)
            state.mkdir(mode=0o700)
            host = {"DATABRICKS_HOST": "http://127.0.0.1:9", "DATABRICKS_TOKEN": "x" * 8, "PATH": "/usr/bin:/bin"}
            settings = read_settings({**host, "PRP_MCP_STATE_DIR": str(state)})
            first = seconds(prepared(folder, settings))
            edit(folder)
            second = seconds(prepared(folder, settings))
        ratios[what] = first / second
        told = f"{first:.3f} s, after one edit {second:.3f} s: {first / second:.1f} x faster"
        sys.stdout.write(f"{FILES} sources, {what}: first {told}\n")
    return 0 if ratios["reading the sources"] >= ENOUGH else 1


if __name__ == "__main__":
    raise SystemExit(main())
