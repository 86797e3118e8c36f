"""Read SQL sources: today's and older forms of CREATE for tables and views, with expectations and flows."""

from itertools import pairwise
from pathlib import Path

from prp_mcp.local.runner.all_kinds import KINDS
from prp_mcp.local.runner.fault import PipelineError
from prp_mcp.local.runner.graph import Action, Dataset, Expectation, Flow, Graph
from prp_mcp.local.runner.kinds.kind import Kind
from prp_mcp.local.runner.paths import Paths
from prp_mcp.local.runner.reading import Reader
from prp_mcp.local.runner.sqltext import (
    Token,
    closing,
    split_commas,
    statements,
    tokens,
    unquoted,
    with_parameters,
)

TYPES = sorted(((words, kind) for kind in KINDS for words in kind.words), key=lambda row: -len(row[0]))
"""What may follow CREATE, the longest first."""

ACTIONS = {"DROP": Action.DROP, "FAIL": Action.FAIL}


def load_sql(source: Path, graph: Graph, reader: Reader, paths: Paths, parameters: dict[str, str]) -> None:
    """Let one SQL source declare its datasets. Raises PipelineError with the line of what is not understood."""
    shown = paths.source(str(source)) or source.name
    text = source.read_text(encoding="utf-8")
    flows: list[tuple[str, str, str, str]] = []
    for line, statement in statements(text):
        location = f"{shown}:{line}"
        try:
            _Statement(with_parameters(statement, parameters), location, graph, reader).declare(flows)
        except PipelineError as error:
            error.location = error.location or location
            raise
    for name, target, query, location in flows:
        dataset = graph.find(target)
        if dataset is None:
            raise PipelineError(
                f"The target {target!r} of a flow is not defined.",
                remedy="Create the streaming table before the flow.",
                location=location,
            )
        dataset.flows.append(_flow(name, dataset, query, location, reader))


class _Statement:
    """One statement, read from the left."""

    def __init__(self, text: str, location: str, graph: Graph, reader: Reader):
        self._text = text
        self._tokens = tokens(text)
        self._at = 0
        self._location = location
        self._graph = graph
        self._reader = reader

    def declare(self, flows: list[tuple[str, str, str, str]]) -> None:
        if self._take("CREATE", "FLOW"):
            flows.append(self._create_flow())
            return
        if not self._take("CREATE"):
            raise self._refusal()
        if self._take("OR"):
            self._take("REFRESH") or self._take("REPLACE")
        # The old name of a private table is a temporary one; a view is published under no name anyway.
        private = self._take("PRIVATE") or self._take("TEMPORARY")
        kind = self._kind()
        self._take("IF", "NOT", "EXISTS")
        dataset = Dataset(self._graph.full(self._name()), kind, self._location, private=private)
        if self._peek() == "(":
            self._columns(dataset)
        self._clauses(dataset)
        if self._take("AS"):
            query = self._text[self._tokens[self._at].start :] if self._at < len(self._tokens) else ""
            dataset.flows.append(_flow(dataset.name.table, dataset, query, self._location, self._reader))
        elif not kind.creators or self._at < len(self._tokens):
            raise self._refusal()
        self._graph.add(dataset)

    def _create_flow(self) -> tuple[str, str, str, str]:
        name = self._name()
        if self._take("COMMENT"):
            self._at += 1
        if not self._take("AS", "INSERT", "INTO"):
            raise self._refusal()
        self._take("ONCE")
        target = self._name()
        self._take("BY", "NAME")
        return name, target, self._text[self._tokens[self._at].start :], self._location

    def _kind(self) -> Kind:
        for words, kind in TYPES:
            if self._take(*words):
                return kind
        raise self._refusal()

    def _columns(self, dataset: Dataset) -> None:
        end = closing(self._tokens, self._at)
        typed: list[str] = []
        for group in split_commas(self._tokens[self._at + 1 : end]):
            if group[0].upper == "CONSTRAINT":
                self._constraint(group, dataset)
            else:
                typed.append(self._column(group, dataset))
        self._at = end + 1
        if any(" " in column for column in typed):
            dataset.schema = ", ".join(typed)

    def _column(self, group: list[Token], dataset: Dataset) -> str:
        """Return `name type` of a column definition; its comment is kept, key constraints are not enforced."""
        stop = next(
            (n for n, token in enumerate(group) if n > 0 and token.upper in ("COMMENT", "NOT", "PRIMARY", "MASK")),
            len(group),
        )
        if "GENERATED" in [token.upper for token in group]:
            raise PipelineError(
                f"The local workspace does not support generated columns, such as {unquoted(group[0].text)!r}.",
                remedy="Compute the column in the query.",
            )
        for token, after in pairwise(group):
            if token.upper == "COMMENT":
                dataset.column_comments[unquoted(group[0].text)] = unquoted(after.text)
        return self._text[group[0].start : group[stop - 1].end]

    def _constraint(self, group: list[Token], dataset: Dataset) -> None:
        if group[2].upper != "EXPECT":
            return  # keys are told to the optimizer on Databricks and are not enforced there either
        end = closing(group, 3)
        words = [token.upper for token in group[end + 1 :]]
        action = ACTIONS[words[2]] if words[:2] == ["ON", "VIOLATION"] and words[2] in ACTIONS else Action.WARN
        condition = self._text[group[3].end : group[end].start].strip()
        dataset.expectations.append(Expectation(unquoted(group[1].text), condition, action))

    def _clauses(self, dataset: Dataset) -> None:
        while self._at < len(self._tokens) and self._peek() != "AS":
            if self._take("COMMENT"):
                dataset.comment = unquoted(self._tokens[self._at].text)
                self._at += 1
            elif self._take("TBLPROPERTIES"):
                dataset.properties.update(self._properties())
            elif self._take("PARTITIONED", "BY"):
                group = self._bracket()
                dataset.partitions = [unquoted(one[0].text) for one in split_commas(group)]
            elif self._take("CLUSTER", "BY"):
                self._take("AUTO") or self._bracket()
            elif self._take("SCHEDULE") or self._take("WITH"):
                raise self._refusal()
            else:
                raise self._refusal()

    def _properties(self) -> dict[str, str]:
        found = {}
        for group in split_commas(self._bracket()):
            sign = next((n for n, token in enumerate(group) if token.text == "="), None)
            if sign is None:
                raise self._refusal()
            key = self._text[group[0].start : group[sign - 1].end]
            found[unquoted(key)] = unquoted(group[sign + 1].text)
        return found

    def _bracket(self) -> list[Token]:
        end = closing(self._tokens, self._at)
        inside = self._tokens[self._at + 1 : end]
        self._at = end + 1
        return inside

    def _name(self) -> str:
        begin = self._at
        self._at += 1
        while self._peek() == ".":
            self._at += 2
        if begin >= len(self._tokens) or self._at > len(self._tokens):
            raise self._refusal()
        return "".join(token.text for token in self._tokens[begin : self._at])

    def _peek(self) -> str:
        return self._tokens[self._at].upper if self._at < len(self._tokens) else ""

    def _take(self, *words: str) -> bool:
        found = [token.upper for token in self._tokens[self._at : self._at + len(words)]]
        if found != list(words):
            return False
        self._at += len(words)
        return True

    def _refusal(self) -> PipelineError:
        near = " ".join(token.text for token in self._tokens[max(0, self._at - 3) : self._at + 4])
        return PipelineError(
            f"This SQL statement is not understood near {near!r}.",
            remedy="Write CREATE OR REFRESH STREAMING TABLE, MATERIALIZED VIEW or TEMPORARY VIEW ... AS SELECT.",
            location=self._location,
        )


def _flow(name: str, dataset: Dataset, query: str, location: str, reader: Reader) -> Flow:
    return Flow(name, dataset.name, lambda: reader.query(query), location)
