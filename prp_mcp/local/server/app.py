"""The one door into the workspace: who calls, what is to go wrong, which family answers."""

import asyncio
import hmac
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import anyio.to_thread
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from prp_mcp.local.server.all_families import FAMILIES
from prp_mcp.local.server.faults import Fault
from prp_mcp.local.server.refusal import ApiError
from prp_mcp.local.server.routing import Answer, Call, Table
from prp_mcp.local.server.workspace import Workspace

OPEN = ("/.well-known/databricks-config",)
"""Paths that need no token: a client asks them before it authenticates."""

HOSTS = ("127.0.0.1", "localhost")
BODY_CAP = 64 * 1024 * 1024
"""Bytes of a request body."""

Drop = Callable[[Scope], Awaitable[None]]


class App:
    """The ASGI application; `drop` closes the connection of a request without an answer."""

    def __init__(self, workspace: Workspace, drop: Drop):
        self._workspace = workspace
        self._drop = drop
        self._table = Table([route for family in FAMILIES for route in family.ROUTES])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the server's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._workspace.execution.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await anyio.to_thread.run_sync(self._workspace.execution.close)
        self._workspace.store.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        refused = self._refused(request)
        if refused is not None:
            await _failure(refused)(scope, receive, send)
            return
        fault = self._workspace.faults.take(request.method, scope["path"])
        entry = {"method": request.method, "path": scope["path"], "status": None}
        if not scope["path"].startswith("/__"):
            self._workspace.requests.append(entry)
        response = await self._faulty(fault, request)
        entry["status"] = response.status_code if response else None
        await (response(scope, receive, send) if response else self._drop(scope))

    def _refused(self, request: Request) -> ApiError | None:
        host = urlsplit("//" + request.headers.get("host", "")).hostname
        if host not in HOSTS:
            return ApiError(421, "MISDIRECTED_REQUEST", "The local workspace answers to 127.0.0.1 and localhost")
        if request.url.path in OPEN:
            return None
        given = request.headers.get("authorization", "")
        if hmac.compare_digest(given.encode(), f"Bearer {self._workspace.token}".encode()):
            return None
        message = "Credential was not sent or was of an unsupported type for this API."
        return ApiError(401, "UNAUTHENTICATED", message)

    async def _faulty(self, fault: Fault | None, request: Request) -> Response | None:
        """Answer, with what the fault asks for happening before or after the effect; None means drop."""
        if fault is None:
            return await self._answer(request)
        late = fault.when == "after" or fault.action == "error_after"
        response = await self._answer(request) if late else None
        if fault.action in ("refuse", "error_after"):
            return JSONResponse(fault.body, fault.status)
        if fault.action == "hang":
            await asyncio.sleep(fault.seconds)
        if fault.action == "kill":
            os.kill(fault.pid, signal.SIGKILL)
        if fault.action == "drop":
            return None
        return response or await self._answer(request)

    async def _answer(self, request: Request) -> Response:
        found = self._table.find(request.method, request.scope["path"])
        if found is None:
            what = f"{request.method} {request.scope['path']}"
            return _failure(ApiError(501, "NOT_IMPLEMENTED", f"{what} is not served by the local workspace"))
        handler, parameters = found
        try:
            call = await _read(request, parameters)
            answer = await anyio.to_thread.run_sync(handler, self._workspace, call)
        except ApiError as refused:
            return _failure(refused)
        return _success(answer)


async def _read(request: Request, parameters: dict[str, str]) -> Call:
    if int(request.headers.get("content-length") or 0) > BODY_CAP:
        raise ApiError(413, "REQUEST_LIMIT_EXCEEDED", f"Request bodies are limited to {BODY_CAP} bytes")
    form: dict[str, bytes] | None = None
    body = b""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1, max_part_size=BODY_CAP) as parts:
            form = {
                name: await part.read() if isinstance(part, UploadFile) else part.encode()
                for name, part in parts.items()
            }
    else:
        body = await _body(request)
    query = dict(request.query_params)
    return Call(request.method, request.scope["path"], parameters, query, body, form)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_CAP:
            raise ApiError(413, "REQUEST_LIMIT_EXCEEDED", f"Request bodies are limited to {BODY_CAP} bytes")
    return bytes(body)


def _success(answer: Any) -> Response:
    if not isinstance(answer, Answer):
        return JSONResponse({} if answer is None else answer)
    if answer.raw is not None:
        return Response(answer.raw, answer.status, media_type="application/octet-stream")
    return JSONResponse({} if answer.body is None else answer.body, answer.status)


def _failure(refused: ApiError) -> Response:
    return JSONResponse({"error_code": refused.code, "message": refused.message}, refused.status)
