"""What a command line is: whether it is one, and why it cannot be run."""

import re
from collections.abc import Sequence

from prp_mcp.plan import shell
from prp_mcp.plan.bindings import secrets_in
from prp_mcp.plan.cli_forms import Outdated, outdated
from prp_mcp.plan.gate_forms import destroys, gate_of, has_effect
from prp_mcp.plan.servers import stays

_PROGRAM_TABLE = """
    alembic aws az bash black cargo cat cd curl databricks dbt diff docker echo export find git go grep hatch jq just
    ls make mypy node npm npx pip pip3 pipenv pnpm poetry pre-commit prp-mcp psql pyright pytest python python3 rg ruff
    sh source spark-submit sqlfluff terraform test tox tree uv uvx wc yamllint yarn
"""
PROGRAMS = frozenset(_PROGRAM_TABLE.split())
"""Programs that tell a command from prose where no language does."""

NEXT_TO_GATES = (
    "it deploys or starts a pipeline next to the gates; put that on a line of its own, with nothing but key and target"
)
PROVES_NOTHING = "it succeeds whatever happens, so it proves nothing"

_NEUTRAL = re.compile(r"(?:cd|echo|printf|export|set|source|pushd|popd|true|:|\.)(?!\S)|[A-Za-z_]\w*=\S*$")
_SUCCEEDS = re.compile(r"[({\s]*(?:(?:true|:|exit\s+0)\s*[)}]*$|(?:echo|printf)(?!\S))")
_WRAPPED = re.compile(
    r"^(?:(?:uv|poetry|pipenv|hatch|pdm|rye)\s+run|time|env|nohup|sudo|npx|uvx)\s+(?:[A-Z_]+=\S+\s+)*|^(?:[A-Z_]+=\S+\s+)+"
)
_FOREVER = re.compile(r"while\s+(?:true|:|\[\s+1\s+\])\s*$|for\s*\(\(\s*;")
_LEAVES = re.compile(r"(?:then\s+|do\s+|\{\s*)?(?:break|exit|return)\b")


def why_blocked(command: str) -> str | None:
    """Return why a command cannot be run whatever the values of its bindings are, or None."""
    parts = _working_parts(command)
    if any(destroys(part) for part in parts):
        return "it destroys what is deployed; that is the work of rollback"
    if gate_of(command) is None and any(has_effect(part) for part in parts):
        return NEXT_TO_GATES
    if old := outdated_form(command):
        return old.why
    if cannot_fail(command):
        return PROVES_NOTHING
    if any(stays(part) for part in parts) or _is_endless(parts):
        return "it starts something that does not end by itself"
    if any(sign == "&" for sign, _ in shell.joined(command)):
        return "it leaves something running in the background"
    if names := secrets_in(command):
        return f"it needs the secret ${names[0]}, and no command is given secrets"
    return None


def cannot_fail(command: str) -> bool:
    """Return whether a command does some work and ends so that its failure is lost ("|| true", "; echo done")."""
    found = shell.joined(command)
    if len(found) < 2 or not _working_parts(command):
        return False
    sign, last = found[-1]
    return sign in ("||", ";") and bool(_SUCCEEDS.match(last))


def outdated_form(command: str) -> Outdated | None:
    """Return what the present Databricks CLI refuses in a command line, or None."""
    if "databricks" not in command:
        return None
    return next((found for part in shell.parts(command) if (found := outdated(_bare(part)))), None)


def is_command(text: str) -> bool:
    """Return whether inline code is something to run, not a name or an expression."""
    found = shell.words(text)
    if not found or "\n" in text or found[0].startswith(("/", "mcp__", "<")):
        return False
    first = re.sub(r"^(?:\S*/)?bin/", "", found[0])
    if first.startswith(("./", "scripts/", "bin/")):
        return True
    return first in PROGRAMS and (len(found) > 1 or first in {"pytest", "make", "tox", "mypy", "just"})


def _is_endless(parts: Sequence[str]) -> bool:
    return any(_FOREVER.match(part) for part in parts) and not any(_LEAVES.match(part) for part in parts)


def _bare(part: str) -> str:
    return _WRAPPED.sub("", part, count=1)


def _working_parts(command: str) -> list[str]:
    return [part for part in shell.parts(command) if not _NEUTRAL.match(part)]
