"""Fetch the Iceberg runtime for Spark once, prove it by its digest, and keep it."""

import hashlib
import os
import shutil
import tempfile
import warnings
from pathlib import Path

import certifi
import filelock
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from prp_mcp import process
from prp_mcp.errors import IntegrityError, WorkspaceError
from prp_mcp.local.runner import environment, java

COORDINATES = "org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.12.0"
SHA256 = "3123c3798af642dd537230923548e013ef41cc28b6626e5225808cf5670a0f82"
FILE_NAME = "iceberg-spark-runtime-4.1_2.13-1.12.0.jar"
TIMEOUT_SECONDS = 300.0


def iceberg_jar() -> Path:
    """Return the path of the Iceberg runtime, fetching it on first use.

    It is resolved by the Ivy that Spark carries, from whatever repository Ivy is set up for, and is used only
    when its SHA-256 is the pinned one. Raises WorkspaceError when it cannot be fetched and IntegrityError when
    what came is something else; nothing is left behind then.
    """
    folder = environment.cache_folder()
    jar = folder / FILE_NAME
    if _proven(jar):
        return jar
    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder / f"{FILE_NAME}.lock"):
        if not _proven(jar):
            _fetch(jar)
    return jar


def _proven(jar: Path) -> bool:
    """Return whether `jar` is there and whole; its digest is computed once per change of the file."""
    if not jar.is_file():
        return False
    facts = jar.stat()
    seal = jar.with_suffix(".sha256")
    sealed = f"{SHA256} {facts.st_size} {facts.st_mtime_ns}"
    if seal.is_file() and seal.read_text() == sealed:
        return True
    if hashlib.sha256(jar.read_bytes()).hexdigest() != SHA256:
        return False
    seal.write_text(sealed)
    return True


def _fetch(jar: Path) -> None:
    with tempfile.TemporaryDirectory(dir=jar.parent) as name:
        folder = Path(name)
        store, password = _truststore(folder)
        argv = [
            str(java.executable()),
            f"-Djavax.net.ssl.trustStore={store}",
            f"-Djavax.net.ssl.trustStorePassword={password}",
            "-cp",
            java.spark_class_path(),
            "org.apache.spark.deploy.SparkSubmit",
            *("--packages", COORDINATES),
            *("--conf", f"spark.jars.ivy={folder / 'ivy'}"),
            # There is no such class: the exit code is always an error, the file is what counts.
            *("--class", "none", "none.jar"),
        ]
        ended = process.run(
            argv, cwd=folder, env=environment.jvm_environment(folder / "unused"), timeout=TIMEOUT_SECONDS
        )
        found = sorted((folder / "ivy").glob("jars/*iceberg-spark-runtime*.jar"))
        if not found:
            raise WorkspaceError(
                f"The Iceberg runtime {COORDINATES!r} could not be fetched.",
                remedy="Check the network or the proxy, or place the file at "
                f"{jar} by hand, then try again; it is needed once.",
                detail=(ended.stdout + ended.stderr)[-2000:],
            )
        digest = hashlib.sha256(found[0].read_bytes()).hexdigest()
        if digest != SHA256:
            raise IntegrityError(
                f"The Iceberg runtime that was fetched has SHA-256 {digest!r}, expected {SHA256!r}.",
                remedy="Do not use it; ask whoever runs your artifact repository or proxy why it differs.",
            )
        aside = folder / jar.name
        shutil.copyfile(found[0], aside)
        os.replace(aside, jar)
        _proven(jar)


def _truststore(folder: Path) -> tuple[Path, str]:
    """Write the authorities Python trusts as a Java trust store.

    The Java that comes as a wheel knows its own list only, so behind a proxy with an authority of its own it
    reaches nothing although pip does.
    """
    source = environment.authorities() or Path(certifi.where())
    with warnings.catch_warnings():
        # Old authorities have serial numbers that cryptography warns about; they are not ours to mend.
        warnings.simplefilter("ignore")
        certificates = x509.load_pem_x509_certificates(source.read_bytes())
        entries = [pkcs12.PKCS12Certificate(found, str(number).encode()) for number, found in enumerate(certificates)]
        password = os.urandom(12).hex()
        sealed = pkcs12.serialize_java_truststore(entries, BestAvailableEncryption(password.encode()))
    store = folder / "authorities.p12"
    store.write_bytes(sealed)
    return store, password
