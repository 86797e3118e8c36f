"""Run a SQL query of the pipeline: put data frames where it names datasets, files or streams."""

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

from prp_mcp.local.runner.autoloader import AutoLoader
from prp_mcp.local.runner.fault import PipelineError
from prp_mcp.local.runner.paths import Paths
from prp_mcp.local.runner.sqltext import Token, closing, quoted, split_commas, tokens, unquoted

FILE_FUNCTIONS = ("READ_FILES", "CLOUD_FILES")
PATH_FORMATS: Mapping[str, str] = {
    **{kind: kind for kind in ("avro", "csv", "json", "orc", "parquet", "text")},
    "binaryfile": "binaryFile",
}
"""The formats of format.`path`, as Spark spells them."""

PATH_OPTIONS = frozenset({"path", "paths", "avroschemaurl", "rowvalidationxsdpath"})
"""Options that name files beside the path."""

QUERIES = ("SELECT", "WITH", "FROM", "VALUES", "TABLE", "(", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "SET", "USE")


class QueryReader:
    """Rewrite the few things that are Databricks' own; everything else is Spark's to read."""

    def __init__(
        self,
        spark: Any,
        plain_sql: Callable[..., Any],
        named: Callable[..., Any],
        loader: AutoLoader,
        paths: Paths,
    ):
        self._spark = spark
        self._plain_sql = plain_sql
        self._named = named
        self._loader = loader
        self._paths = paths
        self._numbers = count(1)

    def frame(self, text: str, args: Any, named: Mapping[str, Any]) -> Any:
        """Return the data frame of the query `text`. Raises PipelineError for a statement that is no query."""
        found = tokens(text)
        first = found[0].upper if found else ""
        if first not in QUERIES:
            raise PipelineError(
                f"The local workspace does not run {first or 'an empty'!r} statements in a pipeline.",
                remedy="Declare tables as datasets; a pipeline only queries.",
            )
        text = self._files(text)
        if first not in ("SHOW", "SET", "USE"):
            text = self._tables(text)
        return self._plain_sql(self._spark, text, args, **named)

    def _view(self, frame: Any) -> str:
        name = f"__prp_mcp_{next(self._numbers)}"
        frame.createOrReplaceTempView(name)
        return name

    def _files(self, text: str) -> str:
        """Replace `read_files(...)` and `cloud_files(...)` by views of their files."""
        while True:
            found = tokens(text)
            place = next(
                (n for n, t in enumerate(found[:-1]) if t.upper in FILE_FUNCTIONS and found[n + 1].text == "("), None
            )
            if place is None:
                return text
            end = closing(found, place + 1)
            begin, stop = found[place].start, found[end].end
            streaming = found[place].upper == "CLOUD_FILES"
            before = [token.upper for token in found[max(0, place - 2) : place]]
            if before[-1:] == ["STREAM"]:
                begin, streaming = found[place - 1].start, True
            elif before == ["STREAM", "("] and found[end + 1].text == ")":
                begin, stop, streaming = found[place - 2].start, found[end + 1].end, True
            path, options, schema = _arguments(found[place].upper, found[place + 2 : end])
            self._confine(path, options)
            make = self._loader.stream if streaming else self._loader.batch
            text = text[:begin] + self._view(make(path, options, schema)) + text[stop:]

    def _confine(self, path: str, options: Mapping[str, str]) -> None:
        if path:  # the loader says what is wrong with none
            self._paths.confined(path)
        if named := next((key for key in options if key.lower() in PATH_OPTIONS), None):
            raise PipelineError(
                f"The local workspace does not read the files that the option {named!r} names.",
                remedy="Give one path below /Volumes, and no other file.",
            )

    def _path_table(self, parts: list[str], streaming: bool) -> Any:
        """Return the data frame of format.`path`, or None when `parts` name no path."""
        if not any(mark in part for part in parts for mark in "/:\\"):
            return None
        kind, path = parts[0].lower(), parts[-1]
        if len(parts) != 2 or kind not in PATH_FORMATS or streaming:
            raise PipelineError(
                f"The local workspace does not read {'.'.join(parts)!r}.",
                remedy=f"Read files as FORMAT.`/Volumes/...` ({', '.join(PATH_FORMATS)}), or with read_files.",
            )
        return self._spark.read.format(PATH_FORMATS[kind]).load(self._paths.confined(path))

    def _tables(self, text: str) -> str:
        """Replace each table that the query names by a view of its data frame.

        Spark's own parser says where the names stand, so that CTEs, aliases and subqueries are told apart.
        """
        plan = self._spark._jsparkSession.sessionState().sqlParser().parsePlan(text)
        # py4j counts as Java does, in UTF-16 units.
        units = text.encode("utf-16-le")
        edits = []
        for relation, aliased in _relations(plan, frozenset(), False):
            parts = _items(relation.multipartIdentifier())
            streaming = bool(relation.isStreaming())
            frame = self._path_table(parts, streaming)
            if frame is None:
                frame = self._named(quoted(*parts), streaming=streaming)
            origin = relation.origin()
            start, stop = origin.startIndex().get(), origin.stopIndex().get() + 1
            alias = "" if aliased else f" AS {quoted(parts[-1])}"
            edits.append((start, stop, self._view(frame) + alias))
        for start, stop, view in sorted(edits, reverse=True):
            units = units[: start * 2] + view.encode("utf-16-le") + units[stop * 2 :]
        return units.decode("utf-16-le")


def _relations(plan: Any, hidden: frozenset[str], aliased: bool) -> Iterator[tuple[Any, bool]]:
    """Yield every table that `plan` names outside the names its WITH clauses hide, and whether it has an alias."""
    kind = plan.getClass().getSimpleName()
    if kind == "UnresolvedRelation":
        parts = _items(plan.multipartIdentifier())
        if len(parts) > 1 or parts[0].lower() not in hidden:
            yield plan, aliased
        return
    children = _items(plan.children())
    if kind == "UnresolvedWith":
        children = [plan.child()]
        for pair in _items(plan.cteRelations()):
            yield from _relations(pair._2(), hidden, False)
            hidden = hidden | {str(pair._1()).lower()}
    for child in children:
        yield from _relations(child, hidden, kind == "SubqueryAlias")
    for subquery in _items(plan.subqueries()):
        yield from _relations(subquery, hidden, False)


def _items(sequence: Any) -> list[Any]:
    return [sequence.apply(index) for index in range(sequence.size())]


def _arguments(function: str, given: list[Token]) -> tuple[str, dict[str, str], str | None]:
    """Return path, Auto Loader options and schema from the arguments of a file function."""
    groups = split_commas(given)
    path = unquoted(groups[0][0].text) if groups and groups[0][0].kind == "string" else ""
    options: dict[str, str] = {}
    if function == "CLOUD_FILES":
        if len(groups) > 1:
            options["cloudFiles.format"] = unquoted(groups[1][0].text)
        values = [token for token in (groups[2][2:-1] if len(groups) > 2 else []) if token.text != ","]
        for key, value in zip(values[::2], values[1::2], strict=False):
            options[unquoted(key.text)] = unquoted(value.text)
        options.setdefault("cloudFiles.inferColumnTypes", "false")
        return path, options, options.pop("schema", None)
    for group in groups:
        if len(group) >= 3 and group[1].text == "=>":
            options[unquoted(group[0].text)] = unquoted(group[2].text)
    schema = options.pop("schema", None)
    path = options.pop("path", path)
    lowered = {key.lower(): key for key in options}
    kind = options.pop(lowered["format"]) if "format" in lowered else _format_of(path)
    # Unlike the stream source, read_files infers types unless it is told not to.
    infer = options.pop(lowered["infercolumntypes"]) if "infercolumntypes" in lowered else "true"
    options |= {"cloudFiles.format": kind, "cloudFiles.inferColumnTypes": infer}
    return path, options, schema


def _format_of(path: str) -> str:
    suffix = path.rsplit(".", 1)[-1].lower()
    return {"json": "json", "jsonl": "json", "csv": "csv", "parquet": "parquet", "txt": "text"}.get(suffix, "")
