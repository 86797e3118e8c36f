"""A run deploys to one place, its own: not where another target, another person or an earlier step of it was."""

import pytest

from prp_mcp.code.bundle_yaml import read_bundle, read_file
from prp_mcp.journal.evidence import BundleEvidence
from prp_mcp.steps.place import home_findings, moved_findings, shared_findings

HOME = "/Workspace/Users/me@x.com"
HERE = BundleEvidence("b", mode="development", root_path=f"{HOME}/.bundle/b/dev", state_path=f"{HOME}/state")


@pytest.mark.parametrize(
    ("root", "identity", "refused"),
    [
        (f"{HOME}/.bundle/b/dev", "me@x.com", False),
        ("/Users/me@x.com/.bundle/b/dev", "me@x.com", False),
        ("/Workspace/Users/me@x.com.evil/.bundle/b", "me@x.com", True),
        ("/Workspace/Users/you@x.com/.bundle/b/dev", "me@x.com", True),
        ("/Workspace/Shared/b", "me@x.com", True),
        (f"{HOME}/../you@x.com/b", "me@x.com", True),
        ("", "me@x.com", True),
        ("/Workspace/Users//b", "", True),
    ],
)
def test_a_place_outside_the_own_home_takes_a_grant(root, identity, refused):
    assert bool(home_findings(root, identity)) is refused


@pytest.mark.parametrize(
    ("root", "shared"),
    [
        (f"{HOME}/.bundle/b/dev", True),
        (f"{HOME}/.bundle/${{bundle.name}}/dev/", True),
        (f"{HOME}/.bundle/${{bundle.name}}/${{bundle.target}}", False),
        ("/Workspace/Shared/prod", False),
    ],
)
def test_a_place_that_another_target_has_is_refused(root, shared):
    text = f"targets: {{dev: {{mode: development}}, prod: {{workspace: {{root_path: '{root}'}}}}}}"
    bundle = read_bundle({"databricks.yml": read_file("databricks.yml", text)})
    assert bool(shared_findings(HERE, "dev", bundle)) is shared


def test_a_run_that_has_deployed_stays_where_it_is():
    assert moved_findings(None, HERE) == []
    assert moved_findings(HERE, HERE) == []
    moved = BundleEvidence("b", mode="production", root_path=f"{HOME}/other", state_path=HERE.state_path)
    assert [item.text.split(" was")[0] for item in moved_findings(HERE, moved)] == ["the mode", "the root path"]
