"""The one module of the runner that reads and sets environment variables."""

import os
import ssl
import sys
import time
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return the folder of downloads that outlive a workspace: `PRP_MCP_CACHE_DIR`, else the user's cache."""
    given = os.environ.get("PRP_MCP_CACHE_DIR")
    return Path(given) if given else Path(platformdirs.user_cache_dir("prp-mcp"))


def jvm_memory() -> str:
    """Return the JVM's heap size as Java spells it: `PRP_MCP_SPARK_MEMORY`, else `2g`."""
    return os.environ.get("PRP_MCP_SPARK_MEMORY", "2g")


def jvm_environment(connection: Path) -> dict[str, str]:
    """Return the environment of the JVM, which writes its port and secret to the file `connection`.

    The JVM, not the update, starts the workers of Python functions, so it must know the interpreter.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))}
    return kept | {
        "_PYSPARK_DRIVER_CONN_INFO_PATH": str(connection),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_PIN_THREAD": "true",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "TZ": "UTC",
    }


def point_pyspark_at(port: int, secret: str) -> None:
    """Make pyspark of this process attach to the JVM at `port`; times are UTC from here on."""
    for name in [name for name in os.environ if name.startswith(("SPARK_", "PYSPARK_"))]:
        del os.environ[name]
    os.environ["PYSPARK_GATEWAY_PORT"] = str(port)
    os.environ["PYSPARK_GATEWAY_SECRET"] = secret
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["TZ"] = "UTC"
    time.tzset()


def authorities() -> Path | None:
    """Return the PEM file of the certificate authorities Python trusts, or None when there is no such file."""
    paths = ssl.get_default_verify_paths()
    named = (os.environ.get("SSL_CERT_FILE"), paths.cafile, paths.openssl_cafile)
    for name in named:
        if name and Path(name).is_file():
            return Path(name)
    return None
