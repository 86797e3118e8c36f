"""What is recorded of attempts to change the workspace: what was asked for, and what is known of how it ended."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from prp_mcp.journal.evidence import PipelineRef, Previous, Recorded, Resource


class EffectName(StrEnum):
    """Name an effect."""

    DEPLOY = "deploy"
    RESTORE = "restore"
    DESTROY = "destroy"
    START = "start"
    STOP = "stop"


class Fate(StrEnum):
    """Say what is known of a single attempt."""

    DONE = "done"
    NOT_DONE = "not_done"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class DeploymentRequest(Recorded):
    """Deploy a snapshot: `plan` holds the actions by resource, `previous` what rollback puts back."""

    snapshot: str
    tree: str
    previous: Previous
    plan: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DestructionRequest(Recorded):
    """Destroy what the run created from `snapshot`."""

    snapshot: str
    resources: tuple[Resource, ...] = ()


@dataclass(frozen=True)
class DeploymentResult(Recorded):
    """How a deployment or destruction ended.

    `state` identifies the deployment the workspace knew afterwards. `left_behind`: it is not done, and things are no
    longer what they were. `settled`: nobody saw it end; its end was found by looking.
    """

    output: str = ""
    left_behind: bool = False
    snapshot: str = ""
    resources: tuple[Resource, ...] = ()
    state: str = ""
    settled: bool = False


@dataclass(frozen=True)
class StartRequest(Recorded):
    """Start an update of a pipeline."""

    pipeline: PipelineRef
    full_refresh: bool = False


@dataclass(frozen=True)
class StartResult(Recorded):
    """The update that was started; `adopted` when it was found by its token, `detail` when there is none."""

    update: str = ""
    adopted: bool = False
    detail: str = ""


@dataclass(frozen=True)
class StopRequest(Recorded):
    """Stop an update of the pipeline with the id `pipeline_id`."""

    pipeline_id: str
    update: str


@dataclass(frozen=True)
class StopResult(Recorded):
    """The update that was asked to stop."""

    update: str = ""


Request = DeploymentRequest | DestructionRequest | StartRequest | StopRequest
Result = DeploymentResult | StartResult | StopResult
RequestT_co = TypeVar("RequestT_co", bound=Request, covariant=True)
ResultT_co = TypeVar("ResultT_co", bound=Result, covariant=True)

FORMS: dict[EffectName, tuple[type[Request], type[Result]]] = {
    EffectName.DEPLOY: (DeploymentRequest, DeploymentResult),
    EffectName.RESTORE: (DeploymentRequest, DeploymentResult),
    EffectName.DESTROY: (DestructionRequest, DeploymentResult),
    EffectName.START: (StartRequest, StartResult),
    EffectName.STOP: (StopRequest, StopResult),
}
"""What is recorded before and after each effect."""


@dataclass(frozen=True)
class Ending(Generic[ResultT_co]):
    """How one attempt ended, as far as that is known."""

    fate: Fate
    result: ResultT_co


@dataclass(frozen=True)
class Effect(Generic[RequestT_co, ResultT_co]):
    """One attempt to change the workspace; `fate` is None while nobody knows how it ended, `result` is empty then.

    `token` is the intent's hash: it travels with the request and makes its result recognisable. `mark` names the
    effect as it is known now. `key` is host, bundle and target, `since` the time of the intent.
    """

    name: EffectName
    request: RequestT_co
    result: ResultT_co
    fate: Fate | None
    run: str
    key: tuple[str, str, str]
    seq: int
    since: str
    token: str
    mark: str

    @property
    def is_settled(self) -> bool:
        """Return whether it is known how it ended."""
        return self.fate is not None

    @property
    def is_done(self) -> bool:
        """Return whether it is known to have happened."""
        return self.fate is Fate.DONE


Deployment = Effect[DeploymentRequest | DestructionRequest, DeploymentResult]
Start = Effect[StartRequest, StartResult]
AnyEffect = Effect[Request, Result]


@dataclass(frozen=True)
class Intent(Recorded):
    """The body of an intent: `request` is that of the effect's form, `pid` the process that makes the attempt."""

    key: tuple[str, str, str]
    request: dict[str, object]
    pid: int = 0


@dataclass(frozen=True)
class Settled(Recorded):
    """The body of an outcome."""

    fate: Fate
    result: dict[str, object] = field(default_factory=dict)
