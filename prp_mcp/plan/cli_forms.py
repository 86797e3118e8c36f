"""Commands of earlier Databricks CLIs, and ones it never had, with what they are called now."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from prp_mcp.plan import shell


@dataclass(frozen=True)
class Form:
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

FORMS = (
    Form("bundle logs", present="pipelines list-pipeline-events <pipeline_id>"),
    Form("bundle events", present="pipelines list-pipeline-events <pipeline_id>"),
    Form("bundle status", present="bundle summary"),
    Form("bundle list", present="bundle summary"),
    Form("bundle diff", present="bundle plan"),
    Form("pipelines start-update", ("--pipeline-id",)),
    Form("pipelines start", ("--pipeline-id",), "pipelines start-update"),
    Form("pipelines reset", ("--pipeline-id",), "pipelines start-update", "--full-refresh"),
    Form("pipelines get", ("--pipeline-id",)),
    Form("pipelines stop", ("--pipeline-id",)),
    Form("pipelines delete", ("--pipeline-id",)),
    Form("pipelines update", ("--pipeline-id",)),
    Form("pipelines list", present="pipelines list-pipelines"),
    Form("pipelines list-updates", ("--pipeline-id",)),
    Form("pipelines get-update", ("--pipeline-id", "--update-id")),
    Form("pipelines events", ("--pipeline-id",), "pipelines list-pipeline-events"),
    Form("pipelines list-events", ("--pipeline-id",), "pipelines list-pipeline-events"),
    Form("pipelines list-pipeline-events", ("--pipeline-id",)),
    Form("jobs run-now", ("--job-id",)),
    Form("jobs get", ("--job-id",)),
    Form("jobs delete", ("--job-id",)),
    Form("jobs get-run", ("--run-id",)),
    Form("jobs get-run-output", ("--run-id",)),
    Form("jobs cancel-run", ("--run-id",)),
    Form("jobs export-run", ("--run-id",)),
    Form("runs get", ("--run-id",), "jobs get-run"),
    Form("runs get-output", ("--run-id",), "jobs get-run-output"),
    Form("runs cancel", ("--run-id",), "jobs cancel-run"),
    Form("runs list", present="jobs list-runs"),
    Form("runs submit", present="jobs submit"),
    Form("catalogs get", ("--name",)),
    Form("schemas list", ("--catalog-name",)),
    Form("schemas get", ("--full-name",)),
    Form("tables list", _CATALOG_SCHEMA),
    Form("tables get", ("--full-name",)),
    Form("volumes list", _CATALOG_SCHEMA),
    Form("volumes read", ("--name",)),
    Form("functions list", _CATALOG_SCHEMA),
    Form("grants get", ("--securable-type", "--full-name")),
    Form("workspace ls", present="workspace list"),
    Form("workspace rm", present="workspace delete"),
    Form("workspace import_dir", present="workspace import-dir"),
    Form("workspace export_dir", present="workspace export-dir"),
    Form("clusters spark-versions list", present="clusters spark-versions"),
    Form("clusters get", ("--cluster-id",)),
    Form("clusters start", ("--cluster-id",)),
    Form("clusters delete", ("--cluster-id",)),
    Form("libraries cluster-status", ("--cluster-id",)),
    Form("warehouses get", ("--id",)),
    Form("warehouses start", ("--id",)),
    Form("warehouses stop", ("--id",)),
    Form("repos update", ("--repo-id",)),
    Form("secrets put", ("--scope", "--key"), "secrets put-secret"),
    Form("secrets list", ("--scope",), "secrets list-secrets"),
    Form("secrets create-scope", ("--scope",)),
    Form("dbfs ls", present="fs ls"),
    Form("dbfs cp", present="fs cp"),
    Form("dbfs cat", present="fs cat"),
    Form("dbfs rm", present="fs rm"),
)
"""Forms that the CLI refuses."""

_SQL = frozenset({"execute", "query", "exec", "run", "statement"})
_GLOBAL_VALUES = frozenset({"-p", "--profile", "-t", "--target", "-o", "--output", "--log-level", "--log-file"})
_FLAG = re.compile(r"-{1,2}[A-Za-z]")


def outdated(command: str) -> Outdated | None:
    """Return why the present CLI refuses one simple command (no list, no pipe), or None."""
    words = shell.raw_words(command)
    if not words or not re.fullmatch(r"(?:\S*/)?databricks", words[0]):
        return None
    before, rest = split_global(words[1:])
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
    for form in FORMS:
        written = form.written.split()
        if list(words[: len(written)]) != written:
            continue
        values, others = _taken(words[len(written) :], form.positional)
        if form.present:
            return Outdated(_no_command(form.written), _line([*form.present.split(), *values, *_tail(others, form)]))
        if values:
            named = next(flag for flag in form.positional if _has(words, flag))
            why = f"the current Databricks CLI has no flag {named} for `{form.written}`: its value is an argument"
            return Outdated(why, _line([*written, *values, *others]))
    return None


def _tail(others: Sequence[str], form: Form) -> list[str]:
    return [*others, form.added] if form.added else list(others)


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


def _has(words: Sequence[str], flag: str) -> bool:
    return any(word == flag or word.startswith(f"{flag}=") for word in words)


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
