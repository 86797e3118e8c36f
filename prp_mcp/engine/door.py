"""The one door: every call of every tool, from every edge, goes through `Engine.execute`."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from prp_mcp import clock
from prp_mcp.engine import wording
from prp_mcp.engine.effects import Effects
from prp_mcp.engine.present import read_present
from prp_mcp.engine.result import Result, masked, shown
from prp_mcp.engine.runs import Runs
from prp_mcp.engine.step import Asking, Caller, Cancelled, Step
from prp_mcp.engine.tool import Arguments, Outcome, Refusal, Tool
from prp_mcp.errors import PolicyError, PrpMcpError, UsageError
from prp_mcp.gates.judge import Materials, counts_attempts
from prp_mcp.gates.order import TRIGGER_OF, Gate, Material, Verdict
from prp_mcp.journal.evidence import GateEntry
from prp_mcp.journal.notes import RolledBack, RunEnded
from prp_mcp.journal.runs import Run
from prp_mcp.journal.store import Journal, RecordKind
from prp_mcp.plan.names import PrpName
from prp_mcp.redaction import Redactor
from prp_mcp.repo.git import top_around
from prp_mcp.settings import Settings, ensure_private

log = logging.getLogger(__name__)

FINDINGS_KEPT = 200
_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSW(?:OR)?D|CREDENTIAL|_(?:KEY|PAT|PWD)$", re.IGNORECASE)


class Engine:
    """Execute tools for the work tree around `folder`. Safe to use from several threads of one process.

    One of `tools` has to undo: a run whose attempts are used up is rolled back by it.
    """

    def __init__(self, tools: Sequence[Tool], settings: Settings, folder: Path, *, headless: bool = False):
        self.tools = {tool.name: tool for tool in tools}
        self._undoing = next(tool for tool in tools if tool.undoes)
        self.settings = settings
        self.folder = folder
        self.headless = headless
        self._state = ensure_private(settings.state_dir, outside=top_around(folder))
        self.redactor = Redactor(_secrets(settings))

    def execute(self, name: str, arguments: Mapping[str, Any], caller: Caller | None = None) -> Result | Refusal:
        """Execute the tool `name` and return its result, or the refusal that changed nothing.

        Raises Cancelled when the caller stops waiting, and Asking when a person has to allow something first: the
        same call with the answers in `caller` goes on from there. A bug is logged with its trace and refused as
        `internal`.
        """
        run: Run | None = None
        try:
            with self.journal() as journal:
                try:
                    tool = self._tool(name)
                    values, wanted = _parse(tool, arguments)
                    run = self._run_for(tool, values, wanted, journal)
                    return self._step(tool, values, run, journal, caller or Caller())
                except PrpMcpError as error:
                    return self._refused(name, error, run, journal.head())
                except (Cancelled, Asking):
                    raise
                except Exception as error:  # a bug of ours: the trace goes to the log, never to the user
                    log.exception("bug in %s, run %s", name, run.id if run else "-")
                    return self._bug(name, error, run, journal.head())
        except PrpMcpError as error:  # there is no journal to be had
            return self._refused(name, error, None, "")

    def run(self, wanted: str = "", *, reads_ended: bool = True) -> Run:
        """Return the run whose id begins with `wanted`, else the open one, else the latest; see `Runs.find`."""
        with self.journal() as journal:
            return Runs(journal, self.folder, self.settings).find(wanted, reads_ended=reads_ended)

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        """Yield the journal, open."""
        journal = Journal(self._state / "journal.db", self.redactor)
        try:
            yield journal
        finally:
            journal.close()

    @contextmanager
    def opened(self, wanted: str = "") -> Iterator[Step]:
        """Yield the open run of this work tree (the one whose id begins with `wanted`) to what a person does with it.

        Raises UsageError when there is none or there are several.
        """
        with self.journal() as journal:
            run = Runs(journal, self.folder, self.settings).find(wanted)
            yield self._open(run, journal, Caller())

    def _tool(self, name: str) -> Tool:
        if name not in self.tools:
            raise UsageError(f"there is no tool {name[:80]!r}", remedy=f"Use one of: {', '.join(self.tools)}.")
        return self.tools[name]

    def _run_for(self, tool: Tool, values: Arguments, wanted: str, journal: Journal) -> Run:
        runs = Runs(journal, self.folder, self.settings)
        if tool.begins:
            return runs.begin(tool.begins(values), headless=self.headless)
        return runs.find(wanted, reads_ended=tool.reads_ended)

    def _open(self, run: Run, journal: Journal, caller: Caller) -> Step:
        present = read_present(self.folder, self.settings, PrpName(run.prp), run.target)
        return Step(self.settings, journal, Effects(journal, self._state), present, run, caller)

    def _step(self, tool: Tool, values: Arguments, run: Run, journal: Journal, caller: Caller) -> Result | Refusal:
        step = self._open(run, journal, caller)
        present = step.present
        if present.credentials.host != run.host and not tool.reads_ended:
            raise PolicyError(
                f"the credentials are for {present.credentials.host}, the run is for {run.host}",
                remedy="Start the server with the run's credentials, or begin a new run with load_prp.",
            )
        if tool.opens_with and (closed := step.standing.admit(tool.opens_with)):
            reason, remedy = wording.closed(tool.name, closed, step)
            return Refusal(tool.name, "closed", reason, remedy, run.id, journal.head()[:12])
        began = clock.monotonic()
        before = present.materials(run, journal)
        outcome = tool.run(step, values)
        step.refresh()
        if tool.gate and outcome.record:
            self._record(tool, tool.gate, outcome, step, before, values, clock.monotonic() - began)
            outcome = self._after(tool.gate, outcome, step)
        following = self.redactor.text(outcome.next or wording.next_step(step, tool, outcome))
        return Result(tool.gate, masked(outcome, self.redactor), following, run.id, journal.head()[:12], tool.cap)

    def _record(
        self, tool: Tool, gate: Gate, outcome: Outcome, step: Step, before: Materials, values: Arguments, seconds: float
    ) -> None:
        # What the step itself made (a deployment, an update) is bound as it is now; all else as it was at the start,
        # so that an edit during the step makes its evidence stale.
        now = step.present.materials(step.run, step.journal)
        entry = GateEntry(
            tool=tool.name,
            verdict=outcome.verdict,
            summary=outcome.summary,
            materials={**before, **{name: now[name] for name in (Material.DEPLOYMENT, Material.UPDATE)}},
            seconds=round(seconds, 3),
            snapshot=step.snapshot.name if "snapshot" in vars(step) else None,
            findings=outcome.findings[:FINDINGS_KEPT],
            findings_total=len(outcome.findings),
            arguments=values.model_dump(mode="json"),
            shown=shown(outcome.fields),
            evidence=outcome.evidence.to_body() if outcome.evidence else None,
        )
        step.journal.append(step.run.id, gate.value, RecordKind.GATE, entry.to_body())
        step.refresh()

    def _after(self, gate: Gate, outcome: Outcome, step: Step) -> Outcome:
        """End a run that passed its last gate; roll back one out of attempts, or that left something behind."""
        if outcome.verdict is Verdict.PASSED:
            if gate is Gate.SUMMARY:
                step.end(RunEnded("passed", "all gates passed"))
            return outcome
        if outcome.verdict is not Verdict.FAILED or not counts_attempts(gate):
            return outcome  # what nobody could tell undoes nothing: the run is held
        is_last = attempts_left(step, gate) <= 0
        is_switched_on = getattr(step.present.policy.rollback, TRIGGER_OF[gate].value)
        if not is_switched_on or not (is_last or outcome.left_behind):
            return outcome
        why = f"{gate} {outcome.verdict}, no attempt left" if is_last else f"{gate} left something behind"
        return self._roll_back(outcome, step, f"{why}: {outcome.summary}")

    def _roll_back(self, outcome: Outcome, step: Step, reason: str) -> Outcome:
        undone = self._undoing.run(step, self._undoing.arguments.model_validate({"reason": reason[:400]}))
        told = step.refresh().notes(RolledBack)
        return replace(
            outcome,
            summary=f"{outcome.summary} {undone.summary}",
            rolled_back=told[-1].steps if told else (),
            next=undone.next or "The run has ended. Correct the cause, then call load_prp to begin a new run.",
        )

    def _refused(self, name: str, error: PrpMcpError, run: Run | None, head: str) -> Refusal:
        text = self.redactor.text
        reason = text(f"{name[:80]} is refused: {error.summary}")
        return Refusal(name[:80], error.code, reason, text(error.remedy), run.id if run else "", head[:12])

    def _bug(self, name: str, error: Exception, run: Run | None, head: str) -> Refusal:
        reason = f"{name} failed through a bug in prp-mcp ({type(error).__name__})"
        remedy = f"Look into {self._state / 'prp-mcp.log'}; run_status shows where the run stands."
        return Refusal(name, "internal", reason, remedy, run.id if run else "", head[:12])


def attempts_left(step: Step, gate: Gate) -> int:
    """Return how many failing verdicts `gate` may still have before a rollback."""
    allowed = 1 if step.run.begun.headless else step.present.policy.limits.attempts
    return allowed - step.standing.states[gate].failures


def _parse(tool: Tool, arguments: Mapping[str, Any]) -> tuple[Arguments, str]:
    given = dict(arguments)
    wanted = None if tool.begins else given.pop("run", None)
    if not isinstance(wanted, str | None):
        raise UsageError("`run` must be a string", remedy="Give a run id or the beginning of one.")
    try:
        return tool.arguments.model_validate(given), wanted or ""
    except ValidationError as error:
        known = ", ".join([*tool.arguments.model_fields, *([] if tool.begins else ["run"])])
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))[:80]
        raise UsageError(f"argument {where!r}: {first['msg']}", remedy=f"{tool.name} takes: {known}.") from error


def _secrets(settings: Settings) -> tuple[str, ...]:
    found = [value for name, value in settings.environment.items() if _SECRET_NAME.search(name)]
    try:
        return (*found, *settings.credentials().secrets)
    except PrpMcpError:
        return tuple(found)
