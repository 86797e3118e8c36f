"""What a kind of dataset is to the rest of the runner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what declares, plans and writes datasets knows their kinds, so their kinds must not import it
    from prp_mcp.local.runner.graph import Dataset, Flow
    from prp_mcp.local.runner.meter import Meter
    from prp_mcp.local.runner.planning import Planned
    from prp_mcp.local.runner.writing import Report, Writer


def as_asked(_: Planned, streaming: bool) -> bool:
    """Let a reader have what it asks for: a stored table is read whole or as a stream."""
    return streaming


def at_its_writing(_writer: Writer, _planned: Planned) -> bool:
    """Make nothing ahead of the flows."""
    return False


@dataclass(frozen=True)
class Kind:
    """One kind; `name` is what events and Unity Catalog call it.

    `words` may follow CREATE in SQL, `decorators` declare one with its query in Python, `creators` without.
    `plan` gets whether the data frame of each flow is a stream, refuses what cannot be, and returns the kind that the
    dataset turns out to be. `set_up` makes what must be there before any flow writes, `write` runs one flow; both
    return whether there is a table to publish now. A kind without `write` is not stored: its query is run by whoever
    reads it. `read` returns whether a reader that asks for a stream, or not, gets one.
    """

    name: str
    plan: Callable[[Dataset, Sequence[bool]], Kind]
    words: tuple[tuple[str, ...], ...] = ()
    decorators: tuple[str, ...] = ()
    creators: tuple[str, ...] = ()
    streaming: bool = False
    set_up: Callable[[Writer, Planned], bool] = at_its_writing
    write: Callable[[Writer, Dataset, Flow, Meter, Report], bool] | None = None
    read: Callable[[Planned, bool], bool] = as_asked
