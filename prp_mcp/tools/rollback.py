"""`rollback`: undo what this run did to the workspace, prove each step, lose nothing of the work tree."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pydantic import Field

from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool
from prp_mcp.errors import PrpMcpError
from prp_mcp.gates.order import Verdict
from prp_mcp.gates.policy import may_destroy
from prp_mcp.journal.effect import (
    AnyEffect,
    Deployment,
    DeploymentResult,
    DestructionRequest,
    EffectName,
    Ending,
    Fate,
)
from prp_mcp.journal.evidence import ExecutionEvidence, Previous, Resource
from prp_mcp.journal.notes import RollbackBegun, RollbackStep, RolledBack, RunEnded
from prp_mcp.journal.runs import Run
from prp_mcp.repo.bundle_file import read_bundle_file
from prp_mcp.repo.snapshot import Snapshot
from prp_mcp.repo.tree import read_tree
from prp_mcp.steps.deployment import (
    deploy_snapshot,
    first_deployment,
    plan_for,
    remaining,
    resources,
    settle_deployment,
    state_id,
    verify,
)
from prp_mcp.steps.updates import note_ended, settle_start, stop

STOP_SECONDS = 60.0


class RollbackArguments(Arguments):
    """Say why, and whether the work tree is to be set back too."""

    reason: str = Field(min_length=3, max_length=400, description="Why; it is shown in the summary.")
    restore_files: bool = Field(
        False, description="Set the work tree back to the base commit; every change is kept on a branch first."
    )


class RollbackFields(Fields):
    """What was undone, each step done or unverified."""

    steps: list[RollbackStep]
    kept_branch: str | None = None


def rollback(step: Step, arguments: RollbackArguments) -> Outcome:
    """Stop what runs, put back what was deployed before (or destroy what is new), prove it, end the run."""
    with step.effects.held(step.run, "rollback"):
        step.note(RollbackBegun(arguments.reason))
        steps = [*_stop_updates(step), *_put_back(step)]
        branch = None
        if arguments.restore_files:
            branch = _restore_files(step)
            steps.append(_done(f"work tree set back to the base commit, changes kept on {branch}"))
        return _ended(step, arguments.reason, tuple(steps or [_done("nothing of this run was left to undo")]), branch)


def _ended(step: Step, reason: str, steps: tuple[RollbackStep, ...], branch: str | None) -> Outcome:
    doubtful = [item for item in steps if item.state == "unverified"]
    fields = RollbackFields(steps=list(steps), kept_branch=branch)
    step.note(RolledBack(reason, steps, branch, written_tables(step.run)))
    if doubtful:
        findings = tuple(Finding("rollback", item.what, "Look into it, then call rollback again.") for item in doubtful)
        summary = f"The rollback is unverified: {doubtful[0].what}."
        following = "Call rollback again, or correct it by hand."
        return Outcome(Verdict.INCONCLUSIVE, summary, fields, findings, next=following)
    step.end(RunEnded("rolled back", reason))
    summary = "Rolled back: " + "; ".join(item.what for item in steps) + "."
    following = "The run has ended. Call load_prp to begin a new one."
    return Outcome(Verdict.PASSED, summary, fields, next=following)


def written_tables(run: Run) -> tuple[str, ...]:
    """Return the datasets that the run's updates wrote rows to: a rollback does not undo them."""
    seen = [each for record in run.gates if (each := record.seen(ExecutionEvidence))]
    datasets = [item for each in seen for update in each.updates for item in update.datasets]
    return tuple(sorted({item.name for item in datasets if item.rows}))


def _stop_updates(step: Step) -> list[RollbackStep]:
    steps = []
    for effect in step.run.unsettled_starts:
        settled = _guarded(partial(_is_settled, settle_start, step, effect))
        if settled is not True:
            steps.append(_doubtful("whether an update was started", settled))
    for update in step.run.running:
        stopped = _guarded(partial(stop, step, update, STOP_SECONDS))
        if stopped is True:
            note_ended(step, update, "CANCELED")
        steps.append(_step(f"update {update.id} stopped", stopped))
    return steps


def _put_back(step: Step) -> list[RollbackStep]:
    for effect in step.run.unsettled_deployments:
        settled = _guarded(partial(_is_settled, settle_deployment, step, effect))
        if settled is not True:
            return [_doubtful(f"how the interrupted {effect.name} ended", settled)]
    first = first_deployment(step)
    if first is None or not any(map(_touched, step.run.deployments)):
        return []
    previous = first.request.previous
    if deployed_since(step):
        return [_doubtful("what is deployed now was deployed by somebody else meanwhile: it is left as it is", False)]
    if previous.kind == "none":
        return [
            _step("everything this run created destroyed", _guarded(lambda: _destroy(step, first.request.snapshot)))
        ]
    if previous.kind == "unknown":
        unknown = "what was deployed before is unknown (no commit in its metadata): redeploy it by hand"
        return [_doubtful(unknown, False)]
    what = f"previous deployment {previous.named} deployed again"
    return [_step(what, _guarded(lambda: _redeploy(step, previous)))]


def _touched(effect: Deployment) -> bool:
    return not effect.is_settled or effect.is_done or effect.result.left_behind


def _redeploy(step: Step, previous: Previous) -> bool:
    snapshot = _previous_snapshot(step, previous)
    # What a rollback before this one did is looked at, not believed.
    restored = any(item.is_done and item.name is EffectName.RESTORE for item in step.run.deployments)
    if restored and not verify(step, snapshot):
        return True
    effect = deploy_snapshot(step, snapshot, EffectName.RESTORE, plan_for(step, snapshot), None)
    return effect.is_done and not verify(step, snapshot)


def _previous_snapshot(step: Step, previous: Previous) -> Snapshot:
    if previous.snapshot:
        return step.snapshots.open(previous.snapshot)
    repository, git, commit = step.present.repository, step.present.git, previous.commit or ""
    kept = {file.path for file in read_tree(repository, step.present.policy.tree.exclude).files}
    excluded = frozenset(set(repository.kept_paths()) - kept)
    return step.snapshots.take_commit(repository, commit, type(git)(commit, git.branch, git.origin), excluded)


def _destroy(step: Step, name: str) -> bool | str:
    """Destroy what the run created from the snapshot `name`; return True when it is gone, or what is left."""
    snapshot = step.snapshots.open(name)
    root = step.root_in(snapshot)
    mode = read_bundle_file(root).targets.get(step.run.target)
    if not may_destroy(mode, step.run.target, step.settings.grants.destroy_targets):
        return f"destroying what is new in {step.run.target} needs a person's consent: it deletes tables"
    listed = [item for effect in step.run.deployments for item in effect.result.resources]
    listed += resources(step, snapshot, step.cli.plan(root, step.run.target))
    created = tuple(item for item in listed if item.id)
    if others := foreign_contents(step, created):
        return f"others put {', '.join(others[:5])} into a schema that this run created: nothing was destroyed"
    if state_id(step) or remaining(step, created):
        step.perform(EffectName.DESTROY, DestructionRequest(name, created), _destruction(step, snapshot), None)
    # Exit 0 of a destroy proves nothing: look.
    left = remaining(step, created)
    return f"still there: {', '.join(left)}" if left else not state_id(step)


def deployed_since(step: Step) -> bool:
    """Return whether the deployment the workspace knows of is another one than the run's last."""
    last = step.run.deployments[-1]
    return last.is_done and bool(last.result.state) and state_id(step) not in ("", last.result.state)


def foreign_contents(step: Step, created: Sequence[Resource]) -> list[str]:
    """Return the tables and volumes in schemas among `created` that are neither the run's nor written by its pipelines.

    Destroying a schema destroys what is in it, whoever put it there.
    """
    pipelines = {item.id for item in created if item.type == "pipelines"}
    ours = {item.id for item in created} | set(written_tables(step.run))
    found = []
    for schema in {item.id for item in created if item.type == "schemas"}:
        if step.workspace.has("schemas", schema):
            for item in step.workspace.contents(schema):
                full = str(item.get("full_name") or f"{schema}.{item.get('name')}")
                by = item.get("pipeline_id") or (item.get("properties") or {}).get("pipelines.pipelineId")
                found += [] if full in ours or by in pipelines else [full]
    return sorted(found)


def _destruction(step: Step, snapshot: Snapshot) -> Callable[[str], Ending[DeploymentResult]]:
    def once(_: str) -> Ending[DeploymentResult]:
        seconds = step.present.policy.limits.deploy_seconds
        ended = step.cli.destroy(step.root_in(snapshot), step.run.target, seconds, step.effects.hold)
        fate = Fate.UNKNOWN if ended.unknown else Fate.DONE if ended.ok else Fate.NOT_DONE
        return Ending(fate, DeploymentResult(ended.output[-1000:], left_behind=True))

    return once


def _restore_files(step: Step) -> str:
    repository, base = step.present.repository, step.run.base
    message = f"Changes of run {step.run.id} ({step.run.prp}), kept before its rollback\n"
    also = repository.commit_files(base) if base else {}
    branch = repository.commit_worktree(f"prp/rolled-back/{step.run.id}", message, also)
    if base:
        repository.restore(base)
    return branch


def _is_settled(settle: Callable[[Step, Any], AnyEffect], step: Step, effect: AnyEffect) -> bool:
    return settle(step, effect).is_settled


def _guarded(action: Callable[[], bool | str]) -> bool | str:
    try:
        return action()
    except PrpMcpError as error:
        return error.summary


def _step(what: str, proven: bool | str) -> RollbackStep:
    return _done(what) if proven is True else _doubtful(what, proven)


def _done(what: str) -> RollbackStep:
    return RollbackStep(what, "done")


def _doubtful(what: str, why: bool | str) -> RollbackStep:
    return RollbackStep(f"not proven: {what}" + (f" ({why})" if why else ""), "unverified")


TOOL = Tool(
    name="rollback",
    title="Roll the run back",
    description="Undo this run: stop its update, deploy again what was deployed before (or destroy what is new, in a "
    "development target), prove it, and end the run. Data written by pipelines is not undone.",
    arguments=RollbackArguments,
    fields=RollbackFields,
    run=rollback,
    kind="effect",
    undoes=True,
    destructive=True,
)
