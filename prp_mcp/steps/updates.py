"""Start an update exactly once, recognise it again after a crash, and stop it only when it is ours."""

from typing import Any

from prp_mcp import clock
from prp_mcp.code.event_log import TERMINAL
from prp_mcp.engine.step import Step
from prp_mcp.gates.order import Gate
from prp_mcp.journal.effect import (
    EffectName,
    Ending,
    Fate,
    Start,
    StartRequest,
    StartResult,
    StopRequest,
    StopResult,
)
from prp_mcp.journal.evidence import PipelineRef, UpdateRun
from prp_mcp.journal.notes import UpdateEnded
from prp_mcp.journal.runs import Update

TOKEN = "prp_mcp.intent"  # noqa: S105 - the name of an update's parameter, no secret


def start(step: Step, pipeline: PipelineRef, *, full_refresh: bool) -> Start:
    """Start an update of `pipeline`: one request that carries the intent's token."""

    def attempt(token: str) -> Ending[StartResult]:
        body = {"full_refresh": full_refresh, "parameters": {TOKEN: token}}
        sent = step.workspace.start_update(pipeline.id, body)
        if sent.fate is Fate.UNKNOWN:
            return _found(step, pipeline, token, sent.detail) or Ending(sent.fate, StartResult(detail=sent.detail))
        return Ending(sent.fate, StartResult(sent.update, detail=sent.detail))

    return step.perform(EffectName.START, StartRequest(pipeline, full_refresh), attempt, Gate.EXECUTION)


def settle_start(step: Step, effect: Start) -> Start:
    """Find out whether an interrupted start happened: look for its token, as long as it may still be in flight."""
    pipeline = effect.request.pipeline
    found = None
    while step.workspace.pipeline(pipeline.id) is not None:
        found = _found(step, pipeline, effect.token, "")
        age = clock.seconds_since(effect.since)
        if found or age > step.present.policy.limits.settle_seconds:
            break
        step.caller.progress(f"looking for an update that may have been started {age:.0f} s ago")
        step.caller.pause(1.0)
    absent = Ending(Fate.NOT_DONE, StartResult(detail="no update carries its token"))
    return step.settle(effect, found or absent)


def active_update(step: Step, pipeline: PipelineRef) -> str:
    """Return the id of the update that is running on `pipeline`, or an empty string."""
    found = step.workspace.pipeline(pipeline.id) or {}
    latest: list[dict[str, Any]] = found.get("latest_updates") or []
    return next((str(item["update_id"]) for item in latest if item.get("state") not in TERMINAL), "")


def stop(step: Step, update: Update, seconds: float) -> bool:
    """Stop `update` if it is the one running on its pipeline; return whether it is proven to have ended.

    Stopping cancels whatever is active, so a foreign update in its place is left alone.
    """
    pipeline = update.pipeline
    if step.workspace.pipeline(pipeline.id) is None:
        return True  # it was deleted, and its update with it
    if state_of(step, update) in TERMINAL:
        return True
    if active_update(step, pipeline) != update.id:
        return False

    def attempt(_: str) -> Ending[StopResult]:
        step.workspace.stop(pipeline.id)
        return Ending(Fate.DONE, StopResult(update.id))

    step.perform(EffectName.STOP, StopRequest(pipeline.id, update.id), attempt, None)
    deadline = clock.Deadline(seconds)
    while not deadline.passed:
        if state_of(step, update) in TERMINAL:
            return True
        step.caller.progress("waiting for the update to stop")
        step.caller.pause(0.5)
    return False


def state_of(step: Step, update: Update) -> str:
    """Return the state the workspace gives for an update."""
    return str(step.workspace.update(update.pipeline.id, update.id).get("state"))


def note_ended(step: Step, update: Update, state: str, log: UpdateRun | None = None) -> None:
    """Record that an update of this run has ended, and what its event log said once that is whole; each once."""
    noted = [note for note in step.run.notes(UpdateEnded) if note.update == update.id]
    if not noted or (log and not noted[-1].log):
        step.note(UpdateEnded(update.id, state, noted[0].at if noted else clock.now(), log))


def completed_logs(step: Step) -> dict[str, UpdateRun]:
    """Return what the log of each completed update says, by the bundle key of its pipeline."""
    ended = {key: update.ended for key, update in step.run.updates.items()}
    return {key: note.log for key, note in ended.items() if note and note.state == "COMPLETED" and note.log}


def _found(step: Step, pipeline: PipelineRef, token: str, detail: str) -> Ending[StartResult] | None:
    for listed in step.workspace.updates(pipeline.id):
        update = str(listed.get("update_id"))
        # A list entry may lack the parameters; the update itself has them.
        parameters = listed.get("parameters") or step.workspace.update(pipeline.id, update).get("parameters") or {}
        if parameters.get(TOKEN) == token:
            return Ending(Fate.DONE, StartResult(update, adopted=True, detail=detail))
    return None
