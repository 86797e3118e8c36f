"""`run_status`: where the run stands, what is still running, what is allowed next."""

from prp_mcp.engine.door import attempts_left
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Outcome, Tool
from prp_mcp.engine.wording import why_stale
from prp_mcp.gates.judge import GateState, Status, counts_attempts
from prp_mcp.gates.order import Verdict
from prp_mcp.journal.effect import EffectName


class GateRow(Fields):
    """A gate: why it failed or is stale, and how many attempts are left."""

    gate: str
    status: str
    why: str = ""
    attempts_left: int = 0


class UpdateRow(Fields):
    """An update the run started: the bundle key of its pipeline, and its state as far as the run saw it."""

    pipeline: str
    update: str
    state: str


class StatusFields(Fields):
    """Every gate, the effects nobody has settled, the updates that may be running, who holds the lock."""

    prp: str
    target: str
    state: str
    gates: list[GateRow]
    unsettled: list[str]
    updates: list[UpdateRow]
    holder: str | None


def run_status(step: Step, _: Arguments) -> Outcome:
    """Describe the run from its records; the workspace is not asked."""
    standing, run = step.standing, step.run
    held = sum(state.status is Status.PASSED for state in standing.states.values())
    fields = StatusFields(
        prp=run.prp,
        target=run.target,
        state=run.outcome or "open",
        gates=[_row(step, state) for state in standing.states.values()],
        unsettled=[f"{effect.name} since {effect.since}" for effect in run.unsettled],
        updates=[
            UpdateRow(pipeline=key, update=update.id, state=update.state or "running or ended unseen")
            for key, update in run.updates.items()
        ],
        holder=step.effects.holder(run),
    )
    verdict = Verdict.RUNNING if run.open else Verdict.PASSED if run.outcome == "passed" else Verdict.FAILED
    summary = f"Run {run.id} of {run.prp} is {fields.state}: {held} of {len(standing.states)} gates hold."
    return Outcome(verdict, summary, fields, next=_next(step))


def _row(step: Step, state: GateState) -> GateRow:
    row = {"gate": state.gate.value, "status": state.status.value}
    if state.status is Status.STALE:
        row["why"] = why_stale(state, step)
    if state.status is Status.FAILED and state.evidence:
        row["why"] = state.evidence.summary[:200]
    if counts_attempts(state.gate) and state.failures:
        return GateRow.model_validate({**row, "attempts_left": max(0, attempts_left(step, state.gate))})
    return GateRow.model_validate(row)


def _next(step: Step) -> str:
    if not step.run.open:
        return ""
    if step.run.unsettled:
        name = step.run.unsettled[0].name
        tool = {EffectName.START: "start_pipeline", EffectName.DEPLOY: "deploy"}.get(name, "rollback")
        return f"Call {tool}: it finds out how the interrupted {name} ended. Or call rollback."
    if awaited := step.run.awaited:
        return f"Update {awaited[0].id} may still run: call poll_status to go on, or rollback to undo the run."
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
    reads_ended=True,
)
