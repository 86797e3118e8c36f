"""Start one program behind kernel namespaces and limits; run by path, apart from the product, as its own process.

It reads what to do from its standard input (JSON), reports on the descriptor its last argument names, and needs
nothing but the standard library, because it starts before every command. Three processes: this one, below it an init
that builds the sandbox and reaps, below that the program. Each dies with the one above it.
"""

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import re
import resource
import select
import signal
import socket
import stat
import struct
import sys
from collections.abc import Iterator, Sequence
from typing import Any

_NAMESPACES = {
    "mount": 0x00020000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
}
_BIND, _REC, _PRIVATE, _NOSUID, _NODEV, _NOEXEC = 0x1000, 0x4000, 1 << 18, 2, 4, 8
_PDEATHSIG, _BOUNDING_DROP, _SUBREAPER, _NO_NEW_PRIVS, _AMBIENT = 1, 24, 36, 38, 47
_SECCOMP = 22
_MOUNT_SETATTR = 442  # the same on every architecture
_AT_FDCWD, _AT_RECURSIVE, _SET_RDONLY = -100, 0x8000, 1
_RDONLY, _REMOUNT = 1, 0x20
_KEPT = {"nosuid": 2, "nodev": 4, "noexec": 8, "noatime": 1 << 10, "nodiratime": 1 << 11, "relatime": 1 << 21}
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_PRIVATE_PLACES = ("/tmp", "/var/tmp")  # noqa: S108 - masked, not used
_SOCKET_PLACES = ("/run", "/var/run")
_FILE_BYTES = 2 * 1024**3
_FILES = 4096

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Read the plan, build the sandbox, run the program, report how it ended."""
    report = int(sys.argv[-1])
    os.set_inheritable(report, False)
    # Before the init makes a /dev of its own in the namespace we share: there it would for a moment be a plain file,
    # and a file that is open for writing keeps its file system from becoming read-only.
    nothing = os.open(os.devnull, os.O_RDWR)
    plan = json.loads(sys.stdin.buffer.read())
    try:
        if plan["namespaces"]:
            _unshare(plan["namespaces"])
        _die_with(plan["parent"])  # new credentials may forget it, so it comes after them
        init = _fork_init(plan, report)
    except OSError as error:
        _tell(report, f"failed {error}")
        return
    _tell(report, f"init {init}")
    if "pid" in plan["namespaces"]:
        _tell(report, "namespace pid")
    _silence(nothing)
    _reap(init)
    # When the init was killed from within, this process has adopted what is left, until it is killed from outside.
    os.close(report)
    while _reap(-1) is not None:
        pass


def _fork_init(plan: dict[str, Any], report: int) -> int:
    _prctl(_SUBREAPER, 1)
    above, held = os.pipe()  # held open by this process for as long as it lives
    init = os.fork()
    if init:
        return init
    try:
        os.close(held)
        # From inside its namespace an init cannot see its parent, so it looks at the pipe whether that still is there.
        _prctl(_PDEATHSIG, signal.SIGKILL)
        if select.select([above], [], [], 0)[0]:
            os._exit(1)
        _prctl(_SUBREAPER, 1)
        _build(plan)
        program = _fork_program(plan, report)
    except OSError as error:
        _tell(report, f"failed {error}")
        os._exit(1)
    _silence(os.open(os.devnull, os.O_RDWR))
    if "pid" not in plan["namespaces"]:
        _tell(report, f"program {program}")
    _tell(report, f"ended {_reap(program)}")
    # Without a namespace what is left has this process for a parent until it is killed from outside.
    while "pid" not in plan["namespaces"] and _reap(-1) is not None:
        pass
    os._exit(0)


def _fork_program(plan: dict[str, Any], report: int) -> int:
    above = os.getpid()
    program = os.fork()
    if program:
        return program
    try:
        _die_with(above)
        os.nice(10)  # whoever has to stop it must get to run
        os.setpgid(0, 0)  # so that its group can be ended without those that watch it
        _limit(plan)
        _give_up_privileges(dropping=bool(plan["namespaces"]))
        _filter_calls(bytes.fromhex(plan["calls"]))
        os.chdir(plan["folder"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these two; the program must not inherit that
            signal.signal(number, signal.SIG_DFL)
        os.execve(plan["program"], plan["argv"], plan["environment"])  # noqa: S606 - no shell is what is wanted
    except OSError as error:
        _tell(report, f"failed {error}")
    os._exit(126)


def _reap(wanted: int) -> int | None:
    """Reap whatever ends until `wanted` did (-1: until there is nothing left); return its status."""
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            return None
        if pid == wanted:
            return status


def _unshare(names: list[str]) -> None:
    uid, gid = os.getuid(), os.getgid()
    flags = 0
    for name in names:
        flags |= _NAMESPACES[name]
    _checked(_libc.unshare(flags), "unshare")
    if "user" in names:
        for file, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{file}", "w") as stream:
                stream.write(text)


def _build(plan: dict[str, Any]) -> None:
    if "net" in plan["namespaces"]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as lo:
            up = struct.pack("16sH14x", b"lo", 0x41)  # IFF_UP | IFF_RUNNING
            fcntl.ioctl(lo, 0x8914, up)  # SIOCSIFFLAGS
    if "uts" in plan["namespaces"]:
        socket.sethostname("localhost")  # Spark asks who its own name is, and there is no one left to tell it
    if "mount" in plan["namespaces"]:
        _build_files(plan)


def _build_files(plan: dict[str, Any]) -> None:
    """Make everything read-only but the copy; give it a /tmp, /dev/shm and /proc of its own; mask the hidden."""
    _mount(None, "/", None, _REC | _PRIVATE)
    copy, temp = os.open(plan["copy"], os.O_PATH), os.open(plan["temp"], os.O_PATH)
    shown = _opened(plan["shown"], (*_PRIVATE_PLACES, *_SOCKET_PLACES))
    shown_within_hidden = _opened(plan["shown"], plan["hidden"])
    for place in _existing(_PRIVATE_PLACES):
        _bind(temp, place)
    for place in _existing(_SOCKET_PLACES):  # a socket of a daemon can be reached through any read-only mount
        _empty(place)
    for path, source in shown:
        _bind(source, path)
    for path in plan["hidden"]:
        if os.path.lexists(path):
            _mask(path)
    for path, source in shown_within_hidden:  # such as an interpreter in an agent's own folder
        _bind(source, path)
    for path in plan["sockets"]:
        with contextlib.suppress(FileNotFoundError, PermissionError):  # gone meanwhile, or masked with its folder
            _mask(path)
    _bind(copy, plan["copy"])
    _bind(temp, plan["temp"])
    _devices()
    if plan["proc"]:
        _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
        _bound_pids(16 * int(plan["processes"]))
    _read_only("/", on=True, below=True)
    for place in (plan["copy"], plan["temp"], *_existing(_PRIVATE_PLACES), "/dev/shm"):  # noqa: S108 - a private one
        _read_only(place, on=False)


def _bound_pids(most: int) -> None:
    """Bound the namespace's own processes and threads, root's too; before Linux 6.14 the number was everybody's."""
    if _release() >= (6, 14):
        # Where this is refused we are not root, and RLIMIT_NPROC counts.
        with contextlib.suppress(PermissionError), open("/proc/sys/kernel/pid_max", "w") as stream:
            stream.write(str(512 + most))


def _read_only(path: str, *, on: bool, below: bool = False) -> None:
    """Switch writing off or on for one mount, or for all that are `below` it."""
    attributes = struct.pack("QQQQ", _SET_RDONLY if on else 0, 0 if on else _SET_RDONLY, 0, 0)
    flags = _AT_RECURSIVE if below else 0
    done = _libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, os.fsencode(path), flags, attributes, len(attributes))
    if done != 0 and ctypes.get_errno() == errno.ENOSYS:
        for point, kept in _mounts():
            if below or point == path:
                _remount(point, kept | (_RDONLY if on else 0))
        return
    _checked(done, f"mount_setattr {path}")


def _remount(point: str, flags: int) -> None:
    """Set the flags of one mount, as before Linux 5.12."""
    try:
        _mount(None, point, None, _REMOUNT | _BIND | flags)
    except OSError as error:
        # What another mount covers, or what we may not even enter, cannot be written by the program either.
        if error.errno not in (errno.EACCES, errno.ENOENT, errno.EINVAL):
            raise


def _mounts() -> list[tuple[str, int]]:
    """Return each mount's place and those of its flags that a remount has to repeat."""
    with open("/proc/self/mountinfo", "rb") as stream:
        fields = [line.split(b" ") for line in stream]
    return [
        (
            os.fsdecode(re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), field[4])),
            sum(_KEPT.get(option, 0) for option in field[5].decode().split(",")),
        )
        for field in fields
    ]


def _devices() -> None:
    """Give it the harmless devices only: the numbers of disks keep their meaning in a namespace."""
    opened = [(name, os.open(f"/dev/{name}", os.O_PATH)) for name in _DEVICES if os.path.exists(f"/dev/{name}")]
    _mount("tmpfs", "/dev", "tmpfs", _NOSUID, "mode=755,size=64k")
    for name, source in opened:
        with open(f"/dev/{name}", "w"):
            _bind(source, f"/dev/{name}")
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"/dev/{name}")
    os.mkdir("/dev/shm")  # noqa: S108 - a private one
    _mount("tmpfs", "/dev/shm", "tmpfs", _NOSUID | _NODEV, "mode=1777,size=256m")  # noqa: S108


def _mask(path: str) -> None:
    if stat.S_ISDIR(os.stat(path).st_mode):
        _empty(path)
    else:
        source = os.open(os.devnull, os.O_PATH)
        try:
            _bind(source, path)
        finally:
            os.close(source)


def _empty(path: str) -> None:
    _mount("tmpfs", path, "tmpfs", _NOSUID | _NODEV | _NOEXEC, "mode=755,size=1m")


def _bind(source: int, target: str) -> None:
    """Bind what a descriptor names over `target`, which is made where an emptied place has lost it."""
    if not os.path.lexists(target):
        if stat.S_ISDIR(os.fstat(source).st_mode):
            os.makedirs(target)
        else:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "x"):
                pass
    _mount(f"/proc/self/fd/{source}", target, None, _BIND | _REC)


def _opened(paths: list[str], places: Sequence[str]) -> list[tuple[str, int]]:
    """Return those of `paths` that lie below one of `places` and exist, each with a descriptor of it."""
    below = tuple(f"{place}/" for place in places)
    return [
        (path, os.open(path, os.O_PATH))
        for path in paths
        if os.path.exists(path) and (path.startswith(below) or os.path.realpath(path).startswith(below))
    ]


def _existing(places: tuple[str, ...]) -> Iterator[str]:
    return (place for place in places if os.path.isdir(place) and not os.path.islink(place))


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    given = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    done = _libc.mount(given[0], given[1], given[2], ctypes.c_ulong(flags), given[3])
    _checked(done, f"mount {target}")


def _limit(plan: dict[str, Any]) -> None:
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_FSIZE, _FILE_BYTES),
    ):
        _lower(what, most)
    # Counted (threads, too) for each user namespace since Linux 5.14, for all of a user's processes before; root is not
    # counted at all. The exact limit is kept from outside; this one only slows a fork bomb down.
    if "user" in plan["namespaces"] and _release() >= (5, 14):
        _lower(resource.RLIMIT_NPROC, 16 * int(plan["processes"]))


def _release() -> tuple[int, ...]:
    return tuple(int(part) for part in os.uname().release.split(".")[:2] if part.isdigit())


def _lower(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (value, value))


def _give_up_privileges(*, dropping: bool) -> None:
    if sys.platform != "linux":
        return
    _prctl(_NO_NEW_PRIVS, 1)
    if not dropping:
        return
    _prctl(_AMBIENT, 4)
    for capability in range(64):
        _libc.prctl(_BOUNDING_DROP, capability, 0, 0, 0)  # fails beyond the last one the kernel has
    header, none = struct.pack("Ii", 0x20080522, 0), bytes(24)
    _checked(_libc.capset(header, none), "capset")


def _filter_calls(program: bytes) -> None:
    """Have the kernel judge each system call by `program`, which is kept by all that is started; none: do nothing."""
    if not program:
        return
    buffer = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HP", len(program) // 8, ctypes.addressof(buffer))
    done = _libc.prctl(_SECCOMP, 2, ctypes.c_char_p(described), 0, 0)
    if done != 0 and ctypes.get_errno() != errno.EINVAL:  # EINVAL: this kernel was built without it
        _checked(done, "prctl seccomp")


def _die_with(parent: int) -> None:
    """Be killed when the parent ends; end now when it already has."""
    if sys.platform == "linux":
        _prctl(_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        _checked(_libc.prctl(option, value, 0, 0, 0), f"prctl {option}")


def _checked(done: int, what: str) -> None:
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _silence(nothing: int) -> None:
    """Let go of the program's output, so that its end can be seen."""
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)


def _tell(report: int, line: str) -> None:
    os.write(report, f"{line}\n"[:2000].encode(errors="replace"))


if __name__ == "__main__":
    main()
