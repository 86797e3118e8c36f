"""`start_pipeline`: start the deployed pipeline once, or adopt the update this run already started."""

from typing import Any

from pydantic import Field

from prp_mcp.engine.present import updates_of
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Outcome, Tool
from prp_mcp.errors import BusyError, UsageError
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.runs import Effect
from prp_mcp.steps.updates import active_update, completed_logs, deployed_pipelines, settle_start, start


class StartArguments(Arguments):
    """Choose the pipeline and how to run it."""

    pipeline: str | None = Field(None, description="Bundle key of the pipeline; the next one when left out.")
    full_refresh: bool = Field(False, description="Recompute every table from the start.")


class StartFields(Fields):
    """The update that runs now."""

    pipeline: str
    update: str
    url: str
    adopted: bool
    remaining: list[str]


def start_pipeline(step: Step, arguments: StartArguments) -> Outcome:
    """Start the next pipeline of the deployment, unless this run already did."""
    with step.effects.held(step.run, "start_pipeline"):
        for effect in [item for item in step.refresh().unsettled() if item.name == "start"]:
            settle_start(step, effect)
        pipelines = deployed_pipelines(step)
        key = _chosen(step, arguments, pipelines)
        pipeline = pipelines[key]
        if running := _running(step, key):
            return _started(step, key, running, pipelines, adopted=True)
        if foreign := active_update(step, pipeline):
            raise BusyError(
                f"update {foreign} of pipeline {key} is running and is not ours",
                remedy="Wait until it has ended, then call start_pipeline again.",
            )
        effect = start(step, key, pipeline, full_refresh=arguments.full_refresh)
    if effect.outcome is None:
        following = "Call start_pipeline again: it looks for the update before it starts one."
        return Outcome(
            Verdict.INCONCLUSIVE,
            "Nobody knows yet whether the update was started.",
            _fields(step, key, "", pipelines, adopted=False),
            next=following,
            record=False,
        )
    if not effect.done:
        summary = f"The workspace refused to start {key}: {effect.result.get('detail', '')[:300]}"
        return Outcome(Verdict.FAILED, summary, _fields(step, key, "", pipelines, adopted=False))
    return _started(step, key, effect, pipelines, adopted=bool(effect.result.get("adopted")))


def _chosen(step: Step, arguments: StartArguments, pipelines: dict[str, str]) -> str:
    if arguments.pipeline and arguments.pipeline not in pipelines:
        raise UsageError(f"there is no pipeline {arguments.pipeline!r}", remedy=f"Use one of: {', '.join(pipelines)}.")
    if arguments.pipeline:
        return arguments.pipeline
    running = [key for key in updates_of(step.run) if _running(step, key)]
    completed = completed_logs(step)
    waiting = [key for key in pipelines if key not in completed]
    return next(iter([*running, *waiting, *pipelines]))


def _running(step: Step, key: str) -> Effect | None:
    ended = step.run.ended_updates
    current = updates_of(step.run).get(key)
    mine = [effect for effect in step.run.done("start") if effect.result["update"] == current]
    return mine[-1] if mine and current not in ended else None


def _started(step: Step, key: str, effect: Effect, pipelines: dict[str, str], *, adopted: bool) -> Outcome:
    fields = _fields(step, key, effect.result["update"], pipelines, adopted=adopted)
    verb = "goes on" if adopted else "was started"
    following = "Call poll_status until it is no longer running."
    return Outcome(
        Verdict.RUNNING, f"Update {effect.result['update']} of {key} {verb}.", fields, next=following, record=False
    )


def _fields(step: Step, key: str, update: str, pipelines: dict[str, str], *, adopted: bool) -> dict[str, Any]:
    completed = completed_logs(step)
    return {
        "pipeline": key,
        "update": update,
        "url": f"{step.run.host}/pipelines/{pipelines[key]}/updates/{update}",
        "adopted": adopted,
        "remaining": [name for name in pipelines if name not in completed and name != key],
    }


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
