"""The guard itself: what no test may do fails the test that does it."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.guard import REAL_HOME


def test_a_test_that_sleeps_fails_and_what_it_calls_may():
    with pytest.raises(pytest.fail.Exception, match="sleeps"):
        time.sleep(0)
    subprocess.Popen([sys.executable, "-c", ""]).wait(60)  # which looks again and again, with pauses


@pytest.mark.parametrize(
    "leave",
    [
        lambda: socket.create_connection(("192.0.2.1", 80)),
        lambda: socket.getaddrinfo("example.com", 443),
        lambda: socket.socket().connect(("192.0.2.1", 80)),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_test_that_leaves_the_machine_fails(leave):
    with pytest.raises(pytest.fail.Exception, match="leaves this machine"):
        leave()


def test_a_test_reaches_its_own_machine():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        assert socket.getaddrinfo("localhost", 80)


def test_a_test_that_looks_into_the_real_home_fails_and_it_has_one_of_its_own():
    with pytest.raises(pytest.fail.Exception, match="home"):
        (REAL_HOME / ".netrc").open()
    assert Path.home() != REAL_HOME
    (Path.home() / "mine").write_text("x")
