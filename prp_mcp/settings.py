"""Read the environment, the user's grants and the repository's policy; the one module that does.

The repository's `prp-mcp.toml` may only shape the work (thresholds, limits, what is outside the tree). What an
agent must not be able to grant itself (hosts, targets, catalogs, consent to destroy) comes from the user's own
`grants.toml` or from the environment of the server.
"""

import configparser
import hashlib
import json
import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from prp_mcp.errors import AuthError, PolicyError, UsageError

POLICY_FILE = "prp-mcp.toml"
_PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
)
_PROXY = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_SECRET_KEYS = frozenset({"token", "client_secret", "azure_client_secret", "password", "google_credentials"})


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

    `command_memory` is in MiB, over all processes of a validation command; `command_processes` counts them.
    """

    execution_seconds: int = Field(1800, ge=1, le=86400)
    deploy_seconds: int = Field(900, ge=10, le=7200)
    command_seconds: int = Field(300, ge=1, le=3600)
    command_memory: int = Field(4096, ge=64, le=1024 * 1024)
    command_processes: int = Field(256, ge=4, le=10_000)
    settle_seconds: int = Field(90, ge=1, le=600)
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
    `waive` lets open checklist items be waived where no person is at a terminal.
    """

    hosts: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    catalogs: tuple[str, ...] = ()
    destroy_targets: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    waive: bool = False
    bundle_code: bool = False
    allow_dirty: bool = False


@dataclass(frozen=True)
class Credentials:
    """Name a workspace and how to authenticate; `fields` is one section of a Databricks configuration file."""

    host: str
    fields: Mapping[str, str] = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the values that must never be shown."""
        return tuple(value for key, value in self.fields.items() if key in _SECRET_KEYS and value)

    @property
    def fingerprint(self) -> str:
        """Return a digest of who we are, not of the secret: a renewed token is the same identity."""
        public = {key: value for key, value in self.fields.items() if key not in _SECRET_KEYS}
        return digest({"host": self.host, "fields": public})


@dataclass(frozen=True)
class Settings:
    """Hold everything that comes from outside the repository."""

    state_dir: Path
    config_dir: Path
    grants: Grants
    bundle_cli: str | None
    variables: Mapping[str, str]
    environment: Mapping[str, str] = field(repr=False)

    def credentials(self) -> Credentials:
        """Return the credentials of the intended workspace. Raises AuthError when there are none."""
        return _credentials(self.environment)

    @property
    def home(self) -> Path:
        """Return the user's home."""
        return Path(self.environment.get("HOME") or "~").expanduser()

    @property
    def private_places(self) -> tuple[Path, ...]:
        """Return where our own state, the user's grants and the credentials lie."""
        return (self.state_dir, self.config_dir, _config_file(self.environment))

    def with_grants(self, **granted: Any) -> "Settings":
        """Return the settings with a person's further grants."""
        return replace(self, grants=self.grants.model_copy(update=granted))

    def child_environment(self, *names: str) -> dict[str, str]:
        """Return the few variables a child process may see, with `names` added where they are set."""
        wanted = (*_PASSED_ON, *_PROXY, *names)
        return {name: self.environment[name] for name in wanted if name in self.environment}


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the environment of this process (or the one given) and the user's grants."""
    env = dict(os.environ if environment is None else environment)
    state = Path(env.get("PRP_MCP_STATE_DIR") or platformdirs.user_state_dir("prp-mcp")).expanduser()
    config = Path(env.get("PRP_MCP_CONFIG_DIR") or platformdirs.user_config_dir("prp-mcp")).expanduser()
    return Settings(
        state_dir=state.absolute(),
        config_dir=config.absolute(),
        grants=_grants(config / "grants.toml", env),
        bundle_cli=env.get("PRP_MCP_BUNDLE_CLI"),
        variables={name: env[name] for name in sorted(env) if name.startswith("BUNDLE_VAR_")},
        environment=env,
    )


def read_policy(top: Path) -> Policy:
    """Read `prp-mcp.toml` at the repository's root; no file means the defaults.

    Raises UsageError that names the key and the line's reason when the file is wrong.
    """
    return _toml(top / POLICY_FILE, Policy)


def ensure_private(directory: Path, *, outside: Path | None = None) -> Path:
    """Create `directory` for us alone and return its real path.

    Raises PolicyError when it lies inside `outside`, belongs to someone else, or others may read it.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    real = directory.resolve()
    if outside is not None and real.is_relative_to(outside.resolve()):
        raise PolicyError(
            f"the state directory {str(real)!r} lies inside the repository",
            remedy="Set PRP_MCP_STATE_DIR to a directory outside every repository.",
        )
    facts = real.stat()
    if facts.st_uid != os.getuid() or stat.S_IMODE(facts.st_mode) & 0o077:
        raise PolicyError(
            f"the state directory {str(real)!r} is open to others",
            remedy=f"Run: chmod 700 {str(real)!r} (as its owner).",
        )
    return real


def digest(value: Any) -> str:
    """Return the SHA-256 (hex) of a JSON-like value in canonical form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _grants(path: Path, env: Mapping[str, str]) -> Grants:
    given = _toml(path, Grants)
    added: dict[str, Any] = {
        name: (*getattr(given, name), *env.get(f"PRP_MCP_ALLOW_{name.upper()}", "").split())
        for name in ("hosts", "targets", "catalogs", "destroy_targets")
    }
    waive = given.waive or env.get("PRP_MCP_ALLOW_WAIVE") == "1"
    return given.model_copy(update={**added, "waive": waive})


_File = TypeVar("_File", Policy, Grants)


def _toml(path: Path, kind: type[_File]) -> _File:
    if not path.is_file():
        return kind()
    try:
        return kind.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path.name} is not valid TOML: {error}", remedy=f"Mend {path.name}.", location=str(path)
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise UsageError(
            f"{path.name}: {key}: {first['msg']}",
            remedy=f"Mend or remove the key {key!r} in {path.name}.",
            location=str(path),
        ) from error


def _credentials(env: Mapping[str, str]) -> Credentials:
    profile = env.get("DATABRICKS_CONFIG_PROFILE")
    if profile:
        return _profile(env, profile)
    host = env.get("DATABRICKS_HOST")
    if not host:
        raise AuthError(
            "no workspace is configured",
            remedy="Set DATABRICKS_CONFIG_PROFILE, or DATABRICKS_HOST and DATABRICKS_TOKEN; "
            "or set PRP_MCP_WORKSPACE=local to use the local workspace.",
        )
    prefix = "DATABRICKS_"
    known = ("TOKEN", "CLIENT_ID", "CLIENT_SECRET", "AUTH_TYPE", "AZURE_RESOURCE_ID", "WAREHOUSE_ID")
    fields = {name.lower(): env[prefix + name] for name in known if env.get(prefix + name)}
    host = _plain_host(host)
    return Credentials(host, {"host": host, **fields})


def _config_file(env: Mapping[str, str]) -> Path:
    return Path(env.get("DATABRICKS_CONFIG_FILE") or Path(env.get("HOME", "~")) / ".databrickscfg").expanduser()


def _profile(env: Mapping[str, str], profile: str) -> Credentials:
    path = _config_file(env)
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(path, encoding="utf-8")
    if profile != "DEFAULT" and not parser.has_section(profile):
        raise AuthError(
            f"{path.name} has no profile {profile!r}",
            remedy=f"Run `databricks auth login --profile {profile}`, or set another DATABRICKS_CONFIG_PROFILE.",
        )
    fields = {key: value for key, value in parser[profile].items() if value}
    if not fields.get("host"):
        raise AuthError(
            f"the profile {profile!r} names no host", remedy=f"Add `host = https://...` to it in {path.name}."
        )
    fields["host"] = _plain_host(fields["host"])
    return Credentials(fields["host"], fields)


def _plain_host(host: str) -> str:
    full = host if "://" in host else f"https://{host}"
    return full.rstrip("/").lower()
