"""Deploy a snapshot once and prove what came of it: an empty plan, and uploaded files equal to the snapshot."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import pathspec

from prp_mcp.engine.effects import Attempt, Fate
from prp_mcp.engine.present import deployments
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Finding
from prp_mcp.errors import UsageError, WorkspaceError
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.gates.policy import destructive
from prp_mcp.journal.runs import Effect
from prp_mcp.remote.bundle import Plan
from prp_mcp.repo.snapshot import Snapshot

COMPARED = 500
"""Files compared byte by byte after a deployment; of the others, and of notebooks, only that they are there."""

_NOTEBOOK = (b"# Databricks notebook source", b"-- Databricks notebook source", b"// Databricks notebook source")


def deploy_snapshot(step: Step, snapshot: Snapshot, name: str, plan: Plan, gate: Gate | None) -> Effect:
    """Deploy `snapshot` as the effect `name`, according to `plan`, while the lock is held."""
    request = {
        "snapshot": snapshot.name,
        "tree": snapshot.tree.id,
        "previous": previous_deployment(step),
        "plan": plan.changes,
    }
    seconds = step.present.policy.limits.deploy_seconds

    def attempt(_: str) -> Attempt:
        ended = step.cli.deploy(step.root_in(snapshot), step.run.target, plan, seconds)
        result: dict[str, Any] = {"ok": ended.ok, "output": ended.output[-2000:]}
        if ended.unknown:
            return Attempt(Fate.UNKNOWN, result)
        if not ended.ok:
            # Files are uploaded before anything can be refused: from then on the deployment is not what it was.
            result["left_behind"] = "Uploading bundle files" in ended.output
            return Attempt(Fate.NOT_DONE, result)
        return Attempt(Fate.DONE, {**result, **_arrived(step, snapshot, plan)})

    return step.perform(name, request, attempt, gate)


def settle_deployment(step: Step, effect: Effect) -> Effect:
    """Find out how an interrupted deployment ended, by looking.

    A deployment is done when the plan for its snapshot is empty and the files are there, a destruction when nothing
    of what it was to destroy is left.
    """
    request = effect.intent.body["request"]
    if effect.name == "destroy":
        fate = Fate.NOT_DONE if remaining(step, request["resources"]) else Fate.DONE
        attempt = Attempt(fate, {"ok": fate is Fate.DONE, "state": state_id(step), "settled": True})
    else:
        attempt = _settled_by_plan(step, step.snapshots.open(request["snapshot"]))
    settled = step.effects.settle(step.run, effect, attempt)
    step.refresh()
    return settled


def _settled_by_plan(step: Step, snapshot: Snapshot) -> Attempt:
    plan = step.cli.plan(step.root_in(snapshot), step.run.target)
    if not plan.ok or plan.changes or verify_files(step, snapshot):
        return Attempt(Fate.NOT_DONE, {"ok": False, "left_behind": True, "settled": True})
    return Attempt(Fate.DONE, {"ok": True, "settled": True, **_arrived(step, snapshot, plan)})


def _arrived(step: Step, snapshot: Snapshot, plan: Plan) -> dict[str, Any]:
    return {"snapshot": snapshot.name, "resources": resources(step, snapshot, plan), "state": state_id(step)}


def state_id(step: Step) -> str:
    """Return what identifies the deployment the workspace knows of; an empty string when it knows none.

    Compared before our journal is believed: a person may have deployed meanwhile.
    """
    path = f"{_paths(step).get('state_path', '')}/resources.json"
    return hashlib.sha256(step.workspace.export(path)).hexdigest() if step.workspace.exists(path) else ""


def remaining(step: Step, listed: Iterable[Mapping[str, str]]) -> list[str]:
    """Return which of the resources (type, id) are still in the workspace."""
    return [f"{item['type']} {item['id']}" for item in listed if step.workspace.has(item["type"], item["id"])]


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
    root = _paths(step).get("file_path", "")
    inside = step.present.inside.as_posix()
    prefix = "" if inside == "." else f"{inside}/"
    kept_back = pathspec.GitIgnoreSpec.from_lines((_paths(step).get("sync") or {}).get("exclude") or [])
    local = {
        path: file
        for file in snapshot.tree.files
        if file.path.startswith(prefix) and file.mode != "120000"
        if not kept_back.match_file(path := file.path.removeprefix(prefix))
    }
    there = {str(item["path"]).removeprefix(root).lstrip("/") for item in step.workspace.walk(root)}
    findings = []
    for number, (path, file) in enumerate(local.items()):
        data = (snapshot.files / file.path).read_bytes()
        notebook = path.endswith(".ipynb") or data.startswith(_NOTEBOOK)
        remote = path.rpartition(".")[0] if notebook else path
        if remote not in there:
            findings.append(Finding(path, "was not uploaded", "Deploy again; see that no .gitignore hides it."))
        elif number < COMPARED and not notebook and step.workspace.export(f"{root}/{path}") != data:
            findings.append(Finding(path, "differs in the workspace from what was checked", "Deploy again."))
        there.discard(remote)
    findings += [
        Finding(path, "is in the workspace but not in the snapshot", "Deploy again.") for path in sorted(there)
    ]
    return findings


def resources(step: Step, snapshot: Snapshot, plan: Plan) -> list[dict[str, str]]:
    """Return the deployed resources: key, type, id, and what the deployment did to each."""
    summary = step.cli.summary(step.root_in(snapshot), step.run.target)
    listed: Mapping[str, Mapping[str, Any]] = summary.get("resources") or {}
    return [
        {
            "key": key,
            "type": kind,
            "id": str(body.get("id", "")),
            "name": str(body.get("name", "")),
            "action": plan.actions.get(f"resources.{kind}.{key}", "skip"),
        }
        for kind, entries in listed.items()
        for key, body in entries.items()
    ]


def previous_deployment(step: Step) -> dict[str, str]:
    """Return what was deployed before this run: a snapshot of ours, a commit, something unknown, or nothing.

    Decided at the run's first deployment and never again, since later it would be the run's own.
    """
    mine = [effect for effect in step.run.effects if effect.name == "deploy"]
    if mine:
        return dict(mine[0].intent.body["request"]["previous"])
    there = state_id(step)
    if not there:
        return {"kind": "none"}
    others = [effect for effect in deployments(step.run, step.journal) if effect.intent.run != step.run.id]
    earlier = [effect for effect in others if effect.done and effect.name != "destroy"]
    if earlier and earlier[-1].result.get("state") == there:
        return {"kind": "snapshot", "snapshot": earlier[-1].result["snapshot"]}
    state = _paths(step).get("state_path", "")
    commit = step.workspace.deployed_commit(f"{state}/metadata.json")
    return {"kind": "commit", "commit": commit} if commit else {"kind": "unknown"}


def plan_for(step: Step, snapshot: Snapshot) -> Plan:
    """Plan a deployment of `snapshot`. Raises when it fails or would destroy something."""
    plan = step.cli.plan(step.root_in(snapshot), step.run.target)
    if not plan.ok:
        text = "; ".join(item.text for item in plan.diagnostics) or "no message"
        raise WorkspaceError(f"bundle plan failed: {text[:300]}", remedy="Call validate_bundle to see every message.")
    if harm := destructive(plan.actions):
        raise UsageError(f"the plan would {', '.join(harm)[:300]}", remedy="Undo the change that causes it.")
    return plan


def _paths(step: Step) -> dict[str, Any]:
    record = step.run.latest(Gate.BUNDLE, Verdict.PASSED)
    return dict(record.body["evidence"]) if record else {}
