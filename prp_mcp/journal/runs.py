"""Fold the journal into runs: what each is about, where it stands, what it has done to the workspace."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from prp_mcp.gates.judge import Evidence
from prp_mcp.gates.order import Gate, Material, Verdict
from prp_mcp.journal.store import Kind, Record


@dataclass(frozen=True)
class Effect:
    """One attempt to change the outside world; `outcome` is None while nobody knows how it ended."""

    intent: Record
    outcome: Record | None

    @property
    def name(self) -> str:
        """Return what was attempted: deploy, start, stop or a step of a rollback."""
        return self.intent.step

    @property
    def token(self) -> str:
        """Return the intent's hash, which travels with the request and makes its result recognisable."""
        return self.intent.hash

    @property
    def done(self) -> bool:
        """Return whether it is known to have happened."""
        return self.outcome is not None and self.outcome.body["state"] == "done"

    @property
    def result(self) -> dict[str, Any]:
        """Return what the outcome recorded; empty while there is none."""
        return dict(self.outcome.body.get("result") or {}) if self.outcome else {}


@dataclass(frozen=True)
class Run:
    """One execution of a PRP, folded from its records."""

    id: str
    prp: str
    worktree: str
    folder: str
    target: str
    host: str
    bundle: str
    headless: bool
    began: str
    ended: str | None = None
    outcome: str | None = None
    records: tuple[Record, ...] = field(default=(), repr=False)

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what only one open run may hold: host, bundle, target."""
        return (self.host, self.bundle, self.target)

    @property
    def open(self) -> bool:
        """Return whether the run has not ended."""
        return self.ended is None

    @property
    def evidence(self) -> list[Evidence]:
        """Return the gate records as evidence, oldest first."""
        return [as_evidence(record) for record in self.records if record.kind is Kind.GATE]

    @property
    def effects(self) -> list[Effect]:
        """Return the effects of the run, oldest first, each with its outcome if it has one."""
        return pair(self.records)

    def done(self, name: str) -> list[Effect]:
        """Return the effects called `name` that are known to have happened, oldest first."""
        return [effect for effect in self.effects if effect.name == name and effect.done]

    def unsettled(self) -> list[Effect]:
        """Return the effects whose outcome nobody knows."""
        return [effect for effect in self.effects if effect.outcome is None]

    @property
    def ended_updates(self) -> dict[str, dict[str, Any]]:
        """Return, by update id, what was recorded of the updates that have ended: state, and log if it was whole."""
        return {record.body["update"]: record.body for record in self.notes("update ended")}

    @property
    def running_updates(self) -> list[str]:
        """Return the updates the run started that no record says have ended."""
        ended = self.ended_updates
        return [effect.result["update"] for effect in self.done("start") if effect.result["update"] not in ended]

    def latest(self, gate: Gate, verdict: Verdict | None = None) -> Record | None:
        """Return the latest gate record of `gate` (with `verdict`), or None."""
        found = [
            record
            for record in self.records
            if record.kind is Kind.GATE and record.step == gate and verdict in (None, record.body["verdict"])
        ]
        return found[-1] if found else None

    def notes(self, step: str) -> list[Record]:
        """Return the notes filed under `step`, oldest first."""
        return [record for record in self.records if record.kind is Kind.NOTE and record.step == step]


def as_evidence(record: Record) -> Evidence:
    """Return a gate record as evidence for the judge."""
    body = record.body
    materials = {Material(name): value for name, value in body["materials"].items()}
    return Evidence(record.seq, Gate(record.step), body["tool"], Verdict(body["verdict"]), materials, body["summary"])


def pair(records: Iterable[Record]) -> list[Effect]:
    """Return every intent among `records` with the outcome that refers to it."""
    records = list(records)
    outcomes = {record.ref: record for record in records if record.kind is Kind.OUTCOME}
    return [Effect(record, outcomes.get(record.seq)) for record in records if record.kind is Kind.INTENT]


def fold(records: Sequence[Record]) -> list[Run]:
    """Return all runs in `records`, in the order they began."""
    grouped: dict[str, list[Record]] = {}
    for record in records:
        grouped.setdefault(record.run, []).append(record)
    return [_run(name, mine) for name, mine in grouped.items()]


def _run(name: str, records: list[Record]) -> Run:
    begin = records[0].body
    end = next((record for record in records if record.kind is Kind.RUN and record.step == "end"), None)
    return Run(
        id=name,
        prp=begin["prp"],
        worktree=begin["worktree"],
        folder=begin["folder"],
        target=begin["target"],
        host=begin["host"],
        bundle=begin["bundle"],
        headless=begin["headless"],
        began=records[0].at,
        ended=end.at if end else None,
        outcome=end.body["outcome"] if end else None,
        records=tuple(records),
    )
