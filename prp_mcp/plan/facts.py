"""What can be said of a pipeline's sources without running them; lines and columns count from 1."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Api = Literal["dlt", "pyspark.pipelines", "sql"]
Kind = Literal["streaming table", "materialized view", "view", "table"]
Action = Literal["warn", "drop", "fail"]


@dataclass(frozen=True)
class DatasetFact:
    """A dataset that a source defines; `name` is None when it is computed at load time.

    `kind` is "table" where the source does not tell a streaming table from a materialized view.
    `is_private` says that it is not published to the catalog. `has_comment` that it is described.
    """

    name: str | None
    kind: Kind
    line: int
    is_private: bool = False
    has_comment: bool = False


@dataclass(frozen=True)
class ExpectationFact:
    """A data quality rule; None stands for what is computed at load time."""

    dataset: str | None
    name: str | None
    action: Action
    condition: str | None
    line: int


@dataclass(frozen=True)
class SourceError:
    """A place where a source surely cannot be loaded."""

    line: int
    column: int
    message: str


@dataclass(frozen=True)
class SourceFacts:
    """One file; `api` is None when it defines no part of a pipeline, `api_line` is where the API shows first."""

    path: str
    api: Api | None = None
    api_line: int = 1
    datasets: tuple[DatasetFact, ...] = ()
    expectations: tuple[ExpectationFact, ...] = ()
    config_keys: tuple[str, ...] = ()
    errors: tuple[SourceError, ...] = ()


@dataclass(frozen=True)
class CodeFacts:
    """All files, in the order of their paths."""

    sources: tuple[SourceFacts, ...] = ()

    def datasets(self) -> Iterator[tuple[str, DatasetFact]]:
        """Yield each dataset with the path of its file."""
        return ((source.path, each) for source in self.sources for each in source.datasets)

    def expectations(self) -> Iterator[tuple[str, ExpectationFact]]:
        """Yield each expectation with the path of its file."""
        return ((source.path, each) for source in self.sources for each in source.expectations)

    def errors(self) -> Iterator[tuple[str, SourceError]]:
        """Yield each error with the path of its file."""
        return ((source.path, each) for source in self.sources for each in source.errors)
