"""What a request and its answer are to a handler, and which handler a path belongs to."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.routing import compile_path

from prp_mcp.local.server.body import Body, read_body
from prp_mcp.local.server.records import Json
from prp_mcp.local.server.refusal import invalid
from prp_mcp.local.server.workspace import Workspace


@dataclass(frozen=True)
class Answer:
    """An answer that is not simply a JSON document with status 200."""

    status: int = 200
    body: Any = None
    raw: bytes | None = None


@dataclass(frozen=True)
class Call:
    """One request; `parameters` are those of the path template, decoded."""

    method: str
    path: str
    parameters: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    content: bytes = b""
    form: dict[str, bytes] | None = None

    def json(self) -> Body:
        """Return the JSON object in the request. Raises ApiError."""
        return read_body(self.content)

    def asked(self, name: str) -> str:
        """Return the query's `name`. Raises ApiError when it is missing."""
        return Body(self.query).required(name)

    def number(self, name: str, default: int, most: int) -> int:
        """Return the query's number `name` between 1 and `most`; 0 or absent means `default`."""
        given = self.query.get(name, "0")
        if not given.isdecimal():
            raise invalid(f"{name} must be a number, got {given!r}")
        return min(int(given) or default, most)


Handler = Callable[[Workspace, Call], object]


@dataclass(frozen=True)
class Route:
    """One route: a method, a path template in Starlette's syntax, and what answers it."""

    method: str
    template: str
    handler: Handler


class Table:
    """Find the handler of a request among routes; the first match wins."""

    def __init__(self, routes: Sequence[Route]):
        self._entries: list[tuple[str, re.Pattern[str], Handler]] = [
            (route.method, compile_path(route.template)[0], route.handler) for route in routes
        ]

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, str]] | None:
        """Return the handler and the path's parameters, or None when the route is not served."""
        for wanted, pattern, handler in self._entries:
            found = pattern.match(path) if wanted == method else None
            if found:
                return handler, found.groupdict()
        return None


def page(rows: Sequence[Any], call: Call, name: str, most: int) -> Json:
    """Return one page of `rows` under `name`, as list calls of the workspace do.

    The token is the offset of the next page; Databricks promises nothing about its form.
    """
    token = call.query.get("page_token", "") or "0"
    if not token.isdecimal():
        raise invalid(f"Invalid page token: {token!r}")
    start, size = int(token), call.number("max_results", most, most)
    answer: Json = {name: list(rows[start : start + size])}
    if start + size < len(rows):
        answer["next_page_token"] = str(start + size)
    return answer
