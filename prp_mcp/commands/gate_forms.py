"""The commands whose work a gate does, word by word: what is not listed here is not the gate's work."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prp_mcp.commands.calls import Call
from prp_mcp.commands.line import CommandLine
from prp_mcp.commands.parts import Part
from prp_mcp.commands.programs import is_python
from prp_mcp.commands.word import Word


@dataclass(frozen=True)
class GateForm:
    """A command of the Databricks CLI that a gate stands for; `arguments` says how many it takes at most."""

    gate: str
    verb: tuple[str, str]
    flags: tuple[str, ...] = ()
    valued: tuple[str, ...] = ()
    arguments: int = 0


GATE_FORMS = (
    GateForm("bundle", ("bundle", "validate")),
    # The gate deploys without it and passes only when nothing had to be approved.
    GateForm("deployment", ("bundle", "deploy"), flags=("--auto-approve",)),
    # The gate starts the update and waits for it.
    GateForm("execution", ("bundle", "run"), flags=("--no-wait",), arguments=1),
    GateForm("execution", ("pipelines", "start-update"), valued=("--pipeline-id",), arguments=1),
    GateForm("execution", ("pipelines", "start"), valued=("--pipeline-id",), arguments=1),
)
"""What the bundle, deployment and execution gates do."""

ORDER = ("bundle", "compile", "deployment", "execution")

EFFECTS = {"bundle": frozenset({"deploy", "run"}), "pipelines": frozenset({"start", "start-update", "deploy", "run"})}
"""What changes the workspace, by the CLI's groups of commands."""

_GLOBAL_FLAGS = ("--debug",)
_GLOBAL_VALUED = ("--target", "--output", "--log-level", "--log-format")
_SHORT = {"-t": "--target", "-o": "--output"}
_COMPILE_FLAGS = {"py_compile": r"-q|--quiet", "compileall": r"-q{1,2}|-f|-l|-j\d{1,3}"}


@dataclass(frozen=True)
class _Work:
    """A call that a gate stands for, and what it names: resources, pipelines or paths."""

    gate: str
    verb: str
    named: tuple[Word, ...]
    folder: str


def gate_of(line: CommandLine) -> str | None:
    """Return the gate that stands for a whole command line, or None when some of it is anybody's work."""
    works = _works(line)
    return max((work.gate for work in works), key=ORDER.index) if works else None


def run_keys(line: CommandLine) -> tuple[str, ...]:
    """Return the keys that `bundle run` is given in a gate's command: they may be jobs. Bindings stay as written."""
    return _named(line, "run")


def pipeline_ids(line: CommandLine) -> tuple[str, ...]:
    """Return the ids of the pipelines that a gate's command starts. Bindings stay as written."""
    return _named(line, "start", "start-update")


def compiled_paths(line: CommandLine) -> tuple[str, ...]:
    """Return the paths and patterns that a gate's command compiles, from the folder where the command line begins.

    They may be absolute or lead out of it with `..`; patterns are a shell's.
    """
    works = [work for work in _works(line) if work.gate == "compile"]
    return tuple(posixpath.normpath(posixpath.join(work.folder, word.text)) for work in works for word in work.named)


def bundle_folders(line: CommandLine) -> tuple[str, ...]:
    """Return the folders, each once, in which a gate's command calls the Databricks CLI; "." is where it begins."""
    return tuple(dict.fromkeys(work.folder for work in _works(line) if work.gate != "compile"))


def has_effect(part: Part) -> bool:
    """Return whether a simple command deploys or starts a pipeline, in whatever form."""
    return _does(part, EFFECTS)


def destroys(part: Part) -> bool:
    """Return whether a simple command destroys what is deployed, in whatever form."""
    return _does(part, {"bundle": frozenset({"destroy"}), "pipelines": frozenset({"destroy"})})


def _does(part: Part, verbs: dict[str, frozenset[str]]) -> bool:
    words = [word for word in part.program if not word.startswith("-")]
    if words[:1] != ["databricks"]:
        return False
    # Values of options may stand between a group and its command.
    return any(
        group in words and verb in words[words.index(group) :] for group, names in verbs.items() for verb in names
    )


def _named(line: CommandLine, *verbs: str) -> tuple[str, ...]:
    return tuple(word.text for work in _works(line) if work.verb in verbs for word in work.named)


def _works(line: CommandLine) -> list[_Work]:
    """Return the gates' work that a command line is, and nothing when some of it is other work."""
    found = [_work(call) for call in line.calls or ()]
    works = [work for work in found if work]
    return works if len(works) == len(found) else []


def _work(call: Call) -> _Work | None:
    if call.program == "databricks":
        return next((work for form in GATE_FORMS if (work := _of_form(call, form))), None)
    return _compilation(call) if is_python(call.program) else None


def _of_form(call: Call, form: GateForm) -> _Work | None:
    options: list[tuple[str, Word | None]] = []
    others: list[Word] = []
    for option, word in _options(call.words[1:], (*_GLOBAL_VALUED, *form.valued)):
        if option:
            options.append((option, word))
        elif word:
            others.append(word)
    verb, named = tuple(word.text for word in others[:2]), others[2:]
    named += [word for option, word in options if option in form.valued and word]
    is_form = verb == form.verb and len(named) <= form.arguments
    if not is_form or (form.arguments and not named) or any(word.is_pattern for word in named):
        return None
    return _Work(form.gate, form.verb[1], tuple(named), call.folder) if _all_known(options, form) else None


def _options(words: Sequence[Word], valued: Sequence[str]) -> Iterator[tuple[str, Word | None]]:
    """Yield each option, in its long form and with its value if it takes one, and each other word with no option."""
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        if not word.text.startswith("-"):
            yield "", word
            continue
        name, value = _split_option(word)
        if name in valued and value is None:
            value = words[index] if index < len(words) else None
            index += 1
        yield name, value


def _split_option(word: Word) -> tuple[str, Word | None]:
    short = _SHORT.get(word.text[:2])
    if short and len(word.text) > 2:
        return short, word.cut(word.text[2:].removeprefix("="))
    name, equals, value = word.text.partition("=")
    return short or name, word.cut(value) if equals else None


def _all_known(options: Sequence[tuple[str, Word | None]], form: GateForm) -> bool:
    flags, valued = (*_GLOBAL_FLAGS, *form.flags), (*_GLOBAL_VALUED, *form.valued)
    for option, value in options:
        if not (value is None and option in flags) and not (value is not None and option in valued):
            return False
        if option == "--output" and (value is None or value.text not in ("json", "text")):
            return False
    return True


def _compilation(call: Call) -> _Work | None:
    texts = [word.text for word in call.words]
    if len(texts) < 4 or texts[1] != "-m" or texts[2] not in _COMPILE_FLAGS:
        return None
    flag = re.compile(_COMPILE_FLAGS[texts[2]])
    paths = [word for word in call.words[3:] if not flag.fullmatch(word.text)]
    # A quoted pattern is a file of that name, and "@" and "-" read the names from elsewhere.
    if not paths or any(
        not word.is_sure or word.text[:1] in ("", "-", "@") or word.glob != word.text for word in paths
    ):
        return None
    return _Work("compile", texts[2], tuple(paths), call.folder)
