"""A bundle's life against the running workspace: plan, deploy, change, summary, destroy."""

import json
import sqlite3

import pytest

from tests.local.bundle.conftest import SHOP

DEV = "/Workspace/Users/engineer@example.com/.bundle/shop/dev"
PROD = "/Workspace/Users/engineer@example.com/.bundle/shop/prod"


def actions(ran):
    return {node: step["action"] for node, step in json.loads(ran.out)["plan"].items()}


def stored(home, path):
    return json.loads((home / "files" / path.lstrip("/")).read_text())


def test_the_whole_life_as_processes_prints_what_the_cli_prints(shop, process_run, http, home):
    validated = process_run("bundle", "validate")
    assert (validated.exit, validated.err) == (0, "")
    assert validated.out == (
        f"Name: shop\nTarget: dev\nWorkspace:\n  User: engineer@example.com\n  Path: {DEV}\n\nValidation OK!\n"
    )
    planned = process_run("bundle", "plan")
    assert planned.out.endswith("Plan: 5 to add, 0 to change, 0 to delete, 0 unchanged\n")
    deployed = process_run("bundle", "deploy")
    assert (deployed.exit, deployed.out) == (0, "")
    assert deployed.err == (
        f"Uploading bundle files to {DEV}/files...\n"
        "Created jobs.refresh\nCreated pipelines.shop_etl\nCreated schemas.shop\n"
        "Created schemas.shop.grants\nCreated volumes.raw\n"
        "Files: 8 uploaded, 0 deleted\n"
        "Resources: 5 created, 0 changed, 0 deleted, 0 unchanged\n"
    )
    again = process_run("bundle", "deploy")
    assert again.err.endswith("Resources: 0 created, 0 changed, 0 deleted, 5 unchanged\n")
    destroyed = process_run("bundle", "destroy", "--auto-approve")
    assert destroyed.exit == 0
    assert destroyed.err.startswith("The following resources will be deleted:\n  delete resources.jobs.refresh\n")
    assert destroyed.err.endswith("Destroy: 4 deleted\n")
    assert http("GET", "/api/2.0/workspace/get-status", params={"path": DEV}).status_code == 404
    assert process_run("bundle", "destroy", "--auto-approve").err == "No active deployment found to destroy!\n"


def test_development_marks_what_it_deploys_as_the_users(shop, run, client):
    assert run("bundle", "deploy").exit == 0
    pipeline = next(iter(client.pipelines.list_pipelines(filter="name LIKE '%shop_etl'")))
    spec = client.pipelines.get(pipeline.pipeline_id).spec
    assert (spec.name, spec.development, spec.schema) == ("[dev engineer] shop_etl", True, "dev_engineer_shop")
    assert spec.configuration == {"source_path": "/Volumes/main/dev_engineer_shop/raw", "limit": "5"}
    assert spec.libraries[0].glob.include == f"{DEV}/files/src/flows/**"
    assert spec.libraries[1].notebook.path == f"{DEV}/files/src/extra"
    assert spec.root_path == f"{DEV}/files/src"
    assert client.workspace.get_status(f"{DEV}/files/src/extra").object_type.value == "NOTEBOOK"
    job = next(iter(client.jobs.list(name="[dev engineer] refresh")))
    assert client.jobs.get(job.job_id).settings.tasks[0].pipeline_task.pipeline_id == pipeline.pipeline_id


def test_state_files_have_the_cli_form(shop, run, home):
    run("bundle", "deploy", "-t", "prod")
    state = stored(home, f"{PROD}/state/resources.json")
    assert (state["state_version"], state["serial"], bool(state["lineage"])) == (2, 1, True)
    assert sorted(state["state"]) == [
        "resources.jobs.refresh",
        "resources.jobs.refresh.permissions",
        "resources.pipelines.shop_etl",
        "resources.pipelines.shop_etl.permissions",
        "resources.schemas.shop",
        "resources.schemas.shop.grants",
        "resources.volumes.raw",
    ]
    grants = state["state"]["resources.schemas.shop.grants"]
    assert grants["__id__"] == "schema/main.shop_prod"
    assert grants["state"]["__embed__"] == [{"principal": "account users", "privileges": ["SELECT", "USE_SCHEMA"]}]
    listed = {row["local_path"]: row["is_notebook"] for row in stored(home, f"{PROD}/state/deployment.json")["files"]}
    assert listed["src/extra.py"] is True
    assert listed["databricks.yml"] is False
    assert "noise.log" not in listed
    metadata = stored(home, f"{PROD}/state/metadata.json")
    assert metadata["config"]["resources"]["pipelines"]["shop_etl"]["relative_path"] == "resources/etl.yml"
    assert not (home / "files" / PROD.lstrip("/") / "state" / "deploy.lock").exists()


def test_plan_after_deploy_is_all_skip_and_writes_nothing(shop, run, http):
    run("bundle", "deploy", "-t", "prod")
    http("DELETE", "/__requests")
    planned = run("bundle", "plan", "-t", "prod", "-o", "json")
    assert set(actions(planned).values()) == {"skip"}
    assert {row["method"] for row in http("GET", "/__requests").json()["requests"]} == {"GET"}


def test_a_changed_deleted_and_added_file_reach_the_workspace(shop, write, run, home):
    run("bundle", "deploy")
    write({"src/flows/orders.py": "import dlt  # new\n", "src/flows/daily.sql": None, "src/flows/more.py": "x = 1\n"})
    deployed = run("bundle", "deploy")
    assert "Files: 8 uploaded, 1 deleted" in deployed.err
    files = home / "files" / DEV.lstrip("/") / "files" / "src" / "flows"
    assert sorted(place.name for place in files.iterdir()) == ["more.py", "orders.py"]
    assert files.joinpath("orders.py").read_text() == "import dlt  # new\n"


def test_a_changed_configuration_is_an_update_that_keeps_the_id(shop, write, run, home):
    run("bundle", "deploy")
    before = stored(home, f"{DEV}/state/resources.json")
    write({"resources/etl.yml": SHOP["resources/etl.yml"].replace("limit: 5", "limit: 6")})
    planned = run("bundle", "plan", "-o", "json")
    assert actions(planned)["resources.pipelines.shop_etl"] == "update"
    assert list(json.loads(planned.out)["plan"]["resources.pipelines.shop_etl"]["changes"]) == ["configuration"]
    assert "Updated pipelines.shop_etl\n" in run("bundle", "deploy").err
    after = stored(home, f"{DEV}/state/resources.json")
    assert after["serial"] == before["serial"] + 1
    node = "resources.pipelines.shop_etl"
    assert after["state"][node]["__id__"] == before["state"][node]["__id__"]


def test_drift_is_found_and_put_back(shop, run, http, home):
    run("bundle", "deploy")
    pipeline_id = stored(home, f"{DEV}/state/resources.json")["state"]["resources.pipelines.shop_etl"]["__id__"]
    spec = http("GET", f"/api/2.0/pipelines/{pipeline_id}").json()["spec"]
    http("PUT", f"/api/2.0/pipelines/{pipeline_id}", json={**spec, "serverless": False})
    assert actions(run("bundle", "plan", "-o", "json"))["resources.pipelines.shop_etl"] == "update"
    run("bundle", "deploy")
    assert http("GET", f"/api/2.0/pipelines/{pipeline_id}").json()["spec"]["serverless"] is True
    http("DELETE", f"/api/2.0/pipelines/{pipeline_id}")
    assert actions(run("bundle", "plan", "-o", "json"))["resources.pipelines.shop_etl"] == "create"


def test_a_stale_plan_is_refused_before_anything_is_uploaded(shop, write, run, tmp_path):
    run("bundle", "deploy", "-t", "prod")
    (tmp_path / "p.json").write_text(run("bundle", "plan", "-t", "prod", "-o", "json").out)
    assert run("bundle", "deploy", "-t", "prod", "--plan", "p.json").exit == 0
    write({"resources/storage.yml": SHOP["resources/storage.yml"].replace("Shop tables", "Other")})
    changed = run("bundle", "deploy", "-t", "prod", "--plan", "p.json")
    assert changed.exit == 1
    assert "plan says skip for resources.schemas.shop, but now it would be update" in changed.err
    run("bundle", "deploy", "-t", "prod")
    stale = run("bundle", "deploy", "-t", "prod", "--plan", "p.json")
    assert stale.exit == 1
    assert stale.err == (
        "Error: plan serial 1 does not match state serial 2; the state has been modified since the plan was created. "
        "Please run 'bundle plan' again\n\n"
    )


def test_a_destructive_change_needs_approval_but_its_files_are_already_there(shop, write, run, home):
    run("bundle", "deploy", "-t", "prod")
    write({"src/flows/orders.py": "new = 1\n", "resources/storage.yml": None, "resources/job.yml": None})
    write({"resources/etl.yml": SHOP["resources/etl.yml"].replace("${resources.volumes.raw.volume_path}", "x")})
    refused = run("bundle", "deploy", "-t", "prod")
    assert refused.exit == 1
    assert "delete resources.schemas.shop" in refused.err
    assert "requires destructive actions" in refused.err
    assert (home / "files" / PROD.lstrip("/") / "files/src/flows/orders.py").read_text() == "new = 1\n"
    approved = run("bundle", "deploy", "-t", "prod", "--auto-approve")
    assert approved.exit == 0
    assert "Deleted schemas.shop\n" in approved.err
    assert "Resources: 0 created, 1 changed, 3 deleted, 1 unchanged\n" in approved.err


def test_a_renamed_schema_is_recreated_with_what_stands_in_it(shop, write, run, client):
    run("bundle", "deploy")
    write({"resources/storage.yml": SHOP["resources/storage.yml"].replace("name: ${var.schema}", "name: other")})
    assert actions(run("bundle", "plan", "-o", "json"))["resources.schemas.shop"] == "recreate"
    assert run("bundle", "deploy", "--auto-approve").exit == 0
    assert "main.dev_engineer_other" in [schema.full_name for schema in client.schemas.list("main")]
    assert set(actions(run("bundle", "plan", "-o", "json")).values()) == {"skip"}
    write({"resources/storage.yml": SHOP["resources/storage.yml"]})


def test_a_held_lock_refuses_until_forced(shop, run, http):
    run("bundle", "deploy", "-t", "prod")
    where = f"/api/2.0/workspace-files/import-file/{PROD}/state/deploy.lock"
    held = {"ID": "x", "AcquisitionTime": "2026-01-01T00:00:00Z", "User": "other@example.com"}
    http("POST", where, params={"overwrite": "false"}, json=held)
    refused = run("bundle", "deploy", "-t", "prod")
    assert refused.exit == 1
    assert "deploy lock acquired by other@example.com at 2026-01-01T00:00:00Z" in refused.err
    assert run("bundle", "plan", "-t", "prod").exit == 0
    assert run("bundle", "deploy", "-t", "prod", "--force-lock").exit == 0
    assert run("bundle", "deploy", "-t", "prod").exit == 0


def test_one_refused_resource_leaves_the_others_deployed_and_the_rest_for_the_next_try(shop, run, faults, home):
    body = {"error_code": "INVALID_PARAMETER_VALUE", "message": "not today"}
    faults(match={"method": "POST", "path": "pipelines$"}, action="refuse", status=400, body=body)
    failed = run("bundle", "deploy")
    assert failed.exit == 1
    assert "Error: cannot create resources.pipelines.shop_etl: not today (400 INVALID_PARAMETER_VALUE)" in failed.err
    assert "dependency failed: resources.pipelines.shop_etl" in failed.err
    state = stored(home, f"{DEV}/state/resources.json")["state"]
    assert "resources.volumes.raw" in state
    assert "resources.pipelines.shop_etl" not in state
    assert not (home / "files" / DEV.lstrip("/") / "state/metadata.json").exists()
    repaired = run("bundle", "deploy")
    assert repaired.exit == 0
    assert "Resources: 2 created, 0 changed, 0 deleted, 3 unchanged" in repaired.err


def test_a_create_is_tried_once_when_its_answer_is_lost(shop, run, faults, http):
    faults(match={"method": "POST", "path": "/api/2.0/pipelines$"}, action="drop", when="after")
    http("DELETE", "/__requests")
    assert run("bundle", "deploy").exit == 1
    asked = [row for row in http("GET", "/__requests").json()["requests"] if row["path"] == "/api/2.0/pipelines"]
    assert len(asked) == 1
    conflict = run("bundle", "deploy")
    assert "(409 RESOURCE_CONFLICT)" in conflict.err
    for row in http("GET", "/api/2.0/pipelines").json()["statuses"]:
        http("DELETE", f"/api/2.0/pipelines/{row['pipeline_id']}")


def test_summary_reads_the_workspace_only_when_told_to(shop, run, tmp_path):
    run("bundle", "deploy")
    known = json.loads(run("bundle", "summary", "-o", "json").out)["resources"]["pipelines"]["shop_etl"]
    assert known["url"].endswith(f"/pipelines/{known['id']}?w=1")
    state = tmp_path / ".databricks/bundle/dev/resources.json"
    state.unlink()
    assert "id" not in json.loads(run("bundle", "summary", "-o", "json").out)["resources"]["pipelines"]["shop_etl"]
    pulled = json.loads(run("bundle", "summary", "-o", "json", "--force-pull").out)
    assert pulled["resources"]["pipelines"]["shop_etl"]["id"] == known["id"]


def test_destroy_without_approval_does_nothing(shop, run):
    run("bundle", "deploy")
    refused = run("bundle", "destroy")
    assert refused.exit == 1
    assert "To proceed, use --auto-approve." in refused.err
    assert set(actions(run("bundle", "plan", "-o", "json")).values()) == {"skip"}


def test_a_killed_deploy_is_taken_up_from_the_same_folder(shop, process_run, run, home, http, faults, tmp_path):
    import subprocess
    import sys

    server = json.loads((home / "server.json").read_text())
    env = {"DATABRICKS_HOST": server["host"], "DATABRICKS_TOKEN": server["token"], "PATH": "/usr/bin:/bin"}
    faults(match={"method": "POST", "path": "jobs/create"}, action="hang", seconds=600)
    argv = [sys.executable, "-m", "prp_mcp.local.bundle", "bundle", "deploy"]
    child = subprocess.Popen(argv, cwd=tmp_path, env=env, stderr=subprocess.DEVNULL)
    wal = tmp_path / ".databricks/bundle/dev/resources.json.wal"
    from tests.local.conftest import until

    until(lambda: wal.exists() and "resources.pipelines.shop_etl" in wal.read_text())
    child.kill()
    child.wait()
    http("DELETE", "/__faults")
    deployed = run("bundle", "deploy")
    assert deployed.exit == 0, deployed.err
    assert "Created jobs.refresh\n" in deployed.err
    assert "Created pipelines.shop_etl" not in deployed.err


@pytest.mark.parametrize(("branch", "code"), [("main", 0), ("release", 1)])
def test_a_production_target_deploys_from_its_branch_only(shop, write, run, branch, code):
    write(
        {
            ".git/HEAD": "ref: refs/heads/main\n",
            ".git/refs/heads/main": "a" * 40 + "\n",
            ".git/config": '[remote "origin"]\n\turl = https://me:secret@git.example.com/shop.git\n',
            "databricks.yml": SHOP["databricks.yml"] + f"    git:\n      branch: {branch}\n",
        }
    )
    ran = run("bundle", "deploy", "-t", "prod")
    assert ran.exit == code
    if code:
        assert "not on the right Git branch:\n  expected according to configuration: release\n" in ran.err
    shown = json.loads(run("bundle", "validate", "-t", "prod", "-o", "json").out)["bundle"]["git"]
    assert (shown["commit"], shown["origin_url"]) == ("a" * 40, "https://git.example.com/shop.git")


def test_running_a_job_runs_its_pipeline(shop, run, client, http):
    run("bundle", "deploy")
    job = next(iter(client.jobs.list(name="[dev engineer] refresh")))
    started = client.jobs.run_now(job.job_id)
    ended = started.result()
    assert ended.state.result_state.value == "SUCCESS"
    pipeline_id = ended.tasks[0].pipeline_task.pipeline_id
    updates = http("GET", f"/api/2.0/pipelines/{pipeline_id}/updates").json()["updates"]
    assert [(row["cause"], row["state"]) for row in updates] == [("JOB_TASK", "COMPLETED")]


def test_the_workspace_database_survives_as_one_readable_file(home, server):
    connection = sqlite3.connect(f"file:{home / 'workspace.db'}?mode=ro", uri=True)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
