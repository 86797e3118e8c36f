"""`deploy`: deploy exactly the snapshot that passed, once, and prove that it arrived."""

from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool
from prp_mcp.errors import PrpMcpError
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.effect import Deployment, DeploymentResult, EffectName
from prp_mcp.journal.evidence import DeploymentEvidence, Previous, Resource
from prp_mcp.steps.deployment import deploy_snapshot, plan_for, previous_deployment, settle_deployment, verify


class DeployFields(Fields):
    """What is deployed now, and what was before."""

    resources: list[Resource]
    files: int
    previous: Previous | None
    repeated: bool = False


def deploy(step: Step, _: Arguments) -> Outcome:
    """Deploy the present snapshot, or return the recorded deployment when it still holds."""
    with step.effects.held(step.run, "deploy"):
        for effect in step.refresh().unsettled_deployments:
            settle_deployment(step, effect)
        if step.standing.holds(Gate.DEPLOYMENT):
            return _recorded(step)
        if (last := _unproven(step)) and not verify(step, step.snapshot):
            return _judged(step, last)
        step.caller.progress(f"deploying {len(step.snapshot.tree.files)} files to {step.run.target}")
        plan = plan_for(step, step.snapshot)
        return _judged(step, deploy_snapshot(step, step.snapshot, EffectName.DEPLOY, plan, Gate.DEPLOYMENT))


def _unproven(step: Step) -> Deployment | None:
    """Return the latest deployment of the present snapshot that was made but not proven."""
    mine = step.run.deployments
    same = mine and mine[-1].is_done and mine[-1].result.snapshot == step.snapshot.name
    return mine[-1] if same else None


def _judged(step: Step, effect: Deployment) -> Outcome:
    seen = DeploymentEvidence(
        step.snapshot.name, effect.result.resources, len(step.snapshot.tree.files), previous_deployment(step)
    )
    fields = _fields(seen)
    if not effect.is_settled:
        text = "the deployment ran into its time limit or was cut off; nobody knows yet what it did"
        following = "Call deploy again: it first finds out how this one ended."
        summary = "The deployment's end is unknown."
        return Outcome(Verdict.INCONCLUSIVE, summary, fields, (Finding("deploy", text),), seen, following)
    if not effect.is_done:
        findings = _errors(effect.result)
        summary, left = f"The deployment failed: {findings[0].text}.", effect.result.left_behind
        return Outcome(Verdict.FAILED, summary, fields, findings, seen, left_behind=left)
    try:
        findings = tuple(verify(step, step.snapshot))
    except PrpMcpError as error:
        unseen = Finding("deploy", f"the deployment was made but could not be looked at: {error.summary}", error.remedy)
        summary, following = "The deployment is unproven.", "Call deploy again: it looks before it deploys."
        return Outcome(Verdict.INCONCLUSIVE, summary, fields, (unseen,), seen, following, left_behind=True)
    if findings:
        summary = f"The deployment could not be proven: {len(findings)} differences."
        return Outcome(Verdict.FAILED, summary, fields, findings, seen, left_behind=True)
    created = sum(item.action == "create" for item in seen.resources)
    summary = f"{len(seen.resources)} resources ({created} new) and {seen.files} files are on {step.run.target}."
    return Outcome(Verdict.PASSED, summary, fields, (), seen)


def _recorded(step: Step) -> Outcome:
    record, seen = step.run.latest(Gate.DEPLOYMENT, Verdict.PASSED), step.run.deployment
    assert record is not None  # the gate holds
    assert seen is not None
    fields = _fields(seen).model_copy(update={"repeated": True})
    return Outcome(Verdict.PASSED, record.entry.summary, fields, record=False)


def _fields(seen: DeploymentEvidence) -> DeployFields:
    previous = None if seen.previous.kind == "none" else seen.previous
    return DeployFields(resources=list(seen.resources), files=seen.files, previous=previous)


def _errors(result: DeploymentResult) -> tuple[Finding, ...]:
    lines = [line.strip() for line in result.output.splitlines() if line.startswith("Error")]
    return tuple(Finding("deploy", line.removeprefix("Error: ")[:300], "Correct it.") for line in lines[:10]) or (
        Finding("deploy", "the bundle executable failed without a message", "Deploy by hand to see why."),
    )


TOOL = Tool(
    name="deploy",
    title="Deploy the bundle",
    description="Deploy the very snapshot that passed validate_bundle and compile_check to the run's target, and "
    "prove it: the plan afterwards is empty and the uploaded files equal the snapshot.",
    arguments=Arguments,
    fields=DeployFields,
    run=deploy,
    kind="effect",
    gate=Gate.DEPLOYMENT,
    opens_with=Gate.DEPLOYMENT,
    destructive=True,
)
