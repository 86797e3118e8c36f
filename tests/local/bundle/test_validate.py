"""One defect a bundle: what `validate` says about it, word for word what the CLI was measured to say."""

import json
import re
from dataclasses import dataclass, field

import pytest

from tests.local.bundle.small import PIPELINE, ROOT, good

PROD = "  prod:\n    mode: production\n"
OWN_ROOT = "    workspace:\n      root_path: /Workspace/Users/engineer@example.com/.bundle/x\n"


@dataclass(frozen=True)
class Case:
    """What differs from the good bundle, and what is expected; `{root}` stands for the bundle's folder."""

    name: str
    err: str
    exit: int = 0
    root: str | None = None
    add_root: str = ""
    pipeline: str | None = None
    add_pipeline: str = ""
    files: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()


def library(text):
    return PIPELINE[: PIPELINE.index("        - file")] + text


def warning(summary, path, place):
    return f"Warning: {summary}\n  at {path}\n  in {place}\n\n"


def error(summary):
    return f"Error: {summary}\n\n"


P = "resources.pipelines.p"
CASES = [
    Case("nothing wrong", ""),
    Case("empty root file", error("unable to define default workspace root: bundle name not defined"), 1, root=""),
    Case(
        "open bracket",
        error("failed to load {root}/databricks.yml: yaml: line 8: did not find expected ',' or ']'"),
        1,
        add_root="foo: [1, 2\n",
    ),
    Case(
        "tab",
        error("failed to load {root}/databricks.yml: yaml: line 2: found character that cannot start any token"),
        1,
        root="bundle:\n\tname: t\n",
    ),
    Case("double key", "", add_pipeline="      catalog: other\n"),
    Case("second document", "", add_root="---\nfoo: 1\n"),
    Case(
        "unknown field",
        warning("unknown field: catalogue", P, "resources/p.yml:11:7"),
        add_pipeline="      catalogue: x\n",
    ),
    Case(
        "unknown library",
        warning("unknown field: files", f"{P}.libraries[0]", "resources/p.yml:9:11"),
        pipeline=library("        - files:\n            path: ../src/a.py\n"),
    ),
    Case(
        "unknown key of a target",
        warning("unknown field: foo", "targets.dev", "databricks.yml:9:5"),
        add_root="    foo: bar\n",
    ),
    Case(
        "unknown resource type",
        warning("unknown field: pipes", "resources", "resources/q.yml:2:3"),
        files={"resources/q.yml": "resources:\n  pipes:\n    x: {}\n"},
    ),
    Case(
        "variable without value",
        error(
            "no value assigned to required variable v. Variables are usually assigned in databricks.yml, and they can "
            'be overridden using "--var", the BUNDLE_VAR_v environment variable, or '
            ".databricks/bundle/<target>/variable-overrides.json"
        ),
        1,
        add_root="variables:\n  v:\n    description: x\n",
    ),
    Case("undeclared flag", error("variable zz has not been defined"), 1, arguments=("--var=zz=1",)),
    Case("malformed flag", error("unexpected flag value for variable assignment: zz"), 1, arguments=("--var", "zz")),
    Case(
        "variable of an unknown type",
        warning(
            'invalid value "integer" for enum field. Valid values are [complex]',
            "variables.a.type",
            "databricks.yml:11:11",
        ),
        add_root="variables:\n  a:\n    type: integer\n    default: 1\n",
    ),
    Case("unknown target", error("nope: no such target. Available targets: dev"), 1, arguments=("-t", "nope")),
    Case(
        "no default target",
        error("please specify target"),
        1,
        root=ROOT.replace("    default: true\n", "") + "  other:\n    mode: development\n",
    ),
    Case("no targets", "", root=ROOT[: ROOT.index("targets")]),
    Case(
        "bad mode",
        error("unsupported value 'devel' specified for 'mode': must be either 'development' or 'production'"),
        1,
        root=ROOT.replace("mode: development", "mode: devel"),
    ),
    Case(
        "text where a bool belongs",
        warning("expected bool, found string", f"{P}.serverless", "resources/p.yml:7:19"),
        pipeline=PIPELINE.replace("serverless: true", 'serverless: "maybe"'),
    ),
    Case(
        "sequence where a map belongs",
        warning("expected map, found sequence", f"{P}.configuration", "resources/p.yml:11:22"),
        add_pipeline="      configuration: [a, b]\n",
    ),
    Case("numbers in a text map", "", add_pipeline="      configuration:\n        a: 5\n        b: true\n"),
    Case(
        "included file missing",
        error("resources/nope.yml defined in 'include' section does not match any files"),
        1,
        root=ROOT.replace("*", "nope"),
    ),
    Case("included glob empty", "", root=ROOT.replace("resources/*", "nothing/*")),
    Case(
        "included folder",
        "Error: Files in the 'include' configuration section must be YAML or JSON files.\n  in databricks.yml:4:5\n\n"
        "The file resources in the 'include' configuration section is not a YAML or JSON file, and only such files are "
        "supported. To include files to sync, specify them in the 'sync.include' configuration section instead.\n\n",
        1,
        root=ROOT.replace("resources/*.yml", "resources"),
    ),
    Case(
        "nested include",
        "Warning: Include section is defined outside root file\n  at include\n  in resources/p.yml:12:3\n\n"
        "An include section is defined in a file that is not databricks.yml.\n"
        "Only includes defined in databricks.yml are applied.\n\n",
        add_pipeline="include:\n  - x.yml\n",
    ),
    Case(
        "missing file",
        error("file src/missing.py not found"),
        1,
        pipeline=PIPELINE.replace("a.py", "missing.py"),
    ),
    Case(
        "missing notebook",
        error("notebook src/missing.py not found"),
        1,
        pipeline=library("        - notebook:\n            path: ../src/missing.py\n"),
    ),
    Case(
        "file that is a notebook",
        error(
            f'expected a file for "{P}.libraries[0].file.path" but got '
            "a notebook: file at {root}/src/nb.py is a notebook"
        ),
        1,
        pipeline=PIPELINE.replace("a.py", "nb.py"),
        files={"src/nb.py": "# Databricks notebook source\n"},
    ),
    Case(
        "notebook that is a file",
        error(
            f'expected a notebook for "{P}.libraries[0].notebook.path" but got '
            "a file: file at {root}/src/a.sql is not a notebook"
        ),
        1,
        pipeline=library("        - notebook:\n            path: ../src/a.sql\n"),
        files={"src/a.sql": "select 1\n"},
    ),
    Case("glob that matches nothing", "", pipeline=library("        - glob:\n            include: ../src/none/**\n")),
    Case(
        "library outside the root",
        error("path {outside}/outside/x.py is not contained in sync root path"),
        1,
        pipeline=PIPELINE.replace("../src/a.py", "../../outside/x.py"),
    ),
    Case(
        "root path missing",
        error("stat src/nope: no such file or directory"),
        1,
        add_pipeline="      root_path: ../src/nope\n",
    ),
    Case(
        "requirements missing",
        error("file requirements.txt not found"),
        1,
        add_pipeline="      environment:\n        dependencies:\n          - -r ../requirements.txt\n",
    ),
    Case(
        "reference to an unknown resource",
        "",
        add_pipeline="      configuration:\n        a: ${resources.schemas.nope.name}\n",
    ),
    Case(
        "reference to an unknown variable",
        error("reference does not exist: ${var.nope}"),
        1,
        add_pipeline="      configuration:\n        a: ${var.nope}\n",
    ),
    Case(
        "reference to an unknown part of the bundle",
        "Error: reference does not exist: ${bundle.nam}\n\ndid you mean one of:\n  ${bundle.name}\n\n",
        1,
        add_pipeline="      configuration:\n        a: ${bundle.nam}\n",
    ),
    Case(
        "reference to an unknown head",
        "",
        add_pipeline='      configuration:\n        a: ${foo.bar}\n        b: "${foo}"\n',
    ),
    Case("no git", "", add_pipeline="      configuration:\n        a: ${bundle.git.commit}\n"),
    Case(
        "key used twice",
        "Error: multiple resources or scripts have been defined with the same key: p\n"
        "  at resources.jobs.p\n     resources.pipelines.p\n  in resources/p.yml:4:7\n     resources/q.yml:4:7\n\n",
        1,
        files={"resources/q.yml": "resources:\n  jobs:\n    p:\n      name: j\n"},
    ),
    Case(
        "null resource",
        f"Error: pipeline p is not defined\n  at {P}\n  in resources/p.yml:3:7\n\n",
        1,
        pipeline="resources:\n  pipelines:\n    p:\n",
    ),
    Case(
        "schema without catalog",
        warning('required field "catalog_name" is not set', "resources.schemas.s", "resources/s.yml:4:7"),
        files={"resources/s.yml": "resources:\n  schemas:\n    s:\n      name: s\n"},
    ),
    Case(
        "volume of an unknown type",
        warning(
            'invalid value "FOO" for enum field. Valid values are [EXTERNAL MANAGED]',
            "resources.volumes.v.volume_type",
            "resources/s.yml:7:20",
        ),
        files={
            "resources/s.yml": "resources:\n  volumes:\n    v:\n      catalog_name: main\n      schema_name: s\n"
            "      name: v\n      volume_type: FOO\n"
        },
    ),
    Case(
        "production without root path",
        "Recommendation: target with 'mode: production' should set 'workspace.root_path' to make sure only one copy is "
        "deployed\n\nA common practice is to use a username or principal name in this path, i.e. use\n\n  root_path: "
        "/Workspace/Users/engineer@example.com/.bundle/${bundle.name}/${bundle.target}\n\n",
        add_root=PROD,
        arguments=("-t", "prod"),
    ),
    Case(
        "production with a development pipeline",
        error("target with 'mode: production' cannot include a pipeline with 'development: true'"),
        1,
        add_root=PROD + OWN_ROOT,
        add_pipeline="      development: true\n",
        arguments=("-t", "prod"),
    ),
    Case(
        "development in a shared folder",
        error(
            "root_path must start with '~/' or contain the current username to ensure uniqueness when using 'mode: "
            "development'"
        ),
        1,
        add_root="    workspace:\n      root_path: /Workspace/Shared/x\n",
    ),
    Case("development false in development", "", add_pipeline="      development: false\n"),
    Case(
        "run_as of nobody",
        "Error: run_as section must specify exactly one identity. Neither service_principal_name nor user_name is "
        "specified\n  in databricks.yml:9:9\n\n",
        1,
        add_root="run_as: {}\n",
    ),
    Case(
        "bad version constraint",
        error(
            'invalid version constraint "foo" specified. Please specify the version constraint in the format (>=) '
            "0.0.0(, <= 1.0.0)"
        ),
        1,
        root=ROOT.replace("  name: t\n", '  name: t\n  databricks_cli_version: "foo"\n'),
    ),
    Case(
        "sync patterns that match nothing",
        warning("Pattern yyy/* does not match any files", "sync.exclude[0]", "databricks.yml:13:7")
        + warning("Pattern zzz/*.txt does not match any files", "sync.include[0]", "databricks.yml:11:7"),
        add_root="sync:\n  include:\n    - zzz/*.txt\n  exclude:\n    - yyy/*\n",
    ),
    Case(
        "artifacts elsewhere in development",
        error(
            "artifact_path should contain the current username or ${workspace.current_user.short_name} to ensure "
            "uniqueness when using 'mode: development'"
        ),
        1,
        add_root="workspace:\n  artifact_path: /Volumes/main/nope/vol\n",
    ),
    Case(
        "target override of a new resource",
        "",
        add_root="    resources:\n      schemas:\n        g: {catalog_name: main, name: g}\n",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_validate_says_what_the_cli_says(case, write, run, tmp_path):
    write(
        {
            "databricks.yml": (ROOT if case.root is None else case.root) + case.add_root,
            "resources/p.yml": (PIPELINE if case.pipeline is None else case.pipeline) + case.add_pipeline,
            "src/a.py": "x = 1\n",
            **case.files,
        }
    )
    expected = case.err.replace("{root}", str(tmp_path)).replace("{outside}", str(tmp_path.parent))
    ran = run("bundle", "validate", *case.arguments)
    # The CLI's texts end with one blank line after each finding.
    assert ran.err.rstrip("\n") == expected.rstrip("\n")
    assert ran.exit == case.exit
    counts = {kind: len(re.findall(rf"^{kind}: ", expected, re.M)) for kind in ("Error", "Warning", "Recommendation")}
    found = [f"{count} {kind.lower()}{'s' if count > 1 else ''}" for kind, count in counts.items() if count]
    assert ran.out.splitlines()[-1] == ("Found " + " and ".join(found) if found else "Validation OK!")
    printed = run("bundle", "validate", "-o", "json", *case.arguments)
    assert printed.exit == case.exit
    assert isinstance(json.loads(printed.out), dict)


def test_strict_makes_a_warning_an_error(write, run):
    good(write, pipeline=PIPELINE + "      catalogue: x\n")
    ran = run("bundle", "validate", "--strict")
    assert ran.exit == 1
    assert ran.err.endswith("Error: 1 warning was found. Warnings are not allowed in strict mode\n\n")


def test_a_reference_to_no_resource_fails_the_plan(write, run):
    good(write, pipeline=PIPELINE + "      configuration:\n        a: ${resources.schemas.nope.name}\n")
    ran = run("bundle", "plan")
    assert ran.exit == 1
    summary = 'invalid dependency "${resources.schemas.nope.name}", no such node "resources.schemas.nope"'
    assert ran.err == f"Error: {summary}\n\n"


def test_no_bundle_is_an_error(run):
    assert run("bundle", "validate").err.startswith(
        "Error: Unable to locate the bundle root: databricks.yml not found.\n"
    )


@pytest.mark.parametrize("arguments", [("version",), ("--version",)])
def test_the_version_says_that_this_is_not_the_cli(run, arguments):
    assert run(*arguments).out == "Databricks CLI v1.14.0-local\n"


@pytest.mark.parametrize("arguments", [("bundle", "fly"), ("bundle", "validate", "--nope"), ("jobs", "list")])
def test_bad_usage_exits_with_one(run, arguments):
    assert run(*arguments).exit == 1
