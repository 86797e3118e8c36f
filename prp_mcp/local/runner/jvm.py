"""Keep one warm Spark JVM per workspace home: start it, find it again, replace it."""

import contextlib
import json
import os
import shutil
import struct
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import filelock

from prp_mcp import process
from prp_mcp.clock import Deadline
from prp_mcp.errors import WorkspaceError
from prp_mcp.local.runner import environment, jar, java

START_SECONDS = 90.0


@dataclass(frozen=True)
class Jvm:
    """A JVM of ours: `created` tells its process from a later one with the same number; port 0 = starting."""

    pid: int
    created: float
    port: int
    secret: str


def running(home: Path) -> Jvm | None:
    """Return the JVM of `home` when it is alive, else None."""
    try:
        found = Jvm(**json.loads((home / "jvm.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return found if process.identity(found.pid) == found.created else None


def started(home: Path) -> Jvm:
    """Return the warm JVM of `home`, starting it when there is none.

    It is detached and outlives this process; `stop` ends it. Raises WorkspaceError when Java does not come up.
    """
    runtime = jar.iceberg_jar()
    home.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(home / "jvm.lock"):
        found = running(home)
        if found is not None and found.port:
            return found
        if found is not None:  # whoever started it died before it was up
            process.end(found.pid, found.created)
        return _start(home, runtime)


def stop(home: Path) -> bool:
    """End the JVM of `home`, if there is one, and return whether there was."""
    with filelock.FileLock(home / "jvm.lock") if home.is_dir() else contextlib.nullcontext():
        found = running(home)
        if found is not None:
            # A JVM that is out of memory or busy does not heed SIGTERM for long.
            process.end(found.pid, found.created, grace=3.0)
        with contextlib.suppress(FileNotFoundError):
            (home / "jvm.json").unlink()
        return found is not None


def log_tail(home: Path, size: int = 2000) -> str:
    """Return the last `size` characters of the JVM's log."""
    try:
        return (home / "jvm.log").read_text(errors="replace")[-size:]
    except FileNotFoundError:
        return ""


def _start(home: Path, runtime: Path) -> Jvm:
    tmp = home / "tmp"
    # A killed JVM leaves block managers and native libraries behind, megabytes a time.
    shutil.rmtree(tmp, ignore_errors=True)
    tmp.mkdir(mode=0o700)
    connection = tmp / "connection"
    # Spark's gateway ends when its standard input does, so it gets one that never ends: a pipe it keeps open itself.
    pipe = tmp / "stdin"
    os.mkfifo(pipe, 0o600)
    given = os.open(pipe, os.O_RDWR)
    try:
        with (home / "jvm.log").open("wb") as log:
            child = process.spawn(
                _argv(tmp, runtime),
                cwd=home,
                env=environment.jvm_environment(connection),
                stdin=given,
                stdout=log,
                stderr=log,
            )
    finally:
        os.close(given)
    created = process.identity(child.pid) or 0.0
    _record(home, Jvm(child.pid, created, 0, ""))
    deadline = Deadline(START_SECONDS)
    while not connection.is_file():
        if deadline.passed or child.poll() is not None:
            process.end_group(child)
            raise WorkspaceError(
                "The Spark JVM of the local workspace did not start.",
                remedy="Read the log below; with little memory set PRP_MCP_SPARK_MEMORY to less than 2g.",
                detail=log_tail(home),
            )
        time.sleep(0.02)
    up = Jvm(child.pid, created, *_connection(connection))
    connection.unlink()
    _record(home, up)
    return up


def _argv(tmp: Path, runtime: Path) -> list[str]:
    return [
        str(java.executable()),
        *java.opened_modules(),
        f"-Xmx{environment.jvm_memory()}",
        # The first two suit short runs: a warm update of three datasets took 5 s, the JVM 744 MB (measured).
        *("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-XX:+IgnoreUnrecognizedVMOptions"),
        *("-Djdk.reflect.useDirectMethodHandle=false", "-Dio.netty.tryReflectionSetAccessible=true"),
        *("-Duser.timezone=UTC", "-Dfile.encoding=UTF-8", f"-Djava.io.tmpdir={tmp}"),
        *("-cp", f"{java.spark_class_path()}:{runtime}"),
        "org.apache.spark.deploy.SparkSubmit",
        "pyspark-shell",
    ]


def _connection(file: Path) -> tuple[int, str]:
    """Read what the gateway wrote: 4 bytes port, 4 bytes length, the secret."""
    raw = file.read_bytes()
    port, length = struct.unpack(">ii", raw[:8])
    return int(port), raw[8 : 8 + length].decode()


def _record(home: Path, jvm: Jvm) -> None:
    aside = home / "jvm.json.new"
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        json.dump(asdict(jvm), out)
    os.replace(aside, home / "jvm.json")
