"""Talk to the workspace's REST API: one attempt a request, its refusals as values of one error class."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from prp_mcp.local.bundle.credentials import Credentials
from prp_mcp.local.bundle.diagnostics import BundleError

TIMEOUT = 30.0
"""Seconds a request may take."""


class ApiError(BundleError):
    """The workspace refused a request."""

    def __init__(self, status: int, code: str, message: str, endpoint: str, reason: str):
        detail = f"Endpoint: {endpoint}\nHTTP Status: {status} {reason}\nAPI error_code: {code}\nAPI message: {message}"
        super().__init__(f"{message} ({status} {code})", detail=detail)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class _Answer:
    status: int
    reason: str
    url: str
    content: bytes


class Api:
    """One workspace, with one user's token; every request has a connection of its own, as none is ever sent twice."""

    def __init__(self, given: Credentials):
        self.host = given.host
        self._token = given.token

    def call(self, method: str, path: str, body: Any = None, /, **query: str) -> Any:
        """Send a request and return the JSON of its answer. Raises ApiError, or BundleError without an answer."""
        answer = self._send(method, path, query, None if body is None else json.dumps(body).encode())
        if not answer.content:
            return {}
        try:
            return json.loads(answer.content)
        except ValueError as wrong:
            raise BundleError(f"{method} {path}: the answer is not JSON: {wrong}") from wrong

    def found(self, method: str, path: str, /, **query: str) -> Any:
        """Send a request and return the JSON of its answer, or None for 404 and for 'does not exist'."""
        try:
            return self.call(method, path, None, **query)
        except ApiError as refused:
            if refused.status == 404 or "does not exist" in refused.diagnostic.summary:
                return None
            raise

    def upload(self, path: str, content: bytes, *, overwrite: bool = True) -> None:
        """Write a workspace file, making its folder first when that is missing."""
        where = f"/api/2.0/workspace-files/import-file/{quote(path.lstrip('/'), safe='')}"
        query = {"overwrite": str(overwrite).lower()}
        try:
            self._send("POST", where, query, content)
        except ApiError as refused:
            if refused.status != 404:
                raise
            self.make_folder(path.rpartition("/")[0])
            self._send("POST", where, query, content)

    def download(self, path: str) -> bytes | None:
        """Return the content of a workspace file, or None when there is none."""
        try:
            query = {"path": path, "direct_download": "true"}
            return self._send("GET", "/api/2.0/workspace/export", query).content
        except ApiError as refused:
            if refused.status == 404:
                return None
            raise

    def make_folder(self, path: str) -> None:
        """Create a workspace folder and its parents."""
        self.call("POST", "/api/2.0/workspace/mkdirs", {"path": path})

    def delete(self, path: str, *, recursive: bool = False) -> bool:
        """Delete a workspace file or folder; return whether there was one."""
        try:
            self.call("POST", "/api/2.0/workspace/delete", {"path": path, "recursive": recursive})
        except ApiError as refused:
            if refused.status != 404:
                raise
            return False
        return True

    def _send(self, method: str, path: str, query: dict[str, str], content: bytes | None = None) -> _Answer:
        target = f"{path}?{urlencode(query)}" if query else path
        url = self.host + target
        # http.client knows no proxies and follows no redirects: the token goes to this host only.
        connection = http.client.HTTPConnection(urlsplit(self.host).netloc, timeout=TIMEOUT)
        try:
            connection.request(method, target, content, {"Authorization": f"Bearer {self._token}"})
            told = connection.getresponse()
            answer = _Answer(told.status, told.reason, url, told.read())
        except (OSError, http.client.HTTPException) as failed:
            raise BundleError(f"{method} {url}: {type(failed).__name__}: {failed}") from failed
        finally:
            connection.close()
        if answer.status >= 300:
            raise _refusal(method, answer)
        return answer


def _refusal(method: str, answer: _Answer) -> ApiError:
    try:
        told = json.loads(answer.content)
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    code = str(told.get("error_code") or answer.status)
    message = str(told.get("message") or answer.content[:500].decode(errors="replace") or answer.reason)
    return ApiError(answer.status, code, message, f"{method} {answer.url}", answer.reason)
