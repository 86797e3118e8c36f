"""Runs of jobs: their tasks one after the other, as they depend on each other."""

import pytest

from tests.local.conftest import until

JOBS = "/api/2.2/jobs"


@pytest.fixture
def job(done):
    """Create a job of pipeline tasks: `job(a=PIPELINE, b=(PIPELINE, "a"))`, the second waiting for the first."""

    def job(**tasks):
        listed = []
        for key, given in tasks.items():
            pipeline_id, *needs = given if isinstance(given, tuple) else (given,)
            waits = [{"task_key": need} for need in needs]
            listed.append({"task_key": key, "pipeline_task": {"pipeline_id": pipeline_id}, "depends_on": waits})
        return done("POST", f"{JOBS}/create", {"name": "j", "tasks": listed})["job_id"]

    return job


@pytest.fixture
def ran(done):
    """Run a job to its end and return the run."""

    def ran(job_id):
        run_id = done("POST", f"{JOBS}/run-now", {"job_id": job_id})["run_id"]

        def look():
            run = done("GET", f"{JOBS}/runs/get", run_id=run_id)
            return run if run["state"]["life_cycle_state"] == "TERMINATED" else None

        return until(look)

    return ran


def results(run):
    return {task["task_key"]: task["state"]["result_state"] for task in run["tasks"]}


def test_a_run_starts_the_pipelines_of_its_tasks(done, job, pipeline, ran):
    first, second = pipeline(), pipeline()
    run = ran(job(late=(second, "early"), early=first))
    assert (run["state"]["result_state"], results(run)) == ("SUCCESS", {"late": "SUCCESS", "early": "SUCCESS"})
    for pipeline_id in (first, second):
        updates = done("GET", f"/api/2.0/pipelines/{pipeline_id}/updates")["updates"]
        assert [(row["cause"], row["state"]) for row in updates] == [("JOB_TASK", "COMPLETED")]
    output = done("GET", f"{JOBS}/runs/get-output", run_id=run["tasks"][0]["run_id"])
    assert output["metadata"]["state"]["result_state"] == "SUCCESS"


def test_a_task_behind_one_that_failed_is_not_started(done, job, pipeline, ran):
    failing, after = pipeline({"exit": 1}), pipeline()
    run = ran(job(a=failing, b=(after, "a")))
    assert (run["state"]["result_state"], results(run)) == ("FAILED", {"a": "FAILED", "b": "UPSTREAM_FAILED"})
    assert done("GET", f"/api/2.0/pipelines/{after}/updates")["updates"] == []


def test_a_task_that_waits_for_itself_or_names_no_pipeline_fails(job, ran):
    assert results(ran(job(a=("nope", "a"), b="nope"))) == {"a": "FAILED", "b": "FAILED"}


def test_a_token_that_was_used_answers_the_run_it_started(done, job, pipeline):
    given = {"job_id": job(a=pipeline()), "idempotency_token": "t"}
    first = done("POST", f"{JOBS}/run-now", given)
    assert done("POST", f"{JOBS}/run-now", given) == first
    assert len(done("GET", f"{JOBS}/runs/list", job_id=given["job_id"])["runs"]) == 1
    until(lambda: done("GET", f"{JOBS}/runs/get", run_id=first["run_id"])["state"]["life_cycle_state"] == "TERMINATED")


def test_a_canceled_run_cancels_its_update(done, job, pipeline):
    running = pipeline({"say": {"kind": "state", "state": "RUNNING"}}, {"sleep": 600})
    run_id = done("POST", f"{JOBS}/run-now", {"job_id": job(a=running)})["run_id"]
    until(lambda: "update_id" in done("GET", f"{JOBS}/runs/get", run_id=run_id)["tasks"][0])
    done("POST", f"{JOBS}/runs/cancel", {"run_id": run_id})
    until(lambda: done("GET", f"{JOBS}/runs/get", run_id=run_id)["state"].get("result_state") == "CANCELED")


def test_a_run_that_is_not_there_is_refused(refused):
    for method, path, given in (("GET", "get", {}), ("GET", "get-output", {}), ("POST", "cancel", {"run_id": 1})):
        body = (given,) if method == "POST" else ()
        assert refused(method, f"{JOBS}/runs/{path}", *body, run_id="1")[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert refused("POST", f"{JOBS}/run-now", {"job_id": 1})[0] == 400
