"""What is recorded of gates, effects and notes: a frozen class each, written and read here alone.

`to_body` gives what the journal stores, `from_body` reads it back and refuses what it does not know: a record of an
unknown form must not be guessed at.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, TypeAdapter, ValidationError

from prp_mcp.errors import IntegrityError
from prp_mcp.gates.order import Gate, Material, Verdict


class Recorded:
    """A value that the journal keeps."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    def to_body(self) -> dict[str, Any]:
        """Return the value as JSON-like data."""
        body: dict[str, Any] = _adapter(type(self)).dump_python(self, mode="json")
        return body

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """Read a value back. Raises IntegrityError when it has another form than this program writes."""
        try:
            value: Self = _adapter(cls).validate_python(body)
        except ValidationError as error:
            raise IntegrityError(
                f"the journal holds a {cls.__name__} of an unknown form: {str(error.errors()[0]['msg'])[:200]}",
                remedy="Use the prp-mcp version that wrote it, or move the state directory away.",
            ) from error
        return value


_ADAPTERS: dict[type[Recorded], TypeAdapter[Any]] = {}


def _adapter(kind: type[Recorded]) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)  # costly to make: only those that are used
    return _ADAPTERS[kind]


@dataclass(frozen=True)
class Finding(Recorded):
    """One thing found: `at` is `path:line:col` or a dataset, `fix` says what to do."""

    at: str
    text: str
    fix: str = ""


@dataclass(frozen=True)
class PipelineRef(Recorded):
    """A pipeline: its `key` in the bundle and its `id` in the workspace."""

    key: str
    id: str


@dataclass(frozen=True)
class Resource(Recorded):
    """A deployed resource, and what the deployment did to it: create, update, skip."""

    key: str
    type: str
    id: str
    name: str = ""
    action: str = "skip"

    @property
    def ref(self) -> PipelineRef:
        """Return a pipeline's key and id."""
        return PipelineRef(self.key, self.id)


@dataclass(frozen=True)
class Previous(Recorded):
    """What was deployed before a run: one of our snapshots, a commit, something unknown, or nothing."""

    kind: Literal["none", "snapshot", "commit", "unknown"]
    snapshot: str | None = None
    commit: str | None = None

    @property
    def named(self) -> str:
        """Return the beginning of the snapshot's or commit's name, or an empty string."""
        return (self.snapshot or self.commit or "")[:12]


# What passing (or failing) a gate leaves behind; the gate it belongs to is `gate`.


@dataclass(frozen=True)
class Evidence(Recorded):
    """What a step at a gate saw, for the steps after it and for the reports."""

    gate: ClassVar[Gate]


@dataclass(frozen=True)
class StatedCommand(Recorded):
    """A validation command as the PRP stated it."""

    text: str
    expected: str | None = None


@dataclass(frozen=True)
class StatedCheck(Recorded):
    """A checklist item as the PRP stated it."""

    id: str
    text: str
    mandatory: bool = False


@dataclass(frozen=True)
class PrpEvidence(Evidence):
    """What the PRP demanded when it was read; `patterns` are the code base's, in full where a result shortened them."""

    gate = Gate.PRP
    title: str = ""
    goal: str = ""
    digest: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    commands: tuple[StatedCommand, ...] = ()
    checklist: tuple[StatedCheck, ...] = ()
    patterns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EnvironmentEvidence(Evidence):
    """Where, as whom and from which commit (`base`) the run works."""

    gate = Gate.ENVIRONMENT
    identity: str = ""
    host: str = ""
    target: str = ""
    base: str = ""
    bundle_cli: str = ""
    branch: str = ""
    dirty: tuple[str, ...] = ()


@dataclass(frozen=True)
class PipelineSettings(Recorded):
    """A pipeline as the bundle resolves it; `sources` are gitignore patterns relative to the bundle's folder."""

    name: str = ""
    catalog: str = ""
    schema: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class BundleEvidence(Evidence):
    """What the bundle resolves to: `configuration` is its digest, the paths are the workspace's."""

    gate = Gate.BUNDLE
    name: str = ""
    configuration: str = ""
    pipelines: Mapping[str, PipelineSettings] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    mode: str | None = None
    sync_exclude: tuple[str, ...] = ()
    root_path: str = ""
    file_path: str = ""
    state_path: str = ""


@dataclass(frozen=True)
class CompileEvidence(Evidence):
    """The files that were checked (the first 500)."""

    gate = Gate.COMPILE
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeploymentEvidence(Evidence):
    """What is deployed: the snapshot, its resources and number of files, and what was there before the run."""

    gate = Gate.DEPLOYMENT
    snapshot: str = ""
    resources: tuple[Resource, ...] = ()
    files: int = 0
    previous: Previous = Previous("none")

    @property
    def pipelines(self) -> dict[str, PipelineRef]:
        """Return the deployed pipelines by bundle key."""
        return {item.key: item.ref for item in self.resources if item.type == "pipelines"}


@dataclass(frozen=True)
class DatasetRun(Recorded):
    """What an update did to one dataset; a view has no flow of its own and writes nothing."""

    name: str
    state: str
    rows: int = 0
    dropped: int = 0
    inputs: tuple[str, ...] = ()
    ended: str = ""
    is_done: bool = False
    is_view: bool = False

    @property
    def short(self) -> str:
        """Return the name without catalog and schema."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True)
class UpdateRun(Recorded):
    """What the event log of one update says."""

    pipeline: PipelineRef
    update: str
    datasets: tuple[DatasetRun, ...] = ()


@dataclass(frozen=True)
class ExecutionEvidence(Evidence):
    """The updates the run judged, each with its datasets."""

    gate = Gate.EXECUTION
    updates: tuple[UpdateRun, ...] = ()


@dataclass(frozen=True)
class Measured(Recorded):
    """One expectation in the update: `rate` (0..1, rounded for display, None: no record), `is_low` judged before."""

    name: str
    action: str
    passed: int
    failed: int
    rate: float | None
    threshold: float
    is_low: bool = False


@dataclass(frozen=True)
class MeasuredDataset(Recorded):
    """The expectations of one dataset, with its rows and dropped records."""

    name: str
    rows: int
    dropped: int
    expectations: tuple[Measured, ...] = ()


@dataclass(frozen=True)
class QualityEvidence(Evidence):
    """What was measured."""

    gate = Gate.QUALITY
    datasets: tuple[MeasuredDataset, ...] = ()


@dataclass(frozen=True)
class CheckedTable(Recorded):
    """A published table and how it stands."""

    name: str
    owner: str
    documented: bool
    grants_ok: bool


@dataclass(frozen=True)
class GovernanceEvidence(Evidence):
    """The tables that were looked at."""

    gate = Gate.GOVERNANCE
    tables: tuple[CheckedTable, ...] = ()


ItemState = Literal["verified", "attested", "waived", "open", "failed"]


@dataclass(frozen=True)
class Item(Recorded):
    """A validation command or checklist item: how it stands, and what proves that."""

    id: str
    text: str
    state: ItemState
    proof: str
    mandatory: bool


@dataclass(frozen=True)
class SuiteEvidence(Evidence):
    """Every item of the validation suite as it stood."""

    gate = Gate.SUITE
    items: tuple[Item, ...] = ()


@dataclass(frozen=True)
class SummaryEvidence(Evidence):
    """Where the reports were written, relative to the bundle's folder."""

    gate = Gate.SUMMARY
    summary_path: str = ""
    report_path: str = ""


@dataclass(frozen=True)
class GateEntry(Recorded):
    """A step at a gate. `shown` is what the caller was shown, for readers of the journal; no step reads it."""

    tool: str
    verdict: Verdict
    summary: str
    materials: Mapping[Material, str]
    seconds: float = 0.0
    snapshot: str | None = None
    findings: tuple[Finding, ...] = ()
    findings_total: int = 0
    arguments: Mapping[str, Any] = field(default_factory=dict)
    shown: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, Any] | None = None
    """The body of the gate's `Evidence`."""
