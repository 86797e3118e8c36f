"""Put the judgement into words: why a gate is closed, and what to call next."""

from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Outcome, Tool
from prp_mcp.gates.judge import Closed, GateState, Status, counts_attempts
from prp_mcp.gates.order import TOOL_OF, Gate, Material, Verdict
from prp_mcp.repo.git import lines

_CHANGED = {
    Material.PRP: "PRPs/{prp}.md changed",
    Material.WORKSPACE: "the workspace, the identity or the target changed",
    Material.CONFIGURATION: "the commit, the branch or a BUNDLE_VAR_ variable changed",
    Material.TESTED: "a test or another file the validation commands see changed",
    Material.DEPLOYMENT: "another deployment was made",
    Material.UPDATE: "another update was started",
    Material.THRESHOLDS: "the quality thresholds changed",
    Material.POLICY: "prp-mcp.toml or the user's grants changed",
}


def closed(tool: str, verdict: Closed, step: Step) -> tuple[str, str]:
    """Return why `tool` is refused and what to call instead."""
    cause = verdict.cause
    called = TOOL_OF[cause.gate]
    if cause.status is Status.STALE:
        reason = f"{tool} is closed: {why_stale(cause, step)} since {called} passed."
    elif cause.status is Status.FAILED and cause.evidence:
        reason = f"{tool} is closed: the {cause.gate} gate {cause.evidence.verdict}: {cause.evidence.summary}"
    else:
        reason = f"{tool} is closed: the {cause.gate} gate has not passed yet."
    return reason, f"call {_next_call(step, cause.gate)}."


def why_stale(state: GateState, step: Step) -> str:
    """Return what changed since a gate passed, naming files where files did."""
    parts = []
    for material in state.changed:
        if material is Material.TREE:
            parts.append(_files_changed(state, step))
        else:
            parts.append(_CHANGED[material].format(prp=step.run.prp))
    return "; ".join(parts)


def next_step(step: Step, tool: Tool, outcome: Outcome) -> str:
    """Return one sentence: which tool to call, and what to do first."""
    if not step.run.open:
        return f"The run has ended: {step.run.outcome}. Call load_prp to begin a new one."
    gate = step.standing.next_gate
    if gate is None:
        return "All gates hold."
    state = step.standing.states[gate]
    if outcome.verdict is Verdict.INCONCLUSIVE and state.status is Status.FAILED:
        return f"Nobody can tell yet: look into the findings, then call {TOOL_OF[gate]} again, or rollback."
    if outcome.verdict is Verdict.FAILED and state.status is Status.FAILED:
        return _correct(step, state)
    if state.status is Status.STALE:
        return f"Call {_next_call(step, gate)}: {why_stale(state, step)}."
    if gate is Gate.ENVIRONMENT:
        return "Call check_environment before you change any file."
    if gate is Gate.BUNDLE and tool.gate is Gate.ENVIRONMENT:
        todos = len(step.present.plan.tasks) if step.present.plan else 0
        return f"Write the code ({todos} todos), then call validate_bundle."
    return f"Call {_next_call(step, gate)}."


def _correct(step: Step, state: GateState) -> str:
    if not counts_attempts(state.gate):
        return f"Correct it, then call {TOOL_OF[state.gate]} again."
    allowed = step.present.policy.limits.attempts
    attempt = f"attempt {state.failures + 1} of {allowed}"
    if state.gate in (Gate.EXECUTION, Gate.QUALITY, Gate.GOVERNANCE):
        return f"Correct it, then call validate_bundle ({attempt})."
    return f"Correct it, then call {TOOL_OF[state.gate]} ({attempt})."


def _next_call(step: Step, gate: Gate) -> str:
    if gate is Gate.EXECUTION and step.run.starts and step.standing.states[gate].status is not Status.FAILED:
        return "poll_status until it is no longer running" if step.run.running else TOOL_OF[gate]
    return TOOL_OF[gate]


def _files_changed(state: GateState, step: Step) -> str:
    record = step.run.latest(state.gate)
    named = [item.entry.snapshot for item in reversed(step.run.gates)]
    earlier = next(filter(None, [record.entry.snapshot if record else None, *named]), None)
    return lines(step.explain(earlier)) if earlier else "the source tree changed"
