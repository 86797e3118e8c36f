"""Event log family: the events of a pipeline, filtered and paged as the REST API does."""

import base64
import json
import re
from typing import Any

from prp_mcp.local.server.families.pipelines import found
from prp_mcp.local.server.records import Json
from prp_mcp.local.server.refusal import invalid
from prp_mcp.local.server.routing import Call, Route
from prp_mcp.local.server.workspace import Workspace

PAGE_SIZE = 25
MOST = 250
"""Events a page, by default and at most; the API documents the first as the default."""

ORDERS = {
    "timestamp desc": "timestamp DESC, number DESC",
    "timestamp asc": "timestamp ASC, number ASC",
    "timestamp": "timestamp ASC, number ASC",
}
_TEXT = r"'([^']*)'"
_TERMS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"update_id\s*=\s*{_TEXT}", re.I), "update_id = ?"),
    (re.compile(rf"id\s*=\s*{_TEXT}", re.I), "id = ?"),
    (re.compile(rf"level\s*=\s*{_TEXT}", re.I), "level = ?"),
    (re.compile(rf"timestamp\s*>=\s*{_TEXT}", re.I), "timestamp >= ?"),
    (re.compile(rf"timestamp\s*<=\s*{_TEXT}", re.I), "timestamp <= ?"),
    (re.compile(rf"timestamp\s*>\s*{_TEXT}", re.I), "timestamp > ?"),
    (re.compile(rf"timestamp\s*<\s*{_TEXT}", re.I), "timestamp < ?"),
    (re.compile(rf"timestamp\s*=\s*{_TEXT}", re.I), "timestamp = ?"),
)
_LEVELS = re.compile(r"level\s+in\s*\(\s*('[^']*'(?:\s*,\s*'[^']*')*)\s*\)", re.I)


def listing(workspace: Workspace, call: Call) -> Json:
    """Answer `GET /pipelines/{id}/events`; a page token carries filter and order and excludes both."""
    pipeline_id = found(workspace, call)["pipeline_id"]
    token = call.query.get("page_token")
    if token:
        if "filter" in call.query or "order_by" in call.query:
            raise invalid("page_token cannot be combined with filter or order_by")
        wanted, order, offset = _opened(token)
    else:
        wanted, order, offset = call.query.get("filter", ""), call.query.get("order_by", "timestamp desc"), 0
    sorting = ORDERS.get(" ".join(order.lower().split()))
    if sorting is None:
        raise invalid(f"order_by {order!r} is not supported, expected 'timestamp asc' or 'timestamp desc'")
    condition, values = parse_filter(wanted)
    size = call.number("max_results", PAGE_SIZE, MOST)
    rows = workspace.store.events(pipeline_id, condition, values, sorting, (offset, size + 1))
    answer: Json = {"events": rows[:size]}
    if offset:
        answer["prev_page_token"] = _sealed(wanted, order, max(0, offset - size))
    if len(rows) > size:
        answer["next_page_token"] = _sealed(wanted, order, offset + size)
    return answer


def parse_filter(text: str) -> tuple[str, list[Any]]:
    """Return the SQL condition and its values for an event filter. Raises ApiError for what the API rejects.

    Terms on `timestamp`, `id`, `update_id` and `level`, joined by AND.
    """
    condition, values = "", []
    for term in re.split(r"\s+and\s+", text.strip(), flags=re.I) if text.strip() else []:
        sql, given = _term(term.strip())
        condition += f" AND {sql}"
        values.extend(given)
    return condition, values


def _term(term: str) -> tuple[str, list[str]]:
    several = _LEVELS.fullmatch(term)
    if several:
        levels = re.findall(_TEXT, several.group(1))
        return f"level IN ({','.join('?' * len(levels))})", levels
    for pattern, sql in _TERMS:
        found = pattern.fullmatch(term)
        if found:
            return sql, [found.group(1)]
    raise invalid(f"Unsupported filter term {term!r}: only timestamp, id, update_id and level can be filtered on")


def _sealed(wanted: str, order: str, offset: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([wanted, order, offset]).encode()).decode()


def _opened(token: str) -> tuple[str, str, int]:
    try:
        wanted, order, offset = json.loads(base64.urlsafe_b64decode(token.encode()))
        return str(wanted), str(order), int(offset)
    except (ValueError, TypeError) as wrong:
        raise invalid(f"Invalid page token: {token!r}") from wrong


ROUTES = (Route("GET", "/api/2.0/pipelines/{pipeline_id}/events", listing),)
