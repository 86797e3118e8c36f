"""Talk to the workspace's REST API: one attempt a request, its refusals as values of one error class."""

import re
from typing import Any
from urllib.parse import quote

import requests

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


class Api:
    """A connection to one workspace, with one user's token."""

    def __init__(self, given: Credentials):
        self.host = given.host
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {given.token}"

    def call(self, method: str, path: str, body: Any = None, /, **query: str) -> Any:
        """Send a request and return the JSON of its answer. Raises ApiError, or BundleError without an answer."""
        answer = self._send(method, path, query, json=body)
        if not answer.content:
            return {}
        try:
            return answer.json()
        except ValueError as wrong:
            raise BundleError(f"{method} {path}: the answer is not JSON: {wrong}") from wrong

    def found(self, method: str, path: str, /, **query: str) -> Any:
        """Send a request and return the JSON of its answer, or None for 404 and for 'does not exist'."""
        try:
            return self.call(method, path, None, **query)
        except ApiError as refused:
            if refused.status == 404 or re.search(r"does not exist", refused.diagnostic.summary):
                return None
            raise

    def upload(self, path: str, content: bytes, *, overwrite: bool = True) -> None:
        """Write a workspace file, making its folder first when that is missing."""
        where = f"/api/2.0/workspace-files/import-file/{quote(path.lstrip('/'), safe='')}"
        query = {"overwrite": str(overwrite).lower()}
        try:
            self._send("POST", where, query, data=content)
        except ApiError as refused:
            if refused.status != 404:
                raise
            self.make_folder(path.rpartition("/")[0])
            self._send("POST", where, query, data=content)

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

    def _send(self, method: str, path: str, query: dict[str, str], **content: Any) -> requests.Response:
        url = self.host + path
        try:
            answer = self._session.request(method, url, params=query, timeout=TIMEOUT, allow_redirects=False, **content)
        except requests.RequestException as failed:
            raise BundleError(f"{method} {url}: {type(failed).__name__}: {failed}") from failed
        if answer.status_code >= 300:
            raise _refusal(method, answer)
        return answer


def _refusal(method: str, answer: requests.Response) -> ApiError:
    try:
        told = answer.json()
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    code = str(told.get("error_code") or answer.status_code)
    message = str(told.get("message") or answer.text[:500] or answer.reason)
    return ApiError(answer.status_code, code, message, f"{method} {answer.url}", answer.reason)
