"""What later steps are told of a resolved configuration."""

import pytest

from prp_mcp.tools.validate_bundle import bundle_evidence, source_patterns

CONFIG = {
    "bundle": {"name": "b", "mode": "development"},
    "workspace": {"root_path": "/W/b", "file_path": "/W/b/files", "state_path": "/W/b/state"},
    "sync": {"exclude": ["*.csv"]},
    "variables": {"n": {"value": 3}, "none": {}, "deep": {"value": {"a": 1}}},
    "resources": {
        "pipelines": {
            "p": {"name": "P", "catalog": "c", "target": "s", "libraries": [{"file": {"path": "/W/b/files/src/a.py"}}]}
        }
    },
}


def test_the_configuration_is_kept_as_later_steps_need_it():
    seen = bundle_evidence(CONFIG)
    pipeline = seen.pipelines["p"]
    assert (pipeline.catalog, pipeline.schema, pipeline.sources) == ("c", "s", ("/src/a.py",))
    assert (seen.mode, seen.variables, seen.sync_exclude) == ("development", {"n": "3"}, ("*.csv",))
    assert (seen.file_path, seen.state_path) == ("/W/b/files", "/W/b/state")
    assert seen.configuration != bundle_evidence({**CONFIG, "sync": {}}).configuration


@pytest.mark.parametrize("config", [{}, {"workspace": None, "resources": None, "bundle": None, "sync": None}])
def test_a_configuration_that_says_nothing_is_kept_as_nothing(config):
    assert bundle_evidence(config).pipelines == {}


@pytest.mark.parametrize(
    ("library", "patterns"),
    [
        ({"file": {"path": "/W/f/src/a.py"}}, ("/src/a.py",)),
        ({"glob": {"include": "/W/f/src/**"}}, ("/src/**",)),
        ({"notebook": {"path": "/W/f/nb/a"}}, ("/nb/a", "/nb/a.*")),
        ({"jar": "x.jar"}, ()),
        ({"file": "odd"}, ()),
    ],
)
def test_libraries_are_patterns_of_files_in_the_bundle(library, patterns):
    assert source_patterns([library], "/W/f") == patterns
