"""Say what a command could reach past its namespaces: sockets of kinds that are in none, and sockets by path."""

import itertools
import os
import stat
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MAX_SOCKETS = 2_000
"""Sockets of others that are closed off."""

_NET_UNIX = Path("/proc/net/unix")
_FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: what a namespace of the network covers
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCH, _FIRST = 0, 4, 16  # offsets in `struct seccomp_data`; the low half of the first argument
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NO_SUCH_FAMILY, _NO_SUCH_CALL = 97, 38


@dataclass(frozen=True)
class _Machine:
    """A kind of processor: what the kernel calls it, its number of `socket`, and those of calls nobody needs."""

    arch: int
    socket: int
    denied: tuple[int, ...]
    first_other: int = 0
    """Numbers from here on belong to another set of calls (x32), or 0."""


# Denied: add_key, request_key and keyctl (a keyring may hold credentials), io_uring_setup (it opens sockets unseen).
_MACHINES: Mapping[str, _Machine] = {
    "x86_64": _Machine(0xC000003E, 41, (248, 249, 250, 425), 0x40000000),
    "aarch64": _Machine(0xC00000B7, 198, (217, 218, 219, 425)),
}


def call_filter(machine: str) -> bytes:
    """Return the program (`struct sock_filter`s) that lets a process open network and Unix sockets only.

    AF_VSOCK, for one, would reach the host of a virtual machine from any network namespace. Empty for a `machine` (as
    `os.uname` names it) whose numbers are not known here.
    """
    kind = _MACHINES.get(machine)
    if kind is None:
        return b""
    # Each test names where it leads when true and when false; the three ends follow the tests.
    tests: list[tuple[int, int, str, str]] = [
        (_LOAD, _ARCH, "", ""),
        (_EQUAL, kind.arch, "", "no call"),
        (_LOAD, _NUMBER, "", ""),
        *([(_AT_LEAST, kind.first_other, "no call", "")] if kind.first_other else []),
        *((_EQUAL, number, "no call", "") for number in kind.denied),
        (_EQUAL, kind.socket, "", "allow"),
        (_LOAD, _FIRST, "", ""),
        *((_EQUAL, family, "allow", "") for family in _FAMILIES),
    ]
    ends = {"no family": _ERROR | _NO_SUCH_FAMILY, "allow": _ALLOW, "no call": _ERROR | _NO_SUCH_CALL}
    at = {name: len(tests) + index for index, name in enumerate(ends)}
    steps = [
        struct.pack("HBBI", code, *(at[to] - index - 1 if to else 0 for to in (true, false)), value)
        for index, (code, value, true, false) in enumerate(tests)
    ]
    return b"".join((*steps, *(struct.pack("HBBI", _RETURN, 0, 0, value) for value in ends.values())))


def sockets_of_others(own: Path) -> list[str]:
    """Return the paths of the Unix sockets that are open on this system, but for those under `own`.

    A read-only mount does not keep anybody from connecting to them. Sorted; at most `MAX_SOCKETS`.
    """
    found = (path for path in map(os.path.realpath, _bound_paths()) if _is_socket(path))
    foreign = (path for path in found if not Path(path).is_relative_to(own))
    return sorted(set(itertools.islice(foreign, MAX_SOCKETS)))


def _bound_paths() -> Iterator[str]:
    try:
        lines = _NET_UNIX.read_bytes().splitlines()[1:]
    except OSError:  # another system than Linux, or one that does not show it
        return
    for line in lines:
        fields = line.split(maxsplit=7)
        if len(fields) == 8 and fields[7].startswith(b"/"):
            yield os.fsdecode(fields[7])


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:  # gone, or out of our reach and so of the command's
        return False
