"""Variables get their values, and what is not served is refused by name."""

import json

import pytest

from tests.local.bundle.small import PIPELINE, ROOT, good


def test_a_variable_cycle_is_an_error(write, run):
    good(write, ROOT + "variables:\n  a:\n    default: ${var.b}\n  b:\n    default: ${var.a}\n")
    ran = run("bundle", "validate")
    assert ran.exit == 1
    assert "cycle detected in field resolution: variables.a" in ran.err


def test_variables_come_from_flag_environment_file_and_default_in_this_order(write, run):
    good(
        write,
        ROOT + "variables:\n  v:\n    default: default\n",
        PIPELINE + "      configuration:\n        a: ${var.v}\n",
    )

    def value(*arguments, **environment):
        printed = json.loads(run("bundle", "validate", "-o", "json", *arguments, **environment).out)
        return printed["resources"]["pipelines"]["p"]["configuration"]["a"]

    assert value() == "default"
    write({".databricks/bundle/dev/variable-overrides.json": '{"v": "file"}'})
    assert value() == "file"
    assert value("--var", "v=flag") == "flag"
    assert value(BUNDLE_VAR_v="environment") == "environment"


@pytest.mark.parametrize(
    ("added", "named"),
    [
        ("python:\n  resources: [resources:load]\n", "python"),
        ("scripts:\n  hi:\n    content: echo hi\n", "scripts"),
        ("experimental:\n  scripts:\n    preinit: touch pwned\n", "experimental.scripts"),
        ("artifacts:\n  w:\n    build: touch pwned\n", "artifacts"),
        ("variables:\n  v:\n    lookup:\n      warehouse: x\n", "variables.v.lookup"),
        ("resources:\n  apps:\n    a:\n      name: a\n", "resources.apps.a"),
        (
            "resources:\n  jobs:\n    j:\n      tasks:\n"
            "        - task_key: a\n          notebook_task: {notebook_path: x}\n",
            "resources.jobs.j.tasks[0].notebook_task",
        ),
    ],
)
def test_what_is_not_served_is_refused_by_name_and_never_run(write, run, tmp_path, added, named):
    good(write, ROOT + added)
    ran = run("bundle", "validate")
    assert ran.exit == 1
    assert f"{named} is not supported by the local bundle executable" in ran.err
    assert not (tmp_path / "pwned").exists()
