"""`check_environment`: a clean base, a reachable workspace that knows us, an allowed target, nobody else at work."""

from collections.abc import Mapping
from typing import Any

from prp_mcp.code.event_log import TERMINAL
from prp_mcp.engine.present import deployments
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool, counted
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.evidence import EnvironmentEvidence
from prp_mcp.repo.git import lines
from prp_mcp.repo.patterns import matching
from prp_mcp.steps.target import target_findings


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
    catalogs = step.workspace.catalogs()
    findings += _foreign_updates(step)
    if not catalogs:
        findings.append(Finding("catalog", "no Unity Catalog catalog is visible", "Ask for USE CATALOG on one."))
    seen = EnvironmentEvidence(
        identity=step.workspace.me(),
        host=present.credentials.host,
        target=present.target,
        base=step.run.base or present.git.commit,
        bundle_cli=step.cli.version(),
        branch=present.git.branch,
        dirty=tuple(present.repository.dirty_paths()[:50]),
    )
    fields = EnvironmentFields(
        identity=seen.identity,
        host=seen.host,
        target=seen.target,
        base=seen.base,
        catalogs=catalogs[:20],
        bundle_cli=seen.bundle_cli,
    )
    if findings:
        return Outcome(
            Verdict.FAILED, f"Not ready: {counted(len(findings), 'finding')}.", fields, tuple(findings), seen
        )
    summary = f"{seen.identity} on {seen.host}, target {seen.target}, base {seen.base[:12]}."
    return Outcome(Verdict.PASSED, summary, fields, evidence=seen)


def _base_trouble(step: Step) -> list[Finding]:
    present = step.present
    if step.run.base:
        return []  # demanded once: the agent's own edits are not dirt
    if not present.git.commit:
        return [Finding("git", "the repository has no commit", "Commit the project first.")]
    outside = matching(present.policy.tree.exclude)
    dirty = [path for path in present.repository.dirty_paths() if not outside(path)]
    if not dirty or present.policy.tree.allow_dirty or step.settings.grants.allow_dirty:
        return []
    return [
        Finding("git", f"uncommitted changes: {lines(dirty, 8)}", "Commit or stash them, or run with --allow-dirty.")
    ]


def _foreign_updates(step: Step) -> list[Finding]:
    done = [effect for effect in deployments(step.run, step.journal) if effect.is_done]
    pipelines = [item.id for item in done[-1].result.resources if item.type == "pipelines"] if done else []
    known = {update.id for update in step.run.started}
    return [found for id in pipelines for found in foreign_updates(id, step.workspace.pipeline(id) or {}, known)]


def foreign_updates(pipeline: str, found: Mapping[str, Any], known: set[str]) -> list[Finding]:
    """Return the latest update of a pipeline, as the API gives it, if it still runs and is none of those `known`."""
    latest: list[dict[str, Any]] = found.get("latest_updates") or []
    return [
        Finding(
            "pipeline",
            f"update {update.get('update_id')} of pipeline {pipeline} is {update.get('state')}",
            "Wait until it has ended, or stop it.",
        )
        for update in latest[:1]
        if update.get("state") not in TERMINAL and update.get("update_id") not in known
    ]


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
)
