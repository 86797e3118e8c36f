"""The targets a command states or names."""

import pytest

from prp_mcp.commands.invocations import Blocked, invocations
from prp_mcp.commands.line import read_line
from prp_mcp.commands.targets import named_targets, stated_targets


@pytest.mark.parametrize(
    ("command", "targets"),
    [
        ("databricks bundle deploy", set()),
        ("databricks bundle deploy --target staging", {"staging"}),
        ("databricks bundle deploy --target=staging", {"staging"}),
        ("databricks bundle deploy -t dev --target prod", {"dev", "prod"}),
        ("databricks bundle deploy -tprod", {"prod"}),
        ("databricks bundle deploy -t=prod", {"prod"}),
        ("databricks bundle deploy \"--target\" 'prod'", {"prod"}),
        ("databricks bundle deploy --tar''get prod", {"prod"}),
        ("databricks bundle validate -t dev && databricks bundle deploy -t prod", {"dev", "prod"}),
        ("databricks -t a bundle deploy | tee x; ./run.sh -t b", {"a", "b"}),
        ("DATABRICKS_BUNDLE_TARGET=prod databricks bundle deploy", {"prod"}),
        ("export BUNDLE_ENV='prod' && make x", {"prod"}),
        ("sort -t, a.csv && ls -t src && pytest -q", set()),
        ("databricks bundle deploy -t $T", None),
        ("databricks bundle deploy --target=${TARGET}", None),
        ("databricks bundle deploy -t <target>", None),
        ("databricks bundle deploy -t {target}", None),
        ("databricks bundle deploy -t d*", None),
        ("databricks bundle deploy -t `cat x`", None),
        ("databricks bundle deploy -t ''", None),
        ("databricks bundle deploy -t", None),
        ("BUNDLE_ENV=$X make x", None),
        ("databricks bundle deploy -t 'dev", None),
        ("make " + "x " * 12_000 + "--target prod", None),
        ("make x\n" * 3000 + "make --target prod", None),
    ],
)
def test_every_target_a_command_states_is_read(command, targets):
    found = stated_targets(read_line(command))
    assert found == (None if targets is None else frozenset(targets))


def named_in(command):
    planned = invocations(read_line(command))
    assert not isinstance(planned, Blocked), planned
    (found,) = planned
    return named_targets(found.argv)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("-t prod", {"prod"}), ("-tprod", {"prod"}), ("-t=prod", {"prod"}), ("--target prod", {"prod"}),
        ("--target=prod", {"prod"}), ("-t dev -t prod", {"dev", "prod"}), ("--target=dev -tprod", {"dev", "prod"}),
        ("-ht prod", {"prod"}), ("-qtprod", {"prod"}), ("'-t' 'prod'", {"prod"}), ('"--target=prod"', {"prod"}),
        ("-t", {""}), ("--target", {""}), ("--target=", {""}), ("", set()), ("-o json", set()), ("-ot", set()),
        ("--strict --var a=t", set()), ("-p test", set()), ("--targets x", set()), ("-t '*'", {"*"}),
    ],
)  # fmt: skip
def test_every_target_a_databricks_command_names_is_found(words, named):
    assert named_in(f"databricks bundle summary {words}") == named


def test_a_target_before_the_subcommand_is_found_too():
    assert named_in("databricks -t prod bundle validate") == {"prod"}
