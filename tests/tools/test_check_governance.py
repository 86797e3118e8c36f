"""Governance rules, each with a table that meets it and one that does not."""

import pytest

from prp_mcp.journal.evidence import DatasetRun, PipelineRef, PipelineSettings, UpdateRun
from prp_mcp.policy import GovernancePolicy
from prp_mcp.tools.check_governance import RULES, documentation, location, owner, privileges, published_tables

TABLE = {"name": "t", "catalog_name": "main", "owner": "me", "comment": "Orders."}
STRICT = GovernancePolicy()
LAX = GovernancePolicy(owner=False, documented=False, forbid_grants_to=())
BROAD = [{"principal": "account users", "privileges": ["SELECT", "ALL PRIVILEGES"]}]
NARROW = [{"principal": "account users", "privileges": ["SELECT"]}, {"principal": "me", "privileges": ["MANAGE"]}]


@pytest.mark.parametrize(
    ("rule", "table", "grants", "why"),
    [
        (location, {"catalog_name": "hive_metastore"}, [], "it lies in hive_metastore"),
        (owner, {"owner": ""}, [], "it has no owner"),
        (owner, {"owner": None}, [], "it has no owner"),
        (documentation, {"comment": None}, [], "it has no comment"),
        (privileges, {}, BROAD, "account users has ALL PRIVILEGES"),
    ],
)
def test_a_rule_finds_what_it_is_about_and_nothing_else(rule, table, grants, why):
    assert rule({**TABLE, **table}, grants, STRICT) == why
    assert [other for other in RULES if other(TABLE, NARROW, STRICT)] == []
    assert [other for other in RULES if other is not rule and other({**TABLE, **table}, grants, STRICT)] == []


def test_policy_switches_every_rule_off_but_the_one_about_the_metastore():
    bare = {"catalog_name": "main"}
    assert [rule for rule in RULES if rule(bare, BROAD, LAX)] == []
    assert location({"catalog_name": "hive_metastore"}, [], LAX)


def test_published_are_tables_by_their_full_names_and_no_views():
    datasets = tuple(DatasetRun(name, "COMPLETED") for name in ("a", "other.shop.b", "main.shop.v", "v2"))
    update = UpdateRun(PipelineRef("k", "id"), "u", datasets)
    settings = PipelineSettings(catalog="main", schema="shop")
    assert published_tables(update, settings, {"v", "v2"}) == ["main.shop.a", "other.shop.b"]
