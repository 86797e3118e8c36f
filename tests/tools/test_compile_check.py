"""A pipeline without sources, or with sources that define nothing, compiles into nothing."""

import pytest

from prp_mcp.code.sources import read_source
from prp_mcp.journal.evidence import BundleEvidence, PipelineSettings
from prp_mcp.tools.compile_check import pipeline_findings

TABLE = "import dlt\n\n\n@dlt.table\ndef a():\n    return 1\n"


@pytest.mark.parametrize(
    ("sources", "files", "why"),
    [
        (("/src/**",), {"src/a.py": TABLE}, None),
        (("/src/a.py",), {"src/a.py": TABLE, "lib/b.py": ""}, None),
        (("/src/a", "/src/a.*"), {"src/a.py": TABLE}, None),
        (("/src/**",), {"src/a.py": "def ("}, None),
        (("/src/**",), {"lib/a.py": TABLE}, ("resources.pipelines.p", "the pipeline has no source file")),
        ((), {"src/a.py": TABLE}, ("resources.pipelines.p", "the pipeline has no source file")),
        (("/src/**",), {"src/a.py": "x = 1\n"}, ("src/a.py", "no source of pipeline p defines a dataset")),
    ],
)
def test_a_pipeline_needs_a_source_that_defines_a_dataset(sources, files, why):
    bundle = BundleEvidence(pipelines={"p": PipelineSettings(sources=sources)})
    found = pipeline_findings(bundle, {path: read_source(path, text) for path, text in files.items()})
    assert [(item.at, item.text) for item in found] == ([why] if why else [])
