"""Reports tell a run from its records: every number, nothing invented, nothing interpreted."""

import html
import json
import re

import pytest

from prp_mcp.cli.report import render_json
from prp_mcp.gates.order import Gate, Material
from prp_mcp.journal.runs import fold
from prp_mcp.journal.store import Journal, Kind
from prp_mcp.report.html import render_html
from prp_mcp.report.markdown import render_markdown
from prp_mcp.report.story import tell

EVIL = "<script>alert(1)</script> | [x](javascript:y) `z` **w**"


def gate(journal, name, verdict, fields=None, evidence=None, findings=()):
    body = {"tool": "t", "verdict": verdict, "summary": f"{name} says so", "fields": fields or {}}
    body |= {"evidence": evidence or {}, "findings": list(findings), "findings_total": len(findings), "seconds": 1.0}
    body |= {"materials": dict.fromkeys(map(str, Material), "m"), "arguments": {}, "snapshot": None}
    journal.append("r1", name, Kind.GATE, body)


def begun(folder):
    journal = Journal(folder / "journal.db")
    begin = {
        "prp": "p",
        "worktree": "/w",
        "folder": "/w",
        "target": "dev",
        "host": "http://h",
        "bundle": "b",
        "headless": True,
    }
    journal.append("r1", "begin", Kind.RUN, begin)
    return journal


@pytest.fixture
def failed(tmp_path):
    journal = begun(tmp_path)
    gate(journal, "prp", "passed", {"title": EVIL, "goal": EVIL})
    gate(journal, "environment", "passed", {"identity": "me", "base": "c" * 40})
    intent = journal.append("r1", "start", Kind.INTENT, {"request": {"key": "k", "pipeline": "pid"}})
    journal.append("r1", "start", Kind.OUTCOME, {"state": "done", "result": {"update": "u-1"}}, intent.seq)
    datasets = [
        {"name": "c.s.a", "state": "COMPLETED", "rows": 12345, "dropped": 6, "inputs": [], "ended": ""},
        {"name": "c.s.b", "state": "FAILED", "rows": 0, "dropped": 0, "inputs": ["c.s.a", "c.s.b"], "ended": ""},
    ]
    finding = {"at": "src/a.py:3", "text": EVIL, "fix": ""}
    gate(journal, "execution", "failed", {}, {"updates": [{"datasets": datasets}]}, [finding])
    steps = [{"what": "previous deployment deployed again", "state": "done"}]
    journal.append(
        "r1", "rolled back", Kind.NOTE, {"reason": EVIL, "steps": steps, "branch": None, "tables": ["c.s.a"]}
    )
    story = tell(fold(journal.records())[0], "abc")
    journal.close()
    return story


def test_a_failed_run_never_reads_as_passed(failed):
    text = render_markdown(failed)
    assert not failed.passed
    assert "| Result | not passed (open) |" in text
    assert "| deployment | not reached |" in text
    assert "| a | 12,345 | 6 | COMPLETED |" in text
    assert "- done: previous deployment deployed again" in text
    assert "Data written by the pipeline is not undone" in text
    assert "all gates passed" not in render_html(failed)


def test_text_from_outside_is_never_interpreted(failed):
    page, text = render_html(failed), render_markdown(failed)
    assert "<script" not in page
    assert html.escape("<script>alert(1)</script>") in page
    assert not re.search(r"(?<!\\)\[x\]\(javascript", text)
    assert "<script>" not in text.replace("\\<script\\>", "")


def test_the_page_needs_no_network_and_names_update_and_rows(failed):
    page = render_html(failed)
    assert "u-1" in page
    assert "12,345 rows" in page
    assert not re.search(r"(src|href)=|url\(|@import", page)


def test_json_carries_the_whole_story(failed):
    assert json.loads(render_json(failed))["datasets"][0]["rows"] == 12345


def test_a_run_with_every_gate_passed_and_no_rollback_reads_as_passed(tmp_path):
    journal = begun(tmp_path)
    for name in list(Gate)[:-1]:
        gate(journal, name.value, "passed")
    assert tell(fold(journal.records())[0], "h").passed
    journal.append("r1", "rolled back", Kind.NOTE, {"reason": "r", "steps": [], "branch": None, "tables": []})
    assert not tell(fold(journal.records())[0], "h").passed
    journal.close()
