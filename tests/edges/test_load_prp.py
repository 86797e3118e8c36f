"""What load_prp tells of the context and of the code base, through the command line."""

import json

import pytest

from prp_mcp.cli.main import main
from tests.project import BUNDLE, PRP, SOURCE, commit, init, write

CONTEXT = """\
```yaml
- file: src/pipelines/numbers.py:4-5
  why: the source
- file: src/pipelines/numbers.py:70-90
- file: src/pipelines/number.py
- file: src/new.py
- file: src/pipelines/
- file: lib/*.sql
- url: https://example.com/docs
```
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = tmp_path / "top/etl"
    source = f"{SOURCE}\nimport shared.rules, gone\nlimit = spark.conf.get('limit')\n"
    prp = PRP.replace("- `src/pipelines/numbers.py` - the source\n", CONTEXT)
    files = {
        "databricks.yml": BUNDLE.format(name="x", script="[]").replace("bundle:", "include: [more/*.yml]\nbundle:", 1),
        "more/other.yml": "resources: {pipelines: {other: {root_path: ../lib, configuration: {stale: 1}}}}\n",
        "src/pipelines/numbers.py": source,
        "lib/shared/rules.py": "",
        "PRPs/mini.md": prp.replace("MODIFY src", "CREATE src/new.py\nMODIFY src"),
    }
    write(folder, files)
    init(folder.parent)
    commit(folder.parent)
    monkeypatch.setenv("PRP_MCP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DATABRICKS_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("DATABRICKS_TOKEN", "dapi" + "d" * 32)
    monkeypatch.chdir(folder)
    return folder


def load(capsys) -> dict:
    main(["call", "load_prp", "--json", '{"prp":"mini"}'])
    return json.loads(capsys.readouterr().out)


def test_each_context_item_says_whether_it_is_there_and_what_of_it(project, capsys):
    found = {item["ref"]: item for item in load(capsys)["context"]}
    assert [{key: value for key, value in item.items() if key not in ("ref", "why")} for item in found.values()] == [
        {"exists": True, "lines": "4-5"},
        {"exists": True, "lines": "70-90", "note": "the file has 10 lines"},
        {"exists": False, "note": "nothing is there; perhaps src/pipelines/numbers.py"},
        {"exists": False, "note": "T1 makes it"},
        {"exists": True, "files": 1},
        {"exists": False, "note": "nothing is there"},
        {},
    ]


def test_a_missing_context_file_that_no_task_makes_is_a_note_at_its_line(project, capsys):
    done = load(capsys)
    assert done["verdict"] == "passed"
    notes = [item for item in done["findings"] if "the context is not as it says" in item["text"]]
    lines = (project / "PRPs/mini.md").read_text().split("\n")
    places = [int(item["at"].split(":")[1]) for item in notes]
    assert [lines[place - 1].removeprefix("- file: ") for place in places] == [
        "src/pipelines/numbers.py:70-90",
        "src/pipelines/number.py",
    ]
    assert notes[1]["fix"] == "Write src/pipelines/numbers.py."


def test_patterns_come_from_the_sources_and_from_the_whole_bundle(project, capsys):
    found = load(capsys)["patterns"]
    assert found["catalog"] == {"value": "main", "example": "resources.pipelines.mini.catalog"}
    assert found["imports"] == [{"module": "gone", "at": "etl/src/pipelines/numbers.py:9"}]
    assert found["config_keys"] == {
        "unset": [{"key": "limit", "at": "etl/src/pipelines/numbers.py:10"}],
        "unread": [
            {"key": "script", "at": "resources.pipelines.mini.configuration.script"},
            {"key": "stale", "at": "resources.pipelines.other.configuration.stale"},
        ],
    }


def test_patterns_too_large_for_the_result_are_cut_and_kept_in_the_evidence(project, capsys):
    code = "import dlt\n@dlt.table\ndef {n}_orders():\n    return spark.conf.get('key_{n}')\n"
    write(project, {f"src/team_{n}/tables_of_the_team.py": code.replace("{n}", f"t{n}") for n in range(25)})
    done = load(capsys)
    assert len(json.dumps(done["patterns"], separators=(",", ":"))) <= 1500
    assert "config_keys" in done["summary"]
    assert main(["journal", "export"]) == 0
    evidence = [line for line in capsys.readouterr().out.splitlines() if "key_t24" in line]
    assert len(evidence) == 1
