"""The errors a user can cause or meet, each with what to do about it.

    PrpMcpError
    |-- UsageError         bad input: arguments, PRP name, settings file      code usage
    |-- PolicyError        a person has not allowed this                      code policy
    |-- BusyError          someone else holds what is needed                  code busy
    |-- AuthError          the workspace does not know us                     code auth
    |-- WorkspaceError     the workspace cannot be reached or answers badly   code workspace
    `-- IntegrityError     our own records cannot be trusted or written       code internal

Whatever is not a PrpMcpError is a bug. A closed gate is no error but a value (`prp_mcp.gates.judge`).
"""

from typing import ClassVar


class PrpMcpError(Exception):
    """Say what went wrong in one line and, always, what to do about it."""

    code: ClassVar[str] = "internal"

    def __init__(self, summary: str, *, remedy: str, detail: str | None = None, location: str | None = None):
        super().__init__(summary)
        self.summary = summary
        self.remedy = remedy
        self.detail = detail
        self.location = location


class UsageError(PrpMcpError):
    """Refuse bad input; nothing was changed."""

    code = "usage"


class PolicyError(PrpMcpError):
    """Refuse what the user's policy does not allow."""

    code = "policy"


class BusyError(PrpMcpError):
    """Refuse because another run or process holds the resource; the summary names the holder."""

    code = "busy"


class AuthError(PrpMcpError):
    """Report that the workspace rejected our credentials, or that there are none."""

    code = "auth"


class WorkspaceError(PrpMcpError):
    """Report that the workspace is unreachable or answered something unusable."""

    code = "workspace"


class IntegrityError(PrpMcpError):
    """Report that the journal or a snapshot is damaged, or cannot be written."""

    code = "internal"
