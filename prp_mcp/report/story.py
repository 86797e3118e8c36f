"""Gather from a run's records what every report tells; nothing here looks at the world."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from prp_mcp.gates.order import TOOL_OF, Gate, Verdict
from prp_mcp.journal.runs import Run
from prp_mcp.journal.store import Record


@dataclass(frozen=True)
class GateLine:
    """One gate: the latest verdict (`not reached` without one), its sentence, when, how long (seconds), attempts."""

    gate: str
    tool: str
    verdict: str
    summary: str
    at: str
    seconds: float
    attempts: int
    seq: int
    findings: tuple[dict[str, str], ...]
    materials: dict[str, str]


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
    resources: tuple[dict[str, Any], ...]
    previous: dict[str, str] | None
    updates: tuple[dict[str, Any], ...]
    datasets: tuple[dict[str, Any], ...]
    tables: tuple[dict[str, Any], ...]
    items: tuple[dict[str, Any], ...]
    rollback: dict[str, Any] | None
    policy_changed: bool
    prp_changes: tuple[str, ...]
    approvals: tuple[dict[str, Any], ...]
    sandboxes: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Return whether every gate before the summary has a passing verdict and nothing was rolled back."""
        lines = [line for line in self.gates if line.gate != Gate.SUMMARY]
        return self.rollback is None and all(line.verdict == Verdict.PASSED for line in lines)


def tell(run: Run, head: str) -> Story:
    """Return the story of `run`; `head` is the journal's head at the time of writing."""
    prp, environment = _latest(run, Gate.PRP), _latest(run, Gate.ENVIRONMENT)
    deployment, suite = _latest(run, Gate.DEPLOYMENT), _latest(run, Gate.SUITE)
    rolled = run.notes("rolled back")
    return Story(
        run=run.id,
        prp=run.prp,
        title=str(prp["fields"].get("title", run.prp)).removeprefix("PRP:").strip(),
        goal=str(prp["fields"].get("goal", "")),
        worktree=run.worktree,
        target=run.target,
        host=run.host,
        identity=str(environment["fields"].get("identity", "")),
        base=str(environment["fields"].get("base", "")),
        bundle_cli=str(environment["fields"].get("bundle_cli", "")),
        began=run.began,
        ended=run.ended or (run.records[-1].at if run.records else ""),
        outcome=run.outcome or "open",
        headless=run.headless,
        head=head,
        gates=tuple(_line(run, gate) for gate in Gate),
        resources=tuple(deployment["fields"].get("resources", [])),
        previous=deployment["fields"].get("previous"),
        updates=_updates(run),
        datasets=_datasets(run),
        tables=tuple(_latest(run, Gate.GOVERNANCE)["fields"].get("tables", [])),
        items=tuple(suite["evidence"].get("items", [])),
        rollback=rolled[-1].body if rolled else None,
        policy_changed=len({_material(record, "policy") for record in run.records if "materials" in record.body}) > 1,
        prp_changes=tuple(_prp_changes(run)),
        approvals=tuple(record.body for record in run.notes("approval")),
        sandboxes=tuple(sorted({found for record in run.notes("command") if (found := record.body.get("sandbox"))})),
    )


def _latest(run: Run, gate: Gate) -> dict[str, Any]:
    record = run.latest(gate)
    return record.body if record else {"fields": {}, "evidence": {}}


def _prp_changes(run: Run) -> Iterator[str]:
    """Yield what the PRP demanded when it was first read and demands otherwise, or no longer, now."""
    read = [record.body["evidence"] for record in run.records if record.kind == "gate" and record.step == Gate.PRP]
    if not read:
        return
    first, last = read[0], read[-1]
    before, now = first.get("thresholds", {}), last.get("thresholds", {})
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            yield f"threshold {name}: {_stated(before.get(name))} became {_stated(now.get(name))}"
    for kind, noun in (("commands", "validation command"), ("checklist", "checklist item")):
        kept = {item["text"] for item in last.get(kind, [])}
        for item in first.get(kind, []):
            if item["text"] not in kept:
                yield f"{noun} is gone: {item['text'][:120]}"
    expected = {item["text"]: item["expected"] for item in last.get("commands", [])}
    for item in first.get("commands", []):
        if item["text"] in expected and item["expected"] != expected[item["text"]]:
            yield f"expectation of {item['text'][:80]}: {item['expected']!r} became {expected[item['text']]!r}"


def _stated(rate: float | None) -> str:
    return "not stated" if rate is None else f"{rate:.2%}"


def _line(run: Run, gate: Gate) -> GateLine:
    tried = [record for record in run.records if record.kind == "gate" and record.step == gate]
    if not tried:
        return GateLine(gate.value, TOOL_OF[gate], "not reached", "", "", 0.0, 0, 0, (), {})
    body = tried[-1].body
    return GateLine(
        gate=gate.value,
        tool=body["tool"],
        verdict=body["verdict"],
        summary=body["summary"],
        at=tried[-1].at,
        seconds=_length(run, gate, tried[-1]),
        attempts=len(tried),
        seq=tried[-1].seq,
        findings=tuple(body["findings"]),
        materials=dict(body["materials"]),
    )


def _length(run: Run, gate: Gate, record: Record) -> float:
    """Return the seconds a gate took; the execution's are those of the update, not of the last look at it."""
    started = run.done("start")
    if gate is Gate.EXECUTION and started:
        return (_moment(record.at) - _moment(started[-1].intent.at)).total_seconds()
    return float(record.body["seconds"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _updates(run: Run) -> tuple[dict[str, Any], ...]:
    ended = run.ended_updates
    return tuple(
        {
            "pipeline": effect.intent.body["request"]["key"],
            "pipeline_id": effect.intent.body["request"]["pipeline"],
            "update": effect.result["update"],
            "state": ended.get(effect.result["update"], {}).get("state", "running"),
            "started": effect.intent.at,
            "url": _url(run.host, effect.intent.body["request"]["pipeline"], effect.result["update"]),
        }
        for effect in run.done("start")
    )


def _url(host: str, pipeline: str, update: str) -> str:
    return f"{host}/pipelines/{pipeline}/updates/{update}"


def _datasets(run: Run) -> tuple[dict[str, Any], ...]:
    """Return per dataset rows, inputs and, where they were measured, the expectations."""
    measured = {item["name"]: item for item in _latest(run, Gate.QUALITY)["fields"].get("datasets", [])}
    updates = _latest(run, Gate.EXECUTION)["evidence"].get("updates", [])
    listed = [item for update in updates for item in update["datasets"]]
    found = []
    for item in listed:
        name = str(item["name"]).rpartition(".")[2]
        quality = measured.get(name, {})
        found.append({**item, "short": name, "expectations": quality.get("expectations", [])})
    return tuple(found)


def _material(record: Record, name: str) -> str:
    return str(record.body["materials"].get(name, ""))
