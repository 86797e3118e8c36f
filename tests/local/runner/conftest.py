"""One home with one warm JVM for all tests of the runner."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.local.runner.bench import Bench, ended, verb

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def spark_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace home whose JVM is ended when the tests are."""
    home = tmp_path_factory.mktemp("spark")
    yield home
    _, err = ended(verb("stop", "--home", str(home)))
    assert not err


@pytest.fixture
def make_bench(spark_home: Path) -> Callable[[], Bench]:
    """Make pipelines, each in a schema of its own."""
    return lambda: Bench(spark_home, f"test_{next(_numbers)}")


@pytest.fixture
def bench(make_bench: Callable[[], Bench]) -> Bench:
    """One pipeline in a schema of its own."""
    return make_bench()
