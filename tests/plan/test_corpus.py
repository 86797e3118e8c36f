"""PRPs of every family and with every defect, beside each what a person reads in it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from prp_mcp.commands.targets import stated_targets
from prp_mcp.plan.model import Command, Plan, Role
from prp_mcp.plan.reading import is_sound, read_plan

FAMILIES = """
    agentic-new agentic-old bold bulleted checkbox cookbook intro numbered phases spanish spec-kit steps story table
    uniform
"""
SHOWN = """
    absolute-path background bindings-angle bindings-braces bindings-variable bold-levels bold-tasks bom boxes cd
    console context-kinds continuation crlf cycle deep-nesting destroy dev-server effect-beside-gates expected-after
    expected-before expected-behind expected-comment-forms expected-list expected-output expected-prose fail-open
    fence-four-backticks fence-indented fence-language-forms fence-markdown fence-nested fence-other-language
    fence-stray fence-swallows fence-tilde fence-unclosed front-matter front-matter-broken gates-by-number
    heading-bold heading-emoji heading-numbered heading-punctuation heading-setext heading-suffix
    headings-all-one-level heredoc html-comment levels-1-7 levels-nested list-literal list-numbered long-line loop
    mark-failed mcp-call name-preamble no-language outdated-cli pipe placeholder-angle placeholder-arguments
    placeholder-braces placeholder-brackets placeholder-score placeholder-tbd placeholder-todo placeholder-todo-tag
    prompts py-compile-glob python-c quote-unclosed score-after-the-work score-given secret section-alias
    section-empty section-missing section-near-miss section-weak-alias sections-several slash-command spanish
    sql-api sql-api-bad-json sql-fence sql-writes table-context target-short task-boxes task-decimal
    task-files-handed-over task-hints task-ids-own task-in-two-forms task-ranges task-table task-twice tasks-none
    threshold-bad threshold-differs threshold-prose threshold-yaml todo-talked-about tree tree-in-context type-hints
    unfilled unknown-dependency validation-none wrappers yaml-invalid
"""
"""What the corpus must hold: ways of writing a PRP, and what public PRPs were found to do wrong or unusually."""

FOLDER = Path(__file__).parent / "corpus"
NAMES = sorted(path.stem for path in FOLDER.glob("*.md"))


def expected(name: str) -> dict[str, Any]:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))


def read(name: str) -> Plan:
    # Bytes, not text mode: line ends and a byte order mark are part of what is tested.
    return read_plan((FOLDER / f"{name}.md").read_bytes().decode("utf-8"), name)


def played(plan: Plan, role: str) -> list[str]:
    found = [section for section in plan.sections if section.role is Role(role) and section.match]
    best = next((section for section in found if section.match == "exact"), found[0] if found else None)
    return [best.title, str(best.match)] if best else ["", "none"]


def shown(command: Command, keys: dict[str, Any]) -> dict[str, Any]:
    whole = {
        "id": command.id,
        "text": command.text.split("\n")[0],
        "gate": command.gate,
        "kind": command.kind,
        "blocked": command.blocked,
        "expected": command.expected,
        "bindings": list(command.bindings),
    }
    # The expectation names a part of the reason.
    if keys.get("blocked") and command.blocked and keys["blocked"] in command.blocked:
        whole["blocked"] = keys["blocked"]
    return {key: whole[key] for key in keys}


def reading(plan: Plan, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what was read, in the form of the expectation and with its keys."""
    commands = list(wanted.get("commands", ()))
    commands += [{"id": None, "text": None}] * (len(plan.commands) - len(commands))
    tasks = list(wanted.get("tasks", ()))
    tasks += [[None] * 4] * (len(plan.tasks) - len(tasks))
    whole = {
        "sound": is_sound(plan),
        "title": plan.title,
        "goal": plan.goal,
        "sections": {role: played(plan, role) for role in wanted.get("sections", ())},
        "tasks": [
            [task.id, task.title, list(task.depends_on), list(task.files)][: len(keys)]
            for task, keys in zip(plan.tasks, tasks, strict=False)
        ],
        "commands": [shown(command, keys) for command, keys in zip(plan.commands, commands, strict=False)],
        "checklist": {
            "total": len(plan.checklist),
            "ticked": sum(check.ticked for check in plan.checklist),
            "mandatory": sum(check.mandatory for check in plan.checklist),
            "gates": {check.id: check.gate for check in plan.checklist if check.gate},
        },
        "context": [item.ref for item in plan.context],
        "bindings": [binding.name for binding in plan.bindings],
        "thresholds": dict(plan.thresholds),
        "findings": sorted([finding.rule, finding.line, finding.severity] for finding in plan.findings),
        "target": next(
            (min(found) for each in plan.commands if each.shell and (found := stated_targets(each.shell))), None
        ),
    }
    return {key: whole[key] for key in wanted if key in whole}


@pytest.mark.guarantee("corpus")
@pytest.mark.parametrize("name", NAMES)
def test_a_prp_is_read_as_a_person_reads_it(name):
    wanted = expected(name)
    if "findings" in wanted:
        wanted["findings"] = sorted(wanted["findings"])
    assert reading(read(name), wanted) == {
        key: value for key, value in wanted.items() if key not in ("family", "shows", "template")
    }


@pytest.mark.parametrize("strict", [True, False])
def test_only_the_verbatim_names_satisfy_a_strict_reader(strict):
    for name in NAMES:
        text = (FOLDER / f"{name}.md").read_bytes().decode("utf-8")
        found = read_plan(text, name, strict=strict)
        kinds = {finding.severity for finding in found.findings if finding.rule == "section-alias"}
        assert kinds <= {"error" if strict else "note"}, name


def test_every_family_and_every_peculiarity_is_in_the_corpus():
    wanted = [expected(name) for name in NAMES]
    assert {each["family"] for each in wanted} == set(FAMILIES.split())
    assert {shown for each in wanted for shown in each["shows"]} >= set(SHOWN.split())
    assert len(NAMES) >= 64
    assert {path.stem for path in FOLDER.iterdir()} == set(NAMES)


def test_placeholders_tell_templates_from_finished_prps():
    missed, wronged = [], []
    for name in NAMES:
        left = [each for each in read(name).findings if each.rule == "placeholder" and each.severity == "error"]
        is_template = expected(name).get("template", False)
        missed += [name] if is_template and not left else []
        wronged += [name] if left and not is_template else []
    assert (missed, wronged) == ([], [])
