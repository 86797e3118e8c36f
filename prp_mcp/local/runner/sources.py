"""Find the pipeline's source files and let each declare its datasets."""

import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import CodeType
from typing import Any

from prp_mcp.errors import UsageError
from prp_mcp.local.runner.fault import PipelineError
from prp_mcp.local.runner.paths import Paths

SUFFIXES = (".py", ".sql")
NOTEBOOK_SUFFIXES = ("", ".py", ".sql")


def find_sources(settings: Mapping[str, Any], paths: Paths) -> list[Path]:
    """Return the local paths of the pipeline's sources in the order of its libraries.

    Raises UsageError for a library that names no file, and for a kind of library that is not offered.
    """
    found: list[Path] = []
    for library in settings.get("libraries") or []:
        kind, value = next(iter(library.items()))
        if kind == "file":
            matches = _existing([Path(paths.local(value["path"]))])
        elif kind == "notebook":
            base = paths.local(value["path"])
            matches = _existing([Path(base + suffix) for suffix in NOTEBOOK_SUFFIXES])[:1]
        elif kind == "glob":
            value = {"path": value["include"]}
            matches = _globbed(paths.local(value["path"]))
        else:
            raise UsageError(
                f"The local workspace does not load libraries of kind {kind!r}.",
                remedy="Use `file`, `notebook` or `glob`, or run this pipeline on Databricks.",
            )
        if not matches:
            raise UsageError(
                f"The library {value['path']!r} does not name a source file.",
                remedy="Check the path in the pipeline's definition, and that the file is deployed.",
            )
        found += [match for match in matches if match not in found]
    return found


def add_import_folders(settings: Mapping[str, Any], sources: list[Path], paths: Paths) -> list[str]:
    """Put the pipeline's root and the bundle's root on the module path, as the platform does; return them."""
    folders: list[str] = []
    if settings.get("root_path"):
        folders.append(paths.local(str(settings["root_path"])))
    for source in sources:
        folders += [root for root in (paths.bundle_root(str(source)), str(source.parent)) if root]
    unique = list(dict.fromkeys(folders))
    sys.path[:0] = unique
    sys.dont_write_bytecode = True
    return unique


def load_python(source: Path, provided: Mapping[str, Any], paths: Paths) -> None:
    """Execute one Python source with `provided` as globals.

    The module is not registered: Spark's pickling takes the functions of unregistered modules by value, which
    is what lets a Python function of a source run in a worker.
    """
    text = source.read_text(encoding="utf-8")
    _refuse_magic(text, source, paths)
    code: CodeType = compile(text, str(source), "exec", dont_inherit=True)
    module = {"__name__": f"pipeline_source_{source.stem}", "__file__": str(source), **provided}
    try:
        exec(code, module)  # noqa: S102  # running the user's own pipeline is what this process is for
    except SystemExit as left:
        raise PipelineError(
            f"The source called sys.exit({left.code!r}).",
            remedy="A pipeline source only declares datasets; raise an exception to stop the update.",
            location=_place(left, paths),
        ) from left


def _refuse_magic(text: str, source: Path, paths: Paths) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        for magic in ("%pip", "%run", "%sql", "%sh", "%scala"):
            if line.startswith(f"# MAGIC {magic}"):
                raise PipelineError(
                    f"The local workspace does not run the notebook command {magic!r}.",
                    remedy="Move it to a source file, or run this pipeline on Databricks.",
                    location=f"{paths.source(str(source))}:{number}",
                )


def _place(error: BaseException, paths: Paths) -> str | None:
    places = [
        f"{paths.source(frame.filename)}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if paths.source(frame.filename)
    ]
    return places[-1] if places else None


def _existing(candidates: list[Path]) -> list[Path]:
    return [path for path in candidates if path.is_file()]


def _globbed(pattern: str) -> list[Path]:
    base, _, rest = pattern.partition("*")
    folder = Path(base)
    if not rest and not _:
        return _existing([folder]) or _globbed(pattern.rstrip("/") + "/**")
    if not base.endswith("/"):
        folder, rest = folder.parent, folder.name + _ + rest
    else:
        rest = _ + rest
    if rest.endswith("**"):
        rest += "/*"
    return sorted(path for path in folder.glob(rest) if path.is_file() and path.suffix in SUFFIXES)
