"""The execution report as one self-contained HTML page: no network, light and dark, printable."""

from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

from prp_mcp.report.story import GateLine, Story

COLUMN, ROW, WIDTH, HEIGHT = 250, 74, 200, 50
"""Measures of the graph in pixels: distance of columns and rows, size of a box."""


@dataclass(frozen=True)
class Box:
    """A dataset in the graph."""

    name: str
    rows: int
    dropped: int
    state: str
    is_view: bool
    x: int
    y: int


@dataclass(frozen=True)
class Edge:
    """A flow from one dataset to another, with the rows the target received."""

    path: str
    rows: int
    x: int
    y: int


@dataclass(frozen=True)
class Graph:
    """The pipeline as boxes and edges on a canvas."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    width: int
    height: int


@dataclass(frozen=True)
class Bar:
    """A gate on the time line, in per cent of the run's length."""

    line: GateLine
    left: float
    width: float


def render_html(story: Story) -> str:
    """Return the report; every text in it is escaped."""
    from jinja2 import Environment

    source = (files("prp_mcp.report") / "report.html.j2").read_text("utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["count"] = lambda value: f"{int(value):,}"
    environment.filters["rate"] = lambda value: "not measured" if value is None else f"{value:.2%}"
    return environment.from_string(source).render(story=story, graph=graph(story), bars=bars(story))


def graph(story: Story) -> Graph:
    """Lay the datasets out in columns by their distance from the sources."""
    by_name = {item.run.short: item.run for item in story.datasets}
    inputs = {
        name: [short for raw in item.inputs if (short := raw.rpartition(".")[2]) in by_name]
        for name, item in by_name.items()
    }
    depth = {name: _depth(name, inputs, frozenset()) for name in by_name}
    rows_used: dict[int, int] = {}
    boxes = {}
    for name in sorted(by_name, key=lambda name: (depth[name], name)):
        item, column = by_name[name], depth[name]
        row = rows_used[column] = rows_used.get(column, -1) + 1
        place = (10 + column * COLUMN, 10 + row * ROW)
        boxes[name] = Box(name, item.rows, item.dropped, item.state, item.is_view, *place)
    edges = tuple(_edge(boxes[source], boxes[name]) for name, sources in inputs.items() for source in sources)
    width = 20 + (max(depth.values(), default=0) * COLUMN) + WIDTH
    height = 20 + max(rows_used.values(), default=0) * ROW + HEIGHT
    return Graph(tuple(boxes.values()), edges, width, height)


def bars(story: Story) -> tuple[Bar, ...]:
    """Place every gate that was worked on along the time of the run."""
    worked = [line for line in story.gates if line.at]
    if not worked:
        return ()
    began = _seconds(story.began)
    span = max(_seconds(worked[-1].at) - began, max(_seconds(line.at) for line in worked) - began, 0.001)
    found = []
    for line in worked:
        ended = _seconds(line.at) - began
        left = max(0.0, ended - line.seconds) / span * 100
        found.append(Bar(line, round(left, 2), round(max(0.6, min(100 - left, line.seconds / span * 100)), 2)))
    return tuple(found)


def _depth(name: str, inputs: dict[str, list[str]], above: frozenset[str]) -> int:
    sources = [source for source in inputs[name] if source not in above and source != name]
    return 1 + max(_depth(source, inputs, above | {name}) for source in sources) if sources else 0


def _edge(source: Box, target: Box) -> Edge:
    x1, y1, x2, y2 = source.x + WIDTH, source.y + HEIGHT // 2, target.x, target.y + HEIGHT // 2
    middle = (x1 + x2) // 2
    path = f"M {x1} {y1} C {middle} {y1}, {middle} {y2}, {x2} {y2}"
    return Edge(path, target.rows + target.dropped, middle, (y1 + y2) // 2 - 4)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()
