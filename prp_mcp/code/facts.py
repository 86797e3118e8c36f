"""What can be said of a pipeline's sources without running them; lines and columns count from 1."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Api = Literal["dlt", "pyspark.pipelines", "sql"]
DatasetKind = Literal["streaming table", "materialized view", "view", "table"]
Action = Literal["warn", "drop", "fail"]
Style = Literal["single", "dictionary", "constraint"]


@dataclass(frozen=True)
class DatasetFact:
    """A dataset that a source defines; `name` is None when it is computed at load time.

    `kind` is "table" where the source does not tell a streaming table from a materialized view.
    `is_private` says that it is not published to the catalog, `has_comment` that it is described, `is_guarded` that it
    has expectations. `form` is how it is written: `dlt.table`, `dp.materialized_view`, `CREATE STREAMING TABLE`.
    `properties` are table properties; the value of one that is computed at load time is empty.
    """

    name: str | None
    kind: DatasetKind
    line: int
    is_private: bool = False
    has_comment: bool = False
    is_guarded: bool = False
    form: str = ""
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ExpectationFact:
    """A data quality rule; None stands for what is computed at load time.

    `style` is how it is written: a decorator of its own, an entry of `expect_all`, a constraint of SQL.
    """

    dataset: str | None
    name: str | None
    action: Action
    condition: str | None
    line: int
    style: Style = "single"


@dataclass(frozen=True)
class ConfigRead:
    """A place that reads a value of the pipeline's configuration; `key` is None when it is computed."""

    key: str | None
    line: int
    has_default: bool = False


@dataclass(frozen=True)
class ImportFact:
    """A module that must be there when the source is loaded; `level` counts the dots before its name."""

    module: str
    line: int
    level: int = 0


@dataclass(frozen=True)
class SourceError:
    """A place where a source surely cannot be loaded."""

    line: int
    column: int
    message: str


@dataclass(frozen=True)
class SourceFacts:
    """One file; `api` is None when it defines no part of a pipeline, `api_line` is where the API shows first.

    `roots` are folders it puts on the module path: as written, `conf:KEY` for what a configuration key holds, None for
    what is computed. `strings` are the short strings in it that could be a configuration key read by way of a helper.
    `declared` are the distributions a requirements file, a `pyproject.toml` or a `%pip install` asks for.
    """

    path: str
    api: Api | None = None
    api_line: int = 1
    datasets: tuple[DatasetFact, ...] = ()
    expectations: tuple[ExpectationFact, ...] = ()
    config_reads: tuple[ConfigRead, ...] = ()
    errors: tuple[SourceError, ...] = ()
    imports: tuple[ImportFact, ...] = ()
    roots: tuple[str | None, ...] = ()
    strings: frozenset[str] = frozenset()
    declared: tuple[str, ...] = ()


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
