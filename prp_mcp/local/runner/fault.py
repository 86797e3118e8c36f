"""Turn an exception of user code or of Spark into what its author can act on: one line, place, own frames."""

import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from prp_mcp.errors import PrpMcpError
from prp_mcp.local.runner.paths import Paths

MESSAGE_CAP = 4000
JVM_NOISE = re.compile(r"^\s*(at [\w.$]+\(|\.\.\. \d+ more|JVM stacktrace:|== SQL|=== Streaming Query)")
WORKER_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
OUT_OF_MEMORY = ("OutOfMemoryError", "GC overhead limit")


class PipelineError(PrpMcpError):
    """Report a fault in a pipeline's sources; `location` is `path:line`."""

    code = "usage"


@dataclass(frozen=True)
class Fault:
    """An exception as told to the author of a pipeline."""

    class_name: str
    message: str
    location: str | None
    stack: tuple[str, ...] = ()
    out_of_memory: bool = False

    @property
    def summary(self) -> str:
        """Return the first line of the message, the location with it."""
        return self.message.split("\n", 1)[0]

    def as_error(self) -> dict[str, Any]:
        """Return it in the shape of an event's `error`."""
        frames: list[dict[str, Any]] = []
        for frame in self.stack:
            path, _, line = frame.rpartition(":")
            frames.append({"declaring_class": "", "method_name": "", "file_name": path, "line_number": int(line)})
        one = {"class_name": self.class_name, "message": self.message, "stack": frames}
        return {"exceptions": [one], "fatal": True}


def describe(error: BaseException, paths: Paths, *, otherwise: str | None = None) -> Fault:
    """Return `error` as a Fault; `otherwise` is the location when no frame of the user's is in it."""
    stack = list(_frames(error, paths))
    text = paths.shown(_text(error))
    stack += [f"{paths.source(path)}:{line}" for path, line in WORKER_FRAME.findall(_raw(error)) if paths.source(path)]
    location = getattr(error, "location", None) or (stack[-1] if stack else otherwise)
    first, _, rest = text.partition("\n")
    if location and location not in first:
        first = f"{first} ({location})"
    message = "\n".join(part for part in (first, rest) if part)[:MESSAGE_CAP]
    return Fault(
        type(error).__name__,
        message,
        location,
        tuple(stack),
        any(mark in _raw(error) for mark in OUT_OF_MEMORY),
    )


def _raw(error: BaseException) -> str:
    return "\n".join(str(one) for one in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__


def _frames(error: BaseException, paths: Paths) -> Iterator[str]:
    for one in reversed(list(_chain(error))):
        if isinstance(one, SyntaxError) and one.filename and paths.source(one.filename):
            yield f"{paths.source(one.filename)}:{one.lineno}"
            continue
        for frame in traceback.extract_tb(one.__traceback__):
            source = paths.source(frame.filename)
            if source:
                yield f"{source}:{frame.lineno}"


def _text(error: BaseException) -> str:
    """Return the useful lines of an error: its class and first lines, without the JVM's stack."""
    if isinstance(error, PrpMcpError):
        parts = [error.summary, error.detail or "", error.remedy]
        return "\n".join(part for part in parts if part)
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg}\n{(error.text or '').strip()}"
    text = str(error) or type(error).__name__
    kept = []
    for line in text.splitlines():
        if JVM_NOISE.match(line):
            break
        if line.strip():
            kept.append(line.rstrip())
    shown = "\n".join(kept[:20]) or type(error).__name__
    from_spark = type(error).__module__.startswith(("pyspark", "py4j"))
    return shown if from_spark else f"{type(error).__name__}: {shown}"
