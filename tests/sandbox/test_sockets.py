"""What the kernel lets a command open: judged by running the filter's program as the kernel would, and for real."""

import os
import socket
import struct
import sys
from pathlib import Path

import pytest

from prp_mcp.sandbox import sockets
from prp_mcp.sandbox.command import Limits, confinement, run_command
from prp_mcp.sandbox.sockets import call_filter, sockets_of_others

ALLOWED, NO_FAMILY, NO_CALL = 0x7FFF0000, 0x50000 | 97, 0x50000 | 38
X86, ARM, I386 = 0xC000003E, 0xC00000B7, 0x40000003


def judged(program, arch, number, first=0):
    """Run a filter over one system call and return what it says."""
    steps = list(struct.iter_unpack("HBBI", program))
    data = struct.pack("IIQ6Q", number, arch, 0, first, *[0] * 5)
    at, held = 0, 0
    while True:
        code, true, false, value = steps[at]
        at += 1
        if code == 0x06:
            return value
        if code == 0x20:
            held = struct.unpack_from("I", data, value)[0]
        else:
            assert code in (0x15, 0x35)
            at += true if (held == value if code == 0x15 else held >= value) else false


@pytest.mark.parametrize(("machine", "arch", "number"), [("x86_64", X86, 41), ("aarch64", ARM, 198)])
def test_only_unix_and_network_sockets_can_be_opened(machine, arch, number):
    program = call_filter(machine)
    opened = {family for family in range(50) if judged(program, arch, number, family) == ALLOWED}
    assert opened == {1, 2, 10, 16}
    assert {judged(program, arch, number, family) for family in set(range(50)) - opened} == {NO_FAMILY}
    assert judged(program, arch, number, 40 | 1 << 32) == NO_FAMILY


@pytest.mark.parametrize(
    ("machine", "arch", "denied"), [("x86_64", X86, {248, 249, 250, 425}), ("aarch64", ARM, {217, 218, 219, 425})]
)
def test_other_calls_are_let_through_but_for_keyrings_and_queues_that_open_sockets(machine, arch, denied):
    program = call_filter(machine)
    answers = {number: judged(program, arch, number, 1) for number in range(600)}
    assert {number for number, answer in answers.items() if answer != ALLOWED} == denied
    assert {answers[number] for number in denied} == {NO_CALL}


def test_calls_of_another_kind_of_program_are_not_let_around_it():
    assert judged(call_filter("x86_64"), I386, 102) == NO_CALL
    assert judged(call_filter("x86_64"), X86, 41 | 0x40000000, 2) == NO_CALL
    assert judged(call_filter("aarch64"), 0x40000028, 281) == NO_CALL


def test_an_unknown_machine_has_no_filter():
    assert call_filter("vax") == b""


def test_the_sockets_of_others_are_found_by_their_path(tmp_path):
    (tmp_path / "own").mkdir()
    names = ("with space.sock", "gone.sock", "own/a.sock")
    listening = [socket.socket(socket.AF_UNIX) for _ in names]
    for server, name in zip(listening, names, strict=True):
        server.bind(str(tmp_path / name))
    (tmp_path / "gone.sock").unlink()
    (tmp_path / "gone.sock").write_text("no socket")
    found = {Path(path) for path in sockets_of_others(tmp_path / "own")}
    for server in listening:
        server.close()
    assert {path for path in found if path.is_relative_to(tmp_path)} == (
        {tmp_path / "with space.sock"} if sys.platform == "linux" else set()
    )


def test_a_system_that_does_not_show_its_sockets_has_none(tmp_path, monkeypatch):
    monkeypatch.setattr(sockets, "_NET_UNIX", tmp_path / "is-not-there")
    assert sockets_of_others(tmp_path) == []


def ran(copy, code, path="/usr/bin:/bin"):
    copy.mkdir(exist_ok=True)
    (copy / "program.py").write_text(code)
    return run_command(("python", "program.py"), copy, {"PATH": path}, Limits(60.0), copy=copy)


@pytest.mark.process
def test_a_command_cannot_open_a_socket_to_the_host_of_its_machine(tmp_path):
    code = (
        "import ctypes, socket\nfor family in (40, 38, 1, 2, 10, 16):\n"
        "    try: socket.socket(family, socket.SOCK_DGRAM if family == 16 else socket.SOCK_STREAM).close()\n"
        "    except OSError as error: print(family, error.errno)\n"
        "libc = ctypes.CDLL(None, use_errno=True)\nprint(libc.syscall(425, 1, 0), ctypes.get_errno())\n"
    )
    done = ran(tmp_path / "project", code)
    assert done.exit == 0
    if confinement().namespaces and os.uname().machine in ("x86_64", "aarch64"):
        assert done.tail.split() == ["40", "97", "38", "97", "-1", "38"]


@pytest.mark.process
def test_a_command_reaches_its_own_sockets_but_none_of_others(tmp_path):
    """The socket lies in a folder of PATH, since only that is shown of where the tests run."""
    (tmp_path / "bin").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "bin/daemon.sock"))
        server.listen()
        code = (
            "import socket\ndef reach(path):\n    client = socket.socket(socket.AF_UNIX)\n"
            "    try: client.connect(path); print('reached')\n    except OSError: print('refused')\n"
            "own = socket.socket(socket.AF_UNIX)\nown.bind('own.sock')\nown.listen()\n"
            f"reach('own.sock')\nreach({str(tmp_path / 'bin/daemon.sock')!r})\n"
        )
        done = ran(tmp_path / "project", code, f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert done.tail.split() == ["reached", "refused" if "mount" in confinement().namespaces else "reached"]
