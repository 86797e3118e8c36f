"""`check_environment`: a clean base, a reachable workspace that knows us, an allowed target, nobody else at work."""

from typing import Any

import pathspec

from prp_mcp.code.event_log import TERMINAL
from prp_mcp.engine.present import deployments
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool, counted
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.gates.policy import foreign, target_trouble
from prp_mcp.repo.bundle_file import BundleFile
from prp_mcp.repo.git import lines


class EnvironmentFields(Fields):
    """Where and as whom the run works."""

    identity: str
    host: str
    target: str
    base: str
    catalogs: list[str]
    bundle_cli: str


def check_environment(step: Step, _: Arguments) -> Outcome:
    """Check everything that must be right before the first change."""
    present = step.present
    findings = [*_base_trouble(step), *target_findings(step, present.bundle)]
    identity = step.workspace.me()
    catalogs = step.workspace.catalogs()
    findings += _foreign_updates(step)
    fields = {
        "identity": identity,
        "host": present.credentials.host,
        "target": present.target,
        "base": base_of(step) or present.git.commit,
        "catalogs": catalogs[:20],
        "bundle_cli": step.cli.version(),
    }
    evidence = {"branch": present.git.branch, "dirty": present.repository.dirty_paths()[:50]}
    if not catalogs:
        findings.append(Finding("catalog", "no Unity Catalog catalog is visible", "Ask for USE CATALOG on one."))
    if findings:
        return Outcome(
            Verdict.FAILED, f"Not ready: {counted(len(findings), 'finding')}.", fields, tuple(findings), evidence
        )
    summary = f"{identity} on {present.credentials.host}, target {present.target}, base {fields['base'][:12]}."
    return Outcome(Verdict.PASSED, summary, fields, evidence=evidence)


def base_of(step: Step) -> str | None:
    """Return the commit recorded as the run's base, or None before the environment first passed."""
    record = next(
        (item for item in step.run.records if item.step == Gate.ENVIRONMENT and item.body.get("verdict") == "passed"),
        None,
    )
    return str(record.body["fields"]["base"]) if record else None


def _base_trouble(step: Step) -> list[Finding]:
    present = step.present
    if base_of(step):
        return []  # demanded once: the agent's own edits are not dirt
    if not present.git.commit:
        return [Finding("git", "the repository has no commit", "Commit the project first.")]
    outside = pathspec.GitIgnoreSpec.from_lines(present.policy.tree.exclude)
    dirty = [path for path in present.repository.dirty_paths() if not outside.match_file(path)]
    if not dirty or present.policy.tree.allow_dirty or present.settings.grants.allow_dirty:
        return []
    return [
        Finding("git", f"uncommitted changes: {lines(dirty, 8)}", "Commit or stash them, or run with --allow-dirty.")
    ]


def target_findings(step: Step, bundle: BundleFile) -> list[Finding]:
    """Return why the run's target or host may not be used for `bundle`."""
    grants, host = step.present.settings.grants, step.present.credentials.host
    findings = []
    if trouble := target_trouble(step.run.target, bundle.targets, grants.targets):
        fix = "Ask a person to grant it (PRP_MCP_ALLOW_TARGETS), or use a development target."
        findings.append(Finding("databricks.yml", trouble, fix))
    hosts = [found.rstrip("/").lower() for found in bundle.hosts if "${" not in found]
    if others := [found for found in hosts if found != host]:
        fix = f"Use credentials for that host, or remove workspace.host; the credentials are for {host}."
        findings.append(Finding("databricks.yml", f"the bundle names another host: {lines(others)}", fix))
    if denied := foreign([host], grants.hosts):
        findings.append(Finding("host", f"{lines(denied)} is not among the granted hosts", "Use a granted host."))
    return findings


def _foreign_updates(step: Step) -> list[Finding]:
    known = {effect.result.get("update") for effect in step.run.done("start")}
    findings = []
    for pipeline in _deployed_pipelines(step):
        found = step.workspace.pipeline(pipeline)
        latest: list[dict[str, Any]] = (found or {}).get("latest_updates") or []
        for update in latest[:1]:
            if update.get("state") not in TERMINAL and update.get("update_id") not in known:
                text = f"update {update.get('update_id')} of pipeline {pipeline} is {update.get('state')}"
                findings.append(Finding("pipeline", text, "Wait until it has ended, or stop it."))
    return findings


def _deployed_pipelines(step: Step) -> list[str]:
    done = [effect for effect in deployments(step.run, step.journal) if effect.done]
    resources = done[-1].result.get("resources", []) if done else []
    return [item["id"] for item in resources if item["type"] == "pipelines"]


TOOL = Tool(
    name="check_environment",
    title="Check the environment",
    description="Record the base commit (the work tree must be clean) and check workspace, identity, host, target and "
    "catalogs. Call it after load_prp and before you change any file.",
    arguments=Arguments,
    fields=EnvironmentFields,
    run=check_environment,
    kind="read",
    gate=Gate.ENVIRONMENT,
    opens_with=Gate.ENVIRONMENT,
    budget=30,
)
