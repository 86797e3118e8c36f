"""Load the part of `databricks-sdk` that sends requests, and not the rest of it."""

import importlib.util
import sys
import threading

_LOADING = threading.Lock()


def load() -> None:
    """Load `databricks.sdk.core` and `databricks.sdk.errors` without the `__init__` of `databricks.sdk`.

    That one makes every class of every API, which no call here uses: a second and 40 MB (0.150). It still runs for
    whoever imports it afterwards.
    """
    with _LOADING:
        if "databricks.sdk" in sys.modules or "databricks.sdk.core" in sys.modules:
            return
        spec = importlib.util.find_spec("databricks.sdk")
        assert spec, "databricks-sdk is a dependency"
        # A package that is there already is not run again by the import of what lies in it.
        sys.modules["databricks.sdk"] = importlib.util.module_from_spec(spec)
        try:
            import databricks.sdk.core
            import databricks.sdk.errors  # noqa: F401 - loaded for others
        finally:
            del sys.modules["databricks.sdk"]
