"""`bundle deploy`: upload the files, then make the workspace's resources what the bundle says."""

from dataclasses import dataclass
from pathlib import Path

from prp_mcp.local.bundle import apply, lock, plan, state, sync
from prp_mcp.local.bundle.bundle import Bundle
from prp_mcp.local.bundle.diagnostics import BundleError, Diagnostic, SeveralError
from prp_mcp.local.bundle.graph import Graph
from prp_mcp.local.bundle.kinds import kind_of
from prp_mcp.local.bundle.plan import Plan, Step
from prp_mcp.local.bundle.terminal import say

LOSSES = {
    "schemas": "This action will result in the deletion or recreation of the following UC schemas. Any underlying "
    "data may be lost:",
    "pipelines": "This action will result in the deletion or recreation of the following Lakeflow Spark Declarative "
    "Pipelines along with the\nStreaming Tables (STs) and Materialized Views (MVs) managed by them. Recreating the "
    "pipelines will\nrestore the defined STs and MVs through full refresh:",
    "volumes": "This action will result in the deletion or recreation of the following volumes.\nFor managed volumes, "
    "the files stored in the volume are also deleted:",
}


@dataclass(frozen=True)
class Wishes:
    """The flags of `bundle deploy`."""

    plan: Path | None = None
    approved: bool = False
    force: bool = False
    force_lock: bool = False
    idle_only: bool = False


def deploy(bundle: Bundle, graph: Graph, wishes: Wishes) -> None:
    """Deploy, saying what is done. Raises BundleError; what was reached by then is in the state."""
    _check_branch(bundle, force=wishes.force)
    with lock.held(bundle, force=wishes.force_lock):
        known = state.load(bundle)
        if wishes.plan is not None:
            plan.check_file(wishes.plan, plan.make(bundle, graph, known))
        state.begin(known)
        if wishes.idle_only:
            _check_idle(bundle, known)
        # As CLI 1.14 does (measured): a deployment refused below has already replaced and deleted files.
        uploaded, deleted = _upload(bundle)
        made = plan.make(bundle, graph, known)
        _check_protected(made)
        if made.destructive() and not wishes.approved:
            _refuse(made.destructive())
        outcome = apply.carry_out(bundle, graph, made)
        known.serial += outcome.changed
        state.save(bundle, known)
        if not outcome.failed:
            _permit_folder(bundle)
            state.save_metadata(bundle, known)
    for line in sorted(outcome.done, key=lambda text: text.split(" ", 1)[1]):
        say(line)
    if outcome.failed:
        for failure in outcome.failed[:-1]:
            say(failure.text().rstrip("\n") + "\n")
        raise SeveralError(outcome.failed[-1])
    say(f"Files: {uploaded} uploaded, {deleted} deleted")
    created, changed = made.count("create", "recreate"), made.count("update")
    removed, kept = made.count("delete", "recreate"), made.count("skip")
    say(f"Resources: {created} created, {changed} changed, {removed} deleted, {kept} unchanged")


def _check_branch(bundle: Bundle, *, force: bool) -> None:
    """Refuse another branch than the one a target is bound to; without git facts there is nothing to compare."""
    wanted, actual = bundle.config.text("bundle", "git", "branch"), bundle.git.branch
    if bundle.git.root is None or force or bundle.mode != "production" or not wanted or wanted == actual:
        return
    raise BundleError(
        f"not on the right Git branch:\n  expected according to configuration: {wanted}\n  actual: {actual}\n"
        "To deploy from this branch anyway, use --force."
    )


def _check_idle(bundle: Bundle, known: state.State) -> None:
    for node in sorted(known.resources):
        identity = known.id_of(node)
        if kind_of(node).name == "pipelines":
            found = bundle.api.found("GET", f"/api/2.0/pipelines/{identity}")
            if found is not None and found.get("state") != "IDLE":
                raise BundleError(f"pipeline {identity} is running")
        if kind_of(node).name == "jobs":
            runs = bundle.api.call("GET", "/api/2.2/jobs/runs/list", None, job_id=identity)
            active = [r for r in runs.get("runs", []) if r["state"]["life_cycle_state"] != "TERMINATED"]
            if active:
                raise BundleError(f"job {identity} has an active run {active[0]['run_id']}")


def _upload(bundle: Bundle) -> tuple[int, int]:
    """Upload every file and delete those of the last deployment that are gone; return how many of each."""
    root = bundle.path("file_path")
    say(f"Uploading bundle files to {root}...")
    listed = sync.files(bundle)
    before = state.previous_files(bundle)
    present = {file.remote for file in listed}
    deleted = 0
    for entry in before.get("files", []):
        name = str(entry["local_path"])
        remote = name.rpartition(".")[0] if entry.get("is_notebook") else name
        if remote not in present and ".." not in remote.split("/"):
            deleted += bundle.api.delete(f"{root}/{remote}")
    if not listed:
        bundle.api.make_folder(root)
    for file in listed:
        bundle.api.upload(f"{root}/{file.local}", (bundle.root / file.local).read_bytes())
    state.save_files(bundle, before, listed)
    return len(listed), deleted


def _check_protected(made: Plan) -> None:
    for step in made.steps:
        if step.action == "recreate" and step.wanted is not None and step.wanted.protected:
            raise BundleError(
                f"{step.node} has lifecycle.prevent_destroy set, but the plan calls for this resource to be recreated "
                "or destroyed. To avoid this error, disable lifecycle.prevent_destroy."
            )


def list_losses(steps: list[Step]) -> None:
    """Say which steps lose what."""
    for name, text in LOSSES.items():
        lines = [f"  {step.action} {step.node}" for step in steps if kind_of(step.node).name == name]
        if lines:
            say("\n".join([text, *lines]) + "\n")


def _refuse(steps: list[Step]) -> None:
    list_losses(steps)
    raise SeveralError(
        Diagnostic(
            "Error",
            "the deployment requires destructive actions, but the current console does not support prompting. Please "
            "specify --auto-approve if you would like to skip prompts and proceed",
        )
    )


def _permit_folder(bundle: Bundle) -> None:
    entries = [entry.data() for entry in bundle.permissions()]
    if not entries:
        return
    found = bundle.api.call("GET", "/api/2.0/workspace/get-status", None, path=bundle.path("root_path"))
    levels = {"CAN_MANAGE": "CAN_MANAGE", "CAN_RUN": "CAN_RUN", "CAN_VIEW": "CAN_READ"}
    listed = [
        {**{key: value for key, value in entry.items() if key != "level"}, "permission_level": levels[entry["level"]]}
        for entry in entries
    ]
    where = f"/api/2.0/permissions/directories/{found['object_id']}"
    bundle.api.call("PUT", where, {"access_control_list": listed})
