"""Jobs family: jobs whose tasks are pipeline tasks."""

import secrets

from prp_mcp.local.server.body import Body
from prp_mcp.local.server.moments import milliseconds
from prp_mcp.local.server.records import JOBS, PERMISSIONS, AccessList, Job, Json
from prp_mcp.local.server.refusal import ApiError, invalid
from prp_mcp.local.server.routing import Call, Route, page
from prp_mcp.local.server.workspace import USER, Workspace

TASK_FIELDS = frozenset(
    [
        "task_key",
        "pipeline_task",
        "depends_on",
        "description",
        "run_if",
        "timeout_seconds",
        "max_retries",
        "disabled",
        "min_retry_interval_millis",
        "retry_on_timeout",
        "email_notifications",
        "notification_settings",
        "webhook_notifications",
    ]
)


def create(workspace: Workspace, call: Call) -> Json:
    """Create a job; names need not be unique, as in the real API."""
    settings = _checked(call.json())
    job_id = 10**14 + secrets.randbelow(9 * 10**14)
    with workspace.store.transaction():
        _save(workspace, job_id, settings, milliseconds())
        workspace.store.put(PERMISSIONS, f"jobs/{job_id}", AccessList(owner=USER, entries=[]))
    return {"job_id": job_id}


def reset(workspace: Workspace, call: Call) -> Json:
    """Replace all settings of a job."""
    given = call.json()
    with workspace.store.transaction():
        job = found(workspace, given.integer("job_id", 0))
        _save(workspace, job["job_id"], _checked(given.body("new_settings")), job["created_time"])
    return {}


def update(workspace: Workspace, call: Call) -> Json:
    """Change some settings of a job, at the top level only."""
    given = call.json()
    with workspace.store.transaction():
        job = found(workspace, given.integer("job_id", 0))
        removed = given.texts("fields_to_remove")
        kept = {key: value for key, value in job["settings"].items() if key not in removed}
        settings = _checked(Body({**kept, **given.mapping("new_settings")}))
        _save(workspace, job["job_id"], settings, job["created_time"])
    return {}


def get(workspace: Workspace, call: Call) -> Job:
    """Answer one job."""
    return found(workspace, call.query.get("job_id"))


def listing(workspace: Workspace, call: Call) -> Json:
    """List jobs, newest first, optionally those of one name."""
    name = call.query.get("name")
    jobs = [job for job in reversed(workspace.store.all(JOBS)) if name in (None, job["settings"].get("name"))]
    answer = page(jobs, call, "jobs", 100)
    return {**answer, "has_more": "next_page_token" in answer}


def delete(workspace: Workspace, call: Call) -> Json:
    """Delete a job; its runs stay readable."""
    job_id = found(workspace, call.json().integer("job_id", 0))["job_id"]
    with workspace.store.transaction():
        workspace.store.delete(JOBS, str(job_id))
        workspace.store.delete(PERMISSIONS, f"jobs/{job_id}")
    return {}


def found(workspace: Workspace, job_id: int | str | None) -> Job:
    """Return the stored job. Raises ApiError."""
    job = workspace.store.get(JOBS, str(job_id))
    if job is None:
        raise ApiError(400, "INVALID_PARAMETER_VALUE", f"Job {job_id} does not exist.")
    return job


def _save(workspace: Workspace, job_id: int, settings: Json, created: int) -> None:
    job: Job = {
        "job_id": job_id,
        "settings": settings,
        "created_time": created,
        "creator_user_name": USER,
        "run_as_user_name": USER,
    }
    workspace.store.put(JOBS, str(job_id), job)


def _checked(settings: Body) -> Json:
    """Return the settings as they are kept. Raises ApiError for a task that could not be run."""
    keys: set[str] = set()
    for task in settings.bodies("tasks"):
        key = task.text("task_key")
        if not key or key in keys:
            raise invalid(f"Task keys must be given and unique, got {key!r}")
        keys.add(key)
        for field in task.given:
            if field.endswith("_task") and field != "pipeline_task":
                message = f"Task {key!r}: {field} is not served by the local workspace, only pipeline_task is"
                raise ApiError(501, "NOT_IMPLEMENTED", message)
            if field not in TASK_FIELDS:
                message = f"Task {key!r}: {field} is not served by the local workspace"
                raise ApiError(501, "NOT_IMPLEMENTED", message)
        if "pipeline_task" not in task:
            raise invalid(f"Task {key!r} has no pipeline_task")
        task.body("pipeline_task").text("pipeline_id")
        for need in task.bodies("depends_on"):
            need.required("task_key")
    settings.text("name")
    kept = {key: value for key, value in settings.given.items() if key != "access_control_list"}
    kept.setdefault("name", "Untitled")
    return kept


ROUTES = tuple(
    Route(method, f"/api/{version}/jobs/{verb}", handler)
    for version in ("2.2", "2.1")
    for method, verb, handler in (
        ("POST", "create", create),
        ("POST", "reset", reset),
        ("POST", "update", update),
        ("POST", "delete", delete),
        ("GET", "get", get),
        ("GET", "list", listing),
    )
)
