"""`prp-mcp run NAME`: every gate headless, one attempt each, rolled back when it goes wrong."""

import argparse
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

from prp_mcp.cli.approve import PERSON, asked, at_terminal, refuse_unattended
from prp_mcp.cli.command import REFUSED, Command, Exit
from prp_mcp.cli.screen import Screen
from prp_mcp.cli.session import engine_for, settings_for, show
from prp_mcp.cli.waive import waive_open
from prp_mcp.engine.door import Engine
from prp_mcp.engine.present import locate
from prp_mcp.engine.result import Result
from prp_mcp.engine.step import Asking, Caller, Cancelled
from prp_mcp.engine.tool import Refusal
from prp_mcp.gates.order import Verdict
from prp_mcp.journal.notes import RolledBack
from prp_mcp.policy import read_policy
from prp_mcp.report.files import write_reports
from prp_mcp.report.story import tell
from prp_mcp.settings import Settings
from prp_mcp.tools.poll_status import PollFields
from prp_mcp.tools.write_summary import SummaryFields

BEFORE = ("check_environment", "validate_bundle", "compile_check", "deploy", "start_pipeline")
AFTER = ("quality_metrics", "check_governance", "run_validation")
TRIES = 3
"""How often a step is tried that the workspace did not answer."""

Done = Result | Refusal


class Stopped(Exception):  # noqa: N818 - the end of a run, not an error
    """End the run with an exit code; what is to be said has been said."""

    def __init__(self, code: int, *, undo: bool = False):
        super().__init__(str(code))
        self.code = code
        self.undo = undo


@dataclass
class Driver:
    """Drive one run through the engine and tell a person about it."""

    engine: Engine
    screen: Screen
    caller: Caller
    run: str = ""
    interrupted: str = ""

    def step(self, tool: str, **arguments: Any) -> Result:
        """Execute a tool, show what came of it, and return a passing or running result. Raises Stopped."""
        if self.interrupted:
            raise Cancelled
        done = self._tried(tool, arguments)
        if isinstance(done, Refusal):
            show(self.screen, done, tool)
            raise Stopped(REFUSED[done.code], undo=done.code in ("workspace", "internal"))
        self.run = done.run
        is_well = done.verdict in (Verdict.PASSED, Verdict.RUNNING)
        if tool != "poll_status" or not is_well:
            show(self.screen, done, tool)
        if not is_well:
            raise Stopped(Exit.FAILED, undo=True)
        return done

    def watch(self) -> Result:
        """Follow the update until it has ended, telling of each dataset when it is done."""
        told: set[str] = set()
        while True:
            done = self.step("poll_status", wait_seconds=5)
            fields = done.own(PollFields)
            for row in fields.datasets:
                if row.state == "COMPLETED" and row.name not in told:
                    told.add(row.name)
                    dropped = f", {row.dropped:,} dropped" if row.dropped else ""
                    self.screen.detail(f"{row.name}: {row.rows:,} rows{dropped}")
            if done.verdict is Verdict.PASSED:
                return done
            if fields.remaining:
                self.step("start_pipeline")

    def _tried(self, tool: str, arguments: dict[str, Any]) -> Done:
        for attempt in range(TRIES):
            done = self._executed(tool, arguments)
            if not _worth_another_try(tool, done) or attempt == TRIES - 1:
                return done
            self.screen.detail(f"{done.reason if isinstance(done, Refusal) else done.summary} Trying again.")
            self.caller.pause(2.0)
        raise AssertionError("unreachable: the last attempt returns")

    def _executed(self, tool: str, arguments: dict[str, Any]) -> Done:
        """Execute a tool; when it needs a person's word, ask the one at the terminal and execute it again."""
        try:
            return self.engine.execute(tool, arguments, self.caller)
        except Asking as asking:
            given = {question.what: asked(question, self.screen) for question in asking.questions}
            return self.engine.execute(tool, arguments, replace(self.caller, answers=given))


def _worth_another_try(tool: str, done: Done) -> bool:
    if isinstance(done, Refusal):
        return done.code == "workspace"
    return tool == "start_pipeline" and done.verdict is Verdict.INCONCLUSIVE  # the next call looks for the update first


def drive(
    name: str, target: str | None, settings: Settings, screen: Screen, folder: Path, waive: str | None = None
) -> int:
    """Take the PRP `name` through every gate and return the exit code."""
    caller = Caller(progress=screen.progress, answers={} if at_terminal() else None, person=PERSON)
    driver = Driver(engine_for(settings, headless=True, folder=folder), screen, caller)
    with _interruptible(driver):
        try:
            _gates(driver, name, target, waive)
            return Exit.PASSED
        except Stopped as stopped:
            code = stopped.code
            if stopped.undo:
                _undo_rest(driver)
        except Cancelled:
            _roll_back(driver, folder)
            code = Exit.INTERRUPTED
    if driver.run:
        _write_reports(driver, folder)
    return code


def _gates(driver: Driver, name: str, target: str | None, waive: str | None) -> None:
    driver.step("load_prp", prp=name, **({"target": target} if target else {}))
    for tool in BEFORE:
        driver.step(tool)
    show(driver.screen, driver.watch(), "poll_status")
    for tool in AFTER:
        done = driver.step(tool)
    if done.verdict is Verdict.RUNNING and waive:
        waive_open(driver.engine, driver.run, waive)
        done = driver.step("run_validation")
    if done.verdict is Verdict.RUNNING:
        driver.screen.detail("Attest them with `prp-mcp call record_check`, or waive them: --waive-open REASON.")
        raise Stopped(Exit.CLOSED)
    written = driver.step("write_summary").own(SummaryFields)
    driver.screen.line()
    driver.screen.line(f"Summary: {written.summary_path}")
    driver.screen.line(f"Report:  {written.report_path}")


def _undo_rest(driver: Driver) -> None:
    """Roll back what the engine had no reason to: a step whose end nobody could tell."""
    run = driver.engine.run(driver.run) if driver.run else None
    held_by_policy = run is not None and bool(run.gates) and run.gates[-1].verdict is not Verdict.PASSED
    if run and run.open and run.effects and not run.notes(RolledBack) and not held_by_policy:
        done = driver.engine.execute("rollback", {"reason": "the headless run could not continue"}, driver.caller)
        show(driver.screen, done, "rollback")


def _roll_back(driver: Driver, folder: Path) -> None:
    driver.caller.cancelled.clear()
    driver.screen.line()
    if not driver.run:
        driver.screen.line(f"Interrupted by {driver.interrupted}: no run had begun.")
        return
    _, root = locate(folder)
    if not read_policy(root).rollback.interrupt:
        driver.screen.line(f"Interrupted by {driver.interrupted}: the run is held, as the policy says.")
        return
    again = "interrupt again to leave at once; the run stays resumable"
    driver.screen.line(f"Interrupted by {driver.interrupted}: rolling back ({again}).")
    done = driver.engine.execute("rollback", {"reason": f"interrupted by {driver.interrupted}"}, driver.caller)
    show(driver.screen, done, "rollback")


def _write_reports(driver: Driver, folder: Path) -> None:
    _, root = locate(folder)
    run = driver.engine.run(driver.run)
    with driver.engine.journal() as journal:
        written = write_reports(tell(run, journal.head()[:12]), root)
    driver.screen.line()
    driver.screen.line(f"Run {driver.run} is {run.outcome or 'open'}.")
    driver.screen.line(f"Summary: {written.summary_path}")
    driver.screen.line(f"Report:  {written.report_path}")


@contextmanager
def _interruptible(driver: Driver) -> Iterator[None]:
    def handle(number: int, _: FrameType | None) -> None:
        if driver.interrupted:
            raise SystemExit(Exit.INTERRUPTED)
        driver.interrupted = signal.Signals(number).name
        driver.caller.cancelled.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prp", metavar="NAME", help="the PRP: PRPs/NAME.md")
    parser.add_argument("--target", help="bundle target (default: the policy's, dev)")
    parser.add_argument("--local", action="store_true", help="work with the local workspace")
    parser.add_argument("--allow-dirty", action="store_true", help="begin despite uncommitted changes in the work tree")
    parser.add_argument("--waive-open", metavar="REASON", help="waive checklist items that nothing proves, and say why")


def _run(args: argparse.Namespace, screen: Screen) -> int:
    settings = settings_for(args)
    if args.allow_dirty:
        settings = settings.with_grants(allow_dirty=True)
    if args.waive_open:
        refuse_unattended("waive", granted=settings.grants.waive)
    return drive(args.prp, args.target, settings, screen, Path.cwd(), args.waive_open)


COMMAND = Command(_arguments, _run)
