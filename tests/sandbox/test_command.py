"""A PRP's command does no harm: real programs that try, behind the sandbox and without it."""

import os
import shutil
import socket
import subprocess
import sys
import uuid
from pathlib import Path

import psutil
import pytest

from prp_mcp.commands.allowed import why_not_allowed
from prp_mcp.commands.invocations import Blocked, invocations
from prp_mcp.commands.line import read_line
from prp_mcp.sandbox import command as sandbox
from prp_mcp.sandbox.command import Confinement, Limits, confinement, private_folder, run_command, secrets_in

pytestmark = pytest.mark.process
HERE = Path(pytest.__file__).resolve()  # wherever the project lies, the interpreter's packages can be read
PATH = "/usr/local/bin:/usr/bin:/bin"
PATIENT = Limits(60.0)


class Bench:
    """A copy with one program in it, and what came of running that."""

    def __init__(self, folder: Path, *, confined: bool):
        self.copy = folder / "project"
        self.copy.mkdir()
        self.confined = confined
        self.holds = confinement() if confined else Confinement()
        self.mark = uuid.uuid4().hex

    def run(self, code, *, limits=PATIENT, environment=None, **more):
        (self.copy / "program.py").write_text(code)
        argv = ("python", "program.py", self.mark)
        given = {"PATH": PATH, **(environment or {})}
        return run_command(argv, self.copy, given, limits, copy=self.copy, confined=self.confined, **more)

    def left(self):
        """Return the processes that still run the program."""
        return [found for found in psutil.process_iter(["cmdline"]) if self.mark in (found.info["cmdline"] or ())]


@pytest.fixture(params=[True, False], ids=["sandboxed", "bare"])
def bench(request, tmp_path):
    return Bench(tmp_path, confined=request.param)


def test_the_sentence_about_the_sandbox_is_true(bench):
    done = bench.run(
        "import os\nfor name in ('net', 'pid'): print(os.readlink(f'/proc/self/ns/{name}'))\n"
        f"print(os.access({str(HERE.parent)!r}, os.W_OK))"
    )
    net, pid, writable = done.tail.split()
    expected = [
        "no network" if net != os.readlink("/proc/self/ns/net") else "network reachable",
        "shares our processes" if pid == os.readlink("/proc/self/ns/pid") else "own processes",
        "may write outside the copy" if writable == "True" else "read-only outside the copy",
    ]
    if bench.holds.namespaces:
        assert done.sandbox == ", ".join(expected)
    else:
        assert done.sandbox.startswith("none: ")
        assert expected[:2] == ["network reachable", "shares our processes"]


def test_the_probe_finds_what_the_system_allows():
    found = confinement().namespaces
    for name in ("net", "pid", "mount"):
        argv = ["unshare", "--user", "--map-current-user", f"--{name}", "--fork", "true"]
        works = shutil.which("unshare") and subprocess.run(argv, capture_output=True).returncode == 0
        assert not works or name in found, f"{name} namespaces can be had, but are not used"


def test_the_exit_code_and_both_streams_are_told(bench):
    done = bench.run("import sys\nprint('out', flush=True)\nprint('err', file=sys.stderr)\nsys.exit(3)")
    assert (done.exit, done.head, done.tail, done.left_out, done.stopped) == (3, "", "out\nerr\n", 0, "")


def test_a_signal_is_a_negative_exit_code(bench):
    assert bench.run("import os\nos.kill(os.getpid(), 15)").exit == -15


@pytest.mark.guarantee("contained")
def test_a_fork_bomb_is_stopped_and_nothing_of_it_is_left(bench):
    code = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass\n"
    done = bench.run(code, limits=Limits(60.0, processes=40))
    assert done.stopped == "processes"
    assert bench.left() == []


def test_a_fork_bomb_of_new_sessions_is_stopped_and_nothing_of_it_is_left(bench):
    code = "import os, time\nfor _ in range(9):\n    if os.fork() == 0: os.setsid()\ntime.sleep(600)\n"
    done = bench.run(code, limits=Limits(60.0, processes=60))
    assert done.stopped == "processes"
    assert bench.left() == []


def test_the_kernel_bounds_processes_and_threads_where_it_can_for_the_sandbox_alone(bench):
    outside = Path("/proc/sys/kernel/pid_max").read_text()
    done = bench.run("print(open('/proc/sys/kernel/pid_max').read())", limits=Limits(60.0, processes=40))
    release = tuple(int(part) for part in os.uname().release.split(".")[:2])
    own = bench.holds.proc and release >= (6, 14)
    assert done.tail.strip() == ("1152" if own else outside.strip())
    assert Path("/proc/sys/kernel/pid_max").read_text() == outside


def test_a_gigabyte_of_output_is_counted_not_kept(bench):
    code = (
        "import os\nblock = b'x' * (1 << 20)\nos.write(1, b'first')\nfor _ in range(1024):\n    left = block\n"
        "    while left: left = left[os.write(1, left):]\nos.write(1, b'last')\n"
    )
    done = bench.run(code, limits=Limits(120.0, output_bytes=1000))
    assert done.exit == 0
    assert done.head.startswith("first")
    assert done.tail.endswith("last")
    assert len(done.head) == len(done.tail) == 500
    assert done.left_out == (1 << 30) + 9 - 1000


@pytest.mark.parametrize("size", [0, 1, 499, 500, 501, 999, 1000, 1001, 1499, 1500, 9000])
def test_the_two_ends_of_the_output_are_kept_and_the_gap_is_counted(tmp_path, size):
    bench = Bench(tmp_path, confined=False)
    printed = "".join(str(number % 10) for number in range(size))
    done = bench.run(f"print({printed!r}, end='')", limits=Limits(60.0, output_bytes=1000))
    assert printed == done.head + printed[len(done.head) : len(done.head) + done.left_out] + done.tail
    assert (done.left_out, done.head) == (max(0, size - 1000), printed[:500] if size > 1000 else "")


@pytest.mark.guarantee("contained")
def test_a_program_that_ignores_every_signal_is_killed_at_its_time_limit(bench):
    code = "import signal, time\nfor n in (1, 2, 3, 15): signal.signal(n, signal.SIG_IGN)\ntime.sleep(600)"
    done = bench.run(code, limits=Limits(0.5))
    assert (done.exit, done.stopped) == (-9, "time")
    assert bench.left() == []


@pytest.mark.guarantee("contained")
def test_a_daemon_does_not_outlive_the_program_that_started_it(bench):
    code = (
        "import os, time\nread, write = os.pipe()\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        os.write(write, b'up')\n        time.sleep(600)\n    os._exit(0)\nos.wait()\nprint(os.read(read, 2))\n"
    )
    done = bench.run(code)
    assert (done.exit, done.tail) == (0, "b'up'\n")
    assert bench.left() == []


def test_a_program_that_kills_its_guardian_leaves_nothing_either(bench):
    code = (
        "import os, time\nif os.fork():\n    time.sleep(0.2)\n"
        "    try: os.kill(os.getppid(), 9)\n    except OSError: pass\n"
        "    print('still here')\nelse:\n    os.setsid()\n    time.sleep(600)\n"
    )
    bench.run(code)
    assert bench.left() == []


def test_nothing_outlives_the_server_that_started_it(bench):
    code = (
        "import sys\nfrom pathlib import Path\nfrom prp_mcp.sandbox.command import *\ncopy = Path(sys.argv[1])\n"
        "run_command(('python', 'program.py', sys.argv[2]), copy, {}, Limits(600.0), copy=copy, "
        f"confined={bench.confined})\n"
    )
    (bench.copy / "program.py").write_text(
        "import time\nfrom pathlib import Path\nPath('up').write_text('')\ntime.sleep(600)\n"
    )
    server = subprocess.Popen([sys.executable, "-c", code, str(bench.copy), bench.mark])
    while not (bench.copy / "up").exists():
        assert server.poll() is None
    programs = [found for found in bench.left() if found.pid != server.pid]
    assert programs
    server.kill()
    server.wait()
    assert psutil.wait_procs(programs)[1] == []


@pytest.mark.guarantee("contained")
def test_a_program_that_takes_too_much_memory_is_killed(bench):
    code = "held = []\nwhile True: held.append(bytearray(b'x') * (16 << 20))"
    done = bench.run(code, limits=Limits(60.0, memory_bytes=200 << 20))
    assert done.stopped == "memory"
    assert bench.left() == []


def test_the_environment_is_the_one_given_and_a_private_home(bench, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "xyzzy")
    done = bench.run("import os\nprint(sorted(os.environ.items()))", environment={"A": "1", "HOME": "/root"})
    private = str(private_folder(bench.copy))
    given = [("A", "1"), ("HOME", private), ("LC_CTYPE", "C.UTF-8"), ("PATH", PATH), ("TMPDIR", private)]
    # Python itself sets LC_CTYPE when there is no locale.
    assert done.tail.strip() in (str(given), str([item for item in given if item[0] != "LC_CTYPE"]))


def test_the_environment_of_other_processes_is_out_of_sight(bench):
    secret = uuid.uuid4().hex
    with subprocess.Popen(["sleep", "600"], env={"SECRET": secret}) as other:
        code = (
            "import glob\nfound = b''\nfor name in glob.glob('/proc/[0-9]*/environ'):\n"
            "    try: found += open(name, 'rb').read()\n"
            f"    except OSError: pass\nprint({secret!r}.encode() in found)\n"
        )
        done = bench.run(code)
        other.kill()
    # Without namespaces nothing keeps processes of one user apart; the result says so.
    assert done.tail.strip() == str("user" not in bench.holds.namespaces and "pid" not in bench.holds.namespaces)


def test_other_processes_are_not_listed(bench):
    done = bench.run("import os\nprint(len([name for name in os.listdir('/proc') if name.isdigit()]))")
    assert (int(done.tail) == 2) == bench.holds.proc


def test_a_server_on_loopback_is_out_of_reach_and_one_inside_is_not(bench):
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = (
            "import socket\nwith socket.create_server(('127.0.0.1', 0)) as own:\n"
            "    socket.create_connection(own.getsockname(), 5).close()\n    print('own')\n"
            f"try:\n    socket.create_connection({server.getsockname()!r}, 5)\n    print('reached')\n"
            "except OSError: print('refused')\n"
        )
        assert bench.run(code).tail.split() == ["own", "refused" if "net" in bench.holds.namespaces else "reached"]
        assert bench.run(code, network=True).tail.split() == ["own", "reached"]


def test_a_socket_in_the_file_system_is_out_of_reach(bench, tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        code = (
            "import socket\nwith socket.socket(socket.AF_UNIX) as s:\n"
            f"    try: s.connect({str(tmp_path / 's')!r}); print('reached')\n    except OSError: print('refused')\n"
        )
        assert bench.run(code).tail.strip() == ("refused" if "mount" in bench.holds.namespaces else "reached")


def test_the_sockets_of_daemons_are_not_there(bench):
    done = bench.run("import os\nprint(sorted(os.listdir('/run')))")
    resolver = Path("/etc/resolv.conf").resolve()
    kept = [resolver.parts[2]] if resolver.is_relative_to("/run") else []
    assert done.tail.strip() == str(kept if "mount" in bench.holds.namespaces else sorted(os.listdir("/run")))


def test_nothing_can_be_written_but_the_copy_and_temporary_files(bench, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("whole")
    places = [str(victim), str(HERE.parent / f"{bench.mark}.txt"), "/proc/self/oom_score_adj"]
    code = (
        "import os, tempfile\nfrom pathlib import Path\nPath('in-copy').write_text('x')\ntempfile.mkstemp()\n"
        f"Path(os.environ['HOME'], 'in-home').write_text('x')\nfor place in {places!r}:\n"
        "    try: Path(place).write_text('1'); print('written')\n    except OSError: print('refused')\n"
    )
    done = bench.run(code)
    (HERE.parent / f"{bench.mark}.txt").unlink(missing_ok=True)
    assert done.exit == 0, done.tail
    assert (bench.copy / "in-copy").exists()
    assert (private_folder(bench.copy) / "in-home").exists()
    safe = "mount" in bench.holds.namespaces
    assert done.tail.split()[1] == ("refused" if safe else "written")
    assert victim.read_text() == ("whole" if safe else "1")


def test_an_older_kernel_keeps_the_rest_read_only_too(tmp_path, monkeypatch):
    launcher = Path(sandbox.__file__).with_name("launcher.py").read_text()
    assert "_MOUNT_SETATTR = 442" in launcher
    (tmp_path / "launcher.py").write_text(launcher.replace("_MOUNT_SETATTR = 442", "_MOUNT_SETATTR = 99999"))
    monkeypatch.setattr(sandbox, "_LAUNCH", (*sandbox._LAUNCH[:-1], str(tmp_path / "launcher.py")))
    bench = Bench(tmp_path, confined=True)
    places = [
        str(HERE.parent),
        "/",
        "/proc",
        "/dev",
        "/dev/shm",
        "/tmp",
        str(bench.copy),
        str(private_folder(bench.copy)),
    ]
    done = bench.run(
        "import os\nopen('in-copy', 'w').close()\n"
        f"print([not os.statvfs(place).f_flag & os.ST_RDONLY for place in {places!r}])"
    )
    assert done.exit == 0, done.tail
    safe = "mount" in bench.holds.namespaces
    assert not safe or done.tail.strip() == str([False] * 4 + [True] * 4)


def test_what_is_hidden_cannot_be_read(bench):
    hidden = (HERE, HERE.parents[1] / "pluggy", HERE.with_name("is-not-there"))
    code = (
        f"from pathlib import Path\nprint(len(Path({str(HERE)!r}).read_text()) > 9)\n"
        f"print(len(list(Path({str(HERE.parents[1] / 'pluggy')!r}).iterdir())) > 1)\n"
    )
    assert bench.run(code).tail.split() == ["True", "True"]
    masked = "mount" in bench.holds.namespaces
    assert bench.run(code, hidden=hidden).tail.split() == [str(not masked)] * 2


def test_the_sandbox_cannot_be_taken_down_from_inside(bench):
    code = (
        "import ctypes, os\nlibc = ctypes.CDLL(None)\ntarget = b'" + str(HERE.parent) + "'\n"
        "def tries():\n    libc.umount2(b'" + str(HERE) + "', 2)\n    libc.mount(None, b'/', None, 0x1020, None)\n"
        "    libc.mount(None, b'/proc', None, 0x20, None)\n"
        "tries()\nlibc.unshare(0x10000000 | 0x20000)\ntries()\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\nprint(status['NoNewPrivs'].strip())\n"
        f"print(os.access(target, os.W_OK), len(open({str(HERE)!r}).read()) > 9)\n"
    )
    done = bench.run(code, hidden=(HERE,))
    if "mount" in bench.holds.namespaces:
        assert done.tail.split() == ["1", "False", "False"]
    else:
        assert done.tail.split()[0] == "1"


def test_a_command_has_no_capability_in_the_sandbox(bench):
    done = bench.run("print([line.split()[1] for line in open('/proc/self/status') if line.startswith('Cap')])")
    if bench.holds.namespaces:
        assert done.tail.strip() == str(["0" * 16] * 5)
    else:
        assert done.exit == 0


def test_a_program_of_the_copy_is_never_taken_for_an_installed_one(bench):
    (bench.copy / "mytool").write_text("#!/bin/sh\necho ran\n")
    (bench.copy / "mytool").chmod(0o755)
    for name, search in (("mytool", str(bench.copy)), ("mytool", "."), ("mytool", ""), ("../mytool", "/bin")):
        done = run_command((name,), bench.copy, {"PATH": search}, Limits(9.0), copy=bench.copy, confined=bench.confined)
        assert done.exit is None
        assert done.tail.startswith(f"{name} is ")


def test_a_program_of_the_copy_does_not_shadow_an_installed_one(bench, tmp_path):
    for folder, said in ((bench.copy, "copy"), (tmp_path / "bin", "installed")):
        folder.mkdir(exist_ok=True)
        (folder / "mytool").write_text(f"#!/bin/sh\necho {said}\n")
        (folder / "mytool").chmod(0o755)
    environment = {"PATH": f"{bench.copy}:{tmp_path / 'bin'}:{PATH}"}
    done = run_command(("mytool",), bench.copy, environment, PATIENT, copy=bench.copy, confined=bench.confined)
    assert done.tail == "installed\n"


def test_python_is_this_interpreter_with_its_packages_whatever_is_on_the_path(bench, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to("/bin/false")
    done = bench.run("import sys\nprint(sys.prefix)", environment={"PATH": f"{tmp_path / 'bin'}:{PATH}"})
    assert done.tail.strip() == sys.prefix


def test_a_linked_folder_that_leaves_the_copy_is_refused(bench, tmp_path):
    (bench.copy / "link").symlink_to(tmp_path)
    done = run_command(("python",), bench.copy / "link", {}, Limits(9.0), copy=bench.copy, confined=bench.confined)
    assert (done.exit, done.tail) == (None, "'link' is not a folder of the project")


def test_wildcards_become_files_of_the_copy(bench):
    for name in ("a.txt", "b.txt", "-p.txt"):
        (bench.copy / name).write_text("")
    (bench.copy / "p.py").write_text("import sys\nprint(sys.argv[1:])")
    argv = ("python", "p.py", "*.txt", "*.none", "[*].txt")
    done = run_command(argv, bench.copy, {}, Limits(30.0), copy=bench.copy, confined=bench.confined)
    assert done.tail.strip() == str(["./-p.txt", "a.txt", "b.txt", "*.none", "*.txt"])


def test_a_program_that_cannot_be_executed_is_told(bench, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/broken").write_text("#!/is/not/there\n")
    (tmp_path / "bin/broken").chmod(0o755)
    environment = {"PATH": str(tmp_path / "bin")}
    done = run_command(("broken",), bench.copy, environment, Limits(9.0), copy=bench.copy, confined=bench.confined)
    assert done.exit is None
    assert "could not be started" in done.tail


def test_places_of_credentials_are_known(tmp_path):
    assert {tmp_path / ".databrickscfg", tmp_path / ".aws", tmp_path / ".ssh"} <= set(secrets_in(tmp_path))


PLACES = (
    ".vault-token", ".pgpass", ".my.cnf", ".dbt", ".snowflake", ".claude", ".claude.json", ".codex", ".netrc", ".pip",
    ".cargo/credentials.toml", ".config/pip", ".gradle", ".m2/settings.xml", ".config/hub", ".terraform.d",
    ".databricks", ".config/uv",
)  # fmt: skip


def test_credentials_of_a_home_cannot_be_read_whether_files_or_folders(tmp_path):
    """The home lies on PATH, since only that is shown of where the tests run."""
    bench, home = Bench(tmp_path, confined=True), tmp_path / "home"
    files = [home / (name if "." in name[2:] else f"{name}/file") for name in PLACES]
    for file in (*files, home / "kept"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("secret")
    (tmp_path / "work/.git").mkdir(parents=True)
    (tmp_path / "work/.git/config").write_text("secret")
    shown = [str(file) for file in (*files, home / "kept", tmp_path / "work/.git/config")]
    code = (
        f"def read(path):\n    try: return open(path).read() == 'secret'\n    except OSError: return False\n"
        f"print([path for path in {shown!r} if read(path)])"
    )
    given = {"PATH": f"{home}:{tmp_path / 'work'}:{PATH}"}
    done = bench.run(code, environment=given, hidden=(*secrets_in(home), tmp_path / "work/.git"))
    safe = "mount" in bench.holds.namespaces
    assert done.tail.strip() == str([str(home / "kept")] if safe else shown)


def test_a_program_within_a_hidden_folder_is_still_found(tmp_path):
    bench, hidden = Bench(tmp_path, confined=True), tmp_path / "home/.agent"
    (hidden / "bin").mkdir(parents=True)
    (hidden / "secret").write_text("")
    (hidden / "bin/mytool").write_text(f"#!/bin/sh\ntest -e {hidden}/secret && echo seen\necho ran\n")
    (hidden / "bin/mytool").chmod(0o755)
    given = {"PATH": f"{hidden / 'bin'}:{tmp_path / 'home'}:{PATH}"}
    done = run_command(("mytool",), bench.copy, given, PATIENT, copy=bench.copy, hidden=(hidden,))
    assert done.tail.split() == (["ran"] if "mount" in bench.holds.namespaces else ["seen", "ran"])


def test_a_proxy_and_its_password_are_told_only_where_there_is_a_network(bench):
    given = {"HTTPS_PROXY": "http://u:secret@p", "http_proxy": "x", "NO_PROXY": "y"}
    code = "import os\nprint([name for name in sorted(os.environ) if 'proxy' in name.lower()])"
    assert bench.run(code, environment=given).tail.strip() == "[]"
    assert bench.run(code, environment=given, network=True).tail.strip() == str(sorted(given))


def altered_launcher(folder, monkeypatch, *changes):
    launcher = Path(sandbox.__file__).with_name("launcher.py").read_text()
    for before, after in changes:
        assert before in launcher
        launcher = launcher.replace(before, after, 1)
    (folder / "launcher.py").write_text(launcher)
    monkeypatch.setattr(sandbox, "_LAUNCH", (*sandbox._LAUNCH[:-1], str(folder / "launcher.py")))


def test_a_launcher_that_falls_silent_while_devices_are_made_does_not_keep_the_sandbox_from_starting(
    tmp_path, monkeypatch
):
    bench = Bench(tmp_path, confined=True)
    assert bench.run("").exit == 0
    if "mount" not in bench.holds.namespaces:
        return
    making = '        with open(f"/dev/{name}", "w"):\n'
    begun = '    _tell(report, f"init {init}")\n'
    altered_launcher(
        tmp_path,
        monkeypatch,
        ("_libc =", "_made, _was_made = os.pipe()\n_silent, _was_silenced = os.pipe()\n_libc ="),
        (making, f'{making}            name == "null" and (os.write(_was_made, b"x"), os.read(_silent, 1))\n'),
        (begun, f"{begun}    os.read(_made, 1)\n"),
        ("    _reap(init)\n", '    os.write(_was_silenced, b"x")\n    _reap(init)\n'),
    )
    done = bench.run("print('ran')")
    assert (done.exit, done.tail) == (0, "ran\n")


def test_one_failed_attempt_does_not_weaken_the_sandbox(tmp_path, monkeypatch):
    strongest = confinement()
    once = tmp_path / "once"
    reading = "    plan = json.loads("
    first = f"    if not os.path.exists({str(once)!r}):\n        open({str(once)!r}, 'w').close()\n        return\n"
    altered_launcher(tmp_path, monkeypatch, (reading, first + reading))
    assert confinement.__wrapped__() == strongest
    assert once.exists()


HARMLESS_LOOKING = {
    "pytest 'a; curl x'": ["a; curl x"],
    "pytest '$(rm x)' '`sh`'": ["$(rm x)", "`sh`"],
    'pytest "a | sh" "b && rm" "c > d"': ["a | sh", "b && rm", "c > d"],
    r"pytest a\;rm b\|sh c\&curl": ["a;rm", "b|sh", "c&curl"],
    "pytest '\uff1b rm'": ["\uff1b rm"],
    "pytest # ; rm x": [],
    "pytest -k 'x or rm' 2>&1": ["-k", "x or rm"],
    "uv run pytest '!curl'": ["!curl"],
    "A='$(rm)' pytest '{a,b}'": ["{a,b}"],
    "pytest '*;rm' [c]url": ["*;rm", "[c]url"],
    r"""pytest 'it'\''s' "\$(rm)" """: ["it's", "$(rm)"],
}


def test_only_the_allowed_program_is_started_whatever_its_words_say(tmp_path):
    bench = Bench(tmp_path, confined=True)
    log = private_folder(bench.copy) / "log"
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("pytest", "curl", "rm", "sh", "bash", "cat", "touch", "wget", "env", "time", "uv", "x"):
        (programs / name).write_text(
            f"#!{sys.executable} -IS\nimport sys\n"
            f"open({str(log)!r}, 'a').write(repr([{name!r}, *sys.argv[1:]]) + '\\n')\n"
        )
        (programs / name).chmod(0o755)
    for command, words in HARMLESS_LOOKING.items():
        planned = invocations(read_line(command))
        assert not isinstance(planned, Blocked)
        for item in planned:
            assert why_not_allowed(item, ()) == ""
            environment = {"PATH": f"{programs}:{PATH}", **dict(item.environment)}
            done = run_command(item.argv, bench.copy, environment, Limits(30.0), copy=bench.copy)
            assert done.exit == 0, done.tail
        assert log.read_text() == f"{['pytest', *words]!r}\n"
        log.unlink()
