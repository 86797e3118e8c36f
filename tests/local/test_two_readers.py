"""Two programs read the same things and may not import each other: over one corpus each, they must agree."""

from typing import Any, NamedTuple

import pytest

from prp_mcp.code import bundle_yaml
from prp_mcp.code.queries import why_not_reading
from prp_mcp.code.sql_source import read_sql
from prp_mcp.errors import UsageError
from prp_mcp.local.bundle import load
from prp_mcp.local.bundle.diagnostics import BundleError, Findings
from prp_mcp.local.runner.graph import Graph
from prp_mcp.local.runner.paths import Paths
from prp_mcp.local.runner.sqlsource import load_sql
from prp_mcp.local.runner.statement import reading_only
from prp_mcp.repo.bundle_file import read_bundle_file
from tests.corpora.bundles import BROKEN, BUNDLES
from tests.corpora.reading import STATEMENTS
from tests.corpora.sql_sources import SOURCES


def product_reads(statement):
    return not why_not_reading(statement)


def local_reads(statement):
    try:
        reading_only(statement)
    except UsageError:
        return False
    return True


@pytest.mark.parametrize(("statement", "verdict"), STATEMENTS.items())
def test_the_local_workspace_answers_what_does_not_write(statement, verdict):
    assert local_reads(statement) is (verdict != "writes")


@pytest.mark.parametrize(("statement", "verdict"), STATEMENTS.items())
def test_a_check_runs_only_what_reads_tables(statement, verdict):
    assert product_reads(statement) is (verdict == "reads")


class SqlSource(NamedTuple):
    """What a SQL source declares: (name, kind, commented, expectations) of each dataset."""

    datasets: list[tuple[str, str, bool]]
    expectations: list[tuple[str, str | None, str, str | None]]
    properties: list[dict[str, str]]


def product_source(text, _folder):
    facts = read_sql("a.sql", text)
    assert facts.errors == ()
    full = Graph("main", "s").full
    return SqlSource(
        [(full(one.name or "").dotted, one.kind, one.has_comment) for one in facts.datasets],
        [(full(one.dataset or "").dotted, one.name, one.action, one.condition) for one in facts.expectations],
        [dict(one.properties) for one in facts.datasets],
    )


def local_source(text, folder):
    source = folder / "a.sql"
    source.write_text(text)
    graph = Graph("main", "s")
    load_sql(source, graph, None, Paths(folder, folder), {})  # type: ignore[arg-type]  # queries are not run
    return SqlSource(
        [(one.name.dotted, one.kind.name.lower().replace("_", " "), bool(one.comment)) for one in graph],
        [(one.name.dotted, rule.name, rule.action, rule.condition) for one in graph for rule in one.expectations],
        [one.properties for one in graph],
    )


@pytest.mark.parametrize("name", SOURCES)
def test_a_sql_source_declares_the_same_to_both(name, tmp_path):
    text = SOURCES[name]
    assert product_source(text, tmp_path) == local_source(text, tmp_path)


class Bundle(NamedTuple):
    """What a bundle's files say before anything is resolved; `resources` and `variables` are keys."""

    name: str
    targets: dict[str, str | None]
    resources: dict[str, list[str]]
    variables: list[str]
    configuration: dict[str, str]


def product_bundle(folder):
    read = read_bundle_file(folder)
    tree: dict[str, Any] = dict(read.tree)
    resources = {kind: sorted(keys) for kind, keys in (tree.get("resources") or {}).items() if keys}
    configuration = {key: value for key, (value, _) in bundle_yaml.configuration(read.tree).items()}
    return Bundle(read.name, dict(read.targets), resources, sorted(tree.get("variables") or {}), configuration)


def local_bundle(folder):
    config, _ = load.load_files(load.find_root(folder), Findings())
    data = config.data()
    targets = {name: (body or {}).get("mode") for name, body in (data.get("targets") or {}).items()}
    resources = {kind: sorted(keys) for kind, keys in (data.get("resources") or {}).items() if keys}
    configuration: dict[str, str] = {}
    held = [data, *(data.get("targets") or {}).values()]
    for holder in held:
        for pipeline in (((holder or {}).get("resources") or {}).get("pipelines") or {}).values():
            for key, value in (pipeline.get("configuration") or {}).items():
                configuration.setdefault(key, value)
    return Bundle(config.text("bundle", "name"), targets, resources, sorted(data.get("variables") or {}), configuration)


def _write(folder, files):
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode())
    return folder


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_says_the_same_to_both(name, tmp_path):
    folder = _write(tmp_path, BUNDLES[name])
    assert product_bundle(folder) == local_bundle(folder)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_bundle_is_refused_by_both(name, tmp_path):
    folder = _write(tmp_path, BROKEN[name])
    with pytest.raises(UsageError):
        product_bundle(folder)
    with pytest.raises(BundleError):
        local_bundle(folder)
