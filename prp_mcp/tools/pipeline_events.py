"""`pipeline_events`: the event log of this run's updates, for diagnosis."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from prp_mcp.code.event_log import read_log, short
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Outcome, Tool
from prp_mcp.gates.order import Gate, Verdict

LEVELS = ("METRICS", "INFO", "WARN", "ERROR")


class EventArguments(Arguments):
    """Choose which events to see."""

    level: Literal["INFO", "WARN", "ERROR"] = Field("ERROR", description="The least level.")
    dataset: str | None = Field(None, description="Only events of this dataset.")
    limit: int = Field(20, ge=1, le=100, description="The newest so many.")


class EventRow(Fields):
    """One event."""

    time: str
    level: str
    dataset: str
    text: str


class EventFields(Fields):
    """The events, oldest first."""

    events: list[EventRow]


def pipeline_events(step: Step, arguments: EventArguments) -> Outcome:
    """Return the newest events that fit."""
    found: list[EventRow] = []
    for update in step.run.updates.values():
        page = step.workspace.events(update.pipeline.id, update.id)
        found += [row for event in page.events if fits(row := event_row(event), arguments)]
    chosen = found[-arguments.limit :]
    summary = f"{len(found)} events of level {arguments.level} or above; the newest {len(chosen)} are shown."
    return Outcome(Verdict.PASSED, summary, EventFields(events=chosen), record=False)


def event_row(event: Mapping[str, Any]) -> EventRow:
    """Return what is shown of an event as the API gives it: an error's root cause, else its message."""
    troubles = read_log([event]).troubles
    cause = f"{troubles[0].text} {troubles[0].at}".strip() if troubles and troubles[0].text else ""
    return EventRow(
        time=str(event.get("timestamp", "")),
        level=str(event.get("level", "")),
        dataset=short(str((event.get("origin") or {}).get("dataset_name") or "")),
        text=(cause or str(event.get("message", "")))[:400],
    )


def fits(row: EventRow, arguments: EventArguments) -> bool:
    """Return whether an event is of the level (one that is not known is) and the dataset that were asked for."""
    is_high = row.level not in LEVELS or LEVELS.index(row.level) >= LEVELS.index(arguments.level)
    return is_high and arguments.dataset in (None, row.dataset)


TOOL = Tool(
    name="pipeline_events",
    title="Read the event log",
    description="Read the newest events of this run's updates, by level and dataset, to find out why something failed.",
    arguments=EventArguments,
    fields=EventFields,
    run=pipeline_events,
    kind="read",
    opens_with=Gate.EXECUTION,
)
