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


def poll_status(step: Step, arguments: PollArguments) -> Outcome:
    """Look at the update until it ends, something new happens to its state, or the wait is over."""
    update = _watched(step)
    limit = step.present.policy.limits.execution_seconds
    state = _awaited(step, update, arguments.wait_seconds, limit)
    if state not in TERMINAL and _elapsed(update) > limit:
        return _timed_out(step, update, limit)
    page = step.workspace.events(update.pipeline.id, update.id)
    log = read_log(page.events)
    fields = _fields(update, state, page, log, arguments.cursor)
    if state not in TERMINAL:
        summary = f"{update.pipeline.key} is {state.lower()}: {_rows(log)}."
        return Outcome(Verdict.RUNNING, summary, fields, next="Call poll_status again.", record=False)
    whole = page.complete and bool(log.datasets) and not _unfinished(log)
    note_ended(step, update, state, update_run(update, log) if whole else None)
    return _ended(step, update, state, page, log, fields)


def _watched(step: Step) -> Update:
    """Return the first update that has not ended, or else the latest."""
    started = list(step.run.updates.values())
    if not started:
        raise UsageError("no update of this run is there to wait for", remedy="Call start_pipeline.")
    return next((update for update in started if update.ended is None), started[-1])


def _awaited(step: Step, update: Update, seconds: float, limit: int) -> str:
    """Wait until the update's state changes, at most `seconds`; return the state."""
    deadline = clock.Deadline(seconds)
    first = state = state_of(step, update)
    told = clock.monotonic()
    while state not in TERMINAL and state == first and not deadline.passed and _elapsed(update) <= limit:
        step.caller.pause(min(LOOK_SECONDS, max(deadline.left, 0.05)))
        state = state_of(step, update)
        if clock.monotonic() - told > 5:
            told = clock.monotonic()
            step.caller.progress(f"{update.pipeline.key}: {state.lower()}, {_elapsed(update):.0f} s")
    return state


def _elapsed(update: Update) -> float:
    return clock.seconds_since(update.since)


def _ended(step: Step, update: Update, state: str, page: EventPage, log: UpdateLog, fields: PollFields) -> Outcome:
    key = update.pipeline.key
    completed = tuple(completed_logs(step).values())
    seen = ExecutionEvidence(completed)
    if state != "COMPLETED":
        why = cause(log) or f"the update ended {state} and its event log names no cause"
        findings = tuple(Finding(item.at or item.dataset or key, item.text) for item in log.troubles[:10] if item.text)
        failed = ExecutionEvidence((*completed, update_run(update, log)))
        return Outcome(Verdict.FAILED, f"{key} {state.lower()}: {why}", _caused(fields, why), findings, failed)
    if broken := _unfinished(log):
        summary = f"{key} says COMPLETED, but {', '.join(broken)} did not complete."
        return Outcome(Verdict.FAILED, summary, _caused(fields, summary), (), seen)
    if not page.complete or not log.datasets:
        text = "its event log is cut off" if log.datasets else "its event log names no dataset"
        return Outcome(Verdict.INCONCLUSIVE, f"{key} completed, but {text}.", fields, (), seen)
    remaining = [key for key in step.run.pipelines if key not in completed_logs(step)]
    summary = f"{key} completed in {_span(page):.0f} s: {_rows(log)}."
    if remaining:
        following = f"Call start_pipeline: {', '.join(remaining)} has not run yet."
        return Outcome(Verdict.RUNNING, summary, fields, (), seen, following, record=False)
    return Outcome(Verdict.PASSED, summary, fields, (), seen)


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


def _unfinished(log: UpdateLog) -> list[str]:
    return [short(item.name) for item in log.datasets.values() if item.state in ("FAILED", "SKIPPED")]


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
    flows = [item for item in log.datasets.values() if not item.is_view]
    done = sum(item.is_done for item in flows)
    return f"{written:,} rows, {done} of {len(flows)} datasets done"


def _span(page: EventPage) -> float:
    times = [_time(event) for event in page.events if event.get("timestamp")]
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
)
