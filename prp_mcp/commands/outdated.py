"""Commands of earlier Databricks CLIs, and ones it never had, with what they are called now."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from prp_mcp.commands.line import CommandLine
from prp_mcp.commands.parts import Part


@dataclass(frozen=True)
class OutdatedForm:
    """A command as people write it, and the present one.

    `positional` are flags whose values have become arguments, in their order. A form is outdated wherever it is
    used when `present` is given, otherwise only with one of those flags.
    """

    written: str
    positional: tuple[str, ...] = ()
    present: str = ""
    added: str = ""


@dataclass(frozen=True)
class Outdated:
    """Why a command is outdated and what to write in its place, with the command's own values."""

    why: str
    right: str


_CATALOG_SCHEMA = ("--catalog-name", "--schema-name")

OUTDATED_FORMS = (
    OutdatedForm("bundle logs", present="pipelines list-pipeline-events <pipeline_id>"),
    OutdatedForm("bundle events", present="pipelines list-pipeline-events <pipeline_id>"),
    OutdatedForm("bundle status", present="bundle summary"),
    OutdatedForm("bundle list", present="bundle summary"),
    OutdatedForm("bundle diff", present="bundle plan"),
    OutdatedForm("pipelines start-update", ("--pipeline-id",)),
    OutdatedForm("pipelines start", ("--pipeline-id",), "pipelines start-update"),
    OutdatedForm("pipelines reset", ("--pipeline-id",), "pipelines start-update", "--full-refresh"),
    OutdatedForm("pipelines get", ("--pipeline-id",)),
    OutdatedForm("pipelines stop", ("--pipeline-id",)),
    OutdatedForm("pipelines delete", ("--pipeline-id",)),
    OutdatedForm("pipelines update", ("--pipeline-id",)),
    OutdatedForm("pipelines list", present="pipelines list-pipelines"),
    OutdatedForm("pipelines list-updates", ("--pipeline-id",)),
    OutdatedForm("pipelines get-update", ("--pipeline-id", "--update-id")),
    OutdatedForm("pipelines events", ("--pipeline-id",), "pipelines list-pipeline-events"),
    OutdatedForm("pipelines list-events", ("--pipeline-id",), "pipelines list-pipeline-events"),
    OutdatedForm("pipelines list-pipeline-events", ("--pipeline-id",)),
    OutdatedForm("jobs run-now", ("--job-id",)),
    OutdatedForm("jobs get", ("--job-id",)),
    OutdatedForm("jobs delete", ("--job-id",)),
    OutdatedForm("jobs get-run", ("--run-id",)),
    OutdatedForm("jobs get-run-output", ("--run-id",)),
    OutdatedForm("jobs cancel-run", ("--run-id",)),
    OutdatedForm("jobs export-run", ("--run-id",)),
    OutdatedForm("runs get", ("--run-id",), "jobs get-run"),
    OutdatedForm("runs get-output", ("--run-id",), "jobs get-run-output"),
    OutdatedForm("runs cancel", ("--run-id",), "jobs cancel-run"),
    OutdatedForm("runs list", present="jobs list-runs"),
    OutdatedForm("runs submit", present="jobs submit"),
    OutdatedForm("catalogs get", ("--name",)),
    OutdatedForm("schemas list", ("--catalog-name",)),
    OutdatedForm("schemas get", ("--full-name",)),
    OutdatedForm("tables list", _CATALOG_SCHEMA),
    OutdatedForm("tables get", ("--full-name",)),
    OutdatedForm("volumes list", _CATALOG_SCHEMA),
    OutdatedForm("volumes read", ("--name",)),
    OutdatedForm("functions list", _CATALOG_SCHEMA),
    OutdatedForm("grants get", ("--securable-type", "--full-name")),
    OutdatedForm("workspace ls", present="workspace list"),
    OutdatedForm("workspace rm", present="workspace delete"),
    OutdatedForm("workspace import_dir", present="workspace import-dir"),
    OutdatedForm("workspace export_dir", present="workspace export-dir"),
    OutdatedForm("clusters spark-versions list", present="clusters spark-versions"),
    OutdatedForm("clusters get", ("--cluster-id",)),
    OutdatedForm("clusters start", ("--cluster-id",)),
    OutdatedForm("clusters delete", ("--cluster-id",)),
    OutdatedForm("libraries cluster-status", ("--cluster-id",)),
    OutdatedForm("warehouses get", ("--id",)),
    OutdatedForm("warehouses start", ("--id",)),
    OutdatedForm("warehouses stop", ("--id",)),
    OutdatedForm("repos update", ("--repo-id",)),
    OutdatedForm("secrets put", ("--scope", "--key"), "secrets put-secret"),
    OutdatedForm("secrets list", ("--scope",), "secrets list-secrets"),
    OutdatedForm("secrets create-scope", ("--scope",)),
    OutdatedForm("dbfs ls", present="fs ls"),
    OutdatedForm("dbfs cp", present="fs cp"),
    OutdatedForm("dbfs cat", present="fs cat"),
    OutdatedForm("dbfs rm", present="fs rm"),
)
"""Forms that the CLI refuses."""

_SQL = frozenset({"execute", "query", "exec", "run", "statement"})
_GLOBAL_VALUES = frozenset({"-p", "--profile", "-t", "--target", "-o", "--output", "--log-level", "--log-file"})
_FLAG = re.compile(r"-{1,2}[A-Za-z]")


def outdated_form(line: CommandLine) -> Outdated | None:
    """Return what the present Databricks CLI refuses in a command line, or None."""
    return next((found for part in line.parts if (found := _outdated(part))), None)


def _outdated(part: Part) -> Outdated | None:
    if part.program[:1] != ("databricks",):
        return None
    before, rest = split_global(part.written[1:])
    if rest[:1] == ["sql"] and len(rest) > 1 and rest[1] in _SQL:
        return _sql(rest)
    if rest[:1] == ["unity-catalog"]:
        inner = _formed(rest[1:])
        shown = inner.right.split()[1:] if inner else rest[1:]
        return Outdated(_no_command("unity-catalog"), _line([*before, *shown]))
    found = _formed(rest)
    return Outdated(found.why, _line([*before, *found.right.split(" ")[1:]])) if found else None


def split_global(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the flags that stand before the command, and the command."""
    index = 0
    while index < len(words) and words[index].startswith("-"):
        index += 2 if words[index] in _GLOBAL_VALUES else 1
    return list(words[:index]), list(words[index:])


def _formed(words: Sequence[str]) -> Outdated | None:
    for form in OUTDATED_FORMS:
        written = form.written.split()
        if list(words[: len(written)]) != written:
            continue
        values, others = _taken(words[len(written) :], form.positional)
        if form.present:
            added = [form.added] if form.added else []
            return Outdated(_no_command(form.written), _line([*form.present.split(), *values, *others, *added]))
        if values:
            flags = {word.partition("=")[0] for word in words}
            named = next(flag for flag in form.positional if flag in flags)
            why = f"the current Databricks CLI has no flag {named} for `{form.written}`: its value is an argument"
            return Outdated(why, _line([*written, *values, *others]))
    return None


def _taken(words: Sequence[str], flags: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the values of `flags` in the order of the flags, and the other words."""
    values: dict[str, str] = {}
    others: list[str] = []
    index = 0
    while index < len(words):
        flag, equals, value = words[index].partition("=")
        if flag in flags and equals:
            values[flag] = value
        elif flag in flags and index + 1 < len(words) and not _FLAG.match(words[index + 1]):
            values[flag] = words[index + 1]
            index += 1
        else:
            others.append(words[index])
        index += 1
    return [values[flag] for flag in flags if flag in values], others


def _sql(words: Sequence[str]) -> Outdated:
    statement, others = _taken(words[2:], ("--statement", "--query", "-q"))
    warehouse, _ = _taken(others, ("--warehouse-id", "-w"))
    sql = statement[0].strip("'\"") if statement else "SELECT ..."
    where = warehouse[0].strip("'\"") if warehouse else "<warehouse_id>"
    body = f'\'{{"statement": "{sql}", "warehouse_id": "{where}"}}\''
    return Outdated(_no_command(f"sql {words[1]}"), _line(["api", "post", "/api/2.0/sql/statements", "--json", body]))


def _no_command(words: str) -> str:
    return f"the current Databricks CLI has no `{words}`"


def _line(words: Sequence[str]) -> str:
    return " ".join(["databricks", *words])
