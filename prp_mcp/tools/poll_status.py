"""`poll_status`: wait a little for this run's update, and judge it when it has ended."""

from typing import Any

from pydantic import Field

from prp_mcp import clock
from prp_mcp.code.event_log import TERMINAL, UpdateLog, cause, read_log, short
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool
from prp_mcp.errors import UsageError
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.evidence import DatasetRun, ExecutionEvidence, UpdateRun
from prp_mcp.journal.runs import Update
from prp_mcp.remote.workspace import EventPage
from prp_mcp.steps.updates import completed_logs, note_ended, state_of, stop

LOOK_SECONDS = 1.0
STOP_SECONDS = 60.0
QUIET_SECONDS = 1.0
"""How long an event log that says how the update ended must not have grown to count as whole."""

NEWS = 8


class PollArguments(Arguments):
    """Say how long to wait."""

    wait_seconds: int = Field(20, ge=0, le=45, description="Wait at most so long; returns at once when it has ended.")
    cursor: str | None = Field(None, description="The cursor of the last result: only newer lines are given as news.")


class DatasetRow(Fields):
    """How far a dataset is."""

    name: str
    state: str
    rows: int
    dropped: int


class PollFields(Fields):
    """Where the update stands."""

    state: str
    elapsed: float
    datasets: list[DatasetRow]
    news: list[str]
    cause: str | None = None
    cursor: str
    remaining: list[str] = Field(default_factory=list, description="Pipelines that have not run yet, by bundle key.")


def poll_status(step: Step, arguments: PollArguments) -> Outcome:
    """Look at the update until it ends, something new happens to its state, or the wait is over."""
    update = _watched(step)
    limits, deadline = step.present.policy.limits, clock.Deadline(arguments.wait_seconds)
    state = _awaited(step, update, deadline)
    if state not in TERMINAL and _elapsed(update) > limits.execution_seconds:
        return _timed_out(step, update, limits.execution_seconds)
    page, is_whole = _event_log(step, update, state, deadline)
    log = read_log(page.events)
    if state not in TERMINAL:
        fields = _fields(update, state, page, log, arguments.cursor)
        summary = f"{update.pipeline.key} is {state.lower()}: {_rows(log)}."
        return Outcome(Verdict.RUNNING, summary, fields, next="Call poll_status again.", record=False)
    note_ended(step, update, state)
    # By its id: something may have been deployed meanwhile, and it is the run's all the same.
    update = next(item for item in step.run.started if item.id == update.id)
    fields = _fields(update, state, page, log, arguments.cursor)
    if not is_whole and update.ended and clock.seconds_since(update.ended.at) < limits.event_log_seconds:
        summary = f"{update.pipeline.key} ended {state}; its event log has not arrived whole yet."
        return Outcome(Verdict.RUNNING, summary, fields, next="Call poll_status again.", record=False)
    return _ended(step, update, state, log, fields, is_whole=is_whole)


def _watched(step: Step) -> Update:
    """Return the first update that is still to be judged, or else the latest."""
    started = list(step.run.updates.values())
    if not started:
        raise UsageError("no update of this run is there to wait for", remedy="Call start_pipeline.")
    return next(iter([*step.run.awaited, started[-1]]))


def _awaited(step: Step, update: Update, deadline: clock.Deadline) -> str:
    """Wait until the update's state changes, or the deadline; return the state."""
    limit = step.present.policy.limits.execution_seconds
    first = state = state_of(step, update)
    told = clock.monotonic()
    while state not in TERMINAL and state == first and not deadline.passed and _elapsed(update) <= limit:
        step.caller.pause(min(LOOK_SECONDS, max(deadline.left, 0.05)))
        state = state_of(step, update)
        if clock.monotonic() - told > 5:
            told = clock.monotonic()
            step.caller.progress(f"{update.pipeline.key}: {state.lower()}, {_elapsed(update):.0f} s")
    return state


def _event_log(step: Step, update: Update, state: str, deadline: clock.Deadline) -> tuple[EventPage, bool]:
    """Return the update's events; when it has ended, wait until they are whole, and say whether they are.

    The log arrives after the state: whole is one that says itself that the update ended, and has grown no more since.
    """
    page = step.workspace.events(update.pipeline.id, update.id)
    while state in TERMINAL:
        step.caller.pause(QUIET_SECONDS)
        again = step.workspace.events(update.pipeline.id, update.id)
        if read_log(page.events).ended == state and len(again.events) == len(page.events):
            return again, again.complete
        page = again
        if deadline.passed:
            break
    return page, False


def _elapsed(update: Update) -> float:
    """Return how long the update took, or has taken until now."""
    until = clock.seconds_since(update.ended.at) if update.ended else 0.0
    return clock.seconds_since(update.since) - until


def _ended(step: Step, update: Update, state: str, log: UpdateLog, fields: PollFields, *, is_whole: bool) -> Outcome:
    key, run = update.pipeline.key, update_run(update, log)
    if state == "COMPLETED":
        verdict, why = completed_verdict(log, is_whole=is_whole)
        summary = f"{key} says COMPLETED, but {why}."
    else:
        verdict, why = Verdict.FAILED, cause(log) or f"the update ended {state} and its event log names no cause"
        summary = f"{key} {state.lower()}: {why}"
    if verdict is Verdict.PASSED:
        note_ended(step, update, state, run)
        return _completed(step, update, log, fields)
    findings = tuple(Finding(item.at or item.dataset or key, item.text) for item in log.troubles[:10] if item.text)
    seen = ExecutionEvidence((*completed_logs(step).values(), run))
    return Outcome(verdict, summary, _caused(fields, why), findings, seen)


def _completed(step: Step, update: Update, log: UpdateLog, fields: PollFields) -> Outcome:
    completed = completed_logs(step)
    seen = ExecutionEvidence(tuple(completed.values()))
    remaining = [name for name in step.run.pipelines if name not in completed]
    fields = fields.model_copy(update={"remaining": remaining})
    summary = f"{update.pipeline.key} completed in {_elapsed(update):.0f} s: {_rows(log)}."
    if remaining:
        following = f"Call start_pipeline: {', '.join(remaining)} has not run yet."
        return Outcome(Verdict.RUNNING, summary, fields, (), seen, following, record=False)
    return Outcome(Verdict.PASSED, summary, fields, (), seen)


def completed_verdict(log: UpdateLog, *, is_whole: bool) -> tuple[Verdict, str]:
    """Judge the event log of an update that says COMPLETED: only what was seen to complete passes."""
    if log.broken:
        return Verdict.FAILED, f"{', '.join(log.broken)} did not complete"
    if not is_whole:
        return Verdict.INCONCLUSIVE, "its event log is cut off or does not say how the update ended"
    if log.unfinished:
        return Verdict.INCONCLUSIVE, f"nobody saw these complete: {', '.join(log.unfinished)}"
    if not log.flows:
        return Verdict.INCONCLUSIVE, "its event log names no dataset that was written"
    if log.troubles:
        return Verdict.INCONCLUSIVE, f"its event log has {len(log.troubles)} errors"
    return Verdict.PASSED, ""


def _timed_out(step: Step, update: Update, limit: int) -> Outcome:
    with step.effects.held(step.run, "poll_status"):
        stopped = stop(step, update, STOP_SECONDS)
    if stopped:
        note_ended(step, update, "CANCELED")
    page = step.workspace.events(update.pipeline.id, update.id)
    log = read_log(page.events)
    fields = _fields(update, "CANCELED" if stopped else "STOPPING", page, log, None)
    why = f"the update ran longer than its limit of {limit} s and was {'stopped' if stopped else 'asked to stop'}"
    seen = ExecutionEvidence((update_run(update, log),))
    return Outcome(Verdict.FAILED, f"{update.pipeline.key}: {why}.", _caused(fields, why), (), seen)


def _fields(update: Update, state: str, page: EventPage, log: UpdateLog, cursor: str | None) -> PollFields:
    fresh = [event for event in page.events if not cursor or _time(event) > cursor]
    news = [str(event.get("message", ""))[:160] for event in fresh if event.get("message")]
    return PollFields(
        state=state,
        elapsed=round(_elapsed(update), 1),
        datasets=[
            DatasetRow(name=short(item.name), state=item.state, rows=item.rows, dropped=item.dropped)
            for item in log.datasets.values()
        ],
        news=news[-NEWS:],
        cause=None,
        cursor=_time(page.events[-1]) if page.events else (cursor or ""),
    )


def _caused(fields: PollFields, why: str) -> PollFields:
    return fields.model_copy(update={"cause": why})


def _time(event: dict[str, Any]) -> str:
    return str(event.get("timestamp", ""))


def update_run(update: Update, log: UpdateLog) -> UpdateRun:
    """Return what the journal keeps of an update's event log."""
    return UpdateRun(
        update.pipeline,
        update.id,
        tuple(
            DatasetRun(
                name=item.name,
                state=item.state,
                rows=item.rows,
                dropped=item.dropped,
                inputs=tuple(item.inputs),
                ended=item.ended,
                is_done=item.is_done,
                is_view=item.is_view,
            )
            for item in log.datasets.values()
        ),
    )


def _rows(log: UpdateLog) -> str:
    written = sum(item.rows for item in log.datasets.values())
    return f"{written:,} rows, {sum(item.is_done for item in log.flows)} of {len(log.flows)} datasets done"


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
)
