"""`pipeline_events`: the event log of this run's updates, for diagnosis."""

from typing import Any, Literal

from pydantic import Field

from prp_mcp.code.event_log import read_log, short
from prp_mcp.engine.present import updates_of
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Outcome, Tool
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.steps.updates import deployed_pipelines

LEVELS = ("METRICS", "INFO", "WARN", "ERROR")


class EventArguments(Arguments):
    """Choose which events to see."""

    level: Literal["INFO", "WARN", "ERROR"] = Field("ERROR", description="The least level.")
    dataset: str | None = Field(None, description="Only events of this dataset.")
    limit: int = Field(20, ge=1, le=100, description="The newest so many.")


class EventFields(Fields):
    """The events, oldest first."""

    events: list[dict[str, Any]]


def pipeline_events(step: Step, arguments: EventArguments) -> Outcome:
    """Return the newest events that fit."""
    pipelines = deployed_pipelines(step)
    found: list[dict[str, Any]] = []
    for key, update in updates_of(step.run).items():
        page = step.workspace.events(pipelines[key], update)
        found += [event for event in page.events if _fits(event, arguments)]
    chosen = found[-arguments.limit :]
    events = [
        {
            "time": str(event.get("timestamp", "")),
            "level": str(event.get("level", "")),
            "dataset": short(str((event.get("origin") or {}).get("dataset_name") or "")),
            "text": _text(event),
        }
        for event in chosen
    ]
    summary = f"{len(found)} events of level {arguments.level} or above; the newest {len(events)} are shown."
    return Outcome(Verdict.PASSED, summary, {"events": events}, record=False)


def _fits(event: dict[str, Any], arguments: EventArguments) -> bool:
    level = str(event.get("level", "INFO"))
    high = LEVELS.index(level) >= LEVELS.index(arguments.level) if level in LEVELS else True
    dataset = short(str((event.get("origin") or {}).get("dataset_name") or ""))
    return high and arguments.dataset in (None, dataset)


def _text(event: dict[str, Any]) -> str:
    troubles = read_log([event]).troubles
    if troubles and troubles[0].text:
        return f"{troubles[0].text} {troubles[0].at}".strip()[:400]
    return str(event.get("message", ""))[:400]


TOOL = Tool(
    name="pipeline_events",
    title="Read the event log",
    description="Read the newest events of this run's updates, by level and dataset, to find out why something failed.",
    arguments=EventArguments,
    fields=EventFields,
    run=pipeline_events,
    kind="read",
    opens_with=Gate.EXECUTION,
    budget=30,
)
