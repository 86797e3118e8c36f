"""`deploy`: deploy exactly the snapshot that passed, once, and prove that it arrived."""

from typing import Any

from prp_mcp.engine.present import DEPLOYMENTS
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool
from prp_mcp.errors import PrpMcpError
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.runs import Effect
from prp_mcp.steps.deployment import deploy_snapshot, plan_for, settle_deployment, verify


class DeployFields(Fields):
    """What is deployed now, and what was before."""

    resources: list[dict[str, str]]
    files: int
    previous: dict[str, str] | None
    repeated: bool = False


def deploy(step: Step, _: Arguments) -> Outcome:
    """Deploy the present snapshot, or return the recorded deployment when it still holds."""
    with step.effects.held(step.run, "deploy"):
        for effect in [item for item in step.refresh().unsettled() if item.name in DEPLOYMENTS]:
            settle_deployment(step, effect)
        if step.standing.holds(Gate.DEPLOYMENT):
            return _recorded(step)
        if (last := _unproven(step)) and not verify(step, step.snapshot):
            return _judged(step, last)
        step.waiter.progress(f"deploying {len(step.snapshot.tree.files)} files to {step.run.target}")
        effect = deploy_snapshot(step, step.snapshot, "deploy", plan_for(step, step.snapshot), Gate.DEPLOYMENT)
        return _judged(step, effect)


def _unproven(step: Step) -> Effect | None:
    """Return the latest deployment of the present snapshot that was made but not proven."""
    mine = [effect for effect in step.run.effects if effect.name in DEPLOYMENTS]
    same = mine and mine[-1].done and mine[-1].result.get("snapshot") == step.snapshot.name
    return mine[-1] if same else None


def _judged(step: Step, effect: Effect) -> Outcome:
    request = effect.intent.body["request"]
    previous = None if request["previous"]["kind"] == "none" else request["previous"]
    fields: dict[str, Any] = {
        "resources": effect.result.get("resources", []),
        "files": len(step.snapshot.tree.files),
        "previous": previous,
    }
    if effect.outcome is None:
        text = "the deployment ran into its time limit or was cut off; nobody knows yet what it did"
        following = "Call deploy again: it first finds out how this one ended."
        return Outcome(
            Verdict.INCONCLUSIVE,
            "The deployment's end is unknown.",
            fields,
            (Finding("deploy", text),),
            {},
            following,
        )
    if not effect.done:
        findings = _errors(effect)
        left = {"left_behind": bool(effect.result.get("left_behind"))}
        return Outcome(Verdict.FAILED, f"The deployment failed: {findings[0].text}.", {**fields, **left}, findings)
    try:
        findings = tuple(verify(step, step.snapshot))
    except PrpMcpError as error:
        unseen = Finding("deploy", f"the deployment was made but could not be looked at: {error.summary}", error.remedy)
        return Outcome(Verdict.INCONCLUSIVE, "The deployment is unproven.", {**fields, "left_behind": True}, (unseen,))
    if findings:
        summary = f"The deployment could not be proven: {len(findings)} differences."
        return Outcome(Verdict.FAILED, summary, {**fields, "left_behind": True}, findings)
    created = sum(item["action"] == "create" for item in fields["resources"])
    summary = (
        f"{len(fields['resources'])} resources ({created} new) and {fields['files']} files are on {step.run.target}."
    )
    return Outcome(Verdict.PASSED, summary, fields)


def _recorded(step: Step) -> Outcome:
    record = step.run.latest(Gate.DEPLOYMENT, Verdict.PASSED)
    assert record is not None
    fields = {**record.body["fields"], "repeated": True}
    return Outcome(Verdict.PASSED, record.body["summary"], fields, record=False)


def _errors(effect: Effect) -> tuple[Finding, ...]:
    lines = [line.strip() for line in str(effect.result.get("output", "")).splitlines() if line.startswith("Error")]
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
    budget=300,
)
