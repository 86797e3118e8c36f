"""Gather from a run's records what every report tells; nothing here looks at the world."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from prp_mcp.gates.order import TOOL_OF, Gate, Material, Verdict
from prp_mcp.journal.evidence import (
    CheckedTable,
    DatasetRun,
    DeploymentEvidence,
    EnvironmentEvidence,
    ExecutionEvidence,
    Finding,
    GovernanceEvidence,
    Item,
    Measured,
    Previous,
    PrpEvidence,
    QualityEvidence,
    Resource,
    StatedCheck,
    StatedCommand,
    SuiteEvidence,
)
from prp_mcp.journal.notes import Approval, CommandRun, RolledBack
from prp_mcp.journal.runs import GateRecord, Run, Update


@dataclass(frozen=True)
class GateLine:
    """One gate: the latest verdict (`not reached` without one), its sentence, when, how long (seconds), attempts."""

    gate: str
    tool: str
    verdict: str
    summary: str = ""
    at: str = ""
    seconds: float = 0.0
    attempts: int = 0
    seq: int = 0
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class UpdateLine:
    """An update of the run: the bundle key and id of its pipeline, and how it ended (`running` if nobody saw that)."""

    pipeline: str
    pipeline_id: str
    update: str
    state: str
    started: str
    url: str


@dataclass(frozen=True)
class DatasetLine:
    """A dataset of the run's updates with, where they were measured, its expectations."""

    run: DatasetRun
    expectations: tuple[Measured, ...] = ()


@dataclass(frozen=True)
class Story:
    """Everything a report shows."""

    run: str
    prp: str
    title: str
    goal: str
    worktree: str
    target: str
    host: str
    identity: str
    base: str
    bundle_cli: str
    began: str
    ended: str
    outcome: str
    headless: bool
    head: str
    gates: tuple[GateLine, ...]
    resources: tuple[Resource, ...]
    previous: Previous
    updates: tuple[UpdateLine, ...]
    datasets: tuple[DatasetLine, ...]
    tables: tuple[CheckedTable, ...]
    items: tuple[Item, ...]
    rollback: RolledBack | None
    policy_changed: bool
    prp_changes: tuple[str, ...]
    approvals: tuple[Approval, ...]
    sandboxes: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Return whether every gate before the summary has a passing verdict and nothing was rolled back."""
        lines = [line for line in self.gates if line.gate != Gate.SUMMARY]
        return self.rollback is None and all(line.verdict == Verdict.PASSED for line in lines)


def tell(run: Run, head: str) -> Story:
    """Return the story of `run`; `head` is the journal's head at the time of writing."""
    prp = run.seen(PrpEvidence) or PrpEvidence(title=run.prp)
    environment = run.seen(EnvironmentEvidence) or EnvironmentEvidence()
    deployment = run.seen(DeploymentEvidence) or DeploymentEvidence()
    governance, suite = run.seen(GovernanceEvidence), run.seen(SuiteEvidence)
    rolled = run.notes(RolledBack)
    return Story(
        run=run.id,
        prp=run.prp,
        title=prp.title.removeprefix("PRP:").strip(),
        goal=prp.goal,
        worktree=run.begun.worktree,
        target=run.target,
        host=run.host,
        identity=environment.identity,
        base=environment.base,
        bundle_cli=environment.bundle_cli,
        began=run.began,
        ended=run.ended or (run.records[-1].at if run.records else ""),
        outcome=run.outcome or "open",
        headless=run.begun.headless,
        head=head,
        gates=tuple(_line(run, gate) for gate in Gate),
        resources=deployment.resources,
        previous=deployment.previous,
        updates=tuple(_update(run, update) for update in run.started),
        datasets=tuple(_datasets(run)),
        tables=governance.tables if governance else (),
        items=suite.items if suite else (),
        rollback=rolled[-1] if rolled else None,
        policy_changed=len({record.entry.materials.get(Material.POLICY) for record in run.gates}) > 1,
        prp_changes=tuple(_prp_changes(run)),
        approvals=tuple(run.notes(Approval)),
        sandboxes=tuple(sorted({note.sandbox for note in run.notes(CommandRun) if note.sandbox})),
    )


def _prp_changes(run: Run) -> Iterator[str]:
    """Yield what the PRP demanded when it was first read and demands otherwise, or no longer, now."""
    stated = [each for record in run.gates if (each := record.seen(PrpEvidence))]
    if not stated:
        return
    first, last = stated[0], stated[-1]
    for name in sorted({*first.thresholds, *last.thresholds}):
        before, now = first.thresholds.get(name), last.thresholds.get(name)
        if before != now:
            yield f"threshold {name}: {_rate(before)} became {_rate(now)}"
    yield from _gone("validation command", first.commands, last.commands)
    yield from _gone("checklist item", first.checklist, last.checklist)
    expected = {item.text: item.expected for item in last.commands}
    for item in first.commands:
        if item.text in expected and item.expected != expected[item.text]:
            yield f"expectation of {item.text[:80]}: {item.expected!r} became {expected[item.text]!r}"


def _gone(
    noun: str, first: Iterable[StatedCommand | StatedCheck], last: Iterable[StatedCommand | StatedCheck]
) -> Iterator[str]:
    kept = {item.text for item in last}
    return (f"{noun} is gone: {item.text[:120]}" for item in first if item.text not in kept)


def _rate(rate: float | None) -> str:
    return "not stated" if rate is None else f"{rate:.2%}"


def _line(run: Run, gate: Gate) -> GateLine:
    tried = [record for record in run.gates if record.gate is gate]
    if not tried:
        return GateLine(gate.value, TOOL_OF[gate], "not reached")
    last = tried[-1]
    return GateLine(
        gate=gate.value,
        tool=last.entry.tool,
        verdict=last.verdict.value,
        summary=last.entry.summary,
        at=last.at,
        seconds=_length(run, last),
        attempts=len(tried),
        seq=last.seq,
        findings=last.entry.findings,
    )


def _length(run: Run, record: GateRecord) -> float:
    """Return the seconds a gate took; the execution's are those of the update, not of the last look at it."""
    if record.gate is Gate.EXECUTION and run.started:
        return (_moment(record.at) - _moment(run.started[-1].since)).total_seconds()
    return record.entry.seconds


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _update(run: Run, update: Update) -> UpdateLine:
    pipeline = update.pipeline
    url = f"{run.host}/pipelines/{pipeline.id}/updates/{update.id}"
    return UpdateLine(pipeline.key, pipeline.id, update.id, update.state or "running", update.since, url)


def _datasets(run: Run) -> Iterator[DatasetLine]:
    """Yield the datasets of the updates that were judged last."""
    quality, execution = run.seen(QualityEvidence), run.seen(ExecutionEvidence)
    measured = {item.name: item.expectations for item in quality.datasets} if quality else {}
    for update in execution.updates if execution else ():
        for item in update.datasets:
            yield DatasetLine(item, measured.get(item.short, ()))
