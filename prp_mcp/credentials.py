"""The workspace that is meant and how to authenticate there, from a profile or from variables."""

import configparser
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from prp_mcp.digest import digest
from prp_mcp.errors import AuthError

_SECRET_KEYS = frozenset({"token", "client_secret", "azure_client_secret", "password", "google_credentials"})


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
    def warehouse(self) -> str:
        """Return the id of the SQL warehouse that is named with the credentials, or an empty string."""
        return self.fields.get("warehouse_id", "")

    @property
    def fingerprint(self) -> str:
        """Return a digest of who we are, not of the secret: a renewed token is the same identity."""
        public = {key: value for key, value in self.fields.items() if key not in _SECRET_KEYS}
        return digest({"host": self.host, "fields": public})


def credentials_in(env: Mapping[str, str]) -> Credentials:
    """Return the credentials that the variables `env` name. Raises AuthError when there are none."""
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


def config_file(env: Mapping[str, str]) -> Path:
    """Return the path of the user's Databricks configuration file, there or not."""
    return Path(env.get("DATABRICKS_CONFIG_FILE") or Path(env.get("HOME", "~")) / ".databrickscfg").expanduser()


def _profile(env: Mapping[str, str], profile: str) -> Credentials:
    path = config_file(env)
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
