"""Carry out a prepared validation command and judge what it left against what the PRP expects of it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prp_mcp.engine.step import Step
from prp_mcp.errors import PrpMcpError
from prp_mcp.expected.judgement import Judgement, Observed, judge
from prp_mcp.gates.commands import Invocation, is_databricks
from prp_mcp.repo.tree import copy_tree
from prp_mcp.sandbox.command import CommandResult, Limits, private_folder, run_command, secrets_in
from prp_mcp.sandbox.reports import counts, instrumented, nothing_checked
from prp_mcp.sandbox.throwaway import throwaway_folder
from prp_mcp.suite.preparation import Prepared

_STOPPED = {
    "time": "it ran into its time limit of {seconds} s",
    "memory": "it used more than {memory} MiB of memory",
    "processes": "it started more than {processes} processes",
}
"""What is told of a command that was stopped, by the limit it ran into."""


@dataclass(frozen=True)
class Result:
    """How a command ended: `met` True or False when that could be decided, None when a reader must attest it.

    `exit` is None when it could not be started; `stopped` names the limit that ended it; `unchecked` are the
    expectations nothing could decide.
    """

    met: bool | None
    why: str
    exit: int | None = None
    seconds: float = 0.0
    head: str = ""
    tail: str = ""
    unchecked: tuple[str, ...] = ()
    counts: dict[str, int] | None = None
    sandbox: str = ""
    stopped: str = ""


def carry_out(step: Step, prepared: Prepared) -> Result:
    """Run a command by its way; one that cannot be run says why."""
    if prepared.way == "query":
        return _query(step, prepared)
    if prepared.way == "programs":
        return _programs(step, prepared)
    return Result(None, f"not run: {prepared.why}")


def as_note(result: Result) -> dict[str, Any]:
    """Return what the journal keeps of a result."""
    return {name: value for name, value in vars(result).items() if name in ("met", "why", "exit") or value}


def _query(step: Step, prepared: Prepared) -> Result:
    warehouse = _warehouse(step, prepared)
    if not warehouse:
        return Result(None, "not run: no SQL warehouse is known; set DATABRICKS_WAREHOUSE_ID")
    where = {name: prepared.values[name] for name in ("catalog", "schema") if name in prepared.values}
    limit = step.present.policy.limits.command_seconds
    try:
        answer = step.workspace.query(prepared.text, warehouse, where, limit, step.waiter.pause)
    except PrpMcpError as error:
        return Result(None, f"not run: {error.summary}")
    if answer.error:
        return Result(False, f"the statement failed: {answer.error[:300]}", tail=answer.error)
    shown = "\n".join(" | ".join(row) for row in answer.rows[:20])
    if not answer.complete:
        return Result(None, "the result is too long to be judged", 0, tail=shown, unchecked=("the result",))
    seen = Observed(0, rows=answer.rows, statement=prepared.text)
    return _judged(judge(prepared.command.expected, seen), Result(None, "", 0, tail=shown))


def _warehouse(step: Step, prepared: Prepared) -> str:
    if named := prepared.values.get("warehouse_id"):
        return named
    usable = step.workspace.warehouses()
    return usable[0] if len(usable) == 1 else ""


def _programs(step: Step, prepared: Prepared) -> Result:
    last = Result(None, "nothing ran")
    seconds = 0.0
    with throwaway_folder() as copy:
        copy_tree(step.present.repository, step.present.tested, copy)
        for number, program in enumerate(prepared.programs):
            last = _program(step, program, copy, private_folder(copy) / f"report-{number}.xml")
            seconds += last.seconds
            if last.exit != 0 or last.met is False:
                break
    last = replace(last, seconds=round(seconds, 1))
    if last.met is False or last.exit is None:
        return last
    seen = Observed(last.exit, f"{last.head}{last.tail}", counts=last.counts or {})
    return _judged(judge(prepared.command.expected, seen), last)


def _program(step: Step, program: Invocation, copy: Path, report: Path) -> Result:
    if is_databricks(program):
        return _databricks(step, program)
    limits = step.present.policy.limits
    environment = {**step.settings.child_environment(), **dict(program.environment)}
    argv = instrumented(program.argv, report)
    done = run_command(
        argv,
        copy / step.present.inside / program.folder,
        environment,
        Limits(limits.command_seconds, limits.command_memory * 1024 * 1024, limits.command_processes),
        copy=copy,
        hidden=(
            *step.settings.private_places,
            *secrets_in(step.settings.home),
            step.present.repository.git_folder,
        ),
    )
    return _ended(step, argv, done, report)


def _ended(step: Step, argv: tuple[str, ...], done: CommandResult, report: Path) -> Result:
    gap = f"\n... {done.left_out} bytes left out ...\n" if done.left_out else ""
    found = counts(argv, report, done.head + done.tail)
    ended = Result(None, done.tail, done.exit, done.seconds, done.head + gap, done.tail, (), found, done.sandbox)
    if done.exit is None:
        return replace(ended, why=f"not run: {done.tail}")
    limits = step.present.policy.limits
    if done.stopped:
        told = _STOPPED[done.stopped].format(
            seconds=limits.command_seconds, memory=limits.command_memory, processes=limits.command_processes
        )
        return replace(ended, met=False, why=told, stopped=done.stopped)
    nothing = "no test ran" if found.get("passed", 1) == 0 else nothing_checked(argv, done.head + done.tail)
    return replace(ended, met=False, why=nothing) if done.exit == 0 and nothing else ended


def _databricks(step: Step, program: Invocation) -> Result:
    folder = (step.root_in(step.snapshot) / program.folder).resolve()
    if not folder.is_relative_to(step.snapshot.files.resolve()) or not folder.is_dir():
        return Result(None, f"not run: {program.folder!r} is no folder of the project")
    done = step.cli.command(program.argv[1:], folder, step.run.target)
    output = (done.stdout + done.stderr).strip()
    if done.timed_out:
        why = "it ran into its time limit"
        return Result(False, why, done.exit, done.seconds, tail=output[-2000:], stopped="time")
    return Result(None, "", done.exit, done.seconds, tail=output[-20_000:])


def _judged(judgement: Judgement, result: Result) -> Result:
    met = {"met": True, "unmet": False, "unclear": None}[judgement.verdict]
    why = judgement.why or f"exit {result.exit}"
    if judgement.unchecked:
        why = f"ran; attest that: {'; '.join(judgement.unchecked)}"[:300]
    if found := [f"{count:,} {name}" for name, count in (result.counts or {}).items() if count]:
        why = f"{why} ({', '.join(found)})"
    return replace(result, met=met, why=why, unchecked=judgement.unchecked)
