"""The sources of a snapshot as facts, and the conventions they follow."""

from collections.abc import Callable
from fnmatch import fnmatchcase

from prp_mcp.code.facts import CodeFacts
from prp_mcp.engine.step import Step
from prp_mcp.errors import UsageError
from prp_mcp.repo.bundle_file import read_bundle_file
from prp_mcp.repo.snapshot import Snapshot
from prp_mcp.repo.source_facts import SourceFactsStore


def code_patterns(step: Step) -> dict[str, object]:
    """Return how this code base does things, for whoever is to add to it; see `prp_mcp.code.sources.patterns`."""
    from prp_mcp.code.sources import patterns

    facts, _ = _facts(step, step.snapshot, _tells)
    try:
        tree = read_bundle_file(step.root_in(step.snapshot)).tree
    except UsageError:  # validate_bundle reports what is wrong with the bundle's YAML
        tree = {}
    return patterns(facts, tree, step.present.prefix.rstrip("/"))


def source_facts(step: Step, snapshot: Snapshot) -> tuple[CodeFacts, int]:
    """Return the facts of the Python and SQL files of a snapshot, and how many of them were known before."""
    return _facts(step, snapshot, _is_source)


def deployed_sources(step: Step) -> CodeFacts:
    """Return the facts of the sources that are deployed. The deployment gate must hold."""
    assert step.run.deployment is not None  # or the tool would not have been called
    return source_facts(step, step.snapshots.open(step.run.deployment.snapshot))[0]


def _facts(step: Step, snapshot: Snapshot, wanted: Callable[[str], bool]) -> tuple[CodeFacts, int]:
    store = SourceFactsStore(step.settings.state_dir / "source-facts.db")
    found, known = store.read(snapshot, (file for file in snapshot.tree.files if wanted(file.path)))
    return CodeFacts(tuple(found[path] for path in sorted(found))), known


def _is_source(path: str) -> bool:
    return path.endswith((".py", ".sql"))


def _tells(path: str) -> bool:
    """Return whether patterns are read from a file: sources, notebooks, and files that declare dependencies."""
    name = path.rsplit("/", 1)[-1]
    return (
        _is_source(path)
        or name.endswith(".ipynb")
        or name == "pyproject.toml"
        or fnmatchcase(name, "*requirements*.txt")
    )
