"""The distributions a project declares, and the modules they bring."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

RUNTIME = frozenset(
    {
        *("IPython", "PIL", "azure", "boto3", "botocore", "certifi", "cloudpickle", "cryptography", "databricks"),
        *("dateutil", "dbruntime", "delta", "dlt", "fastapi", "filelock", "fsspec", "google", "grpc", "jinja2"),
        *("matplotlib", "mlflow", "nltk", "numpy", "packaging", "pandas", "pip", "platformdirs", "plotly", "psutil"),
        *("py4j", "pyarrow", "pydantic", "pyodbc", "pyspark", "pytz", "requests", "rich", "s3transfer", "scipy"),
        *("seaborn", "setuptools", "six", "sklearn", "statsmodels", "tenacity", "typing_extensions", "urllib3"),
        *("yaml", "wheel"),
    }
)
"""Modules that are there without being declared (docs.databricks.com, release notes of the runtimes and serverless
environments, "Installed Python libraries"); not the whole list, but what pipelines import."""

_MODULES = {
    "attrs": "attr",
    "beautifulsoup4": "bs4",
    "opencv_python": "cv2",
    "pillow": "PIL",
    "protobuf": "google",
    "psycopg2_binary": "psycopg2",
    "pycryptodome": "Crypto",
    "pyjwt": "jwt",
    "python_dateutil": "dateutil",
    "python_dotenv": "dotenv",
    "pyyaml": "yaml",
    "scikit_learn": "sklearn",
}
"""Distributions whose module is called otherwise."""

_SHARED = ("azure", "google", "databricks")
"""First words of distributions that share one top-level module."""

_NAME = re.compile(r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,99})")
_PIP = re.compile(r"^\s*(?:#\s*(?:MAGIC\s+)?)?%pip\s+install\s+(?P<rest>.{1,1000})$", re.MULTILINE)
_LINES = 2_000


def modules_of(requirement: str) -> tuple[str, ...]:
    """Return the top-level modules a requirement (`name>=1`, a wheel's path) may bring; none when it names nothing."""
    text = requirement.strip()
    if text.endswith(".whl"):
        text = text.rsplit("/", 1)[-1].split("-", 1)[0]
    found = _NAME.match(text.split(" #", 1)[0]) if not text.startswith(("-", "#", ".", "/", "$")) else None
    if not found:
        return ()
    name = re.sub(r"[-.]+", "_", found["name"]).strip("_").lower()
    first = name.split("_", 1)[0]
    return tuple(dict.fromkeys((_MODULES.get(name, name), *((first,) if first in _SHARED else ()))))


def is_opaque(requirement: str) -> bool:
    """Return whether a requirement may bring modules of the project itself: a wheel it builds, `--editable`."""
    text = requirement.strip()
    return text.endswith(".whl") or text.startswith(("-e", "--editable", ".", "${"))


def requirement_lines(text: str) -> tuple[str, ...]:
    """Return the requirements of a requirements file."""
    lines = (line.strip() for line in text.split("\n")[:_LINES])
    return tuple(line for line in lines if line and not line.startswith("#"))


def project_dependencies(text: str) -> tuple[str, ...]:
    """Return the requirements of a `pyproject.toml`, optional ones and those of Poetry too; none when it is broken."""
    try:
        loaded = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return ()  # a build would report it; here it only declares nothing
    project, tool = _table(loaded, "project"), _table(_table(loaded, "tool"), "poetry")
    groups = [project.get("dependencies"), *_table(project, "optional-dependencies").values()]
    groups += [*_table(loaded, "dependency-groups").values(), list(_table(tool, "dependencies"))]
    listed = [each for group in groups if isinstance(group, list) for each in group[:_LINES]]
    return tuple(each for each in listed if isinstance(each, str))


def pip_installs(text: str) -> tuple[str, ...]:
    """Return what a notebook's `%pip install` lines ask for."""
    return tuple(word.strip("'\"") for found in _PIP.finditer(text) for word in found["rest"].split())


def _table(of: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = of.get(name)
    return found if isinstance(found, dict) else {}
