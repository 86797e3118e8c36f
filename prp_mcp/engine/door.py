"""The one door: every call of every tool, from every edge, goes through `Engine.execute`."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import ValidationError

from prp_mcp import clock
from prp_mcp.engine import wording
from prp_mcp.engine.effects import Effects
from prp_mcp.engine.present import locate, look, prp_path
from prp_mcp.engine.result import compose
from prp_mcp.engine.step import Asking, Cancelled, Step, Waiter
from prp_mcp.engine.tool import Arguments, Outcome, Refusal, Tool
from prp_mcp.errors import BusyError, PolicyError, PrpMcpError, UsageError
from prp_mcp.gates.judge import Materials, counts_attempts
from prp_mcp.gates.order import TRIGGER_OF, Gate, Material, Verdict
from prp_mcp.journal.runs import Run, fold
from prp_mcp.journal.store import Journal, Kind
from prp_mcp.policy import read_policy
from prp_mcp.redaction import Redactor
from prp_mcp.repo.bundle_file import read_bundle_file
from prp_mcp.settings import Settings, ensure_private

log = logging.getLogger(__name__)

FINDINGS_KEPT = 200
Result = dict[str, Any]


class Engine:
    """Execute tools for the work tree around `folder`. Safe to use from several threads of one process."""

    def __init__(self, tools: Sequence[Tool], settings: Settings, folder: Path, *, headless: bool = False):
        self.tools = {tool.name: tool for tool in tools}
        self.settings = settings
        self.folder = folder
        self.headless = headless
        state = ensure_private(settings.state_dir, outside=_top(folder))
        self.redactor = Redactor(_secrets(settings))
        self._path = state / "journal.db"
        self._state = state

    def execute(self, name: str, arguments: Mapping[str, Any], waiter: Waiter | None = None) -> Result | Refusal:
        """Execute the tool `name` and return its result, or the refusal that changed nothing.

        Raises Cancelled when the caller stops waiting, and Asking when a person has to allow something first: the
        same call with the answers in `waiter` goes on from there. A bug is logged with its trace and refused as
        `internal`.
        """
        try:
            journal = Journal(self._path, self.redactor)
        except PrpMcpError as error:
            return Refusal(name, error.code, f"{name} is refused: {error.summary}", error.remedy)
        run: Run | None = None
        try:
            tool = self._tool(name)
            values, wanted = _parse(tool, arguments)
            run = self._run_for(tool, values, wanted, journal)
            return self._step(tool, values, run, journal, waiter or Waiter())
        except PrpMcpError as error:
            return self._refused(name, error, run, journal)
        except (Cancelled, Asking):
            raise
        except Exception as error:  # a bug of ours: say so, keep the trace in the log, never show it to the user
            log.exception("bug in %s, run %s", name, run.id if run else "-")
            kind = type(error).__name__
            return Refusal(
                name, "internal", f"{name} failed through a bug in prp-mcp ({kind})",
                f"Look into {self._state / 'prp-mcp.log'}; run_status shows where the run stands.",
                run.id if run else "", journal.head()[:12],
            )  # fmt: skip
        finally:
            journal.close()

    def runs(self) -> list[Run]:
        """Return all runs of this state directory, oldest first."""
        with self.journal() as journal:
            return fold(journal.records())

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        """Yield the journal, open."""
        journal = Journal(self._path, self.redactor)
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
            run = self._find(wanted or None, journal)
            yield self._open(run, journal, Waiter())

    def _tool(self, name: str) -> Tool:
        if name not in self.tools:
            raise UsageError(f"there is no tool {name!r}", remedy=f"Use one of: {', '.join(self.tools)}.")
        return self.tools[name]

    def _run_for(self, tool: Tool, values: Arguments, wanted: str | None, journal: Journal) -> Run:
        if tool.gate is Gate.PRP:
            return self._begin(values, wanted, journal)
        return self._find(wanted, journal, reads_ended=tool.opens_with is None and tool.kind == "read")

    def _find(self, wanted: str | None, journal: Journal, *, reads_ended: bool = False) -> Run:
        root = str(locate(self.folder)[1])
        mine = [run for run in fold(journal.records()) if run.folder == root]
        candidates = [run for run in mine if run.open or reads_ended or wanted]
        if wanted:
            candidates = [run for run in candidates if run.id.startswith(wanted)]
        elif any(run.open for run in candidates):
            candidates = [run for run in candidates if run.open]
        else:
            candidates = candidates[-1:]
        if len(candidates) > 1:
            listed = ", ".join(f"{run.id} ({run.prp} on {run.target})" for run in candidates)
            raise UsageError(f"several runs fit: {listed}", remedy="Name one with the argument `run`.")
        if not candidates:
            raise UsageError(
                f"there is no run {wanted!r} in this project" if wanted else "no run is open in this project",
                remedy="Call load_prp with the PRP's name to begin one.",
            )
        found = candidates[0]
        if not found.open and not reads_ended:
            raise UsageError(f"run {found.id} has ended: {found.outcome}", remedy="Call load_prp to begin a new run.")
        return found

    def _begin(self, values: Any, wanted: str | None, journal: Journal) -> Run:
        """Resume the open run of this PRP and target, or begin one, in one transaction."""
        if wanted:
            raise UsageError("load_prp takes no `run`", remedy="Call load_prp with the PRP's name alone.")
        repository, root = locate(self.folder)
        prp_path(root, values.prp)
        policy = read_policy(root)
        target = values.target or policy.target
        host = self.settings.credentials().host
        bundle = read_bundle_file(root).name
        with journal.transaction():
            holding = [run for run in fold(journal.records()) if run.open and run.key == (host, bundle, target)]
            for run in holding:
                here = run.folder == str(root)
                if here and run.prp == values.prp and not values.restart:
                    return run
                if not here or not values.restart:
                    raise BusyError(
                        f"{bundle} on target {target} is held by run {run.id}: PRP {run.prp!r} in {run.worktree}, "
                        f"since {run.began}",
                        remedy=f"Finish that run there, or roll it back (rollback with run={run.id!r}); in the same "
                        "work tree load_prp with restart=true abandons it.",
                    )
                self._abandon(run, journal)
            run_id = uuid4().hex[:10]
            body = {
                "prp": values.prp, "worktree": str(repository.top), "target": target, "host": host,
                "bundle": bundle, "headless": self.headless, "folder": str(root),
            }  # fmt: skip
            journal.append(run_id, "begin", Kind.RUN, body)
        return fold(journal.records(run_id))[0]

    def _abandon(self, run: Run, journal: Journal) -> None:
        if run.unsettled():
            names = ", ".join(effect.name for effect in run.unsettled())
            raise BusyError(
                f"run {run.id} cannot be abandoned: nobody knows yet how its {names} ended",
                remedy="Call run_status, then rollback or the same tool again to settle it.",
            )
        if run.running_updates:
            raise BusyError(
                f"run {run.id} cannot be abandoned while its update runs",
                remedy="Call poll_status until it has ended, or rollback.",
            )
        journal.append(run.id, "end", Kind.RUN, {"outcome": "abandoned", "reason": "restarted"})

    def _open(self, run: Run, journal: Journal, waiter: Waiter) -> Step:
        present = look(self.folder, self.settings, run.prp, run.target)
        return Step(self.settings, journal, Effects(journal, self._state), present, run, waiter)

    def _step(self, tool: Tool, values: Arguments, run: Run, journal: Journal, waiter: Waiter) -> Result | Refusal:
        step = self._open(run, journal, waiter)
        present = step.present
        if present.credentials.host != run.host and not (tool.kind == "read" and tool.opens_with is None):
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
            self._record(tool, outcome, step, before, values, clock.monotonic() - began)
            outcome = self._after(tool, outcome, step)
        following = outcome.next or wording.next_step(step, outcome)
        return compose(tool, outcome, step, following, self.redactor)

    def _record(
        self, tool: Tool, outcome: Outcome, step: Step, before: Materials, values: Arguments, seconds: float
    ) -> None:
        assert tool.gate is not None
        # What the step itself made (a deployment, an update) is bound as it is now; all else as it was at the start,
        # so that an edit during the step makes its evidence stale.
        now = step.present.materials(step.run, step.journal)
        materials = {**before, **{name: now[name] for name in (Material.DEPLOYMENT, Material.UPDATE)}}
        body = {
            "tool": tool.name,
            "verdict": outcome.verdict.value,
            "summary": outcome.summary,
            "fields": dict(outcome.fields),
            "evidence": dict(outcome.evidence),
            "findings": [vars(finding) for finding in outcome.findings[:FINDINGS_KEPT]],
            "findings_total": len(outcome.findings),
            "materials": {str(name): value for name, value in materials.items()},
            "arguments": values.model_dump(mode="json"),
            "seconds": round(seconds, 3),
            "snapshot": step.snapshot.name if "snapshot" in vars(step) else None,
        }
        step.journal.append(step.run.id, tool.gate.value, Kind.GATE, body)
        step.refresh()

    def _after(self, tool: Tool, outcome: Outcome, step: Step) -> Outcome:
        """End a run that passed its last gate; roll back one whose attempts are used up."""
        if tool.gate is Gate.SUMMARY and outcome.verdict is Verdict.PASSED:
            step.journal.append(step.run.id, "end", Kind.RUN, {"outcome": "passed", "reason": "all gates passed"})
            step.refresh()
            return outcome
        if outcome.verdict is Verdict.PASSED or tool.gate is None or not counts_attempts(tool.gate):
            return outcome
        left = attempts_left(step, tool.gate)
        if left > 0 and not outcome.fields.get("left_behind"):
            return outcome
        trigger = TRIGGER_OF[tool.gate]
        if not getattr(step.present.policy.rollback, trigger.value):
            return outcome
        why = f"{tool.gate} {outcome.verdict}, no attempt left" if left <= 0 else f"{tool.gate} left something behind"
        return self._roll_back(outcome, step, f"{why}: {outcome.summary}")

    def _roll_back(self, outcome: Outcome, step: Step, reason: str) -> Outcome:
        rollback = self.tools.get("rollback")
        if rollback is None:
            return outcome
        undone = rollback.run(step, rollback.arguments.model_validate({"reason": reason[:400]}))
        step.refresh()
        fields = {**outcome.fields, "rollback": undone.fields.get("steps", [])}
        summary = f"{outcome.summary} {undone.summary}"
        following = undone.next or "The run has ended. Mend the cause, then call load_prp to begin a new run."
        return Outcome(outcome.verdict, summary, fields, outcome.findings, outcome.evidence, following)

    def _refused(self, name: str, error: PrpMcpError, run: Run | None, journal: Journal) -> Refusal:
        text = self.redactor.text
        reason = text(f"{name} is refused: {error.summary}")
        return Refusal(name, error.code, reason, text(error.remedy), run.id if run else "", journal.head()[:12])


def attempts_left(step: Step, gate: Gate) -> int:
    """Return how many failing verdicts `gate` may still have before a rollback."""
    allowed = 1 if step.run.headless else step.present.policy.limits.attempts
    return allowed - step.standing.states[gate].failures


def _parse(tool: Tool, arguments: Mapping[str, Any]) -> tuple[Arguments, str | None]:
    given = dict(arguments)
    wanted = given.pop("run", None)
    if wanted is not None and not isinstance(wanted, str):
        raise UsageError("`run` is no text", remedy="Give a run id or the beginning of one.")
    try:
        return tool.arguments.model_validate(given), wanted or None
    except ValidationError as error:
        known = ", ".join([*tool.arguments.model_fields, "run"])
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"argument {where!r}: {first['msg']}", remedy=f"{tool.name} takes: {known}.") from error


def _top(folder: Path) -> Path | None:
    try:
        return locate(folder)[0].top
    except UsageError:
        return None


def _secrets(settings: Settings) -> tuple[str, ...]:
    named = ("TOKEN", "SECRET", "PASSWORD")
    found = [value for name, value in settings.environment.items() if any(part in name.upper() for part in named)]
    try:
        return (*found, *settings.credentials().secrets)
    except PrpMcpError:
        return tuple(found)
