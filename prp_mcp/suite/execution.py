"""Carry out a prepared validation command and judge what it left against what the PRP expects of it."""

from dataclasses import replace
from pathlib import Path

from prp_mcp.commands.invocations import Invocation, is_databricks
from prp_mcp.engine.step import Step
from prp_mcp.errors import PrpMcpError
from prp_mcp.expected.judgement import Judgement, Observed, hold_against
from prp_mcp.journal.notes import CommandRun
from prp_mcp.repo.tree import copy_tree
from prp_mcp.sandbox.command import CommandResult, Limits, private_folder, run_command, secrets_in
from prp_mcp.sandbox.reports import counts, instrumented, nothing_checked
from prp_mcp.sandbox.throwaway import throwaway_folder
from prp_mcp.suite.items import result_key
from prp_mcp.suite.preparation import Prepared

_STOPPED = {
    "time": "it ran into its time limit of {seconds} s",
    "memory": "it used more than {memory} MiB of memory",
    "processes": "it started more than {processes} processes",
}
"""What is told of a command that was stopped, by the limit it ran into."""


def carry_out(step: Step, prepared: Prepared) -> CommandRun:
    """Run a command by its way and judge what it left; one that cannot be run says why."""
    blank = CommandRun(
        prepared.command.id, result_key(step, prepared), prepared.command.text, None, f"not run: {prepared.why}"
    )
    if prepared.way == "query":
        return _query(step, prepared, blank)
    return _programs(step, prepared, blank) if prepared.way == "programs" else blank


def _query(step: Step, prepared: Prepared, blank: CommandRun) -> CommandRun:
    warehouse = _warehouse(step, prepared)
    if not warehouse:
        return replace(blank, why="not run: no SQL warehouse is known; set DATABRICKS_WAREHOUSE_ID")
    where = {name: prepared.values[name] for name in ("catalog", "schema") if name in prepared.values}
    limit = step.present.policy.limits.command_seconds
    try:
        answer = step.workspace.query(prepared.text, warehouse, where, limit, step.caller.pause)
    except PrpMcpError as error:
        return replace(blank, why=f"not run: {error.summary}")
    if answer.error:
        return replace(blank, met=False, why=f"the statement failed: {answer.error[:300]}", tail=answer.error)
    ended = replace(blank, exit=0, tail="\n".join(" | ".join(row) for row in answer.rows[:20]))
    if not answer.complete:
        return replace(ended, why="the result is too long to be judged", unchecked=("the result",))
    seen = Observed(0, rows=answer.rows, statement=prepared.text)
    return _judged(hold_against(prepared.command.expected, seen), ended)


def _warehouse(step: Step, prepared: Prepared) -> str:
    if named := prepared.values.get("warehouse_id"):
        return named
    usable = step.workspace.warehouses()
    return usable[0] if len(usable) == 1 else ""


def _programs(step: Step, prepared: Prepared, blank: CommandRun) -> CommandRun:
    last = replace(blank, why="nothing ran")
    seconds = 0.0
    with throwaway_folder() as copy:
        copy_tree(step.present.repository, step.present.tested, copy)
        for number, program in enumerate(prepared.programs):
            last = _program(step, program, copy, private_folder(copy) / f"report-{number}.xml", blank)
            seconds += last.seconds
            if last.exit != 0 or last.met is False:
                break
    last = replace(last, seconds=round(seconds, 1))
    if last.met is False or last.exit is None:
        return last
    seen = Observed(last.exit, f"{last.head}{last.tail}", counts=last.counts)
    return _judged(hold_against(prepared.command.expected, seen), last)


def _program(step: Step, program: Invocation, copy: Path, report: Path, blank: CommandRun) -> CommandRun:
    if is_databricks(program):
        return _databricks(step, program, blank)
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
    return _ended(step, argv, done, report, blank)


def _ended(step: Step, argv: tuple[str, ...], done: CommandResult, report: Path, blank: CommandRun) -> CommandRun:
    gap = f"\n... {done.left_out} bytes left out ...\n" if done.left_out else ""
    found = counts(argv, report, done.head + done.tail)
    ended = replace(
        blank,
        why=done.tail,
        exit=done.exit,
        seconds=done.seconds,
        head=done.head + gap,
        tail=done.tail,
        counts=found,
        sandbox=done.sandbox,
    )
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


def _databricks(step: Step, program: Invocation, blank: CommandRun) -> CommandRun:
    folder = (step.root_in(step.snapshot) / program.folder).resolve()
    if not folder.is_relative_to(step.snapshot.files.resolve()) or not folder.is_dir():
        return replace(blank, why=f"not run: {program.folder!r} is no folder of the project")
    done = step.cli.command(program.argv[1:], folder, step.run.target)
    output = (done.stdout + done.stderr).strip()
    ended = replace(blank, why="", exit=done.exit, seconds=done.seconds, tail=output[-20_000:])
    if done.timed_out:
        return replace(ended, met=False, why="it ran into its time limit", tail=output[-2000:], stopped="time")
    return ended


def _judged(judgement: Judgement, result: CommandRun) -> CommandRun:
    met = {"met": True, "unmet": False, "unclear": None}[judgement.verdict]
    why = judgement.why or f"exit {result.exit}"
    if judgement.unchecked:
        why = f"ran; attest that: {'; '.join(judgement.unchecked)}"[:300]
    if found := [f"{count:,} {name}" for name, count in result.counts.items() if count]:
        why = f"{why} ({', '.join(found)})"
    return replace(result, met=met, why=why, unchecked=judgement.unchecked)
