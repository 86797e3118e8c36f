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


def prp(commands=(), checks=(), thresholds=None):
    listed = [{"text": text, "expected": expected} for text, expected in commands]
    checklist = [{"id": "C1", "text": text, "mandatory": True} for text in checks]
    return {"thresholds": thresholds or {}, "commands": listed, "checklist": checklist}


def test_a_demand_that_the_prp_made_and_makes_no_longer_is_told(tmp_path):
    journal = begun(tmp_path)
    first = prp([("pytest a", "12 passed"), ("ruff check", None)], ["Tables documented"], {"*": 0.995, "a.b": 1.0})
    gate(journal, "prp", "passed", {"title": "T"}, first)
    gate(journal, "prp", "passed", {"title": "T"}, prp([("pytest a", None)], [], {"*": 0.9, "c.d": 0.5}))
    story = tell(fold(journal.records())[0], "abc")
    journal.close()
    assert story.prp_changes == (
        "threshold *: 99.50% became 90.00%",
        "threshold a.b: 100.00% became not stated",
        "threshold c.d: not stated became 50.00%",
        "validation command is gone: ruff check",
        "checklist item is gone: Tables documented",
        "expectation of pytest a: '12 passed' became None",
    )
    assert "changed during the run" in render_markdown(story)
    assert "99.50% became 90.00%" in html.unescape(render_html(story))


def test_a_prp_read_twice_alike_is_not_told_as_changed(tmp_path):
    journal = begun(tmp_path)
    for _ in range(2):
        gate(journal, "prp", "passed", {"title": "T"}, prp([("pytest a", None)], ["x"], {"*": 0.9}))
    story = tell(fold(journal.records())[0], "abc")
    journal.close()
    assert story.prp_changes == ()
    assert "changed during the run" not in render_markdown(story)


def test_what_held_the_commands_and_what_a_person_approved_or_declined_is_told(tmp_path):
    journal = begun(tmp_path)
    journal.append("r1", "command", Kind.NOTE, {"id": "L1.1", "sandbox": "none: this system allows no namespaces"})
    items = [{"id": "L1.1", "text": "make lint", "state": "verified", "proof": "exit 0", "mandatory": True}]
    gate(journal, "suite", "passed", {}, {"items": items})
    for what, answer in (("make lint", True), ("make `all`", False)):
        journal.append("r1", "approval", Kind.NOTE, {"what": what, "approved": answer, "by": "the client's user"})
    story = tell(fold(journal.records())[0], "abc")
    journal.close()
    assert "- sandbox of the commands: none: this system allows no namespaces" in render_markdown(story)
    assert "Sandbox of the commands: none" in render_html(story)
    assert "- approved by the client's user: `make lint`" in render_markdown(story)
    assert "- declined by the client's user: `make 'all'`" in render_markdown(story)
    assert "make `all`" in html.unescape(render_html(story))
