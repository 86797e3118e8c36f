"""Read the environment and the user's grants; the one module that does.

The repository's `prp-mcp.toml` may only shape the work (thresholds, limits, what is outside the tree). What an
agent must not be able to grant itself (hosts, targets, catalogs, consent to destroy) comes from the user's own
`grants.toml` or from the environment of the server.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import platformdirs

from prp_mcp.credentials import Credentials, config_file, credentials_in
from prp_mcp.errors import PolicyError
from prp_mcp.policy import Grants, read_toml

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
        return credentials_in(self.environment)

    @property
    def home(self) -> Path:
        """Return the user's home."""
        return Path(self.environment.get("HOME") or "~").expanduser()

    @property
    def private_places(self) -> tuple[Path, ...]:
        """Return where our own state, the user's grants and the credentials lie."""
        return (self.state_dir, self.config_dir, config_file(self.environment))

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


def _grants(path: Path, env: Mapping[str, str]) -> Grants:
    given = read_toml(path, Grants)
    added: dict[str, Any] = {
        name: (*getattr(given, name), *env.get(f"PRP_MCP_ALLOW_{name.upper()}", "").split())
        for name in ("hosts", "targets", "catalogs", "destroy_targets")
    }
    switches = {
        name: getattr(given, name) or env.get(f"PRP_MCP_ALLOW_{name.upper()}") == "1" for name in ("waive", "abandon")
    }
    return given.model_copy(update={**added, **switches})
