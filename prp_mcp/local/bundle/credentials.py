"""Which workspace to talk to, and with which token: from a profile or the environment, loopback only."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from prp_mcp.local.bundle.diagnostics import BundleError


@dataclass(frozen=True)
class Credentials:
    """A loopback host and its token."""

    host: str
    token: str


def credentials(bundle_host: str, profile: str, given: Mapping[str, str]) -> Credentials:
    """Return where to go and with what. Raises BundleError; no request has been made then.

    `bundle_host` is `workspace.host` of the bundle: when it names another host than the credentials do, the CLI
    would send the token there (measured with 1.14), this refuses.
    """
    profile = profile or given.get("DATABRICKS_CONFIG_PROFILE", "")
    if profile or "DATABRICKS_HOST" not in given:
        host, token = _from_file(profile, given)
    else:
        host, token = given["DATABRICKS_HOST"], given.get("DATABRICKS_TOKEN", "")
    host = host.rstrip("/")
    if not host or not token:
        raise BundleError(
            "default auth: cannot configure default credentials: set DATABRICKS_HOST and DATABRICKS_TOKEN, or name "
            "a profile of DATABRICKS_CONFIG_FILE"
        )
    if bundle_host and bundle_host.rstrip("/") != host:
        raise BundleError(
            f"the host in the profile ({host}) doesn't match the host configured in the bundle ({bundle_host})"
        )
    if not is_loopback(host):
        raise BundleError(
            f"the local bundle executable serves the local workspace only, and {host} is not a loopback address; "
            "install the Databricks CLI to work with a real workspace"
        )
    return Credentials(host, token)


def is_loopback(host: str) -> bool:
    """Return whether a URL leads to this machine and nowhere else."""
    parts = urlsplit(host)
    name = parts.hostname or ""
    if parts.scheme != "http":
        return False
    if name in ("localhost", "127.0.0.1"):
        return True
    import ipaddress  # late: most hosts are one of the two names

    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _from_file(profile: str, given: Mapping[str, str]) -> tuple[str, str]:
    file = given.get("DATABRICKS_CONFIG_FILE") or str(Path(given.get("HOME", "/")) / ".databrickscfg")
    import configparser  # late: most calls have their credentials in the environment

    parser = configparser.ConfigParser(interpolation=None, default_section="\0none")
    try:
        parser.read_string(Path(file).read_text())
    except OSError:
        # No file means no profiles, as for the CLI; the caller then says what is missing.
        return ("", "") if not profile else _absent(file, profile)
    except configparser.Error as wrong:
        raise BundleError(f"cannot parse config file {file}: {wrong}") from wrong
    section = profile or "DEFAULT"
    if not parser.has_section(section):
        return ("", "") if not profile else _absent(file, profile)
    return parser.get(section, "host", fallback=""), parser.get(section, "token", fallback="")


def _absent(file: str, profile: str) -> tuple[str, str]:
    raise BundleError(f"cannot resolve bundle auth configuration: resolve: {file} has no {profile} profile configured")
