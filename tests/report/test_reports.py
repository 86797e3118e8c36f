"""Reports tell a run from its records: every number, nothing invented, nothing interpreted."""

import html
import json
import re
from dataclasses import replace

import pytest

from prp_mcp.cli.report import render_json
from prp_mcp.gates.order import Gate, Material, Verdict
from prp_mcp.journal.effect import EffectName, Fate, Intent, Settled, StartRequest, StartResult
from prp_mcp.journal.evidence import (
    DatasetRun,
    EnvironmentEvidence,
    ExecutionEvidence,
    Finding,
    GateEntry,
    Item,
    Measured,
    MeasuredDataset,
    PipelineRef,
    PrpEvidence,
    QualityEvidence,
    StatedCheck,
    StatedCommand,
    SuiteEvidence,
    UpdateRun,
)
from prp_mcp.journal.notes import Approval, CommandRun, RollbackStep, RolledBack, RunBegun
from prp_mcp.journal.runs import fold
from prp_mcp.journal.store import Journal, RecordKind
from prp_mcp.report.html import render_html
from prp_mcp.report.markdown import render_markdown
from prp_mcp.report.story import tell

EVIL = "<script>alert(1)</script> | [x](javascript:y) `z` **w**"
PIPELINE = PipelineRef("k", "pid")


class Recording:
    """A run that is recorded value by value."""

    def __init__(self, folder):
        self.journal = Journal(folder / "journal.db")
        begun = RunBegun("p", "/w", "/w", "dev", "http://h", "b", headless=True)
        self.journal.append("r1", "begin", RecordKind.RUN, begun.to_body())

    def gate(self, gate, verdict=Verdict.PASSED, seen=None, findings=()):
        entry = GateEntry(
            tool="t",
            verdict=verdict,
            summary=f"{gate} says so",
            materials=dict.fromkeys(Material, "m"),
            seconds=1.0,
            findings=tuple(findings),
            evidence=seen.to_body() if seen else None,
        )
        self.journal.append("r1", gate, RecordKind.GATE, entry.to_body())

    def note(self, note):
        self.journal.append("r1", note.name, RecordKind.NOTE, note.to_body())

    def started(self, update):
        intent = Intent(("http://h", "b", "dev"), StartRequest(PIPELINE).to_body()).to_body()
        record = self.journal.append("r1", EffectName.START, RecordKind.INTENT, intent)
        outcome = Settled(Fate.DONE, StartResult(update).to_body()).to_body()
        self.journal.append("r1", EffectName.START, RecordKind.OUTCOME, outcome, record.seq)

    def story(self):
        return tell(fold(self.journal.records())[0], "abc")


@pytest.fixture
def run(tmp_path):
    recording = Recording(tmp_path)
    yield recording
    recording.journal.close()


@pytest.fixture
def failed(run):
    run.gate(Gate.PRP, seen=PrpEvidence(title=EVIL, goal=EVIL))
    run.gate(Gate.ENVIRONMENT, seen=EnvironmentEvidence(identity="me", base="c" * 40))
    run.started("u-1")
    datasets = (
        DatasetRun("c.s.a", "COMPLETED", 12345, 6, is_done=True),
        DatasetRun("c.s.b", "FAILED", inputs=("c.s.a", "c.s.b")),
        DatasetRun("c.s.v", "DEFINED", is_view=True),
    )
    seen = ExecutionEvidence((UpdateRun(PIPELINE, "u-1", datasets),))
    run.gate(Gate.EXECUTION, Verdict.FAILED, seen, [Finding("src/a.py:3", EVIL)])
    steps = (RollbackStep("previous deployment deployed again", "done"),)
    run.note(RolledBack(EVIL, steps, tables=("c.s.a",)))
    return run.story()


def test_a_failed_run_never_reads_as_passed(failed):
    text = render_markdown(failed)
    assert not failed.passed
    assert "| Result | not passed (open) |" in text
    assert "| deployment | not reached |" in text
    assert "| a | 12,345 | 6 | COMPLETED |" in text
    assert "| v |" not in text
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
    assert json.loads(render_json(failed))["datasets"][0]["run"]["rows"] == 12345


def test_what_was_low_when_it_was_measured_is_shown_as_low_whatever_the_rounded_rate_says(run):
    # 0.94999975 is shown as 95.00 %, and is below 95 %.
    low = Measured("positive", "warn", 9_499_997, 500_003, rate=0.95, threshold=0.95, is_low=True)
    run.gate(Gate.EXECUTION, seen=ExecutionEvidence((UpdateRun(PIPELINE, "u", (DatasetRun("c.s.a", "COMPLETED"),)),)))
    run.gate(Gate.QUALITY, Verdict.FAILED, QualityEvidence((MeasuredDataset("a", 1, 0, (low,)),)))
    assert 'class="low"' in render_html(run.story())
    run.gate(Gate.QUALITY, seen=QualityEvidence((MeasuredDataset("a", 1, 0, (replace(low, is_low=False),)),)))
    assert 'class="low"' not in render_html(run.story())


def test_a_run_with_every_gate_passed_and_no_rollback_reads_as_passed(run):
    for gate in list(Gate)[:-1]:
        run.gate(gate)
    assert run.story().passed
    run.note(RolledBack("r", ()))
    assert not run.story().passed


def prp(commands=(), checks=(), thresholds=None):
    return PrpEvidence(
        title="T",
        thresholds=thresholds or {},
        commands=tuple(StatedCommand(text, expected) for text, expected in commands),
        checklist=tuple(StatedCheck("C1", text, mandatory=True) for text in checks),
    )


def test_a_demand_that_the_prp_made_and_makes_no_longer_is_told(run):
    first = prp([("pytest a", "12 passed"), ("ruff check", None)], ["Tables documented"], {"*": 0.995, "a.b": 1.0})
    run.gate(Gate.PRP, seen=first)
    run.gate(Gate.PRP, seen=prp([("pytest a", None)], [], {"*": 0.9, "c.d": 0.5}))
    story = run.story()
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


def test_a_prp_read_twice_alike_is_not_told_as_changed(run):
    for _ in range(2):
        run.gate(Gate.PRP, seen=prp([("pytest a", None)], ["x"], {"*": 0.9}))
    assert run.story().prp_changes == ()
    assert "changed during the run" not in render_markdown(run.story())


def test_what_held_the_commands_and_what_a_person_approved_or_declined_is_told(run):
    told = "none: this system allows no namespaces"
    run.note(CommandRun("L1.1", "k", "make lint", True, "exit 0", sandbox=told))
    run.gate(Gate.SUITE, seen=SuiteEvidence((Item("L1.1", "make lint", "verified", "exit 0", mandatory=True),)))
    for what, answer in (("make lint", True), ("make `all`", False)):
        run.note(Approval(what, answer, "the client's user"))
    story = run.story()
    assert f"- sandbox of the commands: {told}" in render_markdown(story)
    assert "Sandbox of the commands: none" in render_html(story)
    assert "- approved by the client's user: `make lint`" in render_markdown(story)
    assert "- declined by the client's user: `make 'all'`" in render_markdown(story)
    assert "make `all`" in html.unescape(render_html(story))
