"""The one judgement: from a run's evidence and the present materials, which gates hold, which are open, why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from prp_mcp.gates.order import BOUND, TOOL_OF, TRIGGER_OF, Gate, Material, Verdict, before

Materials = Mapping[Material, str]
"""The digest of each material; one that does not exist yet (no deployment) is the empty string."""


@dataclass(frozen=True)
class GateVerdict:
    """One recorded verdict on a gate; `seq` is its place in the journal."""

    seq: int
    gate: Gate
    tool: str
    verdict: Verdict
    materials: Materials
    summary: str


class Status(StrEnum):
    """Say where a gate stands."""

    PASSED = "passed"
    STALE = "stale"
    FAILED = "failed"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True)
class GateState:
    """Describe one gate: `changed` names the materials that made its passing evidence stale."""

    gate: Gate
    status: Status
    failures: int
    evidence: GateVerdict | None
    changed: tuple[Material, ...] = ()


@dataclass(frozen=True)
class Closed:
    """Say that `gate` may not be worked on because `cause` does not hold; a value, not an error."""

    gate: Gate
    cause: GateState

    @property
    def remedy(self) -> str:
        """Name the tool to call instead."""
        return TOOL_OF[self.cause.gate]


@dataclass(frozen=True)
class Standing:
    """Hold the state of every gate of a run."""

    states: Mapping[Gate, GateState]

    def holds(self, gate: Gate) -> bool:
        """Return whether `gate` passed with evidence that is still fresh."""
        return self.states[gate].status is Status.PASSED

    def admit(self, gate: Gate) -> Closed | None:
        """Return None when `gate` is open to be worked on, else what closes it."""
        for earlier in before(gate):
            if not self.holds(earlier):
                return Closed(gate, self.states[earlier])
        return None

    @property
    def next_gate(self) -> Gate | None:
        """Return the first gate that does not hold, or None when all do."""
        return next((gate for gate in Gate if not self.holds(gate)), None)


def judge(evidence: Sequence[GateVerdict], present: Materials) -> Standing:
    """Judge every gate from the evidence of one run, oldest first, and the materials as they are now.

    A gate holds when its latest evidence passed and everything it was bound to is unchanged. Nothing else counts:
    no clock, no network, no memory of an earlier judgement.
    """
    states: dict[Gate, GateState] = {}
    open_so_far = True
    for gate in Gate:
        seen = [item for item in evidence if item.gate is gate]
        latest = seen[-1] if seen else None
        state = _state(gate, latest, _failures(seen), present, is_open=open_so_far)
        states[gate] = state
        open_so_far = open_so_far and state.status is Status.PASSED
    return Standing(states)


def counts_attempts(gate: Gate) -> bool:
    """Return whether failing at `gate` uses up an attempt."""
    return gate in TRIGGER_OF


def _failures(seen: Sequence[GateVerdict]) -> int:
    """Count the states of the materials that failed: looking twice at one failure is one failure."""
    failing = [item for item in seen if item.verdict is Verdict.FAILED]
    return len({tuple(sorted(item.materials.items())) for item in failing})


def _state(gate: Gate, latest: GateVerdict | None, failures: int, present: Materials, *, is_open: bool) -> GateState:
    unworked = Status.OPEN if is_open else Status.CLOSED
    if latest is None:
        return GateState(gate, unworked, failures, None)
    if latest.verdict is not Verdict.PASSED:
        return GateState(gate, Status.FAILED, failures, latest)
    changed = tuple(
        material
        for material in Material
        if material in BOUND[gate] and latest.materials.get(material) != present.get(material)
    )
    return GateState(gate, Status.STALE if changed else Status.PASSED, failures, latest, changed)
