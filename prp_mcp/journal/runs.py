"""Fold the journal into runs: what each is about, where it stands, what it has done to the workspace."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar, cast

from prp_mcp.gates.judge import GateVerdict
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.effect import (
    FORMS,
    AnyEffect,
    Deployment,
    DeploymentResult,
    Effect,
    EffectName,
    Intent,
    Settled,
    Start,
    StartRequest,
)
from prp_mcp.journal.evidence import (
    BundleEvidence,
    DeploymentEvidence,
    EnvironmentEvidence,
    Evidence,
    ExecutionEvidence,
    GateEntry,
    PipelineRef,
)
from prp_mcp.journal.notes import Note, RunBegun, RunEnded, UpdateEnded
from prp_mcp.journal.store import Journal, Record, RecordKind

EvidenceT = TypeVar("EvidenceT", bound=Evidence)
NoteT = TypeVar("NoteT", bound=Note)


@dataclass(frozen=True)
class GateRecord:
    """A step at a gate with its place (`seq`) and time in the journal."""

    gate: Gate
    seq: int
    at: str
    entry: GateEntry

    @property
    def verdict(self) -> Verdict:
        """Return how the step ended."""
        return self.entry.verdict

    def seen(self, kind: type[EvidenceT]) -> EvidenceT | None:
        """Return what the step saw, or None when it was at another gate than `kind` belongs to, or saw nothing."""
        body = self.entry.evidence if self.gate is kind.gate else None
        return None if body is None else kind.from_body(body)


@dataclass(frozen=True)
class Update:
    """An update the run started; `ended` is what was recorded of its end, or None."""

    pipeline: PipelineRef
    id: str
    since: str
    ended: UpdateEnded | None = None

    @property
    def state(self) -> str:
        """Return the state it ended in, or an empty string while nobody saw it end."""
        return self.ended.state if self.ended else ""


@dataclass(frozen=True)
class Run:
    """One execution of a PRP, folded from its records."""

    id: str
    begun: RunBegun
    began: str
    end: RunEnded | None = None
    ended: str | None = None
    records: tuple[Record, ...] = field(default=(), repr=False)

    @property
    def prp(self) -> str:
        """Return the PRP's name."""
        return self.begun.prp

    @property
    def target(self) -> str:
        """Return the bundle's target."""
        return self.begun.target

    @property
    def host(self) -> str:
        """Return the workspace's host."""
        return self.begun.host

    @property
    def folder(self) -> str:
        """Return the bundle's folder in the work tree."""
        return self.begun.folder

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what only one open run may hold: host, bundle, target."""
        return self.begun.key

    @property
    def outcome(self) -> str | None:
        """Return how the run ended, or None while it is open."""
        return self.end.outcome if self.end else None

    @property
    def open(self) -> bool:
        """Return whether the run has not ended."""
        return self.end is None

    @cached_property
    def gates(self) -> tuple[GateRecord, ...]:
        """Return the steps at gates, oldest first."""
        return tuple(
            GateRecord(Gate(record.name), record.seq, record.at, GateEntry.from_body(record.body))
            for record in self.records
            if record.kind is RecordKind.GATE
        )

    @property
    def judged(self) -> list[GateVerdict]:
        """Return the steps at gates as the judge takes them, oldest first."""
        return [
            GateVerdict(
                record.seq,
                record.gate,
                record.entry.tool,
                record.verdict,
                record.entry.materials,
                record.entry.summary,
            )
            for record in self.gates
        ]

    def latest(self, gate: Gate, verdict: Verdict | None = None) -> GateRecord | None:
        """Return the latest step at `gate` (with `verdict`), or None."""
        found = [record for record in self.gates if record.gate is gate and verdict in (None, record.verdict)]
        return found[-1] if found else None

    def seen(self, kind: type[EvidenceT], verdict: Verdict | None = None) -> EvidenceT | None:
        """Return the evidence of the latest step (with `verdict`) at the gate that `kind` belongs to, or None."""
        record = self.latest(kind.gate, verdict)
        return record.seen(kind) if record else None

    @property
    def base(self) -> str | None:
        """Return the commit the run started from: the one recorded when the environment first passed."""
        passed = [item for item in self.gates if item.gate is Gate.ENVIRONMENT and item.verdict is Verdict.PASSED]
        first = passed[0].seen(EnvironmentEvidence) if passed else None
        return first.base if first else None

    @property
    def bundle(self) -> BundleEvidence | None:
        """Return what the bundle resolved to when it last passed."""
        return self.seen(BundleEvidence, Verdict.PASSED)

    @property
    def deployment(self) -> DeploymentEvidence | None:
        """Return the deployment that last passed."""
        return self.seen(DeploymentEvidence, Verdict.PASSED)

    @property
    def execution(self) -> ExecutionEvidence | None:
        """Return the updates that last passed."""
        return self.seen(ExecutionEvidence, Verdict.PASSED)

    @property
    def pipelines(self) -> dict[str, PipelineRef]:
        """Return the deployed pipelines by bundle key."""
        return self.deployment.pipelines if self.deployment else {}

    @cached_property
    def effects(self) -> tuple[AnyEffect, ...]:
        """Return the effects of the run, oldest first."""
        return tuple(pair(self.records))

    @property
    def deployments(self) -> list[Deployment]:
        """Return the effects that change what is deployed, oldest first."""
        return deployments_among(self.effects)

    @property
    def starts(self) -> list[Start]:
        """Return the starts of updates that are known to have happened, oldest first."""
        return [item for item in _starts(self.effects) if item.is_done]

    @property
    def unsettled(self) -> list[AnyEffect]:
        """Return the effects whose end nobody knows."""
        return [effect for effect in self.effects if not effect.is_settled]

    @property
    def unsettled_deployments(self) -> list[Deployment]:
        """Return the deployments and destructions whose end nobody knows."""
        return deployments_among(self.unsettled)

    @property
    def unsettled_starts(self) -> list[Start]:
        """Return the starts whose end nobody knows."""
        return _starts(self.unsettled)

    @property
    def started(self) -> list[Update]:
        """Return every update the run started, oldest first."""
        return [self._update(item) for item in self.starts]

    @property
    def updates(self) -> dict[str, Update]:
        """Return, by the bundle key of its pipeline, the latest update since the latest deployment, in order."""
        since = max((item.seq for item in self.deployments), default=0)
        found: dict[str, Update] = {}
        for item in self.starts:
            if item.seq > since:
                found.pop(item.request.pipeline.key, None)
                found[item.request.pipeline.key] = self._update(item)
        return found

    @property
    def awaited(self) -> list[Update]:
        """Return the updates since the latest deployment that run, or completed and whose log is not judged yet."""
        judged = self.latest(Gate.EXECUTION)
        return [
            update
            for update in self.updates.values()
            if update.ended is None
            or (update.state == "COMPLETED" and not update.ended.log and (not judged or judged.at < update.ended.at))
        ]

    @property
    def running(self) -> list[Update]:
        """Return the updates the run started that no record says have ended."""
        return [update for update in self.started if update.ended is None]

    def notes(self, kind: type[NoteT]) -> list[NoteT]:
        """Return the notes of one kind, oldest first."""
        return [
            kind.from_body(record.body)
            for record in self.records
            if record.kind is RecordKind.NOTE and record.name == kind.name
        ]

    @cached_property
    def _ends(self) -> dict[str, UpdateEnded]:
        return {note.update: note for note in self.notes(UpdateEnded)}

    def _update(self, start: Start) -> Update:
        update = start.result.update
        return Update(start.request.pipeline, update, start.since, self._ends.get(update))


def end_run(journal: Journal, run: Run, ended: RunEnded) -> None:
    """Record that `run` has ended."""
    journal.append(run.id, "end", RecordKind.RUN, ended.to_body())


def pair(records: Iterable[Record]) -> list[AnyEffect]:
    """Return every intent among `records` with the outcome that refers to it."""
    records = list(records)
    outcomes = {record.ref: record for record in records if record.kind is RecordKind.OUTCOME}
    return [effect_of(record, outcomes.get(record.seq)) for record in records if record.kind is RecordKind.INTENT]


def effect_of(intent: Record, outcome: Record | None) -> AnyEffect:
    """Read an effect from its intent and, where there is one, its outcome."""
    name = EffectName(intent.name)
    request, result = FORMS[name]
    asked = Intent.from_body(intent.body)
    settled = Settled.from_body(outcome.body) if outcome else None
    return Effect(
        name=name,
        request=request.from_body(asked.request),
        result=result.from_body(settled.result if settled else {}),
        fate=settled.fate if settled else None,
        run=intent.run,
        key=asked.key,
        seq=intent.seq,
        since=intent.at,
        token=intent.hash,
        mark=outcome.hash if outcome else intent.hash,
    )


def deployments_among(effects: Iterable[AnyEffect]) -> list[Deployment]:
    """Return the effects that change what is deployed, in their order."""
    return [cast(Deployment, item) for item in effects if isinstance(item.result, DeploymentResult)]


def fold(records: Sequence[Record]) -> list[Run]:
    """Return all runs in `records`, in the order they began."""
    grouped: dict[str, list[Record]] = {}
    for record in records:
        grouped.setdefault(record.run, []).append(record)
    return [_run(name, mine) for name, mine in grouped.items()]


def _starts(effects: Iterable[AnyEffect]) -> list[Start]:
    return [cast(Start, item) for item in effects if isinstance(item.request, StartRequest)]


def _run(name: str, records: list[Record]) -> Run:
    last = next((record for record in records if record.kind is RecordKind.RUN and record.name == "end"), None)
    return Run(
        id=name,
        begun=RunBegun.from_body(records[0].body),
        began=records[0].at,
        end=RunEnded.from_body(last.body) if last else None,
        ended=last.at if last else None,
        records=tuple(records),
    )
