"""What a repository's policy may shape and what only a person may grant; every key has a safe default."""

import tomllib
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from prp_mcp.errors import UsageError

POLICY_FILE = "prp-mcp.toml"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TreePolicy(_Section):
    """Say which files cannot change what is deployed (gitignore patterns)."""

    exclude: tuple[str, ...] = ("PRPs/**", "docs/**", "tests/**", "*.md", POLICY_FILE)
    allow_dirty: bool = False


class PrpPolicy(_Section):
    """Say how strictly a PRP is read: `strict` demands the verbatim names of the three required sections."""

    strict: bool = False


class LimitPolicy(_Section):
    """Bound time (seconds), attempts (failing verdicts of one gate in a run led by an agent) and what a command uses.

    `event_log_seconds` is how long an update's event log is waited for after the update has ended: it arrives late.
    `command_memory` is in MiB, over all processes of a validation command; `command_processes` counts them.
    """

    execution_seconds: int = Field(1800, ge=1, le=86400)
    deploy_seconds: int = Field(900, ge=10, le=7200)
    command_seconds: int = Field(300, ge=1, le=3600)
    command_memory: int = Field(4096, ge=64, le=1024 * 1024)
    command_processes: int = Field(256, ge=4, le=10_000)
    settle_seconds: int = Field(90, ge=1, le=600)
    event_log_seconds: int = Field(120, ge=1, le=900)
    attempts: int = Field(3, ge=1, le=20)


class BundlePolicy(_Section):
    """Name warnings of bundle validation that do not count as failures (substrings)."""

    accepted_warnings: tuple[str, ...] = ()


class QualityPolicy(_Section):
    """Set the least pass rate (0..1) of an expectation; `dataset.expectation` or `dataset` overrides it."""

    threshold: float = Field(0.95, ge=0, le=1)
    thresholds: dict[str, float] = Field(default_factory=dict)


class GovernancePolicy(_Section):
    """Say what every published table must have."""

    owner: bool = True
    documented: bool = True
    forbid_grants_to: tuple[str, ...] = ("account users",)
    forbidden_privileges: tuple[str, ...] = ("ALL PRIVILEGES", "ALL_PRIVILEGES", "MANAGE")


class ValidationPolicy(_Section):
    """Allow further validation commands, each an argv prefix such as `make lint`; give values to bindings by name."""

    allowed: tuple[str, ...] = ()
    bindings: dict[str, str] = Field(default_factory=dict)
    checklist: Literal["required", "reported"] = "required"


class RollbackPolicy(_Section):
    """Switch the five rollback triggers; `server_exit` is what the end of an MCP server does to a run.

    `resume_seconds` is how long a run is left to a client that restarts its server before `server_exit` applies.
    """

    configuration: bool = True
    deployment: bool = True
    execution: bool = True
    quality: bool = True
    interrupt: bool = True
    server_exit: Literal["hold", "rollback"] = "hold"
    resume_seconds: int = Field(20, ge=1, le=600)


class Policy(_Section):
    """Hold the repository's `prp-mcp.toml`; every key has a safe default."""

    target: str = "dev"
    prp: PrpPolicy = PrpPolicy()
    tree: TreePolicy = TreePolicy()
    limits: LimitPolicy = LimitPolicy()
    bundle: BundlePolicy = BundlePolicy()
    quality: QualityPolicy = QualityPolicy()
    governance: GovernancePolicy = GovernancePolicy()
    validation: ValidationPolicy = ValidationPolicy()
    rollback: RollbackPolicy = RollbackPolicy()


class Grants(_Section):
    """Hold what only a person may allow: the user's `grants.toml`, widened by PRP_MCP_ALLOW_* variables.

    No `targets` means: targets with `mode: development`. No `catalogs` or `hosts` means: those of the credentials.
    `commands` are validation commands that may run besides the allowed ones, exactly as `prp-mcp approve` shows them;
    `waive` and `abandon` allow what they are called where no person is at a terminal.
    """

    hosts: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    catalogs: tuple[str, ...] = ()
    destroy_targets: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    waive: bool = False
    abandon: bool = False
    bundle_code: bool = False
    allow_dirty: bool = False


_File = TypeVar("_File", Policy, Grants)


def read_policy(top: Path) -> Policy:
    """Read `prp-mcp.toml` at the repository's root; no file means the defaults.

    Raises UsageError that names the key and the line's reason when the file is wrong.
    """
    return read_toml(top / POLICY_FILE, Policy)


def read_toml(path: Path, kind: type[_File]) -> _File:
    """Return the file at `path` as a `kind`, all defaults when there is none. Raises UsageError naming the fault."""
    if not path.is_file():
        return kind()
    try:
        return kind.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path.name} is not valid TOML: {error}", remedy=f"Correct {path.name}.", location=str(path)
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise UsageError(
            f"{path.name}: {key}: {first['msg']}",
            remedy=f"Correct or remove the key {key!r} in {path.name}.",
            location=str(path),
        ) from error
