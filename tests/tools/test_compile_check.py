"""A pipeline without sources, or with sources that define nothing, compiles into nothing."""

import pytest

from prp_mcp.code.facts import CodeFacts
from prp_mcp.code.sources import read_source
from prp_mcp.journal.evidence import BundleEvidence, PipelineSettings
from prp_mcp.tools.compile_check import doubled_expectations, pipeline_findings

VIEW = "import dlt\n\n\n@dlt.view\ndef v():\n    return 1\n"
TABLE = "import dlt\n\n\n@dlt.table\ndef a():\n    return 1\n"


@pytest.mark.parametrize(
    ("sources", "files", "why"),
    [
        (("/src/**",), {"src/a.py": TABLE}, None),
        (("/src/a.py",), {"src/a.py": TABLE, "lib/b.py": ""}, None),
        (("/src/a", "/src/a.*"), {"src/a.py": TABLE}, None),
        (("/src/**",), {"src/a.py": "def ("}, None),
        (("/src/**",), {"lib/a.py": TABLE}, ("resources.pipelines.p", "the pipeline has no source file")),
        (("/src/**",), {"src/a.py": TABLE, "src/v.py": VIEW}, None),
        (
            ("/src/v.py",),
            {"src/a.py": TABLE, "src/v.py": VIEW},
            ("src/v.py", "pipeline p defines no table, only views"),
        ),
        ((), {"src/a.py": TABLE}, ("resources.pipelines.p", "the pipeline has no source file")),
        (("/src/**",), {"src/a.py": "x = 1\n"}, ("src/a.py", "no source of pipeline p defines a dataset")),
    ],
)
def test_a_pipeline_needs_a_source_that_defines_a_dataset(sources, files, why):
    bundle = BundleEvidence(pipelines={"p": PipelineSettings(sources=sources)})
    found = pipeline_findings(bundle, {path: read_source(path, text) for path, text in files.items()})
    assert [(item.at, item.text) for item in found] == ([why] if why else [])


TWICE = """\
import dlt


@dlt.table
@dlt.expect("positive", "x > 0")
@dlt.expect_or_drop("positive", "x > 1")
def a():
    return 1
"""


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"a.py": TWICE}, ["a.py:6:1"]),
        ({"a.py": TWICE.replace("expect_or_drop", "expect")}, ["a.py:6:1"]),
        ({"a.py": TWICE.replace('drop("positive"', 'drop("other"')}, []),
        ({"a.py": TWICE.replace('drop("positive"', "drop(NAME")}, []),
    ],
)
def test_two_expectations_of_one_name_on_one_dataset_are_refused(files, found):
    facts = CodeFacts(tuple(read_source(path, text) for path, text in files.items()))
    assert [item.at for item in doubled_expectations(facts)] == found
