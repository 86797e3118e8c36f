"""Which files of a bundle are uploaded."""

from tests.local.bundle.small import ROOT, good


def test_gitignore_files_are_honoured_at_every_level(write, environment, tmp_path):
    from prp_mcp.local.bundle.initialise import Options, initialise
    from prp_mcp.local.bundle.sync import files

    good(write, ROOT + "sync:\n  include:\n    - logs/keep.log\n  exclude:\n    - docs/**\n")
    write(
        {
            ".gitignore": "*.log\nbuild/\n!important.log\n",
            "sub/.gitignore": "/private\n",
            "sub/private": "x",
            "sub/deep/private": "x",
            "sub/important.log": "x",
            "sub/other.log": "x",
            "logs/keep.log": "x",
            "build/out.py": "x",
            "docs/a.md": "x",
            ".git/config": "",
            ".databricks/x": "",
            ".env": "x",
        }
    )
    bundle, failure = initialise(tmp_path, Options(environment=environment))
    assert failure is None
    assert [file.local for file in files(bundle)] == [
        ".env",
        ".gitignore",
        "databricks.yml",
        "logs/keep.log",
        "resources/p.yml",
        "src/a.py",
        "sub/.gitignore",
        "sub/deep/private",
        "sub/important.log",
    ]
