"""`run_status`: where the run stands, what is still running, what is allowed next."""

from typing import Any

from prp_mcp.engine.present import updates_of
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Outcome, Tool
from prp_mcp.engine.wording import why_stale
from prp_mcp.gates.judge import GateState, Status, counts_attempts
from prp_mcp.gates.order import Verdict


class StatusFields(Fields):
    """Every gate, the effects nobody has settled, the updates that may be running, who holds the lock."""

    prp: str
    target: str
    state: str
    gates: list[dict[str, Any]]
    unsettled: list[str]
    updates: list[dict[str, str]]
    holder: str | None


def run_status(step: Step, _: Arguments) -> Outcome:
    """Describe the run from its records; the workspace is not asked."""
    standing = step.standing
    held = sum(state.status is Status.PASSED for state in standing.states.values())
    unsettled = [f"{effect.name} since {effect.intent.at}" for effect in step.run.unsettled()]
    ended = step.run.ended_updates
    updates = [
        {"pipeline": key, "update": update, "state": ended.get(update, {}).get("state", "running or ended unseen")}
        for key, update in updates_of(step.run).items()
    ]
    fields = {
        "prp": step.run.prp,
        "target": step.run.target,
        "state": step.run.outcome or "open",
        "gates": [_shown(step, state) for state in standing.states.values()],
        "unsettled": unsettled,
        "updates": updates,
        "holder": step.effects.holder(step.run),
    }
    running = [item for item in updates if item["update"] not in ended]
    verdict = Verdict.RUNNING if step.run.open else Verdict.PASSED if step.run.outcome == "passed" else Verdict.FAILED
    summary = f"Run {step.run.id} of {step.run.prp} is {fields['state']}: {held} of {len(standing.states)} gates hold."
    return Outcome(verdict, summary, fields, next=_next(step, running, unsettled))


def _shown(step: Step, state: GateState) -> dict[str, Any]:
    shown: dict[str, Any] = {"gate": state.gate.value, "status": state.status.value}
    if state.status is Status.STALE:
        shown["why"] = why_stale(state, step)
    if state.status is Status.FAILED and state.evidence:
        shown["why"] = state.evidence.summary[:200]
    if counts_attempts(state.gate) and state.failures:
        allowed = 1 if step.run.headless else step.present.policy.limits.attempts
        shown["attempts_left"] = max(0, allowed - state.failures)
    return shown


def _next(step: Step, running: list[dict[str, str]], unsettled: list[str]) -> str:
    if not step.run.open:
        return ""
    if unsettled:
        name = step.run.unsettled()[0].name
        tool = {"start": "start_pipeline", "deploy": "deploy"}.get(name, "rollback")
        return f"Call {tool}: it finds out how the interrupted {name} ended. Or call rollback."
    if running:
        return f"Update {running[0]['update']} may still run: call poll_status to go on, or rollback to undo the run."
    return ""


TOOL = Tool(
    name="run_status",
    title="Show where the run stands",
    description="Show every gate (passed, failed, open, stale and why), attempts left, what is running, who holds "
    "the lock, and what to call next. Use it to pick up a run in a fresh session.",
    arguments=Arguments,
    fields=StatusFields,
    run=run_status,
    kind="read",
    budget=5,
)
