"""`poll_status`: wait a little for this run's update, and judge it when it has ended."""

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from prp_mcp import clock
from prp_mcp.code.event_log import TERMINAL, UpdateLog, cause, read_log, short
from prp_mcp.engine.present import updates_of
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool
from prp_mcp.errors import UsageError
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.remote.workspace import EventPage
from prp_mcp.steps.updates import completed_logs, deployed_pipelines, note_ended, stop

LOOK_SECONDS = 1.0
STOP_SECONDS = 60.0
NEWS = 8


class PollArguments(Arguments):
    """Say how long to wait."""

    wait_seconds: int = Field(20, ge=0, le=45, description="Wait at most so long; returns at once when it has ended.")
    cursor: str | None = Field(None, description="The cursor of the last result: only newer lines are given as news.")


class PollFields(Fields):
    """Where the update stands."""

    state: str
    elapsed: float
    datasets: list[dict[str, Any]]
    news: list[str]
    cause: str | None = None
    cursor: str


@dataclass(frozen=True)
class Watched:
    """The update that is watched, and when it was started."""

    key: str
    pipeline: str
    update: str
    began: str


def poll_status(step: Step, arguments: PollArguments) -> Outcome:
    """Look at the update until it ends, something new happens to its state, or the wait is over."""
    watched = _watched(step)
    limit = step.present.policy.limits.execution_seconds
    deadline = clock.Deadline(arguments.wait_seconds)
    first = state = str(step.workspace.update(watched.pipeline, watched.update).get("state"))
    told = clock.monotonic()
    while state not in TERMINAL and state == first and not deadline.passed and _elapsed(watched) <= limit:
        step.waiter.pause(min(LOOK_SECONDS, max(deadline.left, 0.05)))
        state = str(step.workspace.update(watched.pipeline, watched.update).get("state"))
        if clock.monotonic() - told > 5:
            told = clock.monotonic()
            step.waiter.progress(f"{watched.key}: {state.lower()}, {_elapsed(watched):.0f} s")
    if state not in TERMINAL and _elapsed(watched) > limit:
        return _timed_out(step, watched, limit)
    page = step.workspace.events(watched.pipeline, watched.update)
    fields, log = _fields(watched, state, page, arguments.cursor)
    if state not in TERMINAL:
        summary = f"{watched.key} is {state.lower()}: {_rows(log)}."
        return Outcome(Verdict.RUNNING, summary, fields, next="Call poll_status again.", record=False)
    whole = page.complete and bool(log.datasets) and not _unfinished(log)
    note_ended(step, watched.update, state, _evidence(watched, log) if whole else None)
    return _ended(step, watched, state, page, fields, log)


def _watched(step: Step) -> Watched:
    pipelines = deployed_pipelines(step)
    current = updates_of(step.run)
    ended = step.run.ended_updates
    started = [item for item in step.run.done("start") if item.result["update"] in current.values()]
    if not started:
        raise UsageError("no update of this run is there to wait for", remedy="Call start_pipeline.")
    effect = next((item for item in started if item.result["update"] not in ended), started[-1])
    key = effect.intent.body["request"]["key"]
    return Watched(key, pipelines[key], current[key], effect.intent.at)


def _elapsed(watched: Watched) -> float:
    return clock.seconds_since(watched.began)


def _ended(
    step: Step, watched: Watched, state: str, page: EventPage, fields: dict[str, Any], log: UpdateLog
) -> Outcome:
    evidence = {"updates": [*completed_logs(step).values()]}
    if state != "COMPLETED":
        evidence = {"updates": [*evidence["updates"], _evidence(watched, log)]}
        why = cause(log) or f"the update ended {state} and its event log names no cause"
        findings = tuple(
            Finding(item.at or item.dataset or watched.key, item.text) for item in log.troubles[:10] if item.text
        )
        summary = f"{watched.key} {state.lower()}: {why}"
        return Outcome(Verdict.FAILED, summary, {**fields, "cause": why}, findings, evidence)
    if broken := _unfinished(log):
        summary = f"{watched.key} says COMPLETED, but {', '.join(broken)} did not complete."
        return Outcome(Verdict.FAILED, summary, {**fields, "cause": summary}, (), evidence)
    if not page.complete or not log.datasets:
        text = "its event log is cut off" if log.datasets else "its event log names no dataset"
        return Outcome(Verdict.INCONCLUSIVE, f"{watched.key} completed, but {text}.", fields, (), evidence)
    remaining = [key for key in deployed_pipelines(step) if key not in completed_logs(step)]
    summary = f"{watched.key} completed in {_span(page):.0f} s: {_rows(log)}."
    if remaining:
        following = f"Call start_pipeline: {', '.join(remaining)} has not run yet."
        return Outcome(Verdict.RUNNING, summary, fields, (), evidence, following, record=False)
    return Outcome(Verdict.PASSED, summary, fields, (), evidence)


def _timed_out(step: Step, watched: Watched, limit: int) -> Outcome:
    with step.effects.held(step.run, "poll_status"):
        stopped = stop(step, watched.pipeline, watched.update, STOP_SECONDS)
    if stopped:
        note_ended(step, watched.update, "CANCELED")
    page = step.workspace.events(watched.pipeline, watched.update)
    fields, log = _fields(watched, "CANCELED" if stopped else "STOPPING", page, None)
    why = f"the update ran longer than its limit of {limit} s and was {'stopped' if stopped else 'asked to stop'}"
    evidence = {"updates": [_evidence(watched, log)]}
    return Outcome(Verdict.FAILED, f"{watched.key}: {why}.", {**fields, "cause": why}, (), evidence)


def _fields(watched: Watched, state: str, page: EventPage, cursor: str | None) -> tuple[dict[str, Any], UpdateLog]:
    log = read_log(page.events)
    fresh = [event for event in page.events if not cursor or str(event.get("timestamp", "")) > cursor]
    news = [str(event.get("message", ""))[:160] for event in fresh if event.get("message")]
    last = str(page.events[-1].get("timestamp", "")) if page.events else (cursor or "")
    datasets = [
        {"name": short(item.name), "state": item.state, "rows": item.rows, "dropped": item.dropped}
        for item in log.datasets.values()
    ]
    fields = {
        "state": state,
        "elapsed": round(_elapsed(watched), 1),
        "datasets": datasets,
        "news": news[-NEWS:],
        "cause": None,
        "cursor": last,
    }
    return fields, log


def _unfinished(log: UpdateLog) -> list[str]:
    return [short(item.name) for item in log.datasets.values() if item.state in ("FAILED", "SKIPPED")]


def _evidence(watched: Watched, log: UpdateLog) -> dict[str, Any]:
    datasets = [
        {
            "name": item.name,
            "state": item.state,
            "rows": item.rows,
            "dropped": item.dropped,
            "inputs": item.inputs,
            "ended": item.ended,
        }
        for item in log.datasets.values()
    ]
    names = {"pipeline": watched.key, "pipeline_id": watched.pipeline, "update": watched.update}
    return {**names, "datasets": datasets}


def _rows(log: UpdateLog) -> str:
    written = sum(item.rows for item in log.datasets.values())
    flows = [item for item in log.datasets.values() if item.state != "DEFINED"]
    done = sum(item.state == "COMPLETED" for item in flows)
    return f"{written:,} rows, {done} of {len(flows)} datasets done"


def _span(page: EventPage) -> float:
    times = [str(event["timestamp"]) for event in page.events if event.get("timestamp")]
    return clock.seconds_since(times[0]) - clock.seconds_since(times[-1]) if times else 0.0


TOOL = Tool(
    name="poll_status",
    title="Wait for the pipeline",
    description="Wait for the update this run started (up to 45 s a call) and report state, rows per dataset and news. "
    "Call it again while the verdict is running; cancelling the wait never stops the update.",
    arguments=PollArguments,
    fields=PollFields,
    run=poll_status,
    kind="read",
    gate=Gate.EXECUTION,
    opens_with=Gate.EXECUTION,
    budget=50,
)
