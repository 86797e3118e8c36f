"""Drive a bundle executable: the user's `databricks` CLI, or the one of the local workspace. One code path."""

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prp_mcp import process
from prp_mcp.credentials import Credentials
from prp_mcp.errors import AuthError, UsageError, WorkspaceError
from prp_mcp.remote.profile import PROFILE, write_profile
from prp_mcp.settings import Settings

QUICK = 60.0
"""Seconds for commands that change nothing; an unreachable host otherwise keeps the CLI busy for 15 minutes."""

_OUTPUT_CAP = 64 * 1024 * 1024
_WHERE = re.compile(r"^\s+in (\S+:\d+:\d+)$")
_AT = re.compile(r"^\s+at (\S+)$")
_HEAD = re.compile(r"^(Error|Warning|Recommendation): (.*)$")
_STATUS = re.compile(r"\((401|403) [A-Z_]+\)")


@dataclass(frozen=True)
class Diagnostic:
    """One message of the executable; `where` is `path:line:col` in the bundle, or empty."""

    severity: str
    text: str
    at: str
    where: str


@dataclass(frozen=True)
class Validation:
    """What `bundle validate` said, and the resolved configuration (partial when it failed)."""

    ok: bool
    diagnostics: tuple[Diagnostic, ...]
    config: dict[str, Any]


@dataclass(frozen=True)
class DeploymentPlan:
    """What a deployment would do: `actions` maps each resource key to create, update, recreate, delete or skip."""

    ok: bool
    actions: dict[str, str]
    diagnostics: tuple[Diagnostic, ...]
    file: Path

    @property
    def changes(self) -> dict[str, str]:
        """Return the actions that change something."""
        return {key: action for key, action in self.actions.items() if action != "skip"}


@dataclass(frozen=True)
class Ended:
    """How a command with effects ended: `ok`, or not, or cut short by the time limit (`unknown`)."""

    ok: bool
    unknown: bool
    output: str
    diagnostics: tuple[Diagnostic, ...]


class BundleCli:
    """Run bundle commands in a folder for one target; `private` is a folder for the profile and plans."""

    def __init__(self, settings: Settings, credentials: Credentials, private: Path, *, allow_code: bool):
        self.executable = find_executable(settings)
        config = write_profile(credentials, private)
        self._private = private
        self._env = {
            **settings.child_environment("CLAUDECODE", "XDG_CACHE_HOME"),
            **settings.variables,
            "DATABRICKS_CONFIG_FILE": str(config),
            "DATABRICKS_CONFIG_PROFILE": PROFILE,
        }
        if not allow_code:
            self._env["DATABRICKS_BUNDLE_RESTRICTED_CODE_EXECUTION"] = "1"

    def version(self) -> str:
        """Return the executable's version line."""
        done = self._run(["version"], self._private, QUICK)
        return done.stdout.strip().splitlines()[0] if done.stdout.strip() else "unknown"

    def validate(self, root: Path, target: str) -> Validation:
        """Validate the bundle at `root`; warnings are reported, not judged."""
        done = self._bundle(["validate", "-o", "json"], root, target, QUICK)
        found = diagnostics(done.stderr)
        return Validation(done.exit == 0, found, _json_object(done.stdout))

    def plan(self, root: Path, target: str) -> DeploymentPlan:
        """DeploymentPlan a deployment and keep the plan's file for `deploy`."""
        done = self._bundle(["plan", "-o", "json"], root, target, QUICK)
        file = self._private / "plan.json"
        file.write_text(done.stdout, "utf-8")
        loaded = _json_object(done.stdout)
        listed = loaded.get("plan") or {}
        actions = {key: str(entry.get("action", "skip")) for key, entry in listed.items()}
        ok = done.exit == 0 and not done.timed_out and "plan" in loaded  # unreadable output is no empty plan
        return DeploymentPlan(ok, actions, diagnostics(done.stderr), file)

    def deploy(self, root: Path, target: str, plan: DeploymentPlan, seconds: float, hold: process.Hold) -> Ended:
        """Carry out `plan`, uploading every file: the CLI compares with its own memory, never with the workspace.

        A plan that is out of date is refused by the executable, and so are destructive changes, since approval is
        never passed on. It is never killed: past `seconds` it goes on, holding what `hold` stands for.
        """
        shutil.rmtree(root / ".databricks" / "bundle" / target / "sync-snapshots", ignore_errors=True)
        return _ended(self._bundle(["deploy", "--plan", str(plan.file)], root, target, seconds, hold))

    def destroy(self, root: Path, target: str, seconds: float, hold: process.Hold) -> Ended:
        """Destroy what the bundle deployed, never killed either.

        Exit 0 proves nothing (a 403 is only warned about): look afterwards.
        """
        return _ended(self._bundle(["destroy", "--auto-approve"], root, target, seconds, hold))

    def summary(self, root: Path, target: str) -> dict[str, Any]:
        """Return the resources the workspace's state knows, with their ids. Raises WorkspaceError when it fails."""
        done = self._bundle(["summary", "-o", "json", "--force-pull"], root, target, QUICK)
        if done.exit != 0:
            raise WorkspaceError(
                f"bundle summary failed: {done.stderr.strip()[:300]}", remedy="Call the tool again; see `doctor`."
            )
        return _json_object(done.stdout)

    def command(self, words: Sequence[str], folder: Path, target: str) -> process.Finished:
        """Run a command that was checked to change nothing, on `target` where it is one of a bundle."""
        is_untargeted = words[:1] == ("bundle",) and not {"-t", "--target"} & {word.split("=")[0] for word in words}
        return self._run([*words, *(["--target", target] if is_untargeted else [])], folder, QUICK)

    def _bundle(
        self, words: Sequence[str], root: Path, target: str, seconds: float, hold: process.Hold | None = None
    ) -> process.Finished:
        done = self._run(["bundle", *words, "--target", target], root, seconds, hold)
        if done.exit != 0 and (status := _STATUS.search(done.stderr)):
            raise AuthError(
                f"the workspace refused us with {status[1]} during bundle {words[0]}",
                remedy="Renew the credentials, then call the tool again.",
                detail=done.stderr.strip()[:500],
            )
        return done

    def _run(
        self, words: Sequence[str], cwd: Path, seconds: float, hold: process.Hold | None = None
    ) -> process.Finished:
        argv = [self.executable, *words, "--profile", PROFILE]
        done = process.run(argv, cwd=cwd, env=self._env, timeout=seconds, keep=_OUTPUT_CAP, hold=hold)
        if done.cut_off:
            raise WorkspaceError(
                f"bundle {words[-1]} printed more than {_OUTPUT_CAP // 1024 // 1024} MiB",
                remedy="Split the bundle.",
            )
        return done


def find_executable(settings: Settings) -> str:
    """Return the bundle executable's path. Raises UsageError that says how to install it when there is none."""
    named = settings.bundle_cli
    found = shutil.which(named or "databricks", path=settings.environment.get("PATH"))
    if found:
        return found
    raise UsageError(
        f"the bundle executable {named!r} does not exist" if named else "the `databricks` CLI is not on PATH",
        remedy="Install the Databricks CLI (docs.databricks.com: 'Install the CLI') and put it on PATH, "
        "or set PRP_MCP_WORKSPACE=local to use the local workspace.",
    )


def diagnostics(stderr: str) -> tuple[Diagnostic, ...]:
    """Read the executable's messages from its standard error."""
    found: list[Diagnostic] = []
    for line in stderr.splitlines():
        if head := _HEAD.match(line):
            found.append(Diagnostic(head[1].lower(), head[2].strip(), "", ""))
        elif found and (at := _AT.match(line)) and not found[-1].at:
            found[-1] = Diagnostic(found[-1].severity, found[-1].text, at[1], found[-1].where)
        elif found and (where := _WHERE.match(line)) and not found[-1].where:
            found[-1] = Diagnostic(found[-1].severity, found[-1].text, found[-1].at, where[1])
    return tuple(found)


def _ended(done: process.Finished) -> Ended:
    output = (done.stdout + done.stderr).strip()
    return Ended(done.exit == 0, done.timed_out or done.exit < 0, output, diagnostics(done.stderr))


def _json_object(text: str) -> dict[str, Any]:
    try:
        loaded = json.loads(text) if text.strip() else {}
    except ValueError:
        return {}
    return loaded if isinstance(loaded, dict) else {}
