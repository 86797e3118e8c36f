"""Auto Loader (`cloudFiles`, `read_files`) on Spark's own file streams: inference, hints, rescued data."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prp_mcp.local.runner.fault import PipelineError
from prp_mcp.local.runner.paths import Paths
from prp_mcp.local.runner.sqltext import literal, quoted

FORMATS = ("json", "csv", "parquet", "text", "orc", "avro", "binaryfile")
SELF_DESCRIBED = ("parquet", "orc", "avro", "text", "binaryfile")
RESCUED = "_rescued_data"
CORRUPT = "_prp_mcp_corrupt_record"
FILES_PER_BATCH = "1000"
OWN = frozenset(
    (
        *("format", "infercolumntypes", "schemahints", "schemalocation", "schemaevolutionmode", "maxfilespertrigger"),
        *("includeexistingfiles", "usenotifications", "rescueddatacolumn", "allowoverwrites", "validateoptions"),
        *("maxbytespertrigger", "partitioncolumns", "usestrictglobber", "backfillinterval", "usemanagedfileevents"),
    )
)
"""Options of Auto Loader itself; what is not among them belongs to the reader of the format."""


class AutoLoader:
    """Make file streams whose schema is found once, kept under `state`, and only ever grows."""

    def __init__(self, spark: Any, paths: Paths, state: Path | None):
        self._spark = spark
        self._plain_stream = type(spark).readStream.fget
        self._plain_read = type(spark).read.fget
        self._paths = paths
        self._state = state
        self._schemas: dict[str, Any] = {}

    def stream(self, path: str, options: Mapping[str, str], schema: Any = None) -> Any:
        """Return a stream of the files at `path`; options are Auto Loader's. Raises PipelineError to refuse."""
        return self._frame(path, options, schema, streaming=True)

    def batch(self, path: str, options: Mapping[str, str], schema: Any = None) -> Any:
        """Return all files at `path` as `read_files` does."""
        return self._frame(path, options, schema, streaming=False)

    def forget(self) -> None:
        """Forget every schema that was found."""
        self._schemas.clear()

    def _frame(self, path: str, options: Mapping[str, str], schema: Any, *, streaming: bool) -> Any:
        own, reader_options = _split(options)
        kind = own.get("format", "").lower()
        if kind not in FORMATS:
            raise PipelineError(
                f"Auto Loader of the local workspace reads {', '.join(FORMATS)}; got {kind or None!r}.",
                remedy="Set the option `cloudFiles.format` to one of them.",
            )
        local = self._paths.local(path)
        if not path or not (_is_pattern(local) or Path(local).exists()):
            raise PipelineError(
                f"The path {path!r} does not exist.",
                remedy="Check the path; a volume's files are below /Volumes/CATALOG/SCHEMA/VOLUME.",
            )
        rescued = reader_options.pop("rescuedDataColumn", None) or own.get("rescueddatacolumn")
        if schema is None:
            schema = self._schema(kind, local, path, own, reader_options)
            rescued = rescued or RESCUED
        elif isinstance(schema, str):
            schema = _ddl(schema)
        rescued_read = None if kind in SELF_DESCRIBED else rescued
        if streaming:
            reader_options["maxFilesPerTrigger"] = own.get("maxfilespertrigger", FILES_PER_BATCH)
        frame = self._read(kind, local, schema, reader_options, rescued_read, streaming)
        if rescued and rescued_read is None and kind in ("parquet", "orc", "avro"):
            frame = frame.selectExpr("*", f"CAST(NULL AS STRING) AS {quoted(rescued)}")
        return frame

    def _read(
        self, kind: str, local: str, schema: Any, options: Mapping[str, str], rescued: str | None, streaming: bool
    ) -> Any:
        from pyspark.sql.types import StringType, StructType

        reader = (self._plain_stream if streaming else self._plain_read)(self._spark)
        reader = reader.format("binaryFile" if kind == "binaryfile" else kind).options(**options)
        if not any("=" in part for part in _folders(local)):
            reader = reader.option("recursiveFileLookup", "true")
        if rescued is None:
            return (reader if schema is None else reader.schema(schema)).load(local)
        fields = [field for field in schema.fields if field.name != rescued]
        read_schema = StructType([*fields]).add(CORRUPT, StringType())
        frame = reader.option("columnNameOfCorruptRecord", CORRUPT).schema(read_schema).load(local)
        names = [quoted(field.name) for field in fields]
        # In a record that Spark could not read, the fields that came out NULL are what is rescued.
        if kind == "json":
            nulls = [
                f"IF({name} IS NULL, {literal(field.name)}, NULL)" for name, field in zip(names, fields, strict=True)
            ]
            raw = f"from_json(`{CORRUPT}`, 'map<string,string>')"
            null_names = f"array_compact(array({', '.join(nulls)}))"
            lost = f"map_filter({raw}, (k, v) -> v IS NOT NULL AND array_contains({null_names}, k))"
            kept = f"IF({raw} IS NULL OR cardinality({lost}) = 0, map('_corrupt_record', `{CORRUPT}`), {lost})"
        else:
            kept = f"map('_corrupt_record', `{CORRUPT}`)"
        place = "map('_file_path', _metadata.file_path)"
        value = f"IF(`{CORRUPT}` IS NULL, NULL, to_json(map_concat({kept}, {place})))"
        return frame.selectExpr(*names, f"{value} AS {quoted(rescued)}")

    def _schema(self, kind: str, local: str, shown: str, own: Mapping[str, str], options: Mapping[str, str]) -> Any:
        if kind in ("text", "binaryfile"):
            return None if kind == "binaryfile" else _ddl("value STRING")
        typed = own.get("infercolumntypes", "false").lower() == "true"
        hints = own.get("schemahints", "")
        key = hashlib.sha256(json.dumps([kind, local, typed, hints, sorted(options.items())]).encode()).hexdigest()
        if key not in self._schemas:
            self._schemas[key] = self._inferred(key, kind, local, shown, typed, options, hints)
        return self._schemas[key]

    def _inferred(
        self, key: str, kind: str, local: str, shown: str, typed: bool, options: Mapping[str, str], hints: str
    ) -> Any:
        from pyspark.sql.types import StructType

        kept = self._state / f"{key[:32]}.json" if self._state is not None else None
        before = json.loads(kept.read_text()) if kept is not None and kept.is_file() else None
        files = _files(local)
        new = [name for name, moment in files if before is None or moment > before["until"]]
        schema = StructType.fromJson(before["schema"]) if before else StructType()
        if new:
            schema = _grown(schema, self._infer(kind, new, typed, options))
        if not schema.fields:
            raise PipelineError(
                f"There are no files at {shown!r} to infer a schema from.",
                remedy="Put at least one file there, or give the schema.",
            )
        if kept is not None and new:
            kept.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"schema": schema.jsonValue(), "until": max(moment for _, moment in files)})
            aside = kept.with_suffix(".new")
            aside.write_text(text)
            os.replace(aside, kept)
        return _hinted(schema, hints)

    def _infer(self, kind: str, files: list[str], typed: bool, options: Mapping[str, str]) -> Any:
        from pyspark.sql.types import StringType, StructField, StructType

        reader = self._plain_read(self._spark).format(kind).options(**options)
        if kind == "csv":
            reader = reader.option("inferSchema", str(typed).lower())
        if kind == "json":
            reader = reader.option("columnNameOfCorruptRecord", CORRUPT)
        found = reader.load(files).schema
        fields = [field for field in found.fields if field.name != CORRUPT]
        if kind in ("json", "csv") and not typed:
            fields = [StructField(field.name, StringType()) for field in fields]
        return StructType(fields)


def _split(options: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return Auto Loader's own options (lower case, without prefix) and those of the format's reader."""
    own: dict[str, str] = {}
    rest: dict[str, str] = {}
    for key, value in options.items():
        bare = key.split(".", 1)[1] if key.lower().startswith("cloudfiles.") else key
        if bare.lower() in OWN and (bare is not key or bare.lower() == "schemahints" or bare.lower() == "format"):
            own[bare.lower()] = value
        elif key.lower() != "path":
            rest[bare] = value
    return own, rest


def _grown(before: Any, found: Any) -> Any:
    """Return `before` with the columns of `found` that it lacks; a type once found stays."""
    from pyspark.sql.types import StructType

    known = {field.name.lower() for field in before.fields}
    return StructType([*before.fields, *[field for field in found.fields if field.name.lower() not in known]])


def _hinted(schema: Any, hints: str) -> Any:
    from pyspark.sql.types import StructType

    if not hints:
        return schema
    wanted = {field.name.lower(): field for field in _ddl(hints).fields}
    fields = [wanted.pop(field.name.lower(), field) for field in schema.fields]
    return StructType([*fields, *wanted.values()])


def _ddl(text: str) -> Any:
    from pyspark.sql.types import StructType

    return StructType.fromDDL(text)


def _is_pattern(local: str) -> bool:
    return any(letter in local for letter in "*?[{")


def _roots(local: str) -> list[Path]:
    if _is_pattern(local):
        fixed = Path(local.split("*")[0].split("?")[0].split("[")[0].split("{")[0])
        base = fixed if fixed.is_dir() else fixed.parent
        return sorted(base.glob(local[len(str(base)) :].lstrip("/")))
    return [Path(local)]


def _files(local: str) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for root in _roots(local):
        inside = [root] if root.is_file() else [path for path in root.rglob("*") if path.is_file()]
        for path in inside:
            hidden = any(part.startswith(("_", ".")) for part in path.relative_to(root).parts)
            if not hidden:
                found.append((str(path), path.stat().st_mtime_ns))
    return found


def _folders(local: str) -> set[str]:
    return {
        part
        for root in _roots(local)
        if root.is_dir()
        for path in root.rglob("*=*")
        if path.is_dir()
        for part in path.parts
    }
