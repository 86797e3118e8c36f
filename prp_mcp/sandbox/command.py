"""Run one program of a PRP where it can do no harm: own processes, no network, nothing writable but the copy."""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from prp_mcp.commands.programs import PYTHONS
from prp_mcp.process.limits import Limits
from prp_mcp.process.watch import Watched, watch
from prp_mcp.sandbox.shadowing import missing, safely, shadowed
from prp_mcp.sandbox.sockets import call_filter, sockets_of_others
from prp_mcp.sandbox.wildcards import expanded

__all__ = ["CommandResult", "Confinement", "Limits", "confinement", "private_folder", "run_command", "secrets_in"]

_LAUNCH = (sys.executable, "-I", "-S", str(Path(__file__).with_name("launcher.py")))
_KILLED = -9
_IN_HOME = (
    ".databrickscfg", ".databricks", ".aws", ".azure", ".ssh", ".gnupg", ".netrc", ".git-credentials", ".kube",
    ".docker", ".npmrc", ".pypirc", ".config/prp-mcp", ".config/gcloud", ".config/gh", ".config/git",
    ".local/share/keyrings", ".databricks-connect", ".config/databricks", ".vault-token", ".pgpass", ".my.cnf",
    ".mylogin.cnf", ".dbt", ".snowflake", ".snowsql", ".claude", ".claude.json", ".codex", ".gemini", ".cursor",
    ".continue", ".aider.conf.yml", ".config/github-copilot", ".config/claude", ".config/opencode", ".config/goose",
    ".cargo/credentials", ".cargo/credentials.toml", ".config/pip", ".pip", ".config/uv", ".local/share/uv/credentials",
    ".config/pypoetry", ".condarc", ".yarnrc", ".yarnrc.yml", ".gem/credentials", ".bundle/config", ".gradle",
    ".m2/settings.xml", ".m2/settings-security.xml", ".config/hub", ".config/glab-cli", ".terraform.d", ".terraformrc",
    ".config/doctl", ".oci", ".boto", ".s3cfg", ".config/rclone", ".kaggle", ".cache/huggingface/token",
    ".huggingface", ".config/containers", ".password-store", ".config/sops", ".config/op", ".config/1Password",
    ".config/google-chrome", ".config/chromium", ".mozilla", "Library/Keychains", "Library/Application Support",
    "Library/Cookies", ".bash_history", ".zsh_history", ".python_history", ".psql_history", ".local/share/fish",
)  # fmt: skip


@dataclass(frozen=True)
class CommandResult:
    """How one command ended.

    `exit` is None when it could not be started (`tail` says why) and negative for a signal. `tail` is what it printed
    last (both streams, in order); when that is not all, `head` is what it printed first and `left_out` counts the bytes
    between the two. `stopped` names the limit at which everything it had started was killed. `sandbox` is one sentence
    about what held.
    """

    exit: int | None
    seconds: float
    head: str
    tail: str
    left_out: int
    stopped: Literal["", "time", "memory", "processes"]
    sandbox: str


@dataclass(frozen=True)
class Confinement:
    """What this system lets us put between a command and the rest: kernel namespaces, and a `/proc` of its own."""

    namespaces: tuple[str, ...] = ()
    proc: bool = False

    def told(self, *, network: bool) -> str:
        """Return one sentence that says what holds."""
        if not self.namespaces:
            return "none: this system allows no namespaces"
        parts = [
            "no network" if "net" in self.namespaces and not network else "network reachable",
            "own processes" if "pid" in self.namespaces else "shares our processes",
            "read-only outside the copy" if "mount" in self.namespaces else "may write outside the copy",
        ]
        return ", ".join(parts)


_FULL = ("user", "mount", "pid", "net", "ipc", "uts")
_CANDIDATES = (
    Confinement(_FULL, proc=True),
    Confinement(_FULL),  # containers mask parts of /proc; a fresh one is refused there
    Confinement(_FULL[1:], proc=True),  # root where user namespaces are switched off
    Confinement(_FULL[1:]),
    Confinement(("user", "pid", "net", "ipc", "uts")),
    Confinement(("user", "net")),
)
"""From the strongest down; the first that really works is used."""


def run_command(
    argv: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    limits: Limits,
    *,
    copy: Path,
    hidden: Sequence[Path] = (),
    network: bool = False,
    confined: bool = True,
) -> CommandResult:
    """Run one program in `folder` of the private `copy`, and leave nothing of it running.

    `python` is this interpreter; a bare name is looked up on the environment's PATH, never in the copy; a name with a
    slash is an executable file of the copy (which nothing but a person's approval allows).
    Words with `*`, `?` or `[` become the files of the copy they match or stay as they are. The environment is the one
    given, with HOME and TMPDIR in the folder `private_folder(copy)`, which is made and left. `hidden` paths, files or
    folders, cannot be read where there are mount namespaces; `network` leaves the network reachable, and without it
    no proxy is told. `confined=False` does without namespaces. A checker in whose place a module of the project would
    run is not run. Raises nothing for what the program does; a program that cannot start is a result.
    """
    holds = confinement() if confined else Confinement()
    told = holds.told(network=network) if confined else "none: no sandbox was asked for"
    base = copy.resolve()
    where = folder.resolve()
    program = _program(argv[0], environment, where, base)
    if not where.is_dir() or not where.is_relative_to(base):
        return _unstarted(f"{folder.name!r} is not a folder of the project", told)
    if not program:
        why = "is a path; only a program's bare name is run" if "/" in argv[0] else "is not installed"
        return _unstarted(f"{argv[0]} {why}", told)
    if module := shadowed(argv, environment, where, base):
        return _unstarted(f"the project has a module `{module}` that would run instead", told)
    words = [program, *expanded(safely(argv)[1:], where, base)]
    plan = _plan(holds, program, words, where, environment if network else _without_proxies(environment), base)
    if network:
        plan["namespaces"] = [name for name in holds.namespaces if name != "net"]
    places = (os.path.realpath(path.expanduser()) for path in hidden)
    plan["hidden"] = [path for path in places if os.path.exists(path)]
    plan["processes"] = limits.processes
    result = _result(watch(_LAUNCH, given=json.dumps(plan).encode(), limits=limits), told)
    if absent := missing(argv, result.exit or 0, result.head + result.tail):
        return _unstarted(f"{absent} is not installed", told)
    return result


@cache
def confinement() -> Confinement:
    """Return the strongest confinement this system allows, found by trying once in this process."""
    with tempfile.TemporaryDirectory(prefix="prp-mcp-probe-") as folder:
        base = Path(folder).resolve() / "project"
        base.mkdir()
        tried = _CANDIDATES if sys.platform == "linux" else ()
        # Twice each: a weaker one, once taken, is kept, so a busy moment of the machine must not decide.
        return next((found for found in tried for _ in range(2) if _works(found, base)), Confinement())


def private_folder(copy: Path) -> Path:
    """Return the folder beside a copy that is its commands' home and the place for their reports."""
    return copy.with_name(f"{copy.name}-private")


def secrets_in(home: Path) -> tuple[Path, ...]:
    """Return the places under `home` where credentials are kept, whether they exist or not."""
    return tuple(home / name for name in _IN_HOME)


def _works(candidate: Confinement, base: Path) -> bool:
    plan = _plan(candidate, sys.executable, ["python", "-I", "-S", "-c", ""], base, {}, base)
    tried = watch(_LAUNCH, given=json.dumps(plan).encode(), limits=Limits(20.0))
    return tried.notes.get("ended") == "0"


def _plan(
    holds: Confinement,
    program: str,
    words: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    base: Path,
) -> dict[str, Any]:
    private_folder(base).mkdir(mode=0o700, exist_ok=True)
    temp = str(private_folder(base))
    return {
        "parent": os.getpid(),
        "namespaces": list(holds.namespaces),
        "proc": holds.proc,
        "program": program,
        "argv": list(words),
        "folder": str(folder),
        "environment": {**environment, "HOME": temp, "TMPDIR": temp},
        "copy": str(base),
        "temp": temp,
        "shown": _shown(environment),
        "hidden": [],
        "sockets": sockets_of_others(base) if "mount" in holds.namespaces else [],
        "calls": call_filter(os.uname().machine).hex() if holds.namespaces else "",
        "processes": Limits.processes,
    }


def _without_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without proxies, which are of no use without a network and may hold a password."""
    return {name: value for name, value in environment.items() if not name.lower().endswith("_proxy")}


def _shown(environment: Mapping[str, str]) -> list[str]:
    """Return what must stay readable even where the sandbox empties a place such as /tmp or /run."""
    searched = (part for part in environment.get("PATH", "").split(os.pathsep) if os.path.isabs(part))
    interpreters = (sys.prefix, sys.base_prefix, sys.executable)
    return list(dict.fromkeys((*interpreters, *searched, os.path.realpath("/etc/resolv.conf"))))


def _program(name: str, environment: Mapping[str, str], folder: Path, base: Path) -> str:
    """Return the executable's path, or an empty string; the copy and relative parts of PATH are never searched."""
    if name in PYTHONS:
        return sys.executable
    if "/" in name:
        own = (folder / name).resolve()
        return str(own) if own.is_relative_to(base) and own.is_file() and os.access(own, os.X_OK) else ""
    parts = [part for part in environment.get("PATH", "").split(os.pathsep) if os.path.isabs(part)]
    outside = [part for part in parts if not Path(part).resolve().is_relative_to(base)]
    found = shutil.which(name, path=os.pathsep.join(outside)) if outside else None
    return found if found and not Path(found).resolve().is_relative_to(base) else ""


def _unstarted(why: str, told: str) -> CommandResult:
    return CommandResult(None, 0.0, "", why, 0, "", told)


def _result(watched: Watched, told: str) -> CommandResult:
    if why := watched.notes.get("failed"):
        return CommandResult(None, watched.seconds, "", f"it could not be started: {why}", 0, "", told)
    ended = watched.notes.get("ended")
    status = os.waitstatus_to_exitcode(int(ended)) if ended else _KILLED
    head, tail = (part.decode(errors="replace") for part in (watched.head, watched.tail))
    return CommandResult(status, watched.seconds, head, tail, watched.left_out, watched.stopped, told)
