"""The workspace's REST API through `databricks-sdk`, with its traps closed.

The SDK retries POSTs, so that one `start_update` can start two updates; its event class drops `details`, where the
expectation counts are; its import costs seconds. So: one plain POST for a start, raw JSON for events, and of the SDK
only its core (`sdk.py`), once a workspace is needed.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from prp_mcp.clock import Deadline
from prp_mcp.credentials import Credentials
from prp_mcp.errors import AuthError, WorkspaceError
from prp_mcp.journal.effect import Fate
from prp_mcp.remote import sdk

if TYPE_CHECKING:
    import requests

READ_SECONDS = 20
START_SECONDS = 60
EVENT_PAGE = 250
ROW_CAP = 10_000
STATEMENT_PAUSE = 0.5
_CATALOG = "/api/2.1/unity-catalog/"
_STATEMENTS = "/api/2.0/sql/statements"
EVENT_CAP = 20_000
"""Events read for one update; a longer log is reported as truncated and never counts as complete."""


@dataclass(frozen=True)
class Started:
    """The fate of one start request; `update` is empty unless it is known."""

    fate: Fate
    update: str
    detail: str


@dataclass(frozen=True)
class EventPage:
    """The raw events of one update in the order they happened; `complete` is False when the log was cut."""

    events: tuple[dict[str, Any], ...]
    complete: bool


@dataclass(frozen=True)
class Answer:
    """The rows of a statement as text (NULL is empty), or why it failed; `complete` is False when rows are missing."""

    rows: tuple[tuple[str, ...], ...]
    complete: bool
    error: str = ""


class Workspace:
    """One workspace, as one identity. Reads are retried for at most 20 seconds; writes are sent once."""

    def __init__(self, credentials: Credentials):
        self.host = credentials.host
        self._credentials = credentials

    @cached_property
    def _config(self) -> Any:
        sdk.load()
        from databricks.sdk.core import Config

        known = {"host", "token", "client_id", "client_secret", "auth_type", "azure_client_id", "azure_client_secret"}
        known |= {"azure_tenant_id", "azure_workspace_resource_id", "account_id", "cluster_id", "warehouse_id"}
        fields: dict[str, Any] = {key: value for key, value in self._credentials.fields.items() if key in known}
        try:
            return Config(**fields, retry_timeout_seconds=READ_SECONDS, http_timeout_seconds=READ_SECONDS)
        except ValueError as error:
            raise AuthError(
                f"the credentials for {self.host} are incomplete",
                remedy="Set DATABRICKS_TOKEN, or log in with `databricks auth login`.",
                detail=str(error)[:500],
            ) from error

    @cached_property
    def _client(self) -> Any:
        sdk.load()
        from databricks.sdk.core import ApiClient

        return ApiClient(self._config)

    def me(self) -> str:
        """Return the user name we are authenticated as."""
        return str(self._get("/api/2.0/preview/scim/v2/Me").get("userName", ""))

    def catalogs(self) -> list[str]:
        """Return the names of the catalogs we can see."""
        return [item["name"] for item in self._paged("/api/2.1/unity-catalog/catalogs", "catalogs", {})]

    def exists(self, path: str) -> bool:
        """Return whether a workspace path exists."""
        return self._optional("/api/2.0/workspace/get-status", {"path": path}) is not None

    def export(self, path: str) -> bytes:
        """Return the bytes of a workspace file."""
        raw = self._call("GET", "/api/2.0/workspace/export", {"path": path, "direct_download": "true"}, raw=True)
        return bytes(raw["contents"].read())

    def deployed_commit(self, metadata: str) -> str:
        """Return the commit that a bundle's metadata file names, or an empty string."""
        try:
            loaded = json.loads(self.export(metadata))
            return str(loaded["config"]["bundle"]["git"]["commit"])
        except (MissingError, ValueError, KeyError, TypeError):
            return ""

    def walk(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield every object below a workspace folder that is not a folder itself."""
        for item in self._get("/api/2.0/workspace/list", {"path": path}).get("objects", []):
            if item.get("object_type") == "DIRECTORY":
                yield from self.walk(item["path"])
            else:
                yield item

    def pipeline(self, pipeline: str) -> dict[str, Any] | None:
        """Return a pipeline, or None when it does not exist."""
        return self._optional(f"/api/2.0/pipelines/{_part(pipeline)}")

    def has(self, kind: str, name: str) -> bool:
        """Return whether a bundle's resource is there; one of a kind we cannot look up counts as there."""
        if kind == "jobs":
            return self._optional("/api/2.2/jobs/get", {"job_id": name}) is not None
        paths = {"pipelines": "/api/2.0/pipelines/", "schemas": _CATALOG + "schemas/", "volumes": _CATALOG + "volumes/"}
        return kind not in paths or self._optional(paths[kind] + _part(name)) is not None

    def update(self, pipeline: str, update: str) -> dict[str, Any]:
        """Return one update: state, cause, parameters and times as the API gives them."""
        answer = self._get(f"/api/2.0/pipelines/{_part(pipeline)}/updates/{_part(update)}")
        return dict(answer.get("update") or {})

    def updates(self, pipeline: str, limit: int = 25) -> list[dict[str, Any]]:
        """Return the latest updates of a pipeline, newest first."""
        answer = self._get(f"/api/2.0/pipelines/{_part(pipeline)}/updates", {"max_results": limit})
        return list(answer.get("updates") or [])

    def start_update(self, pipeline: str, body: dict[str, Any]) -> Started:
        """Send one request to start an update, and never a second one.

        What is not provably done or not done is UNKNOWN; the caller looks for its token among the updates.
        """
        import requests

        url = f"{self.host}/api/2.0/pipelines/{_part(pipeline)}/updates"
        headers = self._config.authenticate()
        try:
            answer = requests.post(url, json=body, headers=headers, timeout=START_SECONDS, allow_redirects=False)
        except requests.exceptions.ConnectTimeout as error:
            return Started(Fate.NOT_DONE, "", f"no connection: {type(error).__name__}")
        except requests.exceptions.RequestException as error:
            return Started(Fate.UNKNOWN, "", f"no answer: {type(error).__name__}")
        return _started(answer)

    def stop(self, pipeline: str) -> None:
        """Ask the pipeline to stop its active update; asking again is harmless."""
        self._call("POST", f"/api/2.0/pipelines/{_part(pipeline)}/stop", {})

    def events(self, pipeline: str, update: str, after: str | None = None) -> EventPage:
        """Return the events of `update`, oldest first, later than the timestamp `after` when it is given."""
        path = f"/api/2.0/pipelines/{_part(pipeline)}/events"
        wanted = f"update_id = '{update}'" + (f" AND timestamp > '{after}'" if after else "")
        query: dict[str, Any] = {"filter": wanted, "max_results": EVENT_PAGE, "order_by": "timestamp asc"}
        found: list[dict[str, Any]] = []
        while len(found) < EVENT_CAP:
            answer = self._get(path, query)
            found += answer.get("events") or []
            token = answer.get("next_page_token")
            if not token:
                return EventPage(tuple(found), complete=True)
            query = {"page_token": token, "max_results": EVENT_PAGE}  # the API refuses a token beside a filter
        return EventPage(tuple(found), complete=False)

    def contents(self, schema: str) -> Iterator[dict[str, Any]]:
        """Yield the tables and volumes of a schema (`catalog.schema`)."""
        catalog, _, name = schema.partition(".")
        for kind in ("tables", "volumes"):
            query = {"catalog_name": catalog, "schema_name": name}
            yield from self._paged(f"{_CATALOG}{kind}", kind, query)

    def table(self, full_name: str) -> dict[str, Any] | None:
        """Return a table of Unity Catalog, or None when it does not exist."""
        return self._optional(f"/api/2.1/unity-catalog/tables/{_part(full_name)}")

    def grants(self, kind: str, full_name: str) -> list[dict[str, Any]]:
        """Return who was granted what on a securable (`table`, `schema`)."""
        answer = self._get(f"/api/2.1/unity-catalog/permissions/{_part(kind)}/{_part(full_name)}")
        return list(answer.get("privilege_assignments") or [])

    def warehouses(self) -> list[str]:
        """Return the ids of the SQL warehouses we may use."""
        return [str(item["id"]) for item in self._get("/api/2.0/sql/warehouses").get("warehouses") or []]

    def query(
        self, statement: str, warehouse: str, where: dict[str, str], seconds: float, pause: Callable[[float], None]
    ) -> Answer:
        """Run one reading statement and return its rows; `where` may name `catalog` and `schema`.

        The request may be sent twice when its reply is lost: reading twice changes nothing. A statement that takes
        longer than `seconds` is cancelled and reported as an error. `pause` waits, and may raise to stop the wait.
        """
        body = {"statement": statement, "warehouse_id": warehouse, "row_limit": ROW_CAP, **where}
        answer = self._call("POST", _STATEMENTS, {**body, "wait_timeout": "10s", "on_wait_timeout": "CONTINUE"})
        path = f"{_STATEMENTS}/{_part(str(answer.get('statement_id', '')))}"
        deadline = Deadline(seconds)
        while _state(answer) in ("PENDING", "RUNNING"):
            if deadline.passed:
                self._call("POST", f"{path}/cancel", {})
                return Answer((), complete=False, error=f"it took longer than {seconds:g} s")
            pause(STATEMENT_PAUSE)
            answer = self._get(path)
        return _answered(answer)

    def _paged(self, path: str, key: str, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
        while True:
            answer = self._get(path, query)
            yield from answer.get(key) or []
            token = answer.get("next_page_token")
            if not token:
                return
            query = {**{name: value for name, value in query.items() if name != "filter"}, "page_token": token}

    def _optional(self, path: str, query: dict[str, Any] | None = None) -> dict[str, Any] | None:
        try:
            return self._get(path, query)
        except MissingError:
            return None

    def _get(self, path: str, query: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self._call("GET", path, query or {})
        if not isinstance(answer, dict):
            raise WorkspaceError(
                f"{self.host} answered {path} with something other than an object",
                remedy="Check that DATABRICKS_HOST names a workspace, then call the tool again.",
            )
        return answer

    def _call(self, method: str, path: str, query: dict[str, Any], *, raw: bool = False) -> Any:
        sdk.load()
        from databricks.sdk.errors import NotFound, PermissionDenied, Unauthenticated
        from databricks.sdk.errors.base import DatabricksError
        from requests import RequestException

        body = {"body": query} if method == "POST" else {"query": query}
        try:
            return self._client.do(method, path, raw=raw, headers={"Accept": "application/json"}, **body)
        except NotFound as error:
            raise MissingError(
                f"{path} does not exist", remedy="Call deploy first.", detail=str(error)[:300]
            ) from error
        except (Unauthenticated, PermissionDenied) as error:
            raise AuthError(
                f"{self.host} refused us: {str(error)[:200]}",
                remedy="Renew the credentials or ask for the permission, then call the tool again.",
            ) from error
        except (DatabricksError, RequestException, TimeoutError, ValueError) as error:
            raise WorkspaceError(
                f"{self.host} did not answer {method} {path}: {str(error)[:200]}",
                remedy="Check that the workspace is reachable, then call the tool again.",
            ) from error


def _state(answer: dict[str, Any]) -> str:
    return str((answer.get("status") or {}).get("state", "unknown"))


def _answered(answer: dict[str, Any]) -> Answer:
    state = _state(answer)
    if state != "SUCCEEDED":
        told = ((answer.get("status") or {}).get("error") or {}).get("message", "")
        return Answer((), complete=False, error=f"{state}: {told}"[:2000])
    manifest = answer.get("manifest") or {}
    rows = tuple(
        tuple("" if cell is None else str(cell) for cell in row)
        for row in (answer.get("result") or {}).get("data_array") or []
    )
    whole = not manifest.get("truncated") and manifest.get("total_row_count", len(rows)) == len(rows)
    return Answer(rows, complete=whole)


class MissingError(WorkspaceError):
    """Report that the thing asked for is not there."""


def _started(answer: "requests.Response") -> Started:
    text = answer.text[:300]
    if answer.status_code in (400, 401, 403, 404):
        return Started(Fate.NOT_DONE, "", f"{answer.status_code}: {text}")
    if answer.status_code == 409:
        return Started(Fate.UNKNOWN, "", f"409: {text}")
    try:
        loaded = answer.json() if answer.ok else {}
    except ValueError:
        loaded = {}
    update = loaded.get("update_id") if isinstance(loaded, dict) else None
    if answer.ok and isinstance(update, str) and update:
        return Started(Fate.DONE, update, "")
    return Started(Fate.UNKNOWN, "", f"{answer.status_code}: {text}")


def _part(text: str) -> str:
    return quote(text, safe="")
