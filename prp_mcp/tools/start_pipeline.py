"""`start_pipeline`: start the deployed pipeline once, or adopt the update this run already started."""

from pydantic import Field

from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Outcome, Tool
from prp_mcp.errors import BusyError, UsageError
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.evidence import PipelineRef
from prp_mcp.steps.updates import active_update, completed_logs, settle_start, start


class StartArguments(Arguments):
    """Choose the pipeline and how to run it."""

    pipeline: str | None = Field(None, description="Bundle key of the pipeline; the next one when left out.")
    full_refresh: bool = Field(False, description="Recompute every table from the start.")


class StartFields(Fields):
    """The update that runs now: `pipeline` and `remaining` are bundle keys."""

    pipeline: str
    update: str
    url: str
    adopted: bool
    remaining: list[str]


def start_pipeline(step: Step, arguments: StartArguments) -> Outcome:
    """Start the next pipeline of the deployment, unless this run already did."""
    with step.effects.held(step.run, "start_pipeline"):
        for effect in step.refresh().unsettled_starts:
            settle_start(step, effect)
        pipeline = _chosen(step, arguments)
        current = step.run.updates.get(pipeline.key)
        if current and current.ended is None:
            return _started(step, pipeline, current.id, adopted=True)
        if current and current in step.run.awaited:
            raise BusyError(
                f"update {current.id} of pipeline {pipeline.key} has ended and is not judged yet: "
                "its event log is waited for",
                remedy="Call poll_status.",
            )
        if foreign := active_update(step, pipeline):
            raise BusyError(
                f"update {foreign} of pipeline {pipeline.key} is running and is not ours",
                remedy="Wait until it has ended, then call start_pipeline again.",
            )
        effect = start(step, pipeline, full_refresh=arguments.full_refresh)
    if not effect.is_settled:
        summary, following = (
            "Nobody knows yet whether the update was started.",
            "Call start_pipeline again: it looks for the update before it starts one.",
        )
        fields = _fields(step, pipeline, "", adopted=False)
        return Outcome(Verdict.INCONCLUSIVE, summary, fields, next=following, record=False)
    if not effect.is_done:
        summary = f"The workspace refused to start {pipeline.key}: {effect.result.detail[:300]}"
        return Outcome(Verdict.FAILED, summary, _fields(step, pipeline, "", adopted=False))
    return _started(step, pipeline, effect.result.update, adopted=effect.result.adopted)


def _chosen(step: Step, arguments: StartArguments) -> PipelineRef:
    """Return the pipeline asked for, or else one that runs, one that has not completed, the first."""
    pipelines = step.run.pipelines
    if arguments.pipeline:
        if arguments.pipeline not in pipelines:
            raise UsageError(
                f"there is no pipeline {arguments.pipeline[:80]!r}", remedy=f"Use one of: {', '.join(pipelines)}."
            )
        return pipelines[arguments.pipeline]
    running = [update.pipeline.key for update in step.run.awaited]
    completed = completed_logs(step)
    waiting = [key for key in pipelines if key not in completed]
    return pipelines[next(iter([*running, *waiting, *pipelines]))]


def _started(step: Step, pipeline: PipelineRef, update: str, *, adopted: bool) -> Outcome:
    summary = f"Update {update} of {pipeline.key} {'goes on' if adopted else 'was started'}."
    following = "Call poll_status until it is no longer running."
    fields = _fields(step, pipeline, update, adopted=adopted)
    return Outcome(Verdict.RUNNING, summary, fields, next=following, record=False)


def _fields(step: Step, pipeline: PipelineRef, update: str, *, adopted: bool) -> StartFields:
    completed = completed_logs(step)
    return StartFields(
        pipeline=pipeline.key,
        update=update,
        url=f"{step.run.host}/pipelines/{pipeline.id}/updates/{update}",
        adopted=adopted,
        remaining=[name for name in step.run.pipelines if name not in completed and name != pipeline.key],
    )


TOOL = Tool(
    name="start_pipeline",
    title="Start the pipeline",
    description="Start an update of the deployed pipeline; never starts a second one: if this run's update is already "
    "running it is adopted. Then call poll_status.",
    arguments=StartArguments,
    fields=StartFields,
    run=start_pipeline,
    kind="effect",
    gate=Gate.EXECUTION,
    opens_with=Gate.EXECUTION,
    idempotent=False,
)
