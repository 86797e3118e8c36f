"""The validation commands of a PRP, and the gates that stand in for some of them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from prp_mcp.plan import shell
from prp_mcp.plan.document import Document, Fence, Heading, Text, plain_text
from prp_mcp.plan.model import Command, Finding, Role
from prp_mcp.plan.sections import Outline

MAX_COMMANDS = 500

SHELLS = frozenset({"bash", "sh", "shell", "zsh", "console", "shell-session", "terminal"})
"""Languages of code blocks that hold commands."""

PROGRAMS = frozenset(
    {
        *(
            "alembic",
            "aws",
            "az",
            "bash",
            "black",
            "cargo",
            "cat",
            "cd",
            "curl",
            "databricks",
            "dbt",
            "diff",
            "docker",
        ),
        *("echo", "export", "find", "git", "go", "grep", "hatch", "jq", "just", "ls", "make", "mypy", "node", "npm"),
        *("npx", "pip", "pip3", "pipenv", "pnpm", "poetry", "pre-commit", "prp-mcp", "psql", "pyright", "pytest"),
        *("python", "python3", "rg", "ruff", "sh", "source", "spark-submit", "sqlfluff", "terraform", "test", "tox"),
        *("tree", "uv", "uvx", "wc", "yamllint", "yarn"),
    }
)
"""Programs that tell a command from prose where no language does."""

GATES = (
    (r"databricks\b.*\sbundle\s+validate\b", "bundle"),
    (r"python[\d.]*\s+-m\s+(?:py_compile|compileall)\b", "compile"),
    (r"databricks\b.*\sbundle\s+deploy\b", "deployment"),
    (r"databricks\b.*\sbundle\s+run\b", "execution"),
    (r"databricks\b.*\spipelines\s+start-update\b", "execution"),
)
"""Commands whose work a gate does, checked and recorded: they are proven by it and never run."""

_GATES = tuple((re.compile(rf"(?:\S+/)?{pattern}"), gate) for pattern, gate in GATES)
_ORDER = ("bundle", "compile", "deployment", "execution")
_EFFECTS = frozenset({"deployment", "execution"})
_DESTROY = re.compile(r"databricks\b.*\sbundle\s+destroy\b")
_NEUTRAL = re.compile(r"(?:cd|echo|export|set|source|pushd|popd|true|\.)\b|[A-Za-z_]\w*=\S*$|\.\s")
_WRAPPED = re.compile(r"^(?:uv\s+run|poetry\s+run|pipenv\s+run|hatch\s+run|time|env)\s+(?:[A-Z_]+=\S+\s+)*")
_SERVER = re.compile(
    r"\b(?:npm|pnpm|yarn)\s+(?:run\s+)?(?:dev|start)\b|\buvicorn\s|\bflask\s+run\b|\bstreamlit\s+run\b"
    r"|\bdocker(?:-|\s+)compose\s+up\b(?!.*\s-d\b)|\bhttp\.server\b|\btail\s+-[fF]\b|^watch\s"
)
_LEVEL = re.compile(r"\b(?:level|gate|stage|tier|phase|step)\s*#?\s*(\d{1,2})\b", re.IGNORECASE)
_EXPECTED = re.compile(r"(?:expected|expect|should (?:see|return|print|show))\b[^:]*:\s*(?P<what>.*)", re.IGNORECASE)
_TREE = re.compile(r"[\u2500-\u257f]")
_SLASH = re.compile(r"/[a-z][\w:-]*(?:\s|$)")
_BINDING = re.compile(r"<(?P<name>[A-Za-z][A-Za-z0-9_-]{0,40})>")
# What a template asks for, and markup in a quotation ("grep '<b>' page.html").
_RESERVED = re.compile(
    r"your\b|your[-_]|todo|tbd|fixme|(?:[a-z]|h[1-6]|br|td|th|tr|ul|ol|li|div|span|html|head|body|title|table|img)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Found:
    level: int
    fence: Fence


def read_commands(document: Document, outline: Outline) -> tuple[tuple[Command, ...], tuple[Finding, ...]]:
    """Return the commands under the validation sections, in order; ids are `L<level>.<n>`."""
    commands: list[Command] = []
    findings: list[Finding] = []
    counts: dict[int, int] = {}
    for found in _fences(document, outline):
        for command in _in_fence(found):
            if len(commands) == MAX_COMMANDS:
                findings.append(_too_many(command))
                return tuple(commands), tuple(findings)
            counts[found.level] = counts.get(found.level, 0) + 1
            commands.append(replace(command, id=f"L{found.level}.{counts[found.level]}"))
            findings += _weaknesses(commands[-1])
    return tuple(commands), tuple(findings)


def gate_of(command: str) -> str | None:
    """Return the gate that stands for a whole command line, or None when some of it is anybody's work."""
    kinds = [_gate(part) for part in _working_parts(command)]
    gates = [kind for kind in kinds if kind]
    return max(gates, key=_ORDER.index) if gates and len(gates) == len(kinds) else None


def why_blocked(command: str) -> str | None:
    """Return why a command cannot be run as it is written, or None."""
    parts = _working_parts(command)
    if any(_DESTROY.match(part) for part in parts):
        return "it destroys what is deployed; that is the work of rollback"
    if gate_of(command) is None and any(_gate(part) in _EFFECTS for part in parts):
        return "it deploys or starts a pipeline next to the gates; put that part on a line of its own"
    names = bindings_in(command)
    if names:
        return f"it needs a value for {', '.join(f'<{name}>' for name in names)}"
    if any(_SERVER.search(part) for part in parts):
        return "it starts something that does not end by itself"
    if re.search(r"(?<![&>])&\s*$", command, re.MULTILINE):
        return "it leaves something running in the background"
    return None


def bindings_in(text: str) -> list[str]:
    """Return the names of run-time values such as `<warehouse_id>` in `text`, each once."""
    names = (found["name"] for found in _BINDING.finditer(text))
    return list(dict.fromkeys(name for name in names if not _RESERVED.match(name)))


def is_command(text: str) -> bool:
    """Return whether inline code is something to run, not a name or an expression."""
    found = shell.words(text)
    if not found or "\n" in text or found[0].startswith(("/", "mcp__", "<")):
        return False
    first = re.sub(r"^(?:\S*/)?bin/", "", found[0])
    if first.startswith(("./", "scripts/", "bin/")):
        return True
    return first in PROGRAMS and (len(found) > 1 or first in {"pytest", "make", "tox", "mypy", "just"})


def stated_target(command: str) -> str | None:
    """Return the bundle target a command names with `-t` or `--target`, or None."""
    found = re.search(r"(?:\s-t|\s--target)(?:\s+|=)['\"]?(?P<target>[\w-]+)", command)
    return found["target"] if found else None


def _gate(part: str) -> str | None:
    bare = _WRAPPED.sub("", part)
    return next((gate for pattern, gate in _GATES if pattern.match(bare)), None)


def _working_parts(command: str) -> list[str]:
    return [part for part in shell.parts(command) if not _NEUTRAL.match(part)]


def _fences(document: Document, outline: Outline) -> Iterator[_Found]:
    for section in outline.playing(Role.VALIDATION):
        levels: list[tuple[int, int]] = []
        bold = None
        for block in document.between(section.line, section.end_line):
            if isinstance(block, Heading):
                levels = [(depth, number) for depth, number in levels if depth < block.level]
                bold = None
                if found := _LEVEL.search(plain_text(block.text)):
                    levels.append((block.level, int(found[1])))
            elif isinstance(block, Text) and block.text.startswith("**"):
                named = _LEVEL.match(plain_text(block.text.partition("\n")[0]))
                bold = int(named[1]) if named else bold
            elif isinstance(block, Fence):
                yield _Found(bold or (levels[-1][1] if levels else 1), block)


def _in_fence(found: _Found) -> Iterator[Command]:
    fence = found.fence
    if fence.language and fence.language not in SHELLS:
        return
    if _TREE.search(fence.text):
        return
    pieces = shell.split(_prompted(fence))
    if not fence.language and not _starts_with_program(pieces):
        return
    commands: list[Command] = []
    waiting: str | None = None
    for index, piece in enumerate(pieces):
        if piece.is_comment:
            said = _expectation(pieces, index)
            if said and commands:
                commands[-1] = replace(commands[-1], expected=_both(commands[-1].expected, said))
            elif said:
                waiting = said
        elif _is_shell(piece.text):
            gate = gate_of(piece.text)
            blocked = piece.flaw or (None if gate else why_blocked(piece.text))
            line = fence.content_line + piece.line
            commands.append(Command("", found.level, piece.text, line, waiting, gate, blocked))
            waiting = None
    yield from commands


def _prompted(fence: Fence) -> str:
    if fence.language not in ("console", "shell-session", "terminal"):
        return fence.text
    # What has no prompt is output; empty lines keep the line numbers.
    return "\n".join(line if re.match(r"\s*\$ ", line) else "" for line in fence.text.split("\n"))


def _starts_with_program(pieces: Sequence[shell.Piece]) -> bool:
    first = next((piece for piece in pieces if not piece.is_comment), None)
    return first is not None and is_command(first.text.split("\n")[0])


def _is_shell(text: str) -> bool:
    if _SLASH.match(text) or text.startswith(("mcp__", "@")):
        return False
    return not re.fullmatch(r"[\w.-]+/", text)


def _expectation(pieces: Sequence[shell.Piece], index: int) -> str | None:
    said = _EXPECTED.match(pieces[index].text)
    if not said:
        return None
    lines = [said["what"].strip()]
    line = pieces[index].line
    for piece in pieces[index + 1 :]:
        line += 1
        # "# Expected results:" is often followed by a list in comments.
        if not piece.is_comment or piece.line != line or not piece.text.startswith(("-", "*")):
            break
        lines.append(piece.text.lstrip("-* "))
    return "; ".join(part for part in lines if part)[:500] or None


def _both(first: str | None, second: str) -> str:
    return f"{first}; {second}"[:500] if first else second


def _weaknesses(command: Command) -> Iterator[Finding]:
    if re.search(r"\|\|\s*(?:true|echo\b[^|;&\n]*|:)\s*$", command.text):
        yield _note(
            command, "command-cannot-fail", "it succeeds whatever happens, so it proves nothing", "Drop the `|| ...`."
        )
    if command.blocked and not command.gate:
        yield _note(command, "command-blocked", command.blocked, "Rewrite it, or prove the point by hand.")


def _note(command: Command, rule: str, why: str, fix: str) -> Finding:
    first = command.text.split("\n")[0][:200]
    return Finding(rule, "note", command.line, 1, first, f"{command.id}: {why}", fix)


def _too_many(command: Command) -> Finding:
    why = f"the PRP has more than {MAX_COMMANDS} validation commands"
    return Finding(
        "command-excess", "error", command.line, 1, command.text[:200], why, "Put them into scripts or tests."
    )
