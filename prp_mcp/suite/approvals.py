"""What waits for a person's word: validation commands that are on no list, shown exactly as they would run."""

from collections.abc import Mapping, Sequence

from prp_mcp.commands.invocations import is_databricks
from prp_mcp.engine.step import Asking, Question, Step
from prp_mcp.journal.notes import Approval
from prp_mcp.plan.model import Command
from prp_mcp.suite.preparation import Prepared, prepare


def pending(step: Step, commands: Sequence[Command] | None = None) -> list[Question]:
    """Return what would have to be approved for `commands` (all of the PRP's without them) to run, each once."""
    plan = step.present.plan
    chosen = commands if commands is not None else plan.commands if plan else ()
    wanted: dict[str, Question] = {}
    for each in prepare(step, chosen):
        if each.approval:
            wanted.setdefault(each.approval, Question(each.command.id, each.approval, _text(each)))
    return list(wanted.values())


def ask(step: Step, commands: Sequence[Command]) -> None:
    """Let a person, where one can be asked, decide what is not decided yet in this run.

    Raises Asking for questions without an answer: nothing has run then.
    """
    if step.caller.answers is None:
        return
    decided = {note.what for note in step.run.notes(Approval)}
    questions = [question for question in pending(step, commands) if question.what not in decided]
    answers = step.caller.answers
    if unanswered := [question for question in questions if question.what not in answers]:
        raise Asking(unanswered)
    record_answers(step, {question.what: answers[question.what] for question in questions}, by=step.caller.person)


def record_answers(step: Step, answers: Mapping[str, bool], by: str) -> None:
    """Keep a person's answers for the rest of the run."""
    for what, approved in answers.items():
        step.note(Approval(what, approved, by))


def _text(prepared: Prepared) -> str:
    has_credentials = any(map(is_databricks, prepared.programs))
    where = "with the workspace's credentials, outside the sandbox" if has_credentials else "in a copy of the project"
    return (
        f"The PRP's validation command {prepared.command.id} would run\n    {prepared.approval}\n"
        f"{where}. It needs a person's word: {prepared.why}. "
        "Allow exactly this for the rest of the run, whatever the project's files it uses are by then?"
    )
