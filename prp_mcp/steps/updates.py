"""Start an update exactly once, recognise it again after a crash, and stop it only when it is ours."""

from typing import Any

from prp_mcp import clock
from prp_mcp.code.event_log import TERMINAL
from prp_mcp.engine.effects import Attempt, Fate
from prp_mcp.engine.present import updates_of
from prp_mcp.engine.step import Step
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.runs import Effect
from prp_mcp.remote.workspace import Sent

TOKEN = "prp_mcp.intent"  # noqa: S105 - the name of an update's parameter, no secret


def deployed_pipelines(step: Step) -> dict[str, str]:
    """Return the ids of the pipelines of the run's deployment by bundle key."""
    record = step.run.latest(Gate.DEPLOYMENT, Verdict.PASSED)
    resources = record.body["fields"]["resources"] if record else []
    return {item["key"]: item["id"] for item in resources if item["type"] == "pipelines"}


def start(step: Step, key: str, pipeline: str, *, full_refresh: bool) -> Effect:
    """Start an update of `pipeline`: one request that carries the intent's token."""
    request = {"key": key, "pipeline": pipeline, "full_refresh": full_refresh}

    def attempt(token: str) -> Attempt:
        body = {"full_refresh": full_refresh, "parameters": {TOKEN: token}}
        started = step.workspace.start_update(pipeline, body)
        if started.sent is Sent.DONE:
            return Attempt(Fate.DONE, {"update": started.update, "adopted": False})
        if started.sent is Sent.NOT_DONE:
            return Attempt(Fate.NOT_DONE, {"detail": started.detail})
        return _found(step, pipeline, token, started.detail) or Attempt(Fate.UNKNOWN, {"detail": started.detail})

    return step.perform("start", request, attempt, Gate.EXECUTION)


def settle_start(step: Step, effect: Effect) -> Effect:
    """Find out whether an interrupted start happened: look for its token, as long as it may still be in flight."""
    pipeline = effect.intent.body["request"]["pipeline"]
    while step.workspace.pipeline(pipeline) is not None:
        found = _found(step, pipeline, effect.token, "")
        age = clock.seconds_since(effect.intent.at)
        if found or age > step.present.policy.limits.settle_seconds:
            break
        step.waiter.progress(f"looking for an update that may have been started {age:.0f} s ago")
        step.waiter.pause(1.0)
    else:
        found = None
    settled = step.effects.settle(
        step.run, effect, found or Attempt(Fate.NOT_DONE, {"detail": "no update carries its token"})
    )
    step.refresh()
    return settled


def active_update(step: Step, pipeline: str) -> str:
    """Return the id of the update that is running on `pipeline`, or an empty string."""
    found = step.workspace.pipeline(pipeline) or {}
    latest: list[dict[str, Any]] = found.get("latest_updates") or []
    return next((str(item["update_id"]) for item in latest if item.get("state") not in TERMINAL), "")


def stop(step: Step, pipeline: str, update: str, seconds: float) -> bool:
    """Stop `update` if it is the one running on `pipeline`; return whether it is proven to have ended.

    Stopping cancels whatever is active, so a foreign update in its place is left alone.
    """
    if step.workspace.pipeline(pipeline) is None:
        return True  # it was deleted, and its update with it
    if step.workspace.update(pipeline, update).get("state") in TERMINAL:
        return True
    if active_update(step, pipeline) != update:
        return False

    def attempt(_: str) -> Attempt:
        step.workspace.stop(pipeline)
        return Attempt(Fate.DONE, {"update": update})

    step.perform("stop", {"pipeline": pipeline, "update": update}, attempt, None)
    deadline = clock.Deadline(seconds)
    while not deadline.passed:
        if step.workspace.update(pipeline, update).get("state") in TERMINAL:
            return True
        step.waiter.progress("waiting for the update to stop")
        step.waiter.pause(0.5)
    return False


def note_ended(step: Step, update: str, state: str, log: dict[str, Any] | None = None) -> None:
    """Record that an update of this run has ended, and what its event log said (only if it was whole)."""
    if update not in step.run.ended_updates:
        step.effects.note(step.run, "update ended", {"update": update, "state": state, "log": log})
        step.refresh()


def completed_logs(step: Step) -> dict[str, dict[str, Any]]:
    """Return what the log of each completed update says, by the bundle key of its pipeline."""
    ended = step.run.ended_updates
    logs = {key: ended.get(update) for key, update in updates_of(step.run).items()}
    return {key: body["log"] for key, body in logs.items() if body and body["state"] == "COMPLETED" and body["log"]}


def _found(step: Step, pipeline: str, token: str, detail: str) -> Attempt | None:
    for listed in step.workspace.updates(pipeline):
        update = str(listed.get("update_id"))
        # A list entry may lack the parameters; the update itself has them.
        parameters = listed.get("parameters") or step.workspace.update(pipeline, update).get("parameters") or {}
        if parameters.get(TOKEN) == token:
            return Attempt(Fate.DONE, {"update": update, "adopted": True, "detail": detail})
    return None
