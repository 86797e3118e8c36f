"""Jobs: what is kept of them, and what is refused."""

import pytest

JOBS = "/api/2.2/jobs"
TASK = {"task_key": "a", "pipeline_task": {"pipeline_id": "p"}}


@pytest.fixture
def job(done):
    return done("POST", f"{JOBS}/create", {"name": "daily", "tasks": [TASK], "tags": {"a": "1"}})["job_id"]


def test_a_job_is_kept_as_it_was_given(done, job):
    found = done("GET", f"{JOBS}/get", job_id=job)
    assert found["settings"] == {"name": "daily", "tasks": [TASK], "tags": {"a": "1"}}
    assert (found["creator_user_name"], found["job_id"]) == ("engineer@example.com", job)
    assert done("GET", "/api/2.1/jobs/get", job_id=job) == found


def test_a_job_without_a_name_is_untitled(done):
    job_id = done("POST", f"{JOBS}/create", {"tasks": [TASK]})["job_id"]
    assert done("GET", f"{JOBS}/get", job_id=job_id)["settings"]["name"] == "Untitled"


def test_a_reset_replaces_all_settings_and_an_update_some(done, job):
    done("POST", f"{JOBS}/update", {"job_id": job, "new_settings": {"name": "n"}, "fields_to_remove": ["tags"]})
    assert done("GET", f"{JOBS}/get", job_id=job)["settings"] == {"name": "n", "tasks": [TASK]}
    done("POST", f"{JOBS}/reset", {"job_id": job, "new_settings": {"name": "m"}})
    assert done("GET", f"{JOBS}/get", job_id=job)["settings"] == {"name": "m"}


def test_jobs_are_listed_newest_first_and_by_name(done, job):
    other = done("POST", f"{JOBS}/create", {"name": "hourly"})["job_id"]
    assert [row["job_id"] for row in done("GET", f"{JOBS}/list")["jobs"]] == [other, job]
    named = done("GET", f"{JOBS}/list", name="daily")
    assert ([row["job_id"] for row in named["jobs"]], named["has_more"]) == ([job], False)


def test_a_deleted_job_is_gone(done, refused, job):
    done("POST", f"{JOBS}/delete", {"job_id": job})
    assert refused("GET", f"{JOBS}/get", job_id=job)[1:] == ("INVALID_PARAMETER_VALUE", f"Job {job} does not exist.")
    assert refused("GET", f"/api/2.0/permissions/jobs/{job}")[0] == 404


@pytest.mark.parametrize(
    ("tasks", "status", "said"),
    [
        ([{"task_key": "a", "notebook_task": {"notebook_path": "/x"}}], 501, "notebook_task is not served"),
        ([{**TASK, "libraries": []}], 501, "libraries is not served"),
        ([TASK, TASK], 400, "unique"),
        ([{"pipeline_task": {}}], 400, "unique"),
        ([{"task_key": "a"}], 400, "has no pipeline_task"),
        (["a"], 400, "tasks"),
        ("a", 400, "tasks"),
        ([{"task_key": "a", "pipeline_task": "p"}], 400, "pipeline_task"),
        ([{**TASK, "depends_on": ["b"]}], 400, "depends_on"),
    ],
)
def test_a_task_that_is_not_served_or_makes_no_sense_is_refused(refused, tasks, status, said):
    told = refused("POST", f"{JOBS}/create", {"name": "j", "tasks": tasks})
    assert told[0] == status
    assert said in told[2]


@pytest.mark.parametrize("verb", ["reset", "update", "delete"])
def test_a_job_that_is_not_there_is_refused(refused, verb):
    assert refused("POST", f"{JOBS}/{verb}", {"job_id": 1, "new_settings": {}})[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_settings_that_are_none_are_refused(refused, job):
    assert refused("POST", f"{JOBS}/reset", {"job_id": job, "new_settings": ["a"]})[0] == 400
    assert refused("POST", f"{JOBS}/update", {"job_id": job, "fields_to_remove": "tags"})[0] == 400
