"""Deploy a snapshot once and prove what came of it: an empty plan, and uploaded files equal to the snapshot."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

from prp_mcp.engine.present import deployments
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Finding
from prp_mcp.errors import UsageError, WorkspaceError
from prp_mcp.gates.order import Gate
from prp_mcp.gates.policy import destructive
from prp_mcp.journal.effect import (
    Deployment,
    DeploymentRequest,
    DeploymentResult,
    DestructionRequest,
    Effect,
    EffectName,
    Ending,
    Fate,
)
from prp_mcp.journal.evidence import BundleEvidence, Previous, Resource
from prp_mcp.remote.bundle import DeploymentPlan
from prp_mcp.repo.patterns import matching
from prp_mcp.repo.snapshot import Snapshot

COMPARED = 500
"""Files compared byte by byte after a deployment; of the others, and of notebooks, only that they are there."""

_NOTEBOOK = (b"# Databricks notebook source", b"-- Databricks notebook source", b"// Databricks notebook source")


def deploy_snapshot(
    step: Step, snapshot: Snapshot, name: EffectName, plan: DeploymentPlan, gate: Gate | None
) -> Deployment:
    """Deploy `snapshot` as the effect `name`, according to `plan`, while the lock is held."""
    request = DeploymentRequest(snapshot.name, snapshot.tree.id, previous_deployment(step), plan.changes)
    seconds = step.present.policy.limits.deploy_seconds

    def attempt(_: str) -> Ending[DeploymentResult]:
        ended = step.cli.deploy(step.root_in(snapshot), step.run.target, plan, seconds, step.effects.hold)
        output = ended.output[-2000:]
        if ended.unknown:
            return Ending(Fate.UNKNOWN, DeploymentResult(output))
        if not ended.ok:
            # Files are uploaded before anything can be refused: from then on the deployment is not what it was.
            left_behind = "Uploading bundle files" in ended.output
            return Ending(Fate.NOT_DONE, DeploymentResult(output, left_behind))
        return Ending(Fate.DONE, replace(_arrived(step, snapshot, plan), output=output))

    return step.perform(name, request, attempt, gate)


def settle_deployment(step: Step, effect: Deployment) -> Deployment:
    """Find out how an interrupted deployment ended, by looking.

    A deployment is done when the plan for its snapshot is empty and the files are there, a destruction when nothing
    of what it was to destroy is left.
    """
    if isinstance(effect.request, DestructionRequest):
        fate = Fate.NOT_DONE if remaining(step, effect.request.resources) else Fate.DONE
        return step.settle(effect, Ending(fate, DeploymentResult(state=state_id(step), settled=True)))
    return step.settle(effect, _settled_by_plan(step, step.snapshots.open(effect.request.snapshot)))


def _settled_by_plan(step: Step, snapshot: Snapshot) -> Ending[DeploymentResult]:
    plan = step.cli.plan(step.root_in(snapshot), step.run.target)
    if not plan.ok or plan.changes or verify_files(step, snapshot):
        return Ending(Fate.NOT_DONE, DeploymentResult(left_behind=True, settled=True))
    return Ending(Fate.DONE, replace(_arrived(step, snapshot, plan), settled=True))


def _arrived(step: Step, snapshot: Snapshot, plan: DeploymentPlan) -> DeploymentResult:
    return DeploymentResult(snapshot=snapshot.name, resources=resources(step, snapshot, plan), state=state_id(step))


def state_id(step: Step) -> str:
    """Return what identifies the deployment the workspace knows of; an empty string when it knows none.

    Compared before our journal is believed: a person may have deployed meanwhile.
    """
    path = f"{_bundle(step).state_path}/resources.json"
    return _sha256(step.workspace.export(path)) if step.workspace.exists(path) else ""


def remaining(step: Step, listed: Iterable[Resource]) -> list[str]:
    """Return which of the resources are still in the workspace."""
    return [f"{item.type} {item.id}" for item in listed if step.workspace.has(item.type, item.id)]


def verify(step: Step, snapshot: Snapshot) -> list[Finding]:
    """Return what is not as `snapshot` says: planned changes, and workspace files that differ."""
    plan = step.cli.plan(step.root_in(snapshot), step.run.target)
    findings = [
        Finding("plan", f"after the deployment the plan would still {action} {key}", "Deploy again.")
        for key, action in plan.changes.items()
    ]
    if not plan.ok:
        findings.append(Finding("plan", "bundle plan fails after the deployment", "Run it by hand to see why."))
    return findings + verify_files(step, snapshot)


def verify_files(step: Step, snapshot: Snapshot) -> list[Finding]:
    """Return the files of `snapshot` that the workspace has otherwise or not at all, and those it has too many."""
    bundle = _bundle(step)
    root = bundle.file_path
    prefix = step.present.prefix
    kept_back = matching(bundle.sync_exclude)
    local = {
        path: file
        for file in snapshot.tree.files
        if file.path.startswith(prefix) and file.mode != "120000"
        if not kept_back(path := file.path.removeprefix(prefix))
    }
    there = {str(item["path"]).removeprefix(root).lstrip("/") for item in step.workspace.walk(root)}
    findings = []
    for number, (path, file) in enumerate(local.items()):
        notebook = path.endswith(".ipynb") or (snapshot.files / file.path).read_bytes().startswith(_NOTEBOOK)
        remote = path.rpartition(".")[0] if notebook else path
        if remote not in there:
            findings.append(Finding(path, "was not uploaded", "Deploy again; see that no .gitignore hides it."))
        elif number < COMPARED and not notebook and _sha256(step.workspace.export(f"{root}/{path}")) != file.sha256:
            findings.append(Finding(path, "differs in the workspace from what was checked", "Deploy again."))
        there.discard(remote)
    findings += [
        Finding(path, "is in the workspace but not in the snapshot", "Deploy again.") for path in sorted(there)
    ]
    return findings


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def resources(step: Step, snapshot: Snapshot, plan: DeploymentPlan) -> tuple[Resource, ...]:
    """Return the deployed resources, and what the deployment did to each."""
    summary = step.cli.summary(step.root_in(snapshot), step.run.target)
    listed: Mapping[str, Mapping[str, Any]] = summary.get("resources") or {}
    return tuple(
        Resource(
            key=key,
            type=kind,
            id=str(body.get("id", "")),
            name=str(body.get("name", "")),
            action=plan.actions.get(f"resources.{kind}.{key}", "skip"),
        )
        for kind, entries in listed.items()
        for key, body in entries.items()
    )


def first_deployment(step: Step) -> Effect[DeploymentRequest, DeploymentResult] | None:
    """Return the run's first deployment, or None."""
    mine = [item for item in step.run.deployments if item.name is EffectName.DEPLOY]
    return cast(Effect[DeploymentRequest, DeploymentResult], mine[0]) if mine else None


def previous_deployment(step: Step) -> Previous:
    """Return what was deployed before this run.

    Decided at the run's first deployment and never again, since later it would be the run's own.
    """
    if first := first_deployment(step):
        return first.request.previous
    there = state_id(step)
    if not there:
        return Previous("none")
    others = [item for item in deployments(step.run, step.journal) if item.run != step.run.id]
    earlier = [item for item in others if item.is_done and item.name is not EffectName.DESTROY]
    if earlier and earlier[-1].result.state == there:
        return Previous("snapshot", snapshot=earlier[-1].result.snapshot)
    commit = step.workspace.deployed_commit(f"{_bundle(step).state_path}/metadata.json")
    return Previous("commit", commit=commit) if commit else Previous("unknown")


def plan_for(step: Step, snapshot: Snapshot) -> DeploymentPlan:
    """Plan a deployment of `snapshot`. Raises when it fails or would destroy something."""
    plan = step.cli.plan(step.root_in(snapshot), step.run.target)
    if not plan.ok:
        text = "; ".join(item.text for item in plan.diagnostics) or "no message"
        raise WorkspaceError(f"bundle plan failed: {text[:300]}", remedy="Call validate_bundle to see every message.")
    if harm := destructive(plan.actions):
        raise UsageError(f"the plan would {', '.join(harm)[:300]}", remedy="Undo the change that causes it.")
    return plan


def _bundle(step: Step) -> BundleEvidence:
    return step.run.bundle or BundleEvidence()
