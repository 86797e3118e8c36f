"""Whether a command line proves something: why it cannot be run whatever the values are, and whether it can fail."""

import re

from prp_mcp.commands.bindings import secrets_in
from prp_mcp.commands.gate_forms import destroys, gate_of, has_effect
from prp_mcp.commands.lexer import MAX_LINE
from prp_mcp.commands.line import CommandLine
from prp_mcp.commands.outdated import outdated_form
from prp_mcp.commands.parts import Part
from prp_mcp.commands.servers import stays

OUTSIDE_GATES = (
    "it deploys or starts a pipeline outside the gates; put that on a line of its own, with nothing but key and target"
)
PROVES_NOTHING = "it succeeds whatever happens, so it proves nothing"

_NEUTRAL = re.compile(r"(?:cd|echo|printf|export|set|source|pushd|popd|true|:|\.)(?!\S)|[A-Za-z_]\w*=\S*$")
_SUCCEEDS = re.compile(r"[({\s]*(?:(?:true|:|exit\s+0)\s*[)}]*$|(?:echo|printf)(?!\S))")
_FOREVER = re.compile(r"while\s+(?:true|:|\[\s+1\s+\])\s*$|for\s*\(\(\s*;")
_LEAVES = re.compile(r"(?:then\s+|do\s+|\{\s*)?(?:break|exit|return)\b")


def why_blocked(line: CommandLine) -> str | None:
    """Return why a command cannot be run whatever the values of its bindings are, or None."""
    parts = _working_parts(line)
    if any(destroys(part) for part in parts):
        return "it destroys what is deployed; that is the work of rollback"
    if gate_of(line) is None and any(has_effect(part) for part in parts):
        return OUTSIDE_GATES
    if line.is_too_long:
        return f"it is longer than {MAX_LINE} characters"
    if old := outdated_form(line):
        return old.why
    if cannot_fail(line):
        return PROVES_NOTHING
    texts = [part.text for part in parts]
    is_endless = any(map(_FOREVER.match, texts)) and not any(map(_LEAVES.match, texts))
    if is_endless or any(map(stays, parts)):
        return "it starts something that does not end by itself"
    if any(part.sign == "&" for part in line.parts):
        return "it leaves something running in the background"
    if names := secrets_in(line):
        return f"it needs the secret ${names[0]}, and no command is given secrets"
    return None


def cannot_fail(line: CommandLine) -> bool:
    """Return whether a command does some work and ends so that its failure is lost ("|| true", "; echo done")."""
    if len(line.parts) < 2 or not _working_parts(line):
        return False
    last = line.parts[-1]
    return last.sign in ("||", ";") and bool(_SUCCEEDS.match(last.text))


def _working_parts(line: CommandLine) -> list[Part]:
    return [part for part in line.parts if part.text and not _NEUTRAL.match(part.text)]
