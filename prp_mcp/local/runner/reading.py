"""Stand between user code and Spark's readers, so that names of datasets and workspace paths mean what they say."""

import functools
from collections.abc import Callable
from typing import Any

from prp_mcp.local.runner.autoloader import AutoLoader
from prp_mcp.local.runner.fault import PipelineError
from prp_mcp.local.runner.graph import Dataset, Graph, split_name
from prp_mcp.local.runner.paths import Paths
from prp_mcp.local.runner.query import QueryReader

Provider = Callable[[Dataset, bool, dict[str, str]], Any]
"""Gives the data frame of a dataset: (dataset, streaming, reader options)."""

PATH_READERS = ("load", "json", "csv", "parquet", "orc", "text", "xml")
PATH_WRITERS = ("save", "json", "csv", "parquet", "orc", "text")


class Reader:
    """Resolve every read of the pipeline's code; `provider` decides whether to plan or to run."""

    def __init__(self, spark: Any, graph: Graph, paths: Paths, loader: AutoLoader):
        self.spark = spark
        self.provider: Provider | None = None
        self._graph = graph
        self._paths = paths
        self._loader = loader
        self._inputs: list[list[str]] = []
        self._plain_table = type(spark).table
        self._plain_sql = type(spark).sql
        self._plain_stream = type(spark).readStream.fget
        self._queries = QueryReader(spark, self._plain_sql, self.named, loader, paths)

    def named(self, written: str, *, streaming: bool, options: dict[str, str] | None = None) -> Any:
        """Return the data frame of the table or dataset that `written` names."""
        dataset = self._graph.find(written)
        name = self._graph.full(written).dotted
        if self._inputs and name not in self._inputs[-1]:
            self._inputs[-1].append(name)
        if dataset is not None and self.provider is not None:
            return self.provider(dataset, streaming, options or {})
        if split_name(written)[0].upper() == "LIVE" or dataset is not None:
            raise PipelineError(
                f"There is no dataset {written!r} in this pipeline that could be read here.",
                remedy="Read datasets inside query functions, and check the name.",
            )
        return self.stored(written, streaming=streaming, options=options or {})

    def stored(self, written: str, *, streaming: bool, options: dict[str, str]) -> Any:
        """Return the data frame of a stored table that is no dataset of this pipeline, or of a temporary view."""
        from pyspark.errors import AnalysisException

        local_view = len(split_name(written)) == 1 and self.spark.catalog._jcatalog.tableExists(written)
        name = written if local_view else self._graph.full(written).quoted
        try:
            if not streaming:
                return self._plain_table(self.spark, name)
            reader = self._plain_stream(self.spark)
            if options.get("skipchangecommits", "").lower() == "true":
                reader = reader.option("streaming-skip-overwrite-snapshots", "true")
                reader = reader.option("streaming-skip-delete-snapshots", "true")
            return reader.table(name)
        except AnalysisException as error:
            raise PipelineError(
                f"There is no dataset or table {written!r}: {str(error).splitlines()[0]}",
                remedy="Check the name; a dataset of this pipeline is named as its source declares it.",
            ) from error

    def recording(self, evaluate: Callable[[], Any]) -> tuple[Any, list[str]]:
        """Return what `evaluate` returns and the names of the tables it read, in order."""
        self._inputs.append([])
        try:
            return evaluate(), self._inputs[-1]
        finally:
            self._inputs.pop()

    def install(self) -> None:
        """Put this reader in front of the session's own, for all code of this process."""
        from pyspark.sql import DataFrameReader, DataFrameWriter

        session: Any = type(self.spark)
        session.table = lambda _session, name: self.named(name, streaming=False)
        session.sql = lambda _session, text, args=None, **named: self._queries.frame(text, args, named)
        session.readStream = property(lambda _session: StreamReader(self, self._loader, self._paths))
        reader: Any = DataFrameReader
        reader.table = lambda _reader, name: self.named(name, streaming=False)
        for name in PATH_READERS:
            setattr(reader, name, self._mapping(getattr(reader, name)))
        writer: Any = DataFrameWriter
        for name in PATH_WRITERS:
            setattr(writer, name, self._mapping(getattr(writer, name)))

    def plain_stream(self) -> Any:
        """Return Spark's own stream reader."""
        return self._plain_stream(self.spark)

    def query(self, text: str, args: Any = None) -> Any:
        """Return the data frame of a query as a SQL source writes it; `args` are the values of its markers."""
        return self._queries.frame(text, args, {})

    def _mapping(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def mapped(owner: Any, path: Any = None, *args: Any, **named: Any) -> Any:
            if isinstance(path, str):
                path = self._paths.local(path)
            elif isinstance(path, list):
                path = [self._paths.local(one) for one in path]
            return method(owner, *(() if path is None else (path,)), *args, **named)

        return mapped


class StreamReader:
    """`spark.readStream` with `cloudFiles` added; collects what it is given until it is told what to read."""

    def __init__(self, reader: Reader, loader: AutoLoader, paths: Paths):
        self._reader = reader
        self._loader = loader
        self._paths = paths
        self._format: str | None = None
        self._schema: Any = None
        self._options: dict[str, str] = {}

    def format(self, source: str) -> "StreamReader":
        """Name the kind of source."""
        self._format = source
        return self

    def schema(self, schema: Any) -> "StreamReader":
        """Give the schema instead of having it inferred."""
        self._schema = schema
        return self

    def option(self, key: str, value: Any) -> "StreamReader":
        """Give one option."""
        self._options[key] = str(value).lower() if isinstance(value, bool) else str(value)
        return self

    def options(self, **options: Any) -> "StreamReader":
        """Give several options."""
        for key, value in options.items():
            self.option(key, value)
        return self

    def table(self, name: str) -> Any:
        """Return a stream of the rows that are added to a table."""
        lowered = {key.lower(): value for key, value in self._options.items()}
        return self._reader.named(name, streaming=True, options=lowered)

    def load(self, path: str | None = None, format: str | None = None, schema: Any = None, **options: Any) -> Any:
        """Return a stream of the source."""
        self.options(**options)
        chosen = format or self._format
        wanted = schema if schema is not None else self._schema
        if chosen is not None and chosen.lower() == "cloudfiles":
            return self._loader.stream(path or self._options.get("path", ""), self._options, wanted)
        plain = self._reader.plain_stream()
        for key, value in self._options.items():
            plain = plain.option(key, self._paths.local(value) if key.lower() == "path" else value)
        if chosen is not None:
            plain = plain.format(chosen)
        if wanted is not None:
            plain = plain.schema(wanted)
        return plain.load(self._paths.local(path)) if path else plain.load()

    def __getattr__(self, name: str) -> Any:
        if name in ("json", "csv", "parquet", "orc", "text", "xml"):
            return lambda path, **options: self.load(path, name, **options)
        raise AttributeError(f"spark.readStream has no {name!r} in the local workspace")
