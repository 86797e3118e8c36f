"""Runs family: run a job's pipeline tasks, in order of their dependencies."""

import threading

from prp_mcp.local.server.body import Body
from prp_mcp.local.server.families.jobs import found
from prp_mcp.local.server.families.updates import begin
from prp_mcp.local.server.moments import milliseconds
from prp_mcp.local.server.records import PIPELINES, RUNS, UPDATES, Json, Run, RunState, TaskRun
from prp_mcp.local.server.refusal import ApiError, invalid
from prp_mcp.local.server.reports import TERMINAL
from prp_mcp.local.server.routing import Call, Route, page
from prp_mcp.local.server.workspace import USER, Workspace

RESULTS = {"COMPLETED": "SUCCESS", "FAILED": "FAILED", "CANCELED": "CANCELED"}
PAUSE = 0.2


def run_now(workspace: Workspace, call: Call) -> Json:
    """Start a run of a job; an `idempotency_token` that was used answers the run it started."""
    given = call.json()
    token = given.text("idempotency_token")
    with workspace.store.transaction():
        job = found(workspace, given.integer("job_id", 0))
        for other in workspace.store.all(RUNS):
            if token and other["token"] == token:
                return {"run_id": other["run_id"], "number_in_job": other["run_id"]}
        run_id = 1_000 + workspace.store.count(RUNS)
        tasks = [_task(run_id, number, task) for number, task in enumerate(job["settings"].get("tasks") or [])]
        run: Run = {
            "run_id": run_id,
            "job_id": job["job_id"],
            "run_name": job["settings"]["name"],
            "creator_user_name": USER,
            "start_time": milliseconds(),
            "state": {"life_cycle_state": "RUNNING", "state_message": ""},
            "tasks": tasks,
            "token": token,
        }
        workspace.store.put(RUNS, str(run_id), run)
    threading.Thread(target=_carry_out, args=(workspace, run), name="run", daemon=True).start()
    return {"run_id": run_id, "number_in_job": run_id}


def get(workspace: Workspace, call: Call) -> Json:
    """Answer one run."""
    return _shown(_run(workspace, call.query.get("run_id")))


def output(workspace: Workspace, call: Call) -> Json:
    """Answer a task's run; a pipeline task has no output but its state."""
    wanted = call.query.get("run_id")
    for run in workspace.store.all(RUNS):
        for task in run["tasks"]:
            if str(task["run_id"]) == wanted:
                return {"metadata": {**task, "job_id": run["job_id"]}, "error": task["state"].get("state_message")}
    return {"metadata": _shown(_run(workspace, wanted))}


def listing(workspace: Workspace, call: Call) -> Json:
    """List runs, newest first, optionally of one job."""
    job_id = call.query.get("job_id")
    rows = [_shown(run) for run in reversed(workspace.store.all(RUNS)) if job_id in (None, str(run["job_id"]))]
    answer = page(rows, call, "runs", 26)
    return {**answer, "has_more": "next_page_token" in answer}


def cancel(workspace: Workspace, call: Call) -> Json:
    """Cancel a run: its active update is canceled, the tasks after it do not start."""
    run = _run(workspace, call.json().integer("run_id", 0))
    for task in run["tasks"]:
        if task.get("update_id"):
            workspace.execution.cancel(task["update_id"])
    return {}


def _task(run_id: int, number: int, task: Json) -> TaskRun:
    return {
        "run_id": run_id * 1_000 + number,
        "task_key": task["task_key"],
        "depends_on": task.get("depends_on", []),
        "pipeline_task": task["pipeline_task"],
        "state": {"life_cycle_state": "PENDING"},
    }


def _carry_out(workspace: Workspace, run: Run) -> None:
    results: dict[str, str] = {}
    waiting = list(run["tasks"])
    while waiting:
        ready = [t for t in waiting if all(need["task_key"] in results for need in t["depends_on"])]
        if not ready:
            break
        task = ready[0]
        waiting.remove(task)
        blocked = any(results[need["task_key"]] != "SUCCESS" for need in task["depends_on"])
        result, message = ("UPSTREAM_FAILED", "A task before this one failed") if blocked else ("", "")
        if not blocked:
            result, message = _update(workspace, run, task)
        results[task["task_key"]] = result
        task["state"] = _ended(result, message)
        workspace.store.put(RUNS, str(run["run_id"]), run)
    for task in waiting:
        task["state"] = _ended("FAILED", "This task depends on one that does not exist, or on itself")
        results[task["task_key"]] = "FAILED"
    bad = sorted(set(results.values()) - {"SUCCESS"})
    run["state"] = _ended(bad[0] if bad else "SUCCESS", "" if not bad else "A task did not succeed")
    run["end_time"] = milliseconds()
    workspace.store.put(RUNS, str(run["run_id"]), run)


def _update(workspace: Workspace, run: Run, task: TaskRun) -> tuple[str, str]:
    pipeline = workspace.store.get(PIPELINES, task["pipeline_task"].get("pipeline_id", ""))
    if pipeline is None:
        return "FAILED", f"The pipeline {task['pipeline_task'].get('pipeline_id')} was not found"
    asked = Body({"cause": "JOB_TASK", "full_refresh": task["pipeline_task"].get("full_refresh", False)})
    try:
        update_id = begin(workspace, pipeline, asked)
    except ApiError as refused:
        return "FAILED", refused.message
    task["update_id"] = update_id
    task["state"] = {"life_cycle_state": "RUNNING"}
    workspace.store.put(RUNS, str(run["run_id"]), run)
    pause = threading.Event()
    while True:
        update = workspace.store.get(UPDATES, update_id)
        if update is None or update["state"] in TERMINAL:
            state = update["state"] if update else "CANCELED"
            return RESULTS[state], "" if state == "COMPLETED" else f"Update {update_id} is {state}"
        pause.wait(PAUSE)


def _ended(result: str, message: str) -> RunState:
    return {"life_cycle_state": "TERMINATED", "result_state": result, "state_message": message}


def _run(workspace: Workspace, run_id: int | str | None) -> Run:
    run = workspace.store.get(RUNS, str(run_id))
    if run is None:
        raise invalid(f"Run {run_id} does not exist.")
    return run


def _shown(run: Run) -> Json:
    return {key: value for key, value in run.items() if key != "token"}


ROUTES = tuple(
    Route(method, f"/api/{version}/jobs/{verb}", handler)
    for version in ("2.2", "2.1")
    for method, verb, handler in (
        ("POST", "run-now", run_now),
        ("GET", "runs/get", get),
        ("GET", "runs/get-output", output),
        ("GET", "runs/list", listing),
        ("POST", "runs/cancel", cancel),
    )
)
