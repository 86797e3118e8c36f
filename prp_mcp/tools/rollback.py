"""`rollback`: undo what this run did to the workspace, prove each step, lose nothing of the work tree."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import Field

from prp_mcp.engine.effects import Attempt, Fate
from prp_mcp.engine.present import DEPLOYMENTS
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool
from prp_mcp.errors import PrpMcpError
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.gates.policy import may_destroy
from prp_mcp.journal.runs import Effect
from prp_mcp.journal.store import Kind
from prp_mcp.repo.bundle_file import read_bundle_file
from prp_mcp.repo.snapshot import Snapshot
from prp_mcp.repo.tree import read_tree
from prp_mcp.steps.deployment import (
    deploy_snapshot,
    plan_for,
    remaining,
    resources,
    settle_deployment,
    state_id,
    verify,
)
from prp_mcp.steps.updates import note_ended, settle_start, stop
from prp_mcp.tools.check_environment import base_of

STOP_SECONDS = 60.0


class RollbackArguments(Arguments):
    """Say why, and whether the work tree is to be set back too."""

    reason: str = Field(min_length=3, max_length=400, description="Why; it is shown in the summary.")
    restore_files: bool = Field(
        False, description="Set the work tree back to the base commit; every change is kept on a branch first."
    )


class RollbackFields(Fields):
    """What was undone, each step done or unverified."""

    steps: list[dict[str, str]]
    kept_branch: str | None = None


def rollback(step: Step, arguments: RollbackArguments) -> Outcome:
    """Stop what runs, put back what was deployed before (or destroy what is new), prove it, end the run."""
    with step.effects.held(step.run, "rollback"):
        step.effects.note(step.run, "rollback", {"reason": arguments.reason})
        steps = [*_stop_updates(step), *_put_back(step)]
        branch = None
        if arguments.restore_files:
            branch = _restore_files(step)
            steps.append(_step(f"work tree set back to the base commit, changes kept on {branch}"))
        return _ended(step, arguments.reason, steps, branch)


def _ended(step: Step, reason: str, steps: list[dict[str, str]], branch: str | None) -> Outcome:
    steps = steps or [_step("nothing of this run was left to undo")]
    doubtful = [item for item in steps if item["state"] == "unverified"]
    fields: dict[str, Any] = {"steps": steps, "kept_branch": branch}
    tables = _written(step)
    step.effects.note(step.run, "rolled back", {"reason": reason, "steps": steps, "branch": branch, "tables": tables})
    if doubtful:
        findings = tuple(
            Finding("rollback", item["what"], "Look into it, then call rollback again.") for item in doubtful
        )
        summary = f"The rollback is unverified: {doubtful[0]['what']}."
        return Outcome(Verdict.INCONCLUSIVE, summary, fields, findings, next="Call rollback again, or mend it by hand.")
    step.journal.append(step.run.id, "end", Kind.RUN, {"outcome": "rolled back", "reason": reason})
    step.refresh()
    summary = "Rolled back: " + "; ".join(item["what"] for item in steps) + "."
    return Outcome(Verdict.PASSED, summary, fields, next="The run has ended. Call load_prp to begin a new one.")


def _written(step: Step) -> list[str]:
    executions = [record.body for record in step.run.records if record.step == Gate.EXECUTION]
    updates = [update for body in executions for update in (body.get("evidence") or {}).get("updates", [])]
    return sorted({item["name"] for update in updates for item in update["datasets"] if item.get("rows")})


def _stop_updates(step: Step) -> list[dict[str, str]]:
    steps = []
    for effect in [item for item in step.run.unsettled() if item.name == "start"]:
        settled = _guarded(lambda effect=effect: settle_start(step, effect).outcome is not None)
        if settled is not True:
            steps.append(_step("whether an update was started", settled))
    ended = step.run.ended_updates
    for effect in step.run.done("start"):
        update, pipeline = effect.result["update"], effect.intent.body["request"]["pipeline"]
        if update in ended:
            continue
        stopped = _guarded(lambda pipeline=pipeline, update=update: stop(step, pipeline, update, STOP_SECONDS))
        if stopped is True:
            note_ended(step, update, "CANCELED")
        steps.append(_step(f"update {update} stopped", stopped))
    return steps


def _put_back(step: Step) -> list[dict[str, str]]:
    for effect in [item for item in step.run.unsettled() if item.name in DEPLOYMENTS]:
        settled = _guarded(lambda effect=effect: settle_deployment(step, effect).outcome is not None)
        if settled is not True:
            return [_step(f"how the interrupted {effect.name} ended", settled)]
    touched = [item for item in step.run.effects if item.name in DEPLOYMENTS and _touched(item)]
    if not touched:
        return []
    first = next(item for item in step.run.effects if item.name == "deploy")
    request = first.intent.body["request"]
    previous = request["previous"]
    if previous["kind"] == "none":
        return [_destroyed(step, request["snapshot"])]
    if previous["kind"] == "unknown":
        return [_step("what was deployed before is unknown (no commit in its metadata): redeploy it by hand", False)]
    return [_restored(step, previous)]


def _touched(effect: Effect) -> bool:
    return effect.outcome is None or effect.done or bool(effect.result.get("left_behind"))


def _restored(step: Step, previous: dict[str, str]) -> dict[str, str]:
    def redeploy() -> bool:
        snapshot = _previous_snapshot(step, previous)
        # What a rollback before this one did is looked at, not believed.
        if step.run.done("restore") and not verify(step, snapshot):
            return True
        effect = deploy_snapshot(step, snapshot, "restore", plan_for(step, snapshot), None)
        return effect.done and not verify(step, snapshot)

    named = previous.get("snapshot") or previous.get("commit") or ""
    return _step(f"previous deployment {named[:12]} deployed again", _guarded(redeploy))


def _previous_snapshot(step: Step, previous: dict[str, str]) -> Snapshot:
    if previous["kind"] == "snapshot":
        return step.snapshots.open(previous["snapshot"])
    repository, git = step.present.repository, step.present.git
    kept = {file.path for file in read_tree(repository, step.present.policy.tree.exclude).files}
    excluded = frozenset(set(repository.kept_paths()) - kept)
    facts = type(git)(previous["commit"], git.branch, git.origin)
    return step.snapshots.take_commit(repository, previous["commit"], facts, excluded)


def _destroyed(step: Step, name: str) -> dict[str, str]:
    def destroy() -> bool | str:
        snapshot = step.snapshots.open(name)
        root = step.root_in(snapshot)
        mode = read_bundle_file(root).targets.get(step.run.target)
        if not may_destroy(mode, step.run.target, step.settings.grants.destroy_targets):
            return f"destroying what is new in {step.run.target} needs a person's consent: it deletes tables"
        listed = [item for effect in step.run.effects for item in effect.result.get("resources", [])]
        listed += resources(step, snapshot, step.cli.plan(root, step.run.target))
        created = [{"type": item["type"], "id": item["id"]} for item in listed if item["id"]]
        if state_id(step) or remaining(step, created):
            step.perform("destroy", {"snapshot": name, "resources": created}, attempt(root), None)
        # Exit 0 of a destroy proves nothing: look.
        left = remaining(step, created)
        return f"still there: {', '.join(left)}" if left else not state_id(step)

    def attempt(root: Path) -> Callable[[str], Attempt]:
        def once(_: str) -> Attempt:
            ended = step.cli.destroy(root, step.run.target, step.present.policy.limits.deploy_seconds)
            fate = Fate.UNKNOWN if ended.unknown else Fate.DONE if ended.ok else Fate.NOT_DONE
            return Attempt(fate, {"ok": ended.ok, "output": ended.output[-1000:], "left_behind": True})

        return once

    return _step("everything this run created destroyed", _guarded(destroy))


def _restore_files(step: Step) -> str:
    repository, base = step.present.repository, base_of(step)
    message = f"Changes of run {step.run.id} ({step.run.prp}), kept before its rollback\n"
    also = repository.commit_files(base) if base else {}
    branch = repository.commit_worktree(f"prp/rolled-back/{step.run.id}", message, also)
    if base:
        repository.restore(base)
    return branch


def _guarded(action: Any) -> bool | str:
    try:
        done: bool | str = action()
        return done
    except PrpMcpError as error:
        return error.summary


def _step(what: str, proven: bool | str = True) -> dict[str, str]:
    if proven is True:
        return {"what": what, "state": "done"}
    return {"what": f"not proven: {what}" + (f" ({proven})" if proven else ""), "state": "unverified"}


TOOL = Tool(
    name="rollback",
    title="Roll the run back",
    description="Undo this run: stop its update, deploy again what was deployed before (or destroy what is new, in a "
    "development target), prove it, and end the run. Data written by pipelines is not undone.",
    arguments=RollbackArguments,
    fields=RollbackFields,
    run=rollback,
    kind="effect",
    destructive=True,
    budget=600,
)
