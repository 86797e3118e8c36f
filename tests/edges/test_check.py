"""`prp-mcp check` for people and machines: formats, several files, what cannot be read, exit codes."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from prp_mcp.cli.check import check_file
from prp_mcp.cli.check_formats import RULES, Checked, annotations, json_lines, printable, sarif, text_lines
from prp_mcp.cli.main import main
from prp_mcp.plan import reading
from prp_mcp.plan.model import PrpFinding
from prp_mcp.plan.names import MAX_BYTES
from tests.project import PRP, init, write

DRAFT = f"{PRP}\n- [replace this text here]\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    init(tmp_path)
    files = {"databricks.yml": "bundle: {name: x}\n", "PRPs/mini.md": PRP, "PRPs/draft.md": DRAFT}
    write(tmp_path, {**files, "PRPs/mini_execution_summary.md": "# Summary\n"})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *words: str) -> tuple[int, str, str]:
    code = main(["check", *words])
    out, err = capsys.readouterr()
    return code, out, err


def objects(capsys, *words: str) -> tuple[int, list[dict]]:
    code, out, _ = run(capsys, *words, "--format", "json")
    return code, [json.loads(line) for line in out.splitlines()]


def test_a_finding_is_a_line_with_its_place_and_each_file_ends_with_its_verdict(project, capsys):
    code, out, _ = run(capsys, "mini", "draft")
    assert code == 1
    lines = out.splitlines()
    assert lines[0] == "PRPs/mini.md: passed, 0 errors; 1 task, 2 commands, 1 checklist item"
    number = DRAFT.split("\n").index("- [replace this text here]") + 1
    assert re.fullmatch(rf"PRPs/draft\.md:{number}:3: error: .+ \[placeholder\] .+", lines[1])
    assert lines[2].startswith("PRPs/draft.md: failed, 1 error;")


def test_a_folder_is_its_prps_without_execution_summaries(project, capsys):
    for given in ("PRPs/", "PRPs", "PRPs/*.md"):
        code, found = objects(capsys, given)
        assert (code, [each["file"] for each in found]) == (1, ["PRPs/draft.md", "PRPs/mini.md"])


def test_the_name_of_a_prp_goes_before_a_file_or_folder_of_that_name(project, capsys):
    (project / "mini").mkdir()
    write(project, {"draft": PRP})
    code, found = objects(capsys, "mini", "draft")
    assert (code, [each["file"] for each in found]) == (1, ["PRPs/mini.md", "PRPs/draft.md"])


def test_a_file_named_twice_is_checked_once(project, capsys):
    assert len(objects(capsys, "PRPs/mini.md", "PRPs/*.md")[1]) == 2


def test_json_is_one_object_a_file_with_everything_a_machine_needs(project, capsys):
    code, (found,) = objects(capsys, "draft")
    assert code == 1
    assert list(found) == [
        *("file", "verdict", "sections", "tasks", "commands", "checklist", "findings", "bindings")
    ]  # fmt: skip
    assert found["checklist"] == {"total": 1, "ticked": 0, "mandatory": 1}
    assert found["sections"]["context"] == {"heading": "All Needed Context", "line": 6, "match": "exact"}
    assert (found["verdict"], found["tasks"], found["commands"]) == ("failed", 1, 2)
    assert {"rule", "line", "column", "text", "why", "fix"} <= set(found["findings"][0])


@pytest.mark.parametrize(
    ("data", "place", "why"),
    [
        (b"# A\n\xc3\xa4\xff", (2, 2), "it is not UTF-8"),
        (b"a" * (MAX_BYTES + 1), (1, 1), "it is larger than 256 KiB"),
        (b"\n" * 100_000, (1, 1), "lines"),
    ],
)
def test_what_cannot_be_read_is_a_finding_and_the_others_are_still_checked(project, capsys, data, place, why):
    (project / "PRPs/broken.md").write_bytes(data)
    for given in ("broken", "PRPs/broken.md"):
        code, found = objects(capsys, given, "mini")
        assert (code, [each["verdict"] for each in found]) == (1, ["failed", "passed"])
        (item,) = found[0]["findings"]
        assert (item["rule"], item["line"], item["column"]) == ("unreadable", *place)
        assert why in item["why"]


def test_a_file_the_system_does_not_let_us_read_is_a_finding(tmp_path):
    (item,) = check_file(tmp_path).findings
    assert (item.rule, item.severity) == ("unreadable", "error")
    assert item.why.startswith("it cannot be read: ")


@pytest.mark.parametrize("given", ["nope", "nope.md", "no/such.md", "none/*.md", "empty/", "..", "a b"])
def test_an_argument_that_names_no_prp_is_a_usage_error_and_the_others_are_still_checked(project, capsys, given):
    (project / "empty").mkdir()
    code, out, err = run(capsys, given, "draft")
    assert code == 2
    assert "PRPs/draft.md: failed" in out
    assert err.startswith("error:")


def test_strict_demands_the_verbatim_names_of_the_sections(project, capsys):
    write(project, {"PRPs/loose.md": PRP.replace("## Validation Loop", "## Validation Gates")})
    assert run(capsys, "loose", "mini")[0] == 0
    code, found = objects(capsys, "loose", "mini", "--strict")
    assert (code, [each["verdict"] for each in found]) == (1, ["failed", "passed"])


def test_the_policy_of_the_project_can_demand_the_verbatim_names(project, capsys):
    write(project, {"PRPs/loose.md": PRP.replace("## All Needed Context", "## Context")})
    assert run(capsys, "loose")[0] == 0
    write(project, {"prp-mcp.toml": "[prp]\nstrict = true\n"})
    code, out, _ = run(capsys, "loose")
    assert code == 1
    assert "[section-alias]" in out


def test_annotations_are_workflow_commands_relative_to_the_top_of_the_work_tree(project, capsys, monkeypatch):
    monkeypatch.chdir(project / "PRPs")
    code, out, _ = run(capsys, "draft.md", "--format", "github")
    assert code == 1
    first, last = out.splitlines()
    assert re.fullmatch(r"::error file=PRPs/draft\.md,line=\d+,col=3,title=placeholder::\S.+", first)
    assert last.startswith("PRPs/draft.md: failed")


def found(tmp_path, name: str = "a.md", severity="error", why="x", rule="placeholder") -> Checked:
    return Checked(tmp_path / name, None, (PrpFinding(rule, severity, 2, 3, "t", why, "Mend it."),))


def test_an_annotation_cannot_be_broken_out_of(tmp_path):
    checked = found(tmp_path, "a,b:c%.md", "note", "50%\r\n::error::evil")
    assert annotations([checked], tmp_path).splitlines()[0] == (
        "::notice file=a%2Cb%3Ac%25.md,line=2,col=3,title=placeholder::50%25%0D%0A::error::evil. Mend it."
    )


def test_text_that_steers_a_terminal_is_shown_escaped(tmp_path):
    checked = found(tmp_path, "a\x1b.md", why="\x1b[2J\u202etxt\nb\u2028c\u00e4 \u2713")
    assert text_lines([checked], tmp_path) == (
        "a\\x1b.md:2:3: error: \\x1b[2J\\u202etxt\\nb\\u2028c\u00e4 \u2713 [placeholder] Mend it.\n"
        "a\\x1b.md: failed, 1 error\n"
    )
    assert printable("\u00e4\u4e2d\U0001f527") == "\u00e4\u4e2d\U0001f527"


def test_sarif_is_one_log_for_all_files(project, capsys):
    write(project, {"PRPs/a b#.md": DRAFT.replace("## Validation Loop", "## Validation Gates")})
    (project / "PRPs/broken.md").write_bytes(b"\xff")
    code, out, _ = run(capsys, "PRPs/", "nope", "--format", "sarif")
    log = json.loads(out)
    assert (code, log["version"]) == (2, "2.1.0")
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run_,) = log["runs"]
    driver = run_["tool"]["driver"]
    assert driver["name"] == "prp-mcp"
    assert driver["version"]
    ids = [rule["id"] for rule in driver["rules"]]
    assert ids == sorted({"placeholder", "section-alias", "unreadable"})
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
    uris = set()
    for result in run_["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "note")
        assert result["message"]["text"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        uris.add(place["artifactLocation"]["uri"])
        assert place["region"]["startLine"] >= 1
        assert place["region"]["startColumn"] >= 1
    assert uris == {"PRPs/a%20b%23.md", "PRPs/broken.md", "PRPs/draft.md"}
    (invocation,) = run_["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "nope" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_a_sarif_log_without_findings_is_whole_too(tmp_path):
    (run_,) = json.loads(sarif([], tmp_path))["runs"]
    assert (run_["results"], run_["tool"]["driver"]["rules"]) == ([], [])
    assert run_["invocations"][0]["executionSuccessful"] is True


def test_a_file_outside_the_folder_is_named_in_full(tmp_path):
    checked, base = found(tmp_path, "a b.md"), tmp_path / "elsewhere"
    result = json.loads(sarif([checked], base))["runs"][0]["results"][0]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == (tmp_path / "a b.md").resolve().as_uri()
    assert json.loads(json_lines([checked], base))["file"] == str((tmp_path / "a b.md").resolve())


def test_a_rule_without_a_sentence_is_described_by_its_finding(tmp_path):
    assert "brand-new" not in RULES
    rules = json.loads(sarif([found(tmp_path, rule="brand-new")], tmp_path))["runs"][0]["tool"]["driver"]["rules"]
    assert rules[0]["shortDescription"]["text"] == "x."


def test_outside_a_work_tree_files_are_checked_all_the_same(tmp_path, monkeypatch, capsys):
    write(tmp_path, {"a.md": PRP})
    monkeypatch.chdir(tmp_path)
    for form in ("text", "json", "github", "sarif"):
        assert run(capsys, "a.md", "--format", form)[0] == 0
    done = subprocess.run(["git", "-C", str(tmp_path), "rev-parse"], capture_output=True, check=False)
    assert done.returncode != 0


def test_every_rule_of_the_plan_has_a_sentence():
    form = re.compile(r'"((?:section|task|command|fence|threshold|validation|checklist)-[a-z-]+)"')
    named = {
        name for path in Path(reading.__file__).parent.glob("*.py") for name in form.findall(path.read_text("utf-8"))
    }
    assert len(named) > 15
    assert named <= set(RULES)
